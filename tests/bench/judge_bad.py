"""Judges how a bad file ended, by its row in the record and by what a sampler saw. Pure. Instants are UTC seconds."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from kiosk.demo.sampler import BLACK, Sighting

VERDICT_WITHIN = 10.0
NEXT_WITHIN = 1.0
EDGE = 0.05
"""How near to its signed end, in seconds, a picture may stand that belongs to the next programme."""


@dataclass(frozen=True)
class Planned:
    """A bad file and the clip after it, which bears the bar code ``next_number``."""

    name: str
    due: float
    end: float
    next_number: int
    may_vanish: bool = False
    """The station may throw the file away instead of playing it: a disk had turned it into something else."""


@dataclass(frozen=True)
class Row:
    """What the record says of a programme."""

    outcome: str
    cause: str
    ended: float


def troubles(one: Planned, row: Row | None, seen: Sequence[Sighting]) -> list[str]:
    """What is wrong with how a file ended, in sentences; nothing if all is well. ``seen`` is in order."""
    found = [] if row or one.may_vanish else ["no row"]
    if row is not None:
        found += _of_row(one, row)
        since = max(row.ended, one.due) + NEXT_WITHIN
        if row.outcome == "failed" and since < one.end:
            found += _failed_but_seen(_between(seen, since, one.end - EDGE))
    after = _between(seen, one.end - EDGE, one.end + NEXT_WITHIN)
    if not any(sighting.programme == one.next_number for sighting in after):
        told = [(round(sighting.monotonic - one.end, 2), sighting.programme) for sighting in after]
        found.append(f"the next clip, {one.next_number}, is not seen within {NEXT_WITHIN:g} s, but {told}")
    return found


def _of_row(one: Planned, row: Row) -> list[str]:
    found = []
    if row.outcome not in ("failed", "completed") or (row.outcome == "failed" and not row.cause):
        found.append(f"its row says {row.outcome!r}, {row.cause!r}")
    if min(abs(row.ended - one.due), abs(row.ended - one.end)) > VERDICT_WITHIN:
        found.append(f"its row is closed {row.ended - one.due:.1f} s after it was due")
    return found


def _failed_but_seen(seen: Sequence[Sighting]) -> list[str]:
    """What is on the screen instead of a file that has failed is the poster: neither black nor a bar code."""
    wrong = sorted({sighting.programme for sighting in seen if sighting.programme > 0 or sighting.programme == BLACK})
    return [f"it has failed, and {'black' if BLACK in wrong else f'picture {wrong}'} is seen"] if wrong else []


def _between(seen: Sequence[Sighting], begin: float, end: float) -> Sequence[Sighting]:
    """What was on the screen from ``begin`` to ``end``: a sighting lasts until the next one."""
    first = bisect_left(seen, begin, key=lambda sighting: sighting.monotonic)
    last = bisect_right(seen, end, key=lambda sighting: sighting.monotonic)
    return seen[max(0, first - 1) : last]
