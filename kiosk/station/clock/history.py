"""What this PC's clock showed, stretch by stretch, and the repairs of its rows once the time is known.

A stretch is a time in which clock and trust stayed as they were. When trust comes, every earlier stretch is compared
with the clock as it is now, so that each row gets the correction of the very stretch in which it began, however often
the clock was set in one boot. Over a power-off the comparison goes on where the PC's own clock went on.
"""

import msgspec

from kiosk.contract.records import ClockRepair, ClockState
from kiosk.station.clock.clock import STEP_MS
from kiosk.station.clock.ntp import DRIFT
from kiosk.station.journal import Journal
from kiosk.station.journal.plays import MAX_SPAN_MS

MEMORY = "clock-history"
MOST = 64
"""Stretches remembered: a PC without a line and with a dead RTC begins a new one with each boot."""
RANK: dict[ClockState, int] = {"untrusted": 0, "declared": 1, "holdover": 2, "trusted": 3}


class Stretch(msgspec.Struct):
    """The clock stayed as it was from ``from_ms`` (CLOCK_MONOTONIC of its boot) on."""

    boot_id: str
    from_ms: int
    base_ms: float
    """Wall time at which CLOCK_BOOTTIME began, as it was shown."""
    state: ClockState
    follows: bool
    """In a new boot: the PC's own clock went on meanwhile, so that it was as wrong after it as before."""
    mended: ClockState = "untrusted"
    """The best that has been known when its rows were put right."""


class ClockHistory:
    """For the main loop only."""

    def __init__(self, journal: Journal, boot_id: str, carried: bool) -> None:
        """``carried``: the PC's own clock went on over the power-off before this boot."""
        self._journal, self._boot_id, self._carried = journal, boot_id, carried
        self._stretches = journal.recall(MEMORY, list[Stretch]) or []

    def extend(self, monotonic_ms: int, base_ms: float, state: ClockState, at_ms: int, by: str = "") -> int | None:
        """Begin a new stretch where clock or trust have changed, and record the repairs of earlier rows that follow.

        ``by`` is the person that a declared clock goes back to. Returns the number of repairs; None where
        nothing is new.
        """
        last = self._stretches[-1] if self._stretches else None
        same_boot = last is not None and last.boot_id == self._boot_id
        if last and same_boot and last.state == state and abs(last.base_ms - base_ms) < STEP_MS:
            return None
        start = min(max(monotonic_ms, last.from_ms), MAX_SPAN_MS) if last and same_boot else 0
        self._stretches.append(Stretch(self._boot_id, start, base_ms, state, self._carried and not same_boot))
        repairs = self._repairs(at_ms, by) if state in ("trusted", "declared") else []
        for repair in repairs:
            self._journal.record(repair)
        # What lies before a trusted stretch has been put right, or never will be.
        self._stretches = self._stretches[-1 if state == "trusted" else -MOST :]
        self._journal.remember(MEMORY, self._stretches)
        return len(repairs)

    def _repairs(self, at_ms: int, by: str) -> list[ClockRepair]:
        known, found, off_ms = self._stretches[-1].state, list[ClockRepair](), 0.0
        for number in range(len(self._stretches) - 2, -1, -1):
            one, later = self._stretches[number], self._stretches[number + 1]
            same_boot = one.boot_id == later.boot_id
            if one.state == "trusted" or not (same_boot or later.follows):
                break
            off_ms += later.base_ms - one.base_ms if same_boot else 0.0
            if RANK[known] <= max(RANK[one.state], RANK[one.mended]):
                continue
            one.mended = known
            to_ms = later.from_ms if same_boot else None
            if abs(off_ms) >= STEP_MS and not self._drifted(one, to_ms, off_ms):
                found.append(
                    ClockRepair(
                        id=f"clock-{one.boot_id[:16]}-{one.from_ms}-{at_ms}",
                        at_ms=at_ms,
                        boot_id=one.boot_id,
                        from_monotonic_ms=one.from_ms,
                        to_monotonic_ms=to_ms,
                        offset_ms=round(off_ms),
                        clock=known,
                        by=by,
                    )
                )
        return found[::-1]

    @staticmethod
    def _drifted(one: Stretch, to_ms: int | None, off_ms: float) -> bool:
        """A clock that was right and has merely drifted: each of its rows is off by another amount, at most this."""
        return one.state == "holdover" and (to_ms is None or abs(off_ms) <= DRIFT * (to_ms - one.from_ms))
