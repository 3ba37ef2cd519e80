"""The house profile: odd files go through the town's library, and what comes out is judged by ffprobe; and the speed.

``python tests/bench/house_profile.py --files 40`` has each uploaded and worked on as the town does it: it is of the
profile then, or refused with its cause. ``speed`` is the conversion against plain ffmpeg with the same words in one
run (1: as quick; also by processor time), ``job`` the whole job, with what is watched before and after. ``--publish-mb
1000`` publishes so much that is of the profile already, against sha256sum and one full decode of the same files.
The last line is JSON.
"""

import argparse
import itertools
import json
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import formats
from odd_media import Odd, film_of, made, odd_media
from odd_words import locked

from kiosk.common import launcher
from kiosk.town.programmes import jobs, library, uploads
from kiosk.town.programmes.convert import Converter
from kiosk.town.programmes.profile import command, deviations
from kiosk.town.programmes.shelves import shelves
from kiosk.town.publishing.issue import PublishTerms
from kiosk.town.publishing.publish import publish
from kiosk.town.town import Town, found_town

MOST_BITS = 2_500_000
TIMES = 3
TWIN = "it is in the library already"
"""Sets of odd files hold the same film more than once, in other wrappings."""
LAVFI = ("-f", "lavfi", "-i")


@dataclass(frozen=True)
class Outcome:
    """What became of one file; ``wrong`` says why that is not what it should be."""

    name: str
    state: str
    cause: str
    seconds: float
    wrong: str


