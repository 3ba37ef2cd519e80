"""Runs one program of the system on a hostile file, confined: it reads that file, writes its own folder, no more.

``python -m kiosk.common.confined ORDER`` confines itself (:mod:`kiosk.common.sandbox`) and becomes the program. It is a
process of its own because a process can be confined only before it has a second thread.
"""

import contextlib
import logging
import os
import resource
import select
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

import msgspec

from kiosk.common.sandbox import Reach, confine

log = logging.getLogger(__name__)

MEMORY_BYTES = 6 << 30
"""Address space of a confined program: a 4K film decoded in many threads maps about half of it."""
TROUBLE = "kiosk confined: "
"""Begins the line on standard error that says what the kernel did not offer."""
NOT_CONFINED, NOT_STARTED = 125, 126
"""Exit codes: too little of the sandbox could be had; the program is not there."""
LARGEST = 2 << 30
LOOK_EVERY_S = 0.5
MOST_WORDS = 1 << 20
"""What is read of its errors, in bytes."""
NICE = 10
"""By how much it stands back behind whoever serves the stations."""


class Unconfined(Exception):
    """This computer cannot confine a program; the message names what is missing."""


class Stopped(Exception):
    """It was ended because this process is to end."""


class NotInstalled(Exception):
    """There is no program of that name."""


class Order(msgspec.Struct, frozen=True):
    """What the launcher is told: the program and its words, what it may reach, and its limits in bytes."""

    words: tuple[str, ...]
    files: tuple[str, ...]
    folder: str | None
    memory: int = MEMORY_BYTES
    largest: int = LARGEST
    """The largest file that it may write, what it prints included."""


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
    after ``stopping`` is set.
    """
    program = shutil.which(words[0])
    if program is None:
        raise NotInstalled(words[0])
    order = Order(
        (program, *words[1:]), tuple(map(str, files)), None if folder is None else str(folder), largest=largest
    )
    reading, held = os.pipe()  # the launcher ends when nobody holds the other end
    with tempfile.TemporaryFile("w+", errors="replace") as errors, tempfile.TemporaryFile("w+") as said:
        try:
            process = subprocess.Popen(
                [sys.executable, "-m", "kiosk.common.confined", msgspec.json.encode(order).decode()],
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
            _wait(process, within_s, each_line, stopping or threading.Event())
        finally:
            process.kill()
            process.wait()
            os.close(held)
        said.seek(0)
        errors.seek(0)
        told = errors.read(MOST_WORDS)
        if process.returncode == NOT_CONFINED:
            raise Unconfined(told.removeprefix(TROUBLE).strip())
        return subprocess.CompletedProcess(words, process.returncode, said.read(), _without_trouble(told))


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
            if printed and printed.fileno() in ready and (piece := os.read(printed.fileno(), 65536)):
                *lines, rest = (rest + piece).split(b"\n")
                for line in lines:
                    hand_on(line.decode(errors="replace"))
                rest = rest[-MOST_WORDS:]
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


def _without_trouble(errors: str) -> str:
    first, _, rest = errors.partition("\n")
    if not first.startswith(TROUBLE):
        return errors
    log.warning("a confined program runs with less than the whole sandbox: %s", first.removeprefix(TROUBLE))
    return rest


def main() -> None:
    """Confine this process and become the program of the order."""
    order = msgspec.json.decode(sys.argv[1], type=Order)
    program = os.path.realpath(order.words[0])
    folder = None if order.folder is None else Path(order.folder)
    for limit, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, order.largest),
        (resource.RLIMIT_AS, order.memory),
    ):
        resource.setrlimit(limit, (value, value))
    os.nice(NICE)
    os.umask(0o077)
    trouble = confine(Reach(folder, kept=folder is not None, files=order.files, programs=(program,)))
    if trouble:
        print(TROUBLE + trouble, file=sys.stderr, flush=True)  # noqa: T201
    if "no system call filter" in trouble or ("no file tree" in trouble and "no Landlock" in trouble):
        sys.exit(NOT_CONFINED)
    with contextlib.suppress(OSError):
        os.execv(program, order.words)  # noqa: S606
    sys.exit(NOT_STARTED)


if __name__ == "__main__":
    main()
