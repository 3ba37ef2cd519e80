"""Media as measured: lengths from the pictures, loudness and peak by EBU R 128; no other file is opened."""

import io
import os
import subprocess

import pytest

from kiosk.common.ffmpeg import MediaError
from kiosk.common.i18n import translator
from kiosk.common.media import hash_file, measure


def make(path, *arguments):
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", *arguments, str(path)], check=True)
    return path


PICTURE = ("-f", "lavfi", "-i", "testsrc=size=64x48:rate=25")


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.webm", "a, b%d 'c'.mp4"])
def test_length_is_that_of_the_pictures(tmp_path, name):
    codec = ("-c:v", "vp8") if name.endswith("webm") else ("-c:v", "libx264", "-pix_fmt", "yuv420p")
    made = measure(make(tmp_path / name, *PICTURE, "-t", "1.6", *codec))
    assert (made.duration_ms, made.audio, made.loudness_clufs, made.peak_cdbtp) == (1600, None, None, None)
    assert (made.width, made.height, made.size) == (64, 48, (tmp_path / name).stat().st_size)


def test_length_of_a_transport_stream_is_not_what_its_container_says(tmp_path):
    sound = ("-f", "lavfi", "-i", "sine=frequency=440:duration=3")
    made = measure(make(tmp_path / "a.ts", *PICTURE, *sound, "-t", "3", "-c:v", "mpeg2video", "-c:a", "mp2"))
    assert made.duration_ms == 3000


SINE = "0.0707946*sin(2*PI*1000*t)"  # 1 kHz at -23 dB relative to full scale


def test_loudness_is_integrated_in_hundredths_of_lufs(tmp_path):
    """A stereo sine of 1 kHz at -23 dBFS peak in both channels measures -23 LUFS (EBU Tech 3341, case 1)."""
    sound = ("-f", "lavfi", "-i", f"aevalsrc={SINE}|{SINE}:s=48000")
    made = measure(make(tmp_path / "a.mkv", *PICTURE, *sound, "-t", "4", "-c:a", "pcm_s16le"))
    assert made.loudness_clufs == pytest.approx(-2300, abs=20)
    assert made.peak_cdbtp == pytest.approx(-2300, abs=20)


def test_mono_is_as_loud_as_it_is_heard_from_two_loudspeakers(tmp_path):
    sound = ("-f", "lavfi", "-i", f"aevalsrc={SINE}:s=48000")
    made = measure(make(tmp_path / "a.wav", *sound, "-t", "4"))
    assert (made.loudness_clufs, made.peak_cdbtp) == pytest.approx((-2300, -2300), abs=20)


def test_peak_is_that_between_the_samples(tmp_path):
    """A sine of a quarter of the sampling rate, sampled at 45 degrees: its samples lie 3 dB below its peak."""
    sound = ("-f", "lavfi", "-i", "aevalsrc=0.5*sin(PI*t)*sin(PI/2*n+PI/4):s=48000")
    made = measure(make(tmp_path / "a.wav", *sound, "-t", "1"))
    assert made.peak_cdbtp == pytest.approx(-600, abs=30)


def test_peak_above_full_scale_is_told(tmp_path):
    sound = ("-f", "lavfi", "-i", "aevalsrc=2*sin(2*PI*1000*t):s=48000")
    made = measure(make(tmp_path / "a.wav", *sound, "-t", "1", "-c:a", "pcm_f32le"))
    assert made.peak_cdbtp == pytest.approx(600, abs=20)


def test_clap_in_soft_speech_stands_in_the_peak_and_hardly_in_the_loudness(tmp_path):
    speech = "0.02*sin(2*PI*300*t)*gt(sin(2*PI*3*t)\\,0)"  # syllables
    clap = "0.9*between(t\\,5\\,5.002)*sin(2*PI*2000*t)"
    sound = ("-f", "lavfi", "-i", f"aevalsrc={speech}+{clap}:s=48000")
    made = measure(make(tmp_path / "a.wav", *sound, "-t", "20"))
    assert made.loudness_clufs is not None and -3900 < made.loudness_clufs < -3200
    assert made.peak_cdbtp == pytest.approx(-90, abs=40)


