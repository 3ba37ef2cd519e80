"""Holds what the town has against what the screen showed and what was acknowledged. Pure; UTC milliseconds.

A row that is missing counts as lost to the damage, and not as lost by the kiosk, where the file that held it was
destroyed before the town had it: nobody can give that back. What the town has acknowledged must be there.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from kiosk.demo.judge import Seen

APART_MS = 1_500
"""A row belongs to a showing whose start is no further off."""
OVERLAP_MS = 500
"""Two rows that claim the screen together for longer are one play told twice."""
GLIMPSE_MS = 1_000
"""A showing that was cut shorter than this may have no row: it ended before it was confirmed."""


@dataclass(frozen=True)
class Row:
    """A play as the town has it."""

    id: str
    programme: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True)
class Verdict:
    """The figures of a run; ``notes`` says of each what is behind it."""

    plays_shown: int
    rows: int
    doubled: int
    acknowledged_lost: int
    invented: int
    lost_to_damage: int
    notes: tuple[str, ...] = ()


def judge(
    seen: Sequence[Seen],
    rows: Iterable[Row],
    programmes: Mapping[int, str],
    acknowledged: set[str],
    stored: set[str],
    until_ms: int,
) -> Verdict:
    """``programmes`` are the ids by bar code; ``acknowledged`` the records that got a receipt, ``stored`` what the town
    has of any kind. What left the screen after ``until_ms`` need not be there yet."""
    shown = [one for one in seen if one.number in programmes and one.last_ms - one.first_ms >= GLIMPSE_MS]
    shown = [one for one in shown if one.last_ms < until_ms]
    ordered = sorted((row for row in rows if row.end_ms > row.start_ms), key=lambda row: row.start_ms)
    doubled = [later for earlier, later in _pairs(ordered) if earlier.end_ms - later.start_ms > OVERLAP_MS]
    every = [one for one in seen if one.number in programmes]
    invented = [row for row in ordered if not any(_same(one, row, programmes) for one in every)]
    lost = [one for one in shown if not any(_same(one, row, programmes) for row in ordered)]
    gone = sorted(acknowledged - stored)
    notes = [
        *(f"doubled: {row}" for row in doubled),
        *(f"acknowledged and not there: {name}" for name in gone),
        *(f"invented: {row}" for row in invented),
        *(f"no row at the town: {programmes[one.number]} {one.first_ms}-{one.last_ms}" for one in lost),
    ]
    return Verdict(len(shown), len(ordered), len(doubled), len(gone), len(invented), len(lost), tuple(notes))


def _pairs(rows: Sequence[Row]) -> Iterable[tuple[Row, Row]]:
    """Each row and the one before it that ended last."""
    last: Row | None = None
    for row in rows:
        if last is not None:
            yield last, row
        last = row if last is None or row.end_ms > last.end_ms else last


def _same(one: Seen, row: Row, programmes: Mapping[int, str]) -> bool:
    return programmes[one.number] == row.programme and abs(one.first_ms - row.start_ms) <= APART_MS