def main() -> None:
    """Run the bench."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="kiosk-profile-") as name:
        folder = Path(name)
        town = found_town(folder / "town", "Town", town="town", by="bench")
        figures: dict[str, Any] = {}
        if options.files:
            figures |= files_in(town, folder / "odd", options.files)
        if options.speed_s:
            figures |= speed(folder / "speed", options.speed_s)
        if options.publish_mb:
            figures |= publication(town, folder / "week", options.publish_mb)
        town.close()
    print(json.dumps(figures, ensure_ascii=False))
    sys.exit(1 if figures.get("wrong") else 0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=40, help="how many odd files; 0: none")
    parser.add_argument("--speed-s", type=int, default=60, help="length of the film for the speed, in s; 0: none")
    parser.add_argument("--publish-mb", type=int, default=0, help="megabytes to publish; 0: none")
    return parser.parse_args()


# --- odd files ---


def files_in(town: Town, folder: Path, count: int) -> dict[str, Any]:
    """Bring them in one by one."""
    folder.mkdir()
    outcomes = []
    for file in itertools.islice(_mixed(folder), count):
        one = _brought(town, file)
        outcomes.append(one)
        print(f"{one.name:32} {one.state:8} {one.seconds:5.1f} s  {one.wrong or one.cause}", file=sys.stderr)
    return {
        "files": len(outcomes),
        "of_the_profile": sum(one.state == "ready" and not one.wrong for one in outcomes),
        "refused_with_cause": sum(one.state == "refused" and not one.wrong for one in outcomes),
        "of_these_twins": sum(TWIN in one.cause for one in outcomes),
        "wrong": [f"{one.name}: {one.wrong}" for one in outcomes if one.wrong],
    }


def _mixed(folder: Path) -> Iterator[Odd]:
    """From each set in turn, so that few files are of many kinds."""
    for name in ("a", "b", "c"):
        (folder / name).mkdir()
    plain = (Odd(one.name, formats.make(one)) for one in (*formats.FILMS, *formats.STILLS, *formats.SOUNDS))
    sets = [special(folder / "a"), locked(folder / "b"), odd_media(folder / "c"), plain]
    for round_ in itertools.zip_longest(*sets):
        yield from (one for one in round_ if one is not None)


def special(folder: Path) -> Iterator[Odd]:
    """Kinds that the other sets lack."""
    film = film_of(folder, "film.mp4", 4)
    tone = made(folder / "tone.wav", "-f", "lavfi", "-i", "sine=d=4")
    both = ("-i", str(film), "-i", str(tone))
    h264 = ("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p")
    turned = made(folder / "turned.mp4", *both, "-c:v", "copy", "-c:a", "aac", "-metadata:s:v", "rotate=90")
    yield Odd("telephone-turned", turned)
    hdr = ("-vf", "scale=1280:720", "-pix_fmt", "yuv420p10le", "-c:v", "libx265", "-preset", "ultrafast")
    hlg = ("-color_trc", "arib-std-b67", "-color_primaries", "bt2020", "-colorspace", "bt2020nc")
    quiet = ("-x265-params", "log-level=error:transfer=arib-std-b67:colorprim=bt2020:colormatrix=bt2020nc")
    yield Odd("hevc-10-bit-hlg", made(folder / "hlg.mp4", *both, *hdr, *hlg, *quiet))
    yield Odd("4k-50p", made(folder / "4k.mp4", *both, "-vf", "scale=3840:2160,fps=50", "-t", "2", *h264))
    passed = ("-vf", "select='not(mod(n,3))+not(mod(n,7))'", "-fps_mode", "passthrough")
    yield Odd("unsteady-rate", made(folder / "vfr.mp4", *both, *passed, *h264))
    yield Odd("120-pictures-a-second", made(folder / "fast.mp4", *both, "-vf", "fps=120", "-t", "2", *h264))
    yield Odd("5.1-sound", made(folder / "five.mkv", *both, *h264, "-af", "pan=5.1|c0=c0|c1=c0", "-c:a", "ac3"))
    pieces = ("-movflags", "frag_keyframe+empty_moov", "-c:v", "copy", "-c:a", "aac")
    yield Odd("in-fragments", made(folder / "pieces.mp4", *both, *pieces))
    yield Odd("odd-size", made(folder / "odd.mkv", *both, "-vf", "scale=321:181", "-c:v", "ffv1"))
    yield Odd("4:4:4", made(folder / "444.mp4", *both, "-c:v", "libx264", "-pix_fmt", "yuv444p"))
    yield Odd("full-range", made(folder / "full.avi", *both, "-c:v", "mjpeg", "-pix_fmt", "yuvj420p"))
    yield Odd("prores", made(folder / "prores.mov", *both, "-c:v", "prores_ks"))
    yield Odd("av1", made(folder / "av1.mkv", *both, "-t", "1", "-c:v", "libsvtav1", "-preset", "12"))
    dv = ("-s", "720x576", "-pix_fmt", "yuv420p", "-aspect", "16:9", "-ar", "48000", "-ac", "2", "-t", "2")
    yield Odd("dv", made(folder / "tape.dv", *both, *dv))
    yield Odd("vcd", made(folder / "disc.mpg", *both, "-target", "pal-vcd"))
    yield Odd("telephone-3gp", made(folder / "old.3gp", *both, "-c:v", "h263", "-s", "352x288", "-c:a", "aac"))
    cover = made(folder / "cover.jpg", "-i", str(film), "-frames:v", "1")
    song = ("-i", str(tone), "-i", str(cover), "-map", "0", "-map", "1", "-c:v", "copy", "-id3v2_version", "3")
    yield Odd("sound-with-a-cover", made(folder / "song.mp3", *song, "-disposition:v", "attached_pic"))
    (folder / "list.mp4").write_text("#EXTM3U\n#EXTINF:3,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n" * 9)
    yield Odd("list-of-files", folder / "list.mp4", "not media|no film")
    data = film.read_bytes()
    (folder / "noughts.mp4").write_bytes(data[: len(data) * 6 // 10] + bytes(len(data) * 4 // 10))
    yield Odd("noughts-at-the-end", folder / "noughts.mp4", "cut short|damaged|not media|no film")


def _brought(town: Town, one: Odd) -> Outcome:
    began = time.monotonic()
    data, place = one.file.read_bytes(), shelves(town.folder)
    programme = uploads.whole(town, place, f"{one.name}{one.file.suffix}", data, "bench")
    for _ in range(3):
        jobs.step(town)
    with town.store.read() as connection:
        entry = library.get(connection, programme)
    assert entry is not None
    cause = entry.cause.render(str) if entry.cause else ""
    seconds = time.monotonic() - began
    if entry.state == "ready":
        wrong = "; ".join(complaints(place.files / entry.file, one.file))
        wrong = wrong or (f"taken, though it should be refused ({one.refused})" if one.refused else "")
    elif entry.state == "refused":
        known = re.search(one.refused or TWIN, cause)
        wrong = "" if known else f"refused: {cause}"
    else:
        wrong = f"{entry.state}: {cause}"
    return Outcome(one.name, entry.state, cause, seconds, wrong)


def complaints(film: Path, source: Path) -> Iterator[str]:
    """What of a file is not the house profile, by ffprobe and its own bytes, and not by the kiosk's code."""
    found = probed(film)
    pictures = [one for one in found["streams"] if one["codec_type"] == "video"]
    sounds = [one for one in found["streams"] if one["codec_type"] == "audio"]
    if "mp4" not in found["format"]["format_name"] or not _index_first(film):
        yield "no MP4 with its index first"
    if len(found["streams"]) != len(pictures) + len(sounds) or len(pictures) > 1 or len(sounds) > 1:
        yield f"{len(found['streams'])} tracks"
    if int(found["format"]["bit_rate"]) > MOST_BITS:
        yield f"{found['format']['bit_rate']} bit/s"
    for one in pictures:
        if (one["codec_name"], one["profile"], one["pix_fmt"]) != ("h264", "High", "yuv420p"):
            yield f"{one['codec_name']} {one['profile']} {one['pix_fmt']}"
        if one["width"] > 1920 or one["height"] > 1080 or one.get("sample_aspect_ratio", "1:1") != "1:1":
            yield f"{one['width']}x{one['height']} {one.get('sample_aspect_ratio')}"
        if one.get("field_order", "progressive") != "progressive" or one.get("side_data_list"):
            yield f"{one.get('field_order')} {one.get('side_data_list')}"
        rate = Fraction(one["r_frame_rate"])
        own = [Fraction(each["r_frame_rate"]) for each in _streams(source) if each["codec_type"] == "video"]
        if rate not in (Fraction(25), *own) or abs(rate - Fraction(one["avg_frame_rate"])) > rate / 100:
            yield f"{rate} pictures a second, {one['avg_frame_rate']} in the mean"
    for one in sounds:
        if (one["codec_name"], one["profile"], one["channels"]) != ("aac", "LC", 2):
            yield f"{one['codec_name']} {one['profile']} {one['channels']}"
    if not pictures and not sounds:
        yield "nothing in it"


