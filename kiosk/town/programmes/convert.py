"""Makes an uploaded file into the house profile, each time in a confined process: probe, film, still, poster frame."""

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec

from kiosk.common import confined
from kiosk.common.container import is_fast_start
from kiosk.common.ffmpeg import FORMATS, MediaError, run_confined
from kiosk.common.media import PROBE_S, Media
from kiosk.common.messages import Message, mark
from kiosk.town.programmes.pictures import LIST
from kiosk.town.programmes.profile import Deviations, Probe, Source, command, deviations, picture_bits

LARGEST = 4 << 30
"""The largest file that comes or is made, in bytes."""
STILL_S = 15
"""How long a still is shown."""
POSTER_S = 120
TIMES_ITS_LENGTH, AT_LEAST_S = 20, 900
"""A film may take so many times its length to be made, in seconds, and at least so long."""
POSTER_WIDTH = 480
MOST_MS = 1 << 40

Progress = Callable[[int], None]
"""Called with how much of it is done, in thousandths."""


Stopping = threading.Event | None
"""Set when the process is to end; then :class:`confined.Stopped` is raised."""


class NoRoom(Exception):
    """The disk is full."""


def probe(path: Path, stopping: Stopping = None) -> Probe:
    """What ffprobe says of a file. Raises :class:`MediaError`, :class:`confined.Unconfined`."""
    said = run_confined(
        "ffprobe", path, PROBE_S, ["-show_format", "-show_streams", "-of", "json"], [], None, stopping
    ).stdout
    try:
        return msgspec.json.decode(said, type=Probe)
    except (ValueError, RecursionError) as error:
        cause = mark("what ffprobe says of it cannot be read ({error}); convert it, to MP4")
        raise MediaError(path, Message(cause, {"error": str(error)})) from None


def source(path: Path, media: Media, stopping: Stopping = None) -> Source:
    """A measured file, with what the profile asks of it. Raises as :func:`probe`."""
    return Source(
        probe=probe(path, stopping),
        duration_ms=media.duration_ms or 1,
        end_ms=(media.picture_start_ms or 0) + (media.duration_ms or 1),
        size=media.size,
        audio_track=media.audio_track,
        still_ms=media.still_ms,
        fast_start=is_fast_start(path),
    )


def differs_at_first_sight(path: Path, stopping: Stopping = None) -> bool:
    """Whether a file is surely not of the profile, before it is decoded; its loudness does not matter then.

    A file that cannot be read is measured all the same, for the cause. Raises :class:`confined.Unconfined`.
    """
    try:
        return bool(
            deviations(Source(probe(path, stopping), MOST_MS, 0, 0, 0, None, fast_start=is_fast_start(path))).all
        )
    except MediaError:
        return True


def make(
    path: Path, found: Source, wrong: Deviations, folder: Path, progress: Progress, stopping: Stopping = None
) -> Path:
    """Make the film of the profile in ``folder``, with its subtitles beside it (``words.srt``) where it has any.

    Raises :class:`MediaError`, :class:`NoRoom`, :class:`confined.Unconfined`.
    """
    guard = ["-protocol_whitelist", "file,pipe", "-format_whitelist", FORMATS]
    words = [*guard, "-i", f"file:{path}", *command(found, wrong), f"file:{folder}/film.mp4"]
    if (texts := found.words) is not None:
        words += ["-map", f"0:{texts.index}", "-c:s", "srt", "-f", "srt", f"file:{folder}/words.srt"]
    _ffmpeg(words, path, folder, found.duration_ms, progress, stopping)
    return folder / "film.mp4"


def make_from_still(path: Path, folder: Path, progress: Progress, stopping: Stopping = None) -> Path:
    """Make a film of a still, or of an animated picture, of about :data:`STILL_S`. Raises as :func:`make`."""
    words = [sys.executable, "-m", "kiosk.town.programmes.pictures", str(path), str(folder), str(STILL_S)]
    done = confined.run(words, files=[path], folder=folder, within_s=PROBE_S, largest=LARGEST)
    if done.returncode != 0:
        raise MediaError(path, Message(mark("the picture cannot be read; save it as PNG or JPEG")))
    if done.stdout.strip() != "ok":
        raise MediaError(path, msgspec.json.decode(done.stdout, type=Message))
    bits = str(picture_bits(1000 * STILL_S))
    words = ["-f", "concat", "-safe", "0", "-i", f"file:{folder}/{LIST}", "-vf", "fps=25,setsar=1,format=yuv420p"]
    words += ["-c:v", "libx264", "-preset", "veryfast", "-tune", "stillimage", "-profile:v", "high", "-crf", "20"]
    words += ["-maxrate", bits, "-bufsize", bits, "-g", "50", "-t", str(STILL_S), "-movflags", "+faststart"]
    _ffmpeg([*words, "-f", "mp4", f"file:{folder}/film.mp4"], path, folder, 1000 * STILL_S, progress, stopping)
    return folder / "film.mp4"


def poster(film: Path, duration_ms: int, folder: Path) -> Path | None:
    """A picture out of the film, as JPEG in ``folder``; None where it has none. Raises :class:`confined.Unconfined`."""
    target = folder / "poster.jpg"
    at = f"{duration_ms / 10_000:.2f}"
    words = ["-ss", at, "-i", f"file:{film}", "-frames:v", "1", "-an", "-vf", f"scale={POSTER_WIDTH}:-2", "-q:v", "4"]
    done = confined.run(
        ["ffmpeg", "-v", "error", "-nostdin", "-y", *words, f"file:{target}"],
        files=[film],
        folder=folder,
        within_s=POSTER_S,
    )
    return target if done.returncode == 0 and target.is_file() and target.stat().st_size else None


def _ffmpeg(
    words: list[str], path: Path, folder: Path, duration_ms: int, progress: Progress, stopping: Stopping
) -> None:
    def heard(line: str) -> None:
        name, _, value = line.partition("=")
        if name == "out_time_us" and value.strip().lstrip("-").isdigit():
            progress(max(0, min(999, int(value) // max(1, duration_ms))))

    within_s = max(AT_LEAST_S, TIMES_ITS_LENGTH * duration_ms // 1000)
    start = ["ffmpeg", "-v", "error", "-nostdin", "-y", "-nostats", "-progress", "pipe:1"]
    try:
        done = confined.run(
            [*start, *words],
            files=[path],
            folder=folder,
            within_s=within_s,
            largest=LARGEST,
            each_line=heard,
            stopping=stopping,
        )
    except subprocess.TimeoutExpired:
        cause = mark("it was not made in {hours} hours; convert it elsewhere, to MP4 with H.264")
        raise MediaError(path, Message(cause, {"hours": f"{within_s / 3600:.1f}"})) from None
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["?"])[-1].removeprefix(f"file:{path}: ")
        if "No space left" in done.stderr:
            raise NoRoom(reason)
        raise MediaError(path, Message(mark("it could not be made into MP4 ({reason})"), {"reason": reason[:300]}))
