"""Compares what the screen showed with what was signed and with what the town received. Reads no clock.

Instants are UTC milliseconds. What the screen showed comes from the sampler alone, never from the station's counters.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field

from kiosk.demo.sampler import Sighting

SLACK_MS = 1_000
"""A programme is completed if it was on the screen from its signed head to its tail, give or take this."""


@dataclass(frozen=True)
class Signed:
    """A programme as the town signed it. ``number`` is its bar code."""

    id: str
    number: int
    duration_ms: int


@dataclass(frozen=True)
class Planned:
    """A showing that the timetable fixes to the second."""

    programme: Signed
    due_ms: int


@dataclass(frozen=True)
class Seen:
    """One unbroken showing on the screen."""

    number: int
    first_ms: int
    last_ms: int
    """When something else, or nothing, took its place; or the last sample."""


@dataclass(frozen=True)
class Row:
    """One as-run row at the town."""

    programme: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True)
class Verdict:
    """The figures of a run, as ``--json`` gives them."""

    planned: int = 0
    shown: int = 0
    played: int = 0
    completed: int = 0
    delivered: int = 0
    town_rows: int = 0
    lost: int = 0
    doubled: int = 0
    late_ms_max: int = 0
    refused_unsigned: bool = False
    misses: tuple[str, ...] = field(default=())

    def figures(self) -> dict[str, int | bool]:
        """What goes into the JSON line."""
        return {name: value for name, value in asdict(self).items() if name != "misses"}


def showings(sightings: Iterable[Sighting], offset_ms: float) -> list[Seen]:
    """Put samples together to showings. ``offset_ms`` is wall clock less monotonic clock, in milliseconds.

    The same programme twice in a row is two showings where its frames jump back to the head.
    """
    found: list[Seen] = []
    number, first, last_frame, last_at = 0, 0, 0, 0
    for seen in sightings:
        at = round(seen.monotonic * 1000 + offset_ms)
        again = seen.programme == number and number > 0 and last_frame > 25 and seen.frame < 5
        if seen.programme != number or again:
            if number > 0:
                found.append(Seen(number, first, at))
            number, first = seen.programme, at
        last_frame, last_at = seen.frame, at
    if number > 0:
        found.append(Seen(number, first, last_at))
    return found


def judge(
    planned: Sequence[Planned],
    programmes: Sequence[Signed],
    seen: Sequence[Seen],
    rows: Sequence[Row],
    acknowledged: int,
    forged: frozenset[int],
    offered_all: bool,
) -> Verdict:
    """The verdict on a run.

    ``acknowledged`` counts the plays of which the station holds the town's receipt; ``forged`` are the bar codes of
    what must never be shown; ``offered_all`` says that every forgery was really offered.
    """
    by_number = {programme.number: programme for programme in programmes}
    true = [one for one in seen if one.number in by_number]
    found = [(one, _nearest(one, true)) for one in planned]
    missed = [f"{one.programme.id} due at {one.due_ms} was not shown" for one, showing in found if showing is None]
    lost = [one for one in true if not any(_recorded(one, row, by_number[one.number]) for row in rows)]
    shown_forged = {one.number for one in seen} & forged
    return Verdict(
        planned=len(planned),
        shown=len(true),
        played=len(rows),
        completed=sum(_completed(one, by_number[one.number]) for one in true),
        delivered=acknowledged,
        town_rows=len(rows),
        lost=len(lost),
        doubled=_doubled(rows),
        late_ms_max=max((showing.first_ms - one.due_ms for one, showing in found if showing), default=0),
        refused_unsigned=offered_all and not shown_forged,
        misses=tuple(missed + [f"{by_number[one.number].id} at {one.first_ms} has no row at the town" for one in lost]),
    )


def _nearest(one: Planned, seen: Sequence[Seen]) -> Seen | None:
    reach = one.programme.duration_ms
    near = [s for s in seen if s.number == one.programme.number and abs(s.first_ms - one.due_ms) < reach]
    return min(near, key=lambda s: abs(s.first_ms - one.due_ms), default=None)


def _completed(one: Seen, programme: Signed) -> bool:
    return abs(one.last_ms - one.first_ms - programme.duration_ms) <= SLACK_MS


def _recorded(one: Seen, row: Row, programme: Signed) -> bool:
    return (
        row.programme == programme.id
        and abs(row.start_ms - one.first_ms) <= 2 * SLACK_MS
        and abs(row.end_ms - one.last_ms) <= 2 * SLACK_MS
    )


def _doubled(rows: Sequence[Row]) -> int:
    """Milliseconds in which more than one row claims the screen."""
    total, until = 0, 0
    for row in sorted(rows, key=lambda r: r.start_ms):
        total += max(0, min(row.end_ms, until) - row.start_ms)
        until = max(until, row.end_ms)
    return total