def probed(path: Path) -> dict[str, Any]:
    """What ffprobe says."""
    words = ["ffprobe", "-v", "error", "-show_format", "-show_streams", "-of", "json", str(path)]
    found: dict[str, Any] = json.loads(subprocess.run(words, check=True, capture_output=True).stdout)
    return found


def _streams(path: Path) -> list[dict[str, Any]]:
    try:
        streams: list[dict[str, Any]] = probed(path)["streams"]
    except (subprocess.CalledProcessError, KeyError):
        return []
    return streams


def _index_first(path: Path) -> bool:
    data = path.read_bytes()
    return 0 < data.find(b"moov") < data.find(b"mdat")


# --- speed ---


def speed(folder: Path, seconds: int) -> dict[str, Any]:
    """The conversion and the whole job against plain ffmpeg; the best of several runs each, in turn."""
    folder.mkdir()
    picture, tone = f"testsrc2=size=1920x1080:rate=25:d={seconds}", f"sine=d={seconds}"
    film = (*LAVFI, picture, *LAVFI, tone)
    source = made(folder / "film.ts", *film, "-c:v", "mpeg2video", "-b:v", "8M", "-c:a", "mp2")
    work = folder / "work"
    work.mkdir()
    converter = Converter(work, lambda _permille: None)
    found = converter.source(source, converter.measure(source, loudness=False))
    wrong = deviations(found)
    plain = ["ffmpeg", "-v", "error", "-nostdin", "-y", "-i", str(source), *command(found, wrong)]
    ours, theirs = [], []
    for number in range(TIMES):
        words = ["nice", "-n", str(launcher.NICE), *plain, str(folder / f"{number}.mp4")]
        theirs.append(_cost(lambda words=words: _seconds(words)))  # type: ignore[misc]
        ours.append(_cost(lambda: converter.make(source, found, wrong)))
    began = time.monotonic()
    town = found_town(folder / "town", "Town", town="speed", by="bench")
    uploads.whole(town, shelves(town.folder), "film.ts", source.read_bytes(), "bench")
    jobs.step(town)
    town.close()
    job = time.monotonic() - began
    return {
        "speed": round(min(theirs)[0] / min(ours)[0], 3),
        "speed_by_processor_time": round(min(one[1] for one in theirs) / min(one[1] for one in ours), 3),
        "convert_s": round(min(ours)[0], 2),
        "plain_s": round(min(theirs)[0], 2),
        "job": round(min(theirs)[0] / job, 3),
    }