def test_silence_has_neither_loudness_nor_peak(tmp_path):
    made = measure(make(tmp_path / "a.mp4", *PICTURE, "-f", "lavfi", "-i", "anullsrc", "-t", "1"))
    assert (made.audio, made.loudness_clufs, made.peak_cdbtp) == ("aac", None, None)


@pytest.mark.parametrize("name", ["a.png", "a.jpg"])
def test_still_has_no_length(tmp_path, name):
    made = measure(make(tmp_path / name, *PICTURE, "-frames:v", "1"))
    assert made.duration_ms is None


def test_film_that_is_cut_short_is_refused(tmp_path):
    whole = make(tmp_path / "a.mp4", *PICTURE, "-t", "20", "-movflags", "faststart")
    short = tmp_path / "short.mp4"
    short.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with pytest.raises(MediaError, match=r"short\.mp4: the file is cut short.*fetch it again"):
        measure(short)


@pytest.mark.parametrize("name", ["a.mp4", "a.mp3", "a.ogg", "a.wav"])
def test_sound_without_a_picture_is_measured(tmp_path, name):
    made = measure(make(tmp_path / name, "-f", "lavfi", "-i", "sine=duration=2"))
    assert (made.video, made.width) == (None, 0)
    assert made.audio is not None
    assert made.duration_ms == pytest.approx(2000, abs=60)
    assert made.loudness_clufs is not None


def test_list_that_names_other_files_is_not_followed(tmp_path):
    make(tmp_path / "secret.ts", *PICTURE, "-t", "1")
    for name, text in (
        ("list.m3u8", "#EXTM3U\n#EXTINF:1,\nsecret.ts\n#EXT-X-ENDLIST\n"),
        ("list.mp4", "#EXTM3U\n#EXTINF:1,\nsecret.ts\n#EXT-X-ENDLIST\n"),
        ("list.txt", "ffconcat version 1.0\nfile secret.ts\n"),
    ):
        (tmp_path / name).write_text(text)
        with pytest.raises(MediaError, match="not media"):
            measure(tmp_path / name)


@pytest.mark.parametrize("data", [b"", b"hello", b"hello" * 20_000])
def test_file_that_is_no_media_is_refused(tmp_path, data):
    (tmp_path / "x.mp4").write_bytes(data)
    with pytest.raises(MediaError, match=r"x\.mp4: not media.*convert it"):
        measure(tmp_path / "x.mp4")


def test_missing_ffmpeg_is_said_with_the_remedy(tmp_path, monkeypatch):
    made = make(tmp_path / "a.mkv", *PICTURE, "-frames:v", "1")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MediaError, match="apt-get install ffmpeg"):
        measure(made)


def test_tool_that_takes_too_long_is_ended(tmp_path, monkeypatch):
    made = make(tmp_path / "a.mkv", *PICTURE, "-frames:v", "1")
    monkeypatch.setattr("kiosk.common.media.PROBE_S", 0)
    monkeypatch.setattr("kiosk.common.confined.LOOK_EVERY_S", 0)
    with pytest.raises(MediaError, match="not done after 0 s"):
        measure(made)


@pytest.mark.skipif(os.getuid() != 0, reason="only root opens what its own converter may not")
def test_file_that_the_confined_tool_may_not_read_is_told_with_the_remedy(tmp_path):
    made = make(tmp_path / "a.mkv", *PICTURE, "-frames:v", "1")
    made.chmod(0)
    with pytest.raises(MediaError, match=r"may not read it; run: chmod a\+r"):
        measure(made)


def test_hash_tells_how_far_it_is(tmp_path):
    (tmp_path / "x").write_bytes(b"x" * 3_000_000)
    ticks = []
    assert len(hash_file(tmp_path / "x", ticks.append)) == 64
    assert sum(ticks) == 3_000_000
    assert len(ticks) > 1


