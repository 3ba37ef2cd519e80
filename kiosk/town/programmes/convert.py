"""Makes an uploaded file into the house profile, each time in a confined process: probe, film, still, poster frame."""

import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import msgspec

from kiosk.common import confined, media
from kiosk.common.container import is_fast_start
from kiosk.common.ffmpeg import FORMATS_TO_CONVERT, MediaError, run_confined
from kiosk.common.media import PROBE_S, Media
from kiosk.common.messages import Message, mark
from kiosk.town.programmes.pictures import LIST
from kiosk.town.programmes.profile import Deviations, Probe, Source, command, deviations, picture_bits
from kiosk.town.programmes.shelves import LARGEST

STILL_S = 15
"""How long a still is shown."""
POSTER_S = 120
TIMES_ITS_LENGTH, AT_LEAST_S = 20, 900
"""A film may take so many times its length to be made, in seconds, and at least so long."""
POSTER_WIDTH = 480
MOST_MS = 1 << 40

Progress = Callable[[int], None]
"""Called with how much of it is done, in thousandths."""


class NoRoom(Exception):
    """The disk is full."""


class Converter:
    """Works on one upload; its tools are confined, and write ``folder`` alone.

    Its methods raise :class:`MediaError`, :class:`confined.Unconfined`, and :class:`confined.Stopped` soon after
    ``stopping`` is set.
    """

    def __init__(self, folder: Path, progress: Progress, stopping: threading.Event | None = None) -> None:
        self._folder, self._progress = folder, progress
        self._probes: dict[Path, Probe] = {}
        self._run = partial(confined.run, stopping=stopping)
        self._tool = partial(run_confined, stopping=stopping, formats=FORMATS_TO_CONVERT)

    def measure(self, path: Path, sha256: str | None = None, *, loudness: bool = True) -> Media:
        """As :func:`kiosk.common.media.measure`."""
        return media.measure(path, sha256, self._tool, loudness=loudness, to_convert=True)

    def probe(self, path: Path) -> Probe:
        """What ffprobe says of a file, asked once."""
        if path not in self._probes:
            self._probes[path] = self._probed(path)
        return self._probes[path]

    def _probed(self, path: Path) -> Probe:
        said = self._tool("ffprobe", path, PROBE_S, ["-show_format", "-show_streams", "-of", "json"], []).stdout
        try:
            return msgspec.json.decode(said, type=Probe)
        except (ValueError, RecursionError) as error:
            cause = mark("what ffprobe says of it cannot be read ({error}); convert it, to MP4")
            raise MediaError(path, Message(cause, {"error": str(error)})) from None

    def source(self, path: Path, measured: Media) -> Source:
        """A measured file, with what the profile asks of it."""
        length_ms = measured.duration_ms or 1
        return Source(
            probe=self.probe(path),
            duration_ms=length_ms,
            end_ms=(measured.picture_start_ms or 0) + length_ms,
            size=measured.size,
            audio_track=measured.audio_track,
            still_ms=measured.still_ms,
            fast_start=is_fast_start(path),
        )

    def differs_at_first_sight(self, path: Path) -> bool:
        """Whether a file is surely not of the profile, before it is decoded; its loudness does not matter then.

        A file that cannot be read is measured all the same, for the cause.
        """
        try:
            found = Source(self.probe(path), MOST_MS, 0, 0, 0, None, is_fast_start(path))
        except MediaError:
            return True
        return bool(deviations(found).all)

    def make(self, path: Path, found: Source, wrong: Deviations) -> Path:
        """Make the film of the profile, with its subtitles beside it (``words.srt``) where it has any.

        Raises :class:`NoRoom` too.
        """
        guard = ["-protocol_whitelist", "file,pipe", "-format_whitelist", FORMATS_TO_CONVERT]
        words = [*guard, "-i", f"file:{path}", *command(found, wrong), f"file:{self._folder}/film.mp4"]
        if (texts := found.words) is not None:
            words += ["-map", f"0:{texts.index}", "-c:s", "srt", "-f", "srt", f"file:{self._folder}/words.srt"]
        return self._film(words, path, found.duration_ms)

    def make_from_still(self, path: Path) -> Path:
        """Make a film of a still, or of an animated picture, of :data:`STILL_S`. Raises :class:`NoRoom` too."""
        words = [sys.executable, "-m", "kiosk.town.programmes.pictures", str(path), str(self._folder), str(STILL_S)]
        done = self._run(words, files=[path], folder=self._folder, within_s=PROBE_S, largest=LARGEST)
        if done.returncode != 0 or done.stdout.strip() != "ok":
            cause = Message(mark("the picture cannot be read; save it as PNG or JPEG"))
            with suppress(ValueError):
                cause = msgspec.json.decode(done.stdout, type=Message)
            raise MediaError(path, cause)
        bits = str(picture_bits(1000 * STILL_S))
        words = ["-f", "concat", "-safe", "0", "-i", f"file:{self._folder}/{LIST}"]
        words += ["-vf", "fps=25,setsar=1,format=yuv420p", "-c:v", "libx264", "-preset", "veryfast"]
        words += ["-tune", "stillimage", "-profile:v", "high", "-crf", "20", "-maxrate", bits, "-bufsize", bits]
        words += ["-g", "50", "-t", str(STILL_S), "-movflags", "+faststart", "-f", "mp4"]
        return self._film([*words, f"file:{self._folder}/film.mp4"], path, 1000 * STILL_S)

    def poster(self, film: Path, duration_ms: int) -> Path | None:
        """A picture out of the film, as JPEG; None where it has none."""
        target = self._folder / "poster.jpg"
        words = ["ffmpeg", "-v", "error", "-nostdin", "-y", "-ss", f"{duration_ms / 10_000:.2f}", "-i", f"file:{film}"]
        words += ["-frames:v", "1", "-an", "-vf", f"scale={POSTER_WIDTH}:-2", "-q:v", "4", f"file:{target}"]
        done = self._run(words, files=[film], folder=self._folder, within_s=POSTER_S)
        return target if done.returncode == 0 and target.is_file() and target.stat().st_size else None

    def _film(self, words: list[str], path: Path, duration_ms: int) -> Path:
        def heard(line: str) -> None:
            name, _, value = line.partition("=")
            if name == "out_time_us" and value.strip().isdecimal() and len(value) < 20:
                self._progress(min(999, int(value) // max(1, duration_ms)))

        within_s = max(AT_LEAST_S, TIMES_ITS_LENGTH * duration_ms // 1000)
        words = ["ffmpeg", "-v", "error", "-nostdin", "-y", "-nostats", "-progress", "pipe:1", *words]
        try:
            done = self._run(
                words, files=[path], folder=self._folder, within_s=within_s, largest=LARGEST, each_line=heard
            )
        except subprocess.TimeoutExpired:
            cause = mark("it was not made in {hours} hours; convert it elsewhere, to MP4 with H.264")
            raise MediaError(path, Message(cause, {"hours": f"{within_s / 3600:.1f}"})) from None
        if done.returncode != 0:
            reason = (done.stderr.strip().splitlines() or ["?"])[-1].removeprefix(f"file:{path}: ")
            if "No space left" in done.stderr:
                raise NoRoom(reason)
            raise MediaError(path, Message(mark("it could not be made into MP4 ({reason})"), {"reason": reason[:300]}))
        return self._folder / "film.mp4"
