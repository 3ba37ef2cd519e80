"""Holds what the screen showed against the rows that the town has, and measures how late cuts were. Pure.

Instants are CLOCK_MONOTONIC in seconds: a wall clock that is years off changes nothing here. What the screen showed
comes from the sampler alone.
"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from kiosk.demo.judge import Seen

NEAR = 0.5
"""How far a row's start may be from what the screen showed, in seconds."""
GLIMPSE_MS = 200
"""What was on the screen for less, and has no row, is told apart: a picture that waits, uncovered for a moment."""


@dataclass(frozen=True)
class Row:
    """One play at the town."""

    id: str
    number: int
    """The bar code of its programme."""
    start: float
    seconds: float


@dataclass(frozen=True)
class Records:
    """The verdict."""

    shown: int
    rows: int
    lost: int
    doubled: int
    invented: int
    glimpses: int
    misses: tuple[str, ...] = ()


def judge_records(seen: Sequence[Seen], rows: Sequence[Row], until: float) -> Records:
    """``seen`` in monotonic ms, ``until`` when all that had ended by then must have arrived.

    A showing without a row is lost, or a glimpse; a second row for the same time is doubled; a row of which nothing was
    seen is invented.
    """
    over = [one for one in seen if one.last_ms / 1000 < until]
    without = [one for one in over if not any(_of(row, one) for row in rows)]
    lost = [one for one in without if one.last_ms - one.first_ms >= GLIMPSE_MS]
    glimpses = len(without) - len(lost)
    invented = [row for row in rows if row.seconds > 0 and not any(_of(row, one) for one in seen)]
    ordered = sorted((row for row in rows if row.seconds > 0), key=lambda row: row.start)
    doubled = len(rows) - len({row.id for row in rows})
    doubled += sum(b.start < a.start + a.seconds - NEAR for a, b in zip(ordered, ordered[1:], strict=False))
    misses = [f"{one.number} seen at {one.first_ms / 1000:.2f} has no row" for one in without]
    misses += [f"{row.id} of {row.number} at {row.start:.2f} was not seen" for row in invented]
    return Records(len(over) - glimpses, len(rows), len(lost), doubled, len(invented), glimpses, tuple(misses))


def _of(row: Row, one: Seen) -> bool:
    first, last = one.first_ms / 1000, one.last_ms / 1000
    return row.number == one.number and first - NEAR <= row.start <= last + NEAR


def lateness_ms(seen: Sequence[Seen], start: float, seconds: float, begin: float, end: float) -> list[float]:
    """How late each cut between ``begin`` and ``end`` was, of a loop of clips of equal length from ``start`` on."""
    found = []
    for one in seen:
        first = one.first_ms / 1000
        if begin <= first < end:
            turn = round((first - start) / seconds)
            found.append(1000 * (first - start - turn * seconds))
    return found


def steps_ms(seen: Sequence[Seen], seconds: float, begin: float, end: float) -> list[float]:
    """The same where only the step from one programme to the next is known: how much longer than the clip it took."""
    inside = [one for one in seen if begin <= one.first_ms / 1000 < end]
    return [(b.first_ms - a.first_ms) - 1000 * seconds for a, b in zip(inside, inside[1:], strict=False)]


def spread(late: Sequence[float]) -> dict[str, float | int]:
    """Median and worst of lateness, for the report; worst means farthest from the plan."""
    if not late:
        return {"cuts": 0}
    return {
        "cuts": len(late),
        "median_ms": round(statistics.median(late), 1),
        "worst_ms": round(max(late, key=abs), 1),
    }