def said_by_ffprobe(tmp_path, *texts):
    """What comes of a film of which ffprobe says this, one text at each call."""
    said = [*texts]
    (tmp_path / "x.mp4").write_bytes(b"film")

    def run(_tool, _path, _timeout_s, _before, _after, output=None):
        (output or io.StringIO()).write(said[0])
        return subprocess.CompletedProcess([], 0, said.pop(0), "")

    return measure(tmp_path / "x.mp4", None, run)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[" * 100_000,
        '{"streams": [7]}',
        '{"streams": [{"index": 0, "codec_type": "video", "width": "wide"}]}',
        '{"streams": [{"index": 0, "codec_type": "video", "height": 1e999}]}',
        '{"streams": [{"index": 0, "codec_type": "video"}], "format": []}',
    ],
)
def test_nonsense_from_ffprobe_is_an_error_with_a_remedy(tmp_path, text):
    with pytest.raises(MediaError, match=r"x\.mp4: what ffprobe says of it cannot be read .*convert it"):
        said_by_ffprobe(tmp_path, text)


def test_film_of_more_than_a_year_is_an_error_with_a_remedy(tmp_path):
    found = '{"streams": [{"index": 0, "codec_type": "video"}], "format": {"format_name": "avi"}}'
    frame = "frame|stream_index=0|best_effort_timestamp_time=0|pkt_duration_time=40000001\n"
    with pytest.raises(MediaError, match=r"x\.mp4: by its packets' times it lasts 463 days; convert it"):
        said_by_ffprobe(tmp_path, found, frame)


# --- E2: the measure is the decode ---

SOUND = ("-f", "lavfi", "-i", "sine")
H264 = ("-c:v", "libx264", "-pix_fmt", "yuv420p")
CONTAINERS = {
    "a.mp4": H264,
    "faststart.mp4": (*H264, "-movflags", "faststart"),
    "fragments.mp4": (*H264, "-movflags", "frag_keyframe+empty_moov"),
    "a.mkv": H264,
    "a.flv": (*H264, "-c:a", "aac"),
    "a.avi": ("-c:v", "mpeg4", "-c:a", "mp3"),
    "a.wmv": ("-c:v", "wmv2", "-c:a", "wmav2"),
    "a.mov": ("-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-c:a", "pcm_s16le"),
    "a.ogv": ("-c:v", "libtheora", "-c:a", "libvorbis"),
}


