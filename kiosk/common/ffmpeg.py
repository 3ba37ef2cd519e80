"""Runs ffmpeg's tools on one media file, plainly or confined: they open that file alone, in a bounded time."""

import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO

from kiosk.common import confined
from kiosk.common.messages import Message, mark

FORMATS = "mov,mp4,matroska,webm,mpegts,mpeg,mpegvideo,avi,flv,asf,ogg,h264,hevc,mxf,mp3,aac,wav,flac,mjpeg"
"""ffmpeg's names of what may be opened: nothing that names further files, as HLS and concat do."""
FORMATS_TO_CONVERT = f"{FORMATS},rm,dv,dhav,ivf,m4v,nut,aiff,amr,ape,ac3,caf,wv"
"""Those that are not played, but that a town can make an MP4 of."""
LISTING = 600 << 20
"""The most that a confined tool may print, in bytes: every picture and piece of sound of a film of twelve hours."""
NO_SENSE = ("Invalid data found when processing input", "Invalid argument")
"""What ffmpeg says of a file of which it makes no sense: that helps nobody further."""

Run = Callable[..., "subprocess.CompletedProcess[str]"]
"""Runs an ffmpeg tool: :func:`run_plainly` or :func:`run_confined`."""


class MediaError(Exception):
    """A file cannot be measured or is not taken; the message names the file, the cause and the remedy."""

    def __init__(self, file: Path | str, cause: Message) -> None:
        super().__init__(f"{file}: {cause.render(str)}")
        self.file, self.cause = file, cause


def run_plainly(
    tool: str, path: Path, timeout_s: int, before: list[str], after: list[str], output: IO[str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run an ffmpeg tool on one local file, without the network and any other file. It prints to ``output``.

    Raises :class:`MediaError`.
    """
    command = _command(tool, path, before, after)
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output or subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            timeout=timeout_s,
        )
    except FileNotFoundError:
        raise _not_installed(tool, path) from None
    except subprocess.TimeoutExpired:
        raise _too_long(tool, path, timeout_s) from None
    return _done(path, done)


def run_confined(
    tool: str,
    path: Path,
    timeout_s: int,
    before: list[str],
    after: list[str],
    output: IO[str] | None = None,
    stopping: threading.Event | None = None,
    formats: str = FORMATS,
) -> subprocess.CompletedProcess[str]:
    """As :func:`run_plainly`, in a process that reaches the file and nothing else, whatever is in the file.

    Raises :class:`MediaError`, :class:`confined.Stopped` soon after ``stopping`` is set, and
    :class:`confined.Unconfined` where this computer cannot do that.
    """
    try:
        command = _command(tool, path.absolute(), before, after, formats)
        done = confined.run(
            command, files=[path.absolute()], within_s=timeout_s, output=output, stopping=stopping, largest=LISTING
        )
    except confined.NotInstalled:
        raise _not_installed(tool, path) from None
    except subprocess.TimeoutExpired:
        raise _too_long(tool, path, timeout_s) from None
    return _done(path, done)


def _command(tool: str, path: Path, before: list[str], after: list[str], formats: str = FORMATS) -> list[str]:
    guard = ["-hide_banner", "-protocol_whitelist", "file,pipe", "-format_whitelist", formats]
    level = ["-v", "error"] if tool == "ffprobe" else ["-v", "info", "-nostats", "-nostdin"]
    return [tool, *level, *guard, *before, "-i", f"file:{path}", *after]


def _not_installed(tool: str, path: Path) -> MediaError:
    cause = mark("{tool} is not installed, so it cannot be measured; apt-get install ffmpeg")
    return MediaError(path, Message(cause, {"tool": tool}))


def _too_long(tool: str, path: Path, seconds: int) -> MediaError:
    cause = mark("{tool} was not done after {seconds} s; convert the file, to MP4 for instance")
    return MediaError(path, Message(cause, {"tool": tool, "seconds": str(seconds)}))


def _done(path: Path, done: "subprocess.CompletedProcess[str]") -> "subprocess.CompletedProcess[str]":
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["?"])[-1].removeprefix(f"file:{path}: ")
        if reason in NO_SENSE:
            cause = mark("not media that the kiosk can play, or damaged; ask for it as MP4 with H.264, or convert it")
            raise MediaError(path, Message(cause))
        cause = mark("not media that the kiosk can play ({reason}); ask for it as MP4 with H.264, or convert it")
        raise MediaError(path, Message(cause, {"reason": reason}))
    return done
