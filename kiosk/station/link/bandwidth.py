"""The line as downloads use it: how fast it is, the limit set on it, and that reports go first."""

import time
from collections.abc import Callable

from kiosk.station.link.client import CHUNK

GIVE_WAY_S = 10.0
"""How long a download stands still for a report: a server gives up on one who does not read for a minute."""
TURN_S = 5.0
"""How long the download goes on by itself after a report that took longer."""
LOOK_S = 0.05
LEAST_S, LEAST_BYTES = 2.0, 1024 * 1024
"""What it takes to tell a speed."""


class Bandwidth:
    """For the thread that downloads. ``pause`` sleeps, less if asked to stop; ``reporting`` tells whether a report is
    under way, or about to be."""

    def __init__(
        self, limit: int = 0, pause: Callable[[float], None] = time.sleep, reporting: Callable[[], bool] = lambda: False
    ) -> None:
        """``limit`` in bytes a second; 0 for none."""
        self._limit, self._pause, self._reporting = limit, pause, reporting
        self.bytes_per_s = 0
        """As measured of late, with the limit in force; 0 where nothing was fetched yet."""
        self.piece = min(CHUNK, max(1024, limit // 4)) if limit else CHUNK
        """How many bytes to read at once, so that a limited line flows and does not come in fits."""
        self._spare = 0.0
        self._filled = self._mark = time.monotonic()
        self._bytes, self._seconds = 0, 0.0
        self._turn_until = 0.0

    def begin(self) -> None:
        """A file is asked for."""
        self._mark = time.monotonic()

    def took(self, size: int) -> None:
        """So many bytes have come. Returns when the next may: the connection stays, the town is slowed down by it."""
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
        """Let a report go first, for a while; then it is the download's turn again, so that neither starves."""
        began = time.monotonic()
        if began < self._turn_until:
            return
        while self._reporting():
            if time.monotonic() - began >= GIVE_WAY_S:
                self._turn_until = time.monotonic() + TURN_S
                break
            self._pause(LOOK_S)
        self._mark += time.monotonic() - began

    def rest(self, seconds: float) -> None:
        """Sleep."""
        self._pause(seconds)

    def _keep_limit(self, size: int) -> None:
        if not self._limit:
            return
        now = time.monotonic()
        self._spare = min(self._limit / 4, self._spare + (now - self._filled) * self._limit) - size
        self._filled = now
        if self._spare < 0:
            self._pause(-self._spare / self._limit)
