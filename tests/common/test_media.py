"""Media as measured: lengths from the pictures, loudness and peak by EBU R 128; no other file is opened."""

import subprocess

import pytest

from kiosk.common.media import MediaError, hash_file, measure


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
    with pytest.raises(MediaError, match=r"short\.mp4: it promises 20 s.*cut short: fetch it again"):
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


@pytest.mark.parametrize("data", [b"", b"hello", bytes(100_000)])
def test_file_that_is_no_media_is_refused(tmp_path, data):
    (tmp_path / "x.mp4").write_bytes(data)
    with pytest.raises(MediaError, match=r"x\.mp4: not media.*convert it"):
        measure(tmp_path / "x.mp4")


def test_missing_ffmpeg_is_said_with_the_remedy(tmp_path, monkeypatch):
    made = make(tmp_path / "a.png", *PICTURE, "-frames:v", "1")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MediaError, match="apt-get install ffmpeg"):
        measure(made)


def test_tool_that_hangs_is_ended(tmp_path, monkeypatch):
    made = make(tmp_path / "a.png", *PICTURE, "-frames:v", "1")
    (tmp_path / "ffprobe").write_text("#!/bin/sh\nexec sleep 60\n")
    (tmp_path / "ffprobe").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr("kiosk.common.media.PROBE_S", 1)
    with pytest.raises(MediaError, match="not done after 1 s"):
        measure(made)


def test_hash_tells_how_far_it_is(tmp_path):
    (tmp_path / "x").write_bytes(b"x" * 3_000_000)
    ticks = []
    assert len(hash_file(tmp_path / "x", ticks.append)) == 64
    assert sum(ticks) == 3_000_000
    assert len(ticks) > 1


def said_by_ffprobe(tmp_path, monkeypatch, *texts):
    """A tool that says what it is told to, one text at each call."""
    for n, text in enumerate(texts):
        (tmp_path / f"said{n}").write_text(text)
    (tmp_path / "ffprobe").write_text(f"#!/bin/sh\ncd {tmp_path}\nset -- said*\ncat $1\nrm $1\n")
    (tmp_path / "ffprobe").chmod(0o755)
    (tmp_path / "x.mp4").write_bytes(b"film")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path / "x.mp4"


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
def test_nonsense_from_ffprobe_is_an_error_with_a_remedy(tmp_path, monkeypatch, text):
    with pytest.raises(MediaError, match=r"x\.mp4: what ffprobe says of it cannot be read .*convert it"):
        measure(said_by_ffprobe(tmp_path, monkeypatch, text))


def test_film_of_more_than_a_year_is_an_error_with_a_remedy(tmp_path, monkeypatch):
    found = '{"streams": [{"index": 0, "codec_type": "video"}], "format": {"format_name": "avi"}}'
    file = said_by_ffprobe(tmp_path, monkeypatch, found, "packet,0,0,1\npacket,40000000,0,1\n")
    with pytest.raises(MediaError, match=r"x\.mp4: by its packets' times it lasts 463 days; convert it"):
        measure(file)
