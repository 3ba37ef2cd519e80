"""The line as downloads use it: its measured speed, the limit set on it, and the pauses for reports."""

import time
from collections.abc import Callable

from kiosk.station.link.client import CHUNK

GIVE_WAY_S = 10.0
"""The longest pause of a download for a report: a server gives up a connection on which nobody reads for a minute."""
TURN_S = 5.0
"""How long the download goes on undisturbed after a report that took longer."""
POLL_S = 0.05
LEAST_S, LEAST_BYTES = 2.0, 1024 * 1024
"""Seconds, or bytes, of a download after which its speed is known."""


class Bandwidth:
    """For the thread that downloads. ``pause`` sleeps, less if the link is stopped; ``reporting`` tells whether a
    report is under way, or about to be."""

    def __init__(
        self, limit: int = 0, pause: Callable[[float], None] = time.sleep, reporting: Callable[[], bool] = lambda: False
    ) -> None:
        """``limit`` in bytes a second; 0 for none."""
        self._limit, self.pause, self._reporting = limit, pause, reporting
        self.bytes_per_s = 0
        """Speed of the last downloads, with the limit in force; 0 before the first."""
        self.piece = min(CHUNK, max(1024, limit // 4)) if limit else CHUNK
        """How many bytes to read at once: fewer on a limited line, so that it flows evenly."""
        self._spare = 0.0
        self._filled = self._mark = time.monotonic()
        self._bytes, self._seconds = 0, 0.0
        self._turn_until = 0.0

    def start_timing(self) -> None:
        """A file is requested now."""
        self._mark = time.monotonic()

    def count(self, size: int) -> None:
        """So many bytes have come. Returns when the next may: a connection that nobody reads slows the town down."""
        self._keep_limit(size)
        now = time.monotonic()
        self._bytes += size
        self._seconds += now - self._mark
        self._mark = now
        if self._seconds >= LEAST_S or (self._bytes >= LEAST_BYTES and self._seconds > 0.01):
            speed = self._bytes / self._seconds
            self.bytes_per_s = round(0.7 * self.bytes_per_s + 0.3 * speed if self.bytes_per_s else speed)
            self._bytes, self._seconds = 0, 0.0
        self.give_way()

    def give_way(self) -> None:
        """Wait while a report is under way, 10 s at most; then the download has 5 s, so that neither starves."""
        began = time.monotonic()
        if began < self._turn_until:
            return
        while self._reporting():
            if time.monotonic() - began >= GIVE_WAY_S:
                self._turn_until = time.monotonic() + TURN_S
                break
            self.pause(POLL_S)
        self._mark += time.monotonic() - began

    def _keep_limit(self, size: int) -> None:
        if not self._limit:
            return
        now = time.monotonic()
        self._spare = min(self._limit / 4, self._spare + (now - self._filled) * self._limit) - size
        self._filled = now
        if self._spare < 0:
            self.pause(-self._spare / self._limit)
