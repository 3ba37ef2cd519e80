"""Quotas: how much one station may ask of the town in a minute or a day, so that none holds up the others.

Counted in memory, for the process that serves: a restart begins anew. An honest station with a month's record to tell
at once (50,000 plays, 45 MB) stays below them, on a slow disk too.
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock

MINUTE_S, DAY_S = 60.0, 86_400.0
MB = 1_000_000
AT_ONCE = "at-once"
"""The cause where a report comes while another one of the same station is being taken in."""


@dataclass(frozen=True)
class Quota:
    """So much in so many seconds."""

    most: float
    window_s: float
    unit: str
    """For people, in the plural."""


QUOTAS: Mapping[str, Quota] = {
    "requests": Quota(1_200, MINUTE_S, "requests"),
    "reports": Quota(240, MINUTE_S, "reports"),
    "bytes": Quota(100 * MB, MINUTE_S, "bytes of reports"),
    "day-bytes": Quota(400 * MB, DAY_S, "bytes of reports"),
    "fork-bytes": Quota(2 * MB, MINUTE_S, "bytes of another story than it told before"),
    "writer": Quota(30, MINUTE_S, "seconds of the database"),
    "pictures": Quota(30, MINUTE_S, "pictures"),
    "codes": Quota(10, MINUTE_S, "enrolment codes that are not taken"),
    "all-codes": Quota(120, MINUTE_S, "wrong enrolment codes of all"),
}
AT_ENROLMENT = ("codes", "all-codes")
MOST_WINDOWS = 10_000
"""So many windows are kept; then the older half of those of addresses goes."""
ALL = "all"


class OverQuota(Exception):
    """A station asks for more than its share; or an address (``address 10.0.0.1``), or :data:`ALL` of them, at
    enrolment. ``cause`` is a key of :data:`QUOTAS`, or :data:`AT_ONCE`."""

    def __init__(self, station: str, cause: str, wait_s: float) -> None:
        self.station, self.cause, self.wait_s = station, cause, max(1, math.ceil(wait_s))
        quota = QUOTAS.get(cause)
        if quota is None:
            told = "another report of this station is being taken in"
        else:
            told = f"more than {quota.most:,.0f} {quota.unit} in a {'day' if quota.window_s == DAY_S else 'minute'}"
        who = "" if cause in AT_ENROLMENT else f"station {station}: "
        super().__init__(f"{who}{told}; come again in {self.wait_s} s")


@dataclass
class _Window:
    began: float
    used: float = 0.0


class Quotas:
    """What the stations have used of their quotas. For any thread. Seconds are on the monotonic clock."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = Lock()
        self._windows: dict[tuple[str, str], _Window] = {}
        self._reporting: set[str] = set()

    def take(self, station: str, name: str, amount: float = 1.0) -> None:
        """Use ``amount`` of a quota. Raises :class:`OverQuota` where less is left; one amount is always to be had."""
        with self._lock:
            window = self._window(station, name)
            if window.used and window.used + amount > QUOTAS[name].most:
                raise OverQuota(station, name, self._wait_s(name, window))
            window.used += amount

    def spend(self, station: str, name: str, amount: float) -> None:
        """Use ``amount`` of a quota, known only afterwards; what is too much is missing from now on."""
        with self._lock:
            self._window(station, name).used += amount

    def require(self, station: str, name: str) -> None:
        """Raises :class:`OverQuota` where nothing of a quota is left."""
        with self._lock:
            window = self._window(station, name)
            if window.used >= QUOTAS[name].most:
                raise OverQuota(station, name, self._wait_s(name, window))

    @contextmanager
    def one_report(self, station: str) -> Iterator[None]:
        """Around the taking in of a report: one at a time. Raises :class:`OverQuota`."""
        with self._lock:
            if station in self._reporting:
                raise OverQuota(station, AT_ONCE, 1)
            self._reporting.add(station)
        try:
            yield
        finally:
            with self._lock:
                self._reporting.discard(station)

    def _window(self, station: str, name: str) -> _Window:
        now = self._monotonic()
        window = self._windows.get((station, name))
        if window is None or now - window.began >= QUOTAS[name].window_s:
            self._windows.pop((station, name), None)
            window = self._windows[station, name] = _Window(now)
            if len(self._windows) > MOST_WINDOWS:  # addresses cost a stranger nothing
                addresses = [key for key in self._windows if key[1] in AT_ENROLMENT and key[0] != ALL]
                for key in addresses[: len(addresses) // 2]:
                    del self._windows[key]
        return window

    def _wait_s(self, name: str, window: _Window) -> float:
        return window.began + QUOTAS[name].window_s - self._monotonic()
