"""When a station calls the town, and how much it sends at once: at its own place in each interval, 3 s of the line."""

import hashlib
import time

FIRST_BACKOFF_S = 2.0
LONGEST_BACKOFF_S = 400.0
LONGEST_ASKED_S = 3600.0
"""The longest that a town may ask a station to stay away (``Retry-After``, ``wait_ms``)."""
SPREAD_S = 60.0
"""Over how long stations that were asked to stay away equally long are spread."""
GOAL_S = 3.0
"""How long a report should take on this line."""
FIRST_BYTES, LEAST_BYTES, MOST_BYTES = 64 * 1024, 2 * 1024, 512 * 1024
SLOW_BYTES = 16 * 1024
"""A line that is only slow, and cuts nothing off, gets no smaller batches than this: each request costs time too."""


def phase(station: str) -> float:
    """A station's own place in every interval, 0 to 1: computed from its id, so that it never changes, and a thousand
    stations are spread evenly."""
    return int.from_bytes(hashlib.sha256(station.encode()).digest()[:8], "big") / 2**64


def until_turn(own: float, interval_s: float, wall_s: float, at_least_s: float = 0.0) -> float:
    """Seconds from ``wall_s`` (since 1970) to the station's next turn: at most ``at_least_s`` and an interval.

    Turns go by the wall clock, so that stations that were switched on, or lost the town, at the same moment do
    not call at the same moment for ever after.
    """
    return at_least_s + (own * interval_s - wall_s - at_least_s) % interval_s


class Backoff:
    """After the n-th failure: the station's next turn in an interval of 2 s × 2ⁿ, half an interval away at least."""

    def __init__(self, own: float = 0.0, failures: int = 0, asked_s: float = 0.0) -> None:
        """``asked_s``: the town has asked to be left alone for so long. ``own`` is the station's :func:`phase`."""
        self._own, self._failures = own, failures
        interval = min(LONGEST_BACKOFF_S, FIRST_BACKOFF_S * 2 ** min(failures, 30))
        wait = until_turn(own, interval, time.time(), interval / 2) if failures else 0.0
        asked = min(asked_s, LONGEST_ASKED_S)
        self.until = time.monotonic() + max(wait, asked + own * min(asked, SPREAD_S))
        """On the monotonic clock."""

    def after_failure(self, asked_s: float = 0.0, progress: bool = False) -> "Backoff":
        """The backoff after one failure more; counted from one again where a file or report got through before it."""
        return Backoff(self._own, 1 if progress else self._failures + 1, asked_s)


class Batch:
    """How many bytes of records go into one report: as many as the line has lately taken in :data:`GOAL_S`."""

    def __init__(self) -> None:
        self.bytes = FIRST_BYTES

    def took(self, size: int, seconds: float) -> None:
        """A report of ``size`` bytes of records was answered after so long."""
        if seconds > GOAL_S:
            fitting = max(SLOW_BYTES, int(self.bytes * max(GOAL_S / seconds, 0.25)))
            self.bytes = min(self.bytes, fitting)
        elif 2 * size >= self.bytes:  # a batch that was not full tells nothing about a larger one
            self.bytes = min(MOST_BYTES, 2 * self.bytes, max(self.bytes, int(size * GOAL_S / max(seconds, 0.001))))

    def was_cut(self) -> None:
        """The line broke under a report: a smaller one may get through between two cuts."""
        self.bytes = max(LEAST_BYTES, self.bytes // 2)
