"""Runs ffmpeg's tools on one media file, confined: they open that file alone, in a bounded time."""

import os
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
"""Runs an ffmpeg tool, as :func:`run_confined` does."""


class MediaError(Exception):
    """A file cannot be measured or is not taken; the message names the file, the cause and the remedy."""

    def __init__(self, file: Path | str, cause: Message) -> None:
        super().__init__(f"{file}: {cause.render(str)}")
        self.file, self.cause = file, cause


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
    """Run an ffmpeg tool on one local file, in a process that reaches that and nothing else, whatever is in it. It
    prints to ``output``.

    Raises :class:`MediaError`, :class:`confined.Stopped` soon after ``stopping`` is set, and
    :class:`confined.Unconfined` or :class:`confined.Killed`, which :func:`cause_of` puts into words.
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


def cause_of(error: confined.Unconfined | confined.Killed) -> Message:
    """Why a confined program could not do its work, for people."""
    if isinstance(error, confined.Unconfined):
        cause = mark("this computer cannot lock the converter in ({reason}); see the README, Install a town")
        return Message(cause, {"reason": str(error)})
    cause = mark("the converter was ended ({signal}): too little memory, or the file is made to crash it")
    return Message(cause, {"signal": str(error)})


def _done(path: Path, done: "subprocess.CompletedProcess[str]") -> "subprocess.CompletedProcess[str]":
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["?"])[-1].removeprefix(f"file:{path}: ")
        if reason in NO_SENSE:
            cause = mark("not media that the kiosk can play, or damaged; ask for it as MP4 with H.264, or convert it")
            raise MediaError(path, Message(cause))
        if reason == "Permission denied":  # it has no privilege of root's
            cause = mark("{user} may not read it; run: chmod a+r {file}")
            raise MediaError(path, Message(cause, {"user": f"uid {os.getuid()}", "file": str(path)}))
        cause = mark("not media that the kiosk can play ({reason}); ask for it as MP4 with H.264, or convert it")
        raise MediaError(path, Message(cause, {"reason": reason}))
    return done