@pytest.mark.parametrize("name", CONTAINERS)
@pytest.mark.parametrize("damage", ["cut", "noughts at the end", "noughts within"])
def test_e2_file_that_is_not_whole_is_refused_whatever_its_container(tmp_path, name, damage):
    whole = make(tmp_path / name, *PICTURE, *SOUND, "-t", "10", *CONTAINERS[name])
    assert measure(whole).duration_ms == pytest.approx(10_000, abs=50)
    data = whole.read_bytes()
    half = len(data) // 2
    whole.write_bytes(
        {
            "cut": data[:half],
            "noughts at the end": data[:half] + bytes(len(data) - half),
            "noughts within": data[: half // 2] + bytes(half // 2) + data[half:],
        }[damage]
    )
    with pytest.raises(MediaError, match="fetch it again"):
        measure(whole)


@pytest.mark.parametrize("name", ["a.ts", "a.mpg"])
def test_e2_stream_with_a_hole_or_an_empty_end_is_refused(tmp_path, name):
    made = make(tmp_path / name, *PICTURE, *SOUND, "-t", "15", "-c:v", "mpeg2video", "-c:a", "mp2", "-b:v", "2M")
    data = made.read_bytes()
    third = len(data) // 3
    for damaged in (data[:third] + bytes(third) + data[2 * third :], data[:third] + bytes(2 * third)):
        made.write_bytes(damaged)
        with pytest.raises(MediaError, match="fetch it again"):
            measure(made)


def slides(tmp_path, name, every, seconds, *more):
    """A lecture: a new picture every so many seconds, steady sound."""
    picture = ("-f", "lavfi", "-i", f"testsrc=size=64x48:rate=1/{every}")
    sound = ("-f", "lavfi", "-i", f"sine=duration={seconds}")
    return make(tmp_path / name, *picture, *sound, "-t", str(seconds), *H264, *more)


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_e2_slides_are_whole(tmp_path, name):
    assert measure(slides(tmp_path, name, 8, 32)).duration_ms == pytest.approx(32_000, abs=50)


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_e2_slides_without_sound_are_whole(tmp_path, name):
    assert measure(slides(tmp_path, name, 40, 200, "-an")).duration_ms == pytest.approx(200_000, abs=50)


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_e2_one_picture_lasts_as_long_as_its_sound(tmp_path, name):
    picture = make(tmp_path / "one.mp4", *PICTURE, *H264, "-frames:v", "1")
    sound = ("-f", "lavfi", "-i", "sine=duration=15")
    made = make(tmp_path / name, "-i", str(picture), *sound, "-c:v", "copy", "-c:a", "aac")
    assert measure(made).duration_ms == pytest.approx(15_000, abs=50)


@pytest.mark.parametrize("name", ["a.mp4", "a.ts", "a.mkv"])
def test_e2_sound_that_ends_early_does_not_end_the_film(tmp_path, name):
    made = measure(make(tmp_path / name, *PICTURE, "-f", "lavfi", "-i", "sine=duration=4", "-t", "10", *H264))
    assert made.duration_ms == 10_000


def test_e2_film_begins_with_its_first_picture_and_lasts_until_sound_and_picture_are_over(tmp_path):
    late = ("-itsoffset", "2", *PICTURE)
    made = measure(make(tmp_path / "a.mkv", *late, "-f", "lavfi", "-i", "sine", "-t", "8", *H264))
    assert made.duration_ms == pytest.approx(6000, abs=50)


@pytest.mark.parametrize("shift", ["0", "3600", "-1"])
def test_e2_joined_recordings_are_refused_with_the_cause(tmp_path, shift):
    parts = []
    for n, offset in enumerate(("0" if shift != "-1" else "90000", shift if shift != "-1" else "20")):
        codec = (*H264, "-g", "25", "-c:a", "aac", "-output_ts_offset", offset)
        parts.append(make(tmp_path / f"{n}.ts", *PICTURE, *SOUND, "-t", "4", *codec))
    joined = tmp_path / "joined.ts"
    joined.write_bytes(b"".join(part.read_bytes() for part in parts))
    with pytest.raises(MediaError, match=r"time stamps (begin anew|jump).*MP4"):
        measure(joined)


def test_e2_clock_of_a_stream_that_wraps_is_no_joint(tmp_path):
    offset = str(2**33 / 90_000 - 5)
    made = make(tmp_path / "a.ts", *PICTURE, *SOUND, "-t", "10", *H264, "-c:a", "aac", "-output_ts_offset", offset)
    assert measure(made).duration_ms == 10_000


def test_e2_file_that_begins_between_key_pictures_is_refused(tmp_path):
    whole = make(tmp_path / "a.h264", *PICTURE, "-t", "8", *H264, "-g", "100", "-bf", "0", "-f", "h264")
    units = whole.read_bytes().split(b"\0\0\1")
    keys = [n for n, unit in enumerate(units) if unit and unit[0] & 31 == 5]
    last = max(n for n in range(keys[1]) if units[n] and units[n][0] & 31 not in (6, 7, 8, 9))
    pictures = [n for n in range(keys[0], last + 1) if units[n] and units[n][0] & 31 == 1]
    head = b"\0\0\1".join(units[n] for n in range(keys[0]) if units[n][:1] and units[n][0] & 31 in (7, 8))
    torn = tmp_path / "torn.h264"
    torn.write_bytes(b"\0\0\1" + head + b"\0\0\1" + b"\0\0\1".join(units[pictures[len(pictures) // 2] :]))
    made = make(tmp_path / "torn.mkv", "-fflags", "+genpts", "-r", "25", "-i", str(torn), "-c", "copy", "-copyinkf")
    with pytest.raises(MediaError, match="begins in the middle of a scene"):
        measure(made)


def test_e2_file_whose_clock_does_not_begin_at_nought_is_whole(tmp_path):
    whole = make(tmp_path / "a.mkv", *PICTURE, *SOUND, "-t", "5", *H264)
    late = make(tmp_path / "late.mkv", "-itsoffset", "7", "-i", str(whole), "-c", "copy")
    assert measure(late).duration_ms == pytest.approx(5000, abs=50)


def test_e2_the_track_marked_as_default_is_measured_and_named(tmp_path):
    soft, loud = (("-f", "lavfi", "-i", f"aevalsrc={gain}*sin(2*PI*1000*t)") for gain in ("0.01", "0.5"))
    tracks = ("-map", "0", "-map", "1", "-map", "2", "-disposition:a:0", "0", "-disposition:a:1", "default")
    made = measure(make(tmp_path / "a.mkv", *PICTURE, *soft, *loud, *tracks, "-t", "3", "-c:a", "pcm_s16le"))
    assert made.audio_track == 1
    assert made.peak_cdbtp == pytest.approx(-600, abs=30)


# --- E5: refusals name the cause ---


def refusal(path):
    """The refusal's cause in both languages."""
    with pytest.raises(MediaError) as caught:
        measure(path)
    return caught.value.cause.render(str), caught.value.cause.render(translator("zh"))


BOX = b"\0\0\0\x1c"
ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")


@pytest.mark.parametrize(
    ("head", "english", "chinese"),
    [
        (b".RMF\0\0\0\x12", "RealMedia is not taken; ask for the programme as MP4", "不支持 RealMedia"),
        (ASF + bytes(80) + bytes.fromhex("fbb3112223bdd211b4b700a0c955fc6e"), "locked by DRM", "DRM"),
        (BOX + b"ftypheic\0\0\0\0mif1heic", "HEIC or AVIF picture is not taken; save it as JPEG", "HEIC"),
        (BOX + b"ftypavif\0\0\0\0mif1avif", "HEIC or AVIF picture is not taken; save it as JPEG", "HEIC"),
        (b"QIYI VIDEO", "saved by a video app", "视频软件"),
        (b"CWS\x0a", "Flash is not taken", "Flash"),
        (b"%PDF-1.7", "export the slides as a film", "文档"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "export the slides as a film", "文档"),
        (b"PK\x03\x04" + bytes(26) + b"[Content_Types].xml", "export the slides as a film", "文档"),
        (b"PK\x03\x04" + bytes(26) + b"film.mp4", "unpack it", "压缩包"),
        (b"\r\n<!DOCTYPE html><html>", "it is a web page", "网页"),
        (b"II*\0", "save it as PNG or JPEG", "不支持这种图片"),
    ],
)
def test_e5_kind_that_is_not_taken_is_named_with_the_remedy(tmp_path, head, english, chinese):
    (tmp_path / "x").write_bytes(head + b"x" * 1000)
    in_english, in_chinese = refusal(tmp_path / "x")
    assert english in in_english
    assert chinese in in_chinese


def test_e5_locked_mp4_is_told_as_locked(tmp_path):
    key = ("-encryption_scheme", "cenc-aes-ctr", "-encryption_key", "0" * 32, "-encryption_kid", "1" * 32)
    made = make(tmp_path / "a.mp4", *PICTURE, *SOUND, "-t", "1", *H264, *key)
    assert "locked by DRM" in refusal(made)[0]


def test_e5_scrambled_stream_is_told_as_locked(tmp_path):
    made = make(tmp_path / "a.ts", *PICTURE, *SOUND, "-t", "2", "-c:v", "mpeg2video")
    data = bytearray(made.read_bytes())
    for start in range(0, len(data), 188):
        data[start + 3] |= 0x80
    made.write_bytes(data)
    assert "locked by DRM" in refusal(made)[0]


def test_e5_coding_that_cannot_be_decoded_is_named(tmp_path):
    stream = '{"index": 0, "codec_type": "video", "codec_name": "avs2"}'
    found = f'{{"streams": [{stream}], "format": {{"format_name": "mpegts"}}}}'
    packets = "packet|stream_index=0|pts_time=0|dts_time=0|duration_time=1|size=9|pos=0|flags=K_\n"
    with pytest.raises(MediaError) as error:
        said_by_ffprobe(tmp_path, found, packets)
    english, chinese = (error.value.cause.render(translator(language)) for language in ("en", "zh"))
    assert "its picture is coded as AVS2, which cannot be decoded; ask for it as MP4 with H.264" in english
    assert "AVS2" in chinese


def test_e5_second_picture_track_is_told(tmp_path):
    tracks = ("-map", "0", "-map", "1")
    made = make(tmp_path / "a.mov", *PICTURE, *PICTURE, *tracks, "-t", "1", *H264)
    assert "2 picture tracks (a thumbnail" in refusal(made)[0]
