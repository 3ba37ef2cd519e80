"""The loop of the second process: each worker in a thread of its own, a beat for the console, a clean stop."""

import fcntl
import logging
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from kiosk.common.messages import mark
from kiosk.common.systemd import READY, STOPPING, WATCHDOG, notify, watchdog_interval
from kiosk.town.database.store import now_ms
from kiosk.town.town import Town, TownError
from kiosk.town.work import beats
from kiosk.town.work.beats import Beat

log = logging.getLogger(__name__)

FROZEN_S = 900.0
"""A worker that has not looked at ``stopping`` for so long is frozen, in seconds: to read or shelve a large film takes
some minutes."""
AFTER_TROUBLE_S = 30.0
"""How long a worker waits after a step that failed."""
LOCK_FILE = "work.lock"
STOP_S = 20.0
"""How long a step under way may take to end."""


@dataclass(frozen=True)
class Worker:
    """Something that the second process does again and again.

    ``step`` does one piece of work and says whether there was one: then it is called again at once, else after
    ``every_s`` seconds. It runs in a thread of its own and may take hours, but looks at ``stopping`` every few seconds,
    at least every :data:`FROZEN_S`, and returns soon once that is set; what it left half done it does again after a
    restart. An exception is logged and shown to the officers, and the step is tried again after 30 s. ``name`` is a
    text of the catalogue.
    """

    name: str
    step: Callable[[Town, threading.Event], bool]
    every_s: float = 5.0


def work(town: Town, workers: Sequence[Worker], stopping: threading.Event, every_s: float = beats.EVERY_S) -> None:
    """Run the workers until ``stopping`` is set, and beat meanwhile every ``every_s`` seconds.

    systemd's watchdog is fed from here, as long as no worker is frozen: then it starts the process anew.
    """
    running = [_Running(town, worker, stopping) for worker in workers]
    for one in running:
        one.thread.start()
    notify(READY)
    every_s = min(every_s, watchdog_interval() or every_s)
    while True:
        _beat(town, running)
        if frozen := [one.worker.name for one in running if one.is_frozen()]:
            log.error("standing still: %s; systemd is to start this process anew", ", ".join(frozen))
        else:
            notify(WATCHDOG)
        if stopping.wait(every_s):
            break
    notify(STOPPING)
    for one in running:
        one.thread.join(STOP_S)
        if one.thread.is_alive():
            log.error("the worker %s does not stop; what it does is done again after the next start", one.worker.name)


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Keep a second process out, which would send every message twice. Raises :class:`TownError` where one runs."""
    with (folder / LOCK_FILE).open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise TownError(f"{folder}: another `kiosk town work` runs already; end that one first") from None
        yield


def stop_by_signal() -> threading.Event:
    """An event that SIGTERM and SIGINT set."""
    stopping = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    return stopping


class _Stopping(threading.Event):
    """The word to stop as one worker hears it, and when it listened last (monotonic seconds; for ever while it
    waits)."""

    def __init__(self, stopping: threading.Event) -> None:
        super().__init__()
        self._stopping = stopping
        self.heard = time.monotonic()

    def is_set(self) -> bool:
        self.heard = time.monotonic()
        return self._stopping.is_set()

    def wait(self, timeout: float | None = None) -> bool:
        self.heard = math.inf
        found = self._stopping.wait(timeout)
        self.heard = time.monotonic()
        return found


class _Running:
    """A worker's thread, and what it is about."""

    def __init__(self, town: Town, worker: Worker, stopping: threading.Event) -> None:
        self.worker = worker
        self.busy_ms: int | None = None
        self.trouble = ""
        self._town = town
        self._stopping = _Stopping(stopping)
        self.thread = threading.Thread(target=self._run, name=worker.name, daemon=True)

    def is_frozen(self) -> bool:
        return not self.thread.is_alive() or time.monotonic() - self._stopping.heard > FROZEN_S

    def beat(self) -> Beat:
        trouble = self.trouble or (mark("it stands still") if self.is_frozen() else "")
        return Beat(name=self.worker.name, beat_ms=now_ms(), busy_ms=self.busy_ms, trouble=trouble)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self.busy_ms = now_ms()
            try:
                wait_s = 0.0 if self.worker.step(self._town, self._stopping) else self.worker.every_s
                self.trouble = ""
            except Exception as error:
                log.exception("the worker %s failed; it tries again in %d s", self.worker.name, AFTER_TROUBLE_S)
                self.trouble = f"{type(error).__name__}: {error}"[:400]
                wait_s = AFTER_TROUBLE_S
            self.busy_ms = None
            self._stopping.wait(wait_s)


def _beat(town: Town, running: Sequence[_Running]) -> None:
    found = [Beat(name=beats.PROCESS, beat_ms=now_ms()), *(one.beat() for one in running)]
    try:
        with town.store.write() as connection:
            beats.keep(connection, found)
    except Exception as error:  # a full disk, a database that restarts: the workers tell of it themselves
        log.error("cannot note that the workers live: %s", error)  # noqa: TRY400
