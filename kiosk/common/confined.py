"""Runs one program of the system on a hostile file, confined: it reads that file, writes its own folder, no more.

:mod:`kiosk.common.launcher` confines itself and becomes the program: a process of its own, because a process can be
confined only before it has a second thread.
"""

import functools
import json
import logging
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from kiosk.common.launcher import NOT_CONFINED, NOT_STARTED, STARTED

log = logging.getLogger(__name__)

LAUNCHER = "kiosk.common.launcher"
LARGEST = 2 << 30
"""The largest file that a program may write unless another bound is given, what it prints included, in bytes."""
LOOK_EVERY_S = 0.5
MOST_WORDS = 1 << 20
"""What is read of its errors, in bytes."""


class Unconfined(Exception):
    """This computer cannot confine a program; the message names what is missing."""


class Killed(Exception):
    """It was ended by a signal: it crashed, or the computer has too little memory. The message names the signal."""


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
    own = "" if folder is None else str(folder)
    order = [sys.executable, "-m", LAUNCHER, own, str(largest), json.dumps([*map(str, files)]), program, *words[1:]]
    reading, held = os.pipe()  # the launcher ends when nobody holds the other end
    with _file() as errors, _file() as said:
        try:
            process = subprocess.Popen(
                order,
                stdin=reading,
                stdout=subprocess.PIPE if each_line else output or said,
                stderr=errors,
            )
        except BaseException:
            os.close(held)
            raise
        finally:
            os.close(reading)
        try:
            _wait(process, within_s, each_line, stopping)
        finally:
            process.kill()
            process.wait()
            os.close(held)
        said.seek(0)
        errors.seek(0)
        words_said = _told(process.returncode, errors.read(MOST_WORDS))
        return subprocess.CompletedProcess(words, process.returncode, said.read(), words_said)


def _file() -> IO[str]:
    """For what is printed, whatever bytes that is."""
    return tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")


def _told(code: int, errors: str) -> str:
    """What the program itself said on standard error. Raises as :func:`run`."""
    first, _, rest = errors.partition("\n")
    if code < 0:
        raise Killed(signal.Signals(-code).name)
    if not first.startswith(STARTED) or code in (NOT_CONFINED, NOT_STARTED):
        last = errors.strip().rpartition("\n")[2].removeprefix(STARTED)
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
) -> None:
    """Until it ends; each line that it prints is handed on as it comes. Raises as :func:`run`."""
    deadline = time.monotonic() + within_s
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
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(process.args, within_s)
    finally:
        os.close(ended)
        if printed:
            printed.close()
