"""Runs one program of the system on a hostile file, confined: it reads that file, writes its own folder, no more.

:mod:`kiosk.common.launcher` confines itself and becomes the program: a process of its own, because a process can be
confined only before it has a second thread.
"""

import contextlib
import functools
import json
import logging
import math
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import IO, Any

from kiosk.common.launcher import NOT_CONFINED, NOT_STARTED, STARTED
from kiosk.common.sandbox import environment

log = logging.getLogger(__name__)

LAUNCHER = "kiosk.common.launcher"
LARGEST = 2 << 30
"""The most that a program may write unless another bound is given, in all, what it prints included, in bytes."""
MOST_FILES = 20_000
"""The most files and folders that it may make."""
LOOK_EVERY_S = 0.5
MOST_SAID, MOST_WORDS = 16 << 20, 1 << 20
"""What is read of what it prints, from the beginning, and of its errors, up to the end, in bytes."""


class Unconfined(Exception):
    """This computer cannot confine a program; the message names what is missing."""


class Killed(Exception):
    """It was ended by a signal: it crashed, wrote more than it may, or the computer has too little memory. The message
    names the signal."""


class Stopped(Exception):
    """It was ended because this process is to end."""


class NotInstalled(Exception):
    """There is no program of that name."""


def run(
    words: Sequence[str],
    *,
    files: Sequence[Path] = (),
    folder: Path | None = None,
    within_s: float,
    largest: int = LARGEST,
    output: IO[str] | None = None,
    each_line: Callable[[str], None] | None = None,
    stopping: threading.Event | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, as :func:`subprocess.run` does: it reads ``files``, and writes ``folder`` alone.

    It prints to ``output``, or its lines go to ``each_line`` as they come. Raises :class:`Unconfined`,
    :class:`NotInstalled`, :class:`subprocess.TimeoutExpired` after ``within_s`` seconds, and :class:`Stopped`, soon
    after ``stopping`` is set; and :class:`Killed`.
    """
    stopping = stopping or threading.Event()
    if stopping.is_set():
        raise Stopped
    program = shutil.which(words[0])
    if program is None:
        raise NotInstalled(words[0])
    own, before = "" if folder is None else str(folder), _written(folder, ())
    order = [sys.executable, "-m", LAUNCHER, own, str(largest), json.dumps([*map(str, files)]), program, *words[1:]]
    reading, held = os.pipe()  # the launcher ends when nobody holds the other end
    with tempfile.TemporaryFile() as errors, tempfile.TemporaryFile() as said:
        try:
            process = subprocess.Popen(
                order,
                stdin=reading,
                stdout=subprocess.PIPE if each_line else output or said,
                stderr=errors,
                env=environment(),
            )
        except BaseException:
            os.close(held)
            raise
        finally:
            os.close(reading)
        try:
            printed = [errors, said if output is None else output]
            _wait(process, within_s, each_line, stopping, lambda: _written(folder, printed) - before > largest)
        finally:
            process.kill()
            process.wait()
            os.close(held)
        said.seek(0)
        words_said = _told(process.returncode, errors)
        text = said.read(MOST_SAID).decode(errors="replace")
        return subprocess.CompletedProcess(words, process.returncode, text, words_said)


def _written(folder: Path | None, printed: Iterable[IO[Any]]) -> float:
    """How much it has written, in bytes; more than any bound where there are too many files."""
    sizes = sum(os.fstat(file.fileno()).st_size for file in printed)
    found = 0
    for above, _folders, names in os.walk(folder) if folder else ():
        found += 1 + len(names)
        if found > MOST_FILES:
            return math.inf
        for name in names:
            with contextlib.suppress(OSError):
                sizes += 512 * Path(above, name).lstat().st_blocks
    return sizes


def _told(code: int, errors: IO[bytes]) -> str:
    """The end of what the program itself said on standard error. Raises as :func:`run`."""
    errors.seek(0)
    first = errors.readline(MOST_WORDS).decode(errors="replace").rstrip("\n")
    errors.seek(max(errors.tell(), errors.seek(0, os.SEEK_END) - MOST_WORDS))
    rest = errors.read().decode(errors="replace")
    if code < 0:
        raise Killed(signal.Signals(-code).name)
    if not first.startswith(STARTED) or code in (NOT_CONFINED, NOT_STARTED):
        last = f"{first}\n{rest}".strip().rpartition("\n")[2].removeprefix(STARTED)
        raise Unconfined(last[:400] or f"the launcher ended with {code}")
    if trouble := first.removeprefix(STARTED):
        _warn(trouble)
    return rest


@functools.cache
def _warn(trouble: str) -> None:
    """Once is enough: a film takes ten tools."""
    log.warning("confined programs run with less than the whole sandbox: %s", trouble)


def _wait(
    process: "subprocess.Popen[bytes]",
    within_s: float,
    each_line: Callable[[str], None] | None,
    stopping: threading.Event,
    too_much: Callable[[], bool],
) -> None:
    """Until it ends; each line that it prints is handed on as it comes. Raises as :func:`run`."""
    look_at = time.monotonic()
    deadline = look_at + within_s
    printed, hand_on = process.stdout, each_line or (lambda _line: None)
    ended = os.pidfd_open(process.pid)
    try:
        rest = b""
        while True:
            ready = select.select([ended, *([printed.fileno()] if printed else [])], [], [], LOOK_EVERY_S)[0]
            if printed and printed.fileno() in ready:
                if piece := os.read(printed.fileno(), 65536):
                    *lines, rest = (rest + piece).split(b"\n")
                    for line in lines:
                        hand_on(line.decode(errors="replace"))
                    rest = rest[-MOST_WORDS:]
                else:
                    printed.close()
                    printed = None
            elif ended in ready:
                return
            if stopping.is_set():
                raise Stopped
            now = time.monotonic()
            if now > deadline:
                raise subprocess.TimeoutExpired(process.args, within_s)
            if now > look_at:
                look_at = now + LOOK_EVERY_S
                if too_much():
                    raise Killed(signal.SIGXFSZ.name)
    finally:
        os.close(ended)
        if printed:
            printed.close()