def _cost(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds by the clock, and of the processor: what a computer that does other things beside says less wrong."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    work()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.monotonic() - began, sum(after[:2]) - sum(before[:2])


def _seconds(words: list[str]) -> float:
    began = time.monotonic()
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    return time.monotonic() - began


# --- publication ---


def publication(town: Town, folder: Path, megabytes: int) -> dict[str, Any]:
    """Publish files of the profile, and read and decode the same ones plainly; cold caches are nobody's."""
    folder.mkdir()
    picture, tone = "testsrc2=size=1920x1080:rate=25:d=60,noise=alls=12:allf=t", "sine=d=60"
    minute = (*LAVFI, picture, *LAVFI, tone)
    coding = ("-c:v", "libx264", "-preset", "veryfast", "-profile:v", "high", "-pix_fmt", "yuv420p", "-b:v", "2250k")
    sound = ("-maxrate", "2250k", "-bufsize", "2250k", "-c:a", "aac", "-b:a", "128k", "-ac", "2", "-ar", "48000")
    one = made(folder / "minute.mp4", *minute, *coding, *sound)
    times = max(1, megabytes * 1_000_000 // 4 // one.stat().st_size)
    programmes = []
    for number in range(4):
        file = folder / f"{number}.mp4"
        loop = ("-stream_loop", str(times - 1), "-i", str(one), "-c", "copy", "-metadata", f"title={number}")
        made(file, *loop, "-movflags", "+faststart")
        programmes.append({"id": f"p{number}", "file": file.name, "title": str(number)})
    week = {"title": "x", "group": "all", "first_day": "2026-03-02", "last_day": "2026-03-08", "programmes": programmes}
    (folder / "week.json").write_text(json.dumps(week))
    files = [str(folder / f"{number}.mp4") for number in range(4)]
    began = time.monotonic()
    publish(town, folder / "week.json", PublishTerms("bench"), lambda _size, _name: None)
    ours = time.monotonic() - began
    hashing = _seconds(["sha256sum", *files])
    decoding = sum(_seconds(["ffmpeg", "-v", "error", "-nostdin", "-i", file, "-f", "null", "-"]) for file in files)
    return {
        "published_mb": sum(Path(file).stat().st_size for file in files) // 1_000_000,
        "publish_s": round(ours, 1),
        "sha256sum_s": round(hashing, 1),
        "decode_s": round(decoding, 1),
        "publish": round(ours / (hashing + decoding), 3),
    }


if __name__ == "__main__":
    main()
