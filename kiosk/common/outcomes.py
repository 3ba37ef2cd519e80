"""What became of each promised showing: on time, late, made up later, missed and why, or not reported yet. Pure.

Built on ``planned``: a town looks at a room that is some hours behind with its report, so that time is cut in three:
reported, not reported yet, and to come. All instants are UTC milliseconds.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from kiosk.common.planned import EXPLAINED, Accepted, Known, Played, Showing, Why, compare, promised

State = Literal["on-time", "late", "made-up", "missed", "not-reported", "to-come"]
LATE_MS = 5_000
"""A showing that begins later than this after it was due is late."""
MAKE_UP_MS = 7 * 86_400_000
"""How long after it was due a showing can be made up."""


@dataclass(frozen=True)
class Outcome:
    """What became of one showing."""

    showing: Showing
    state: State
    late_ms: int = 0
    played_ms: int = 0
    """How long it was on the screen; of one that was made up, then."""
    cause: str = ""
    """Why it ended early, as the record says it; empty where it did not."""
    made_up_ms: int = 0
    """When it was shown instead; 0 where it was not."""
    why: tuple[Why, ...] = ()
    """Why it was not shown at its time."""


@dataclass(frozen=True)
class Stretch:
    """Showings of one slot that follow each other, and of which the same became."""

    outcomes: tuple[Outcome, ...]

    @property
    def first(self) -> Outcome:
        return self.outcomes[0]

    @property
    def start_ms(self) -> int:
        return self.first.showing.pieces[0][0]

    @property
    def end_ms(self) -> int:
        return self.outcomes[-1].showing.end_ms

    @property
    def titles(self) -> tuple[str, ...]:
        """Each once."""
        return tuple(dict.fromkeys(one.showing.programme.title for one in self.outcomes))

    @property
    def late_ms(self) -> int:
        return max(one.late_ms for one in self.outcomes)

    @property
    def played_ms(self) -> int:
        return sum(one.played_ms for one in self.outcomes)

    @property
    def promised_ms(self) -> int:
        return sum(promised_ms(one.showing) for one in self.outcomes)


def outcomes(
    plans: Iterable[Accepted],
    plays: Iterable[Played],
    known: Iterable[Known],
    first_ms: int,
    until_ms: int,
    *,
    reported_ms: int,
    now_ms: int,
) -> list[Outcome]:
    """What became of the showings promised between two instants, in order.

    ``plays`` are all from ``first_ms`` to :data:`MAKE_UP_MS` behind ``until_ms`` (practice left out), ``known`` as for
    ``planned.compare``. The record is whole up to ``reported_ms``: what is not in it later is not reported yet.
    """
    plans = list(plans)
    rows = sorted((one for one in plays if one.end_ms > one.start_ms), key=lambda one: one.start_ms)
    all_plays = [*rows, *(one for one in plays if one.end_ms <= one.start_ms)]
    by_key: dict[tuple[str, int], list[Played]] = defaultdict(list)
    for row in rows:
        if row.origin == "slot":
            by_key[row.programme, row.planned_start_ms].append(row)
    over_ms = min(until_ms, reported_ms) + 1  # what ends at midnight is over with the day
    judged = {_place(one.showing): one for one in compare(plans, all_plays, known, first_ms, over_ms)}
    showings = promised(plans, first_ms, until_ms)
    spare = [row for row in rows if row.origin != "slot"]  # one of a slot is a showing of its own
    found = []
    for showing in showings:
        verdict = judged.get(_place(showing))
        if seen := by_key.get(_key(showing)):
            found.append(_shown(showing, seen))
        elif verdict is None:
            found.append(Outcome(showing, "to-come" if showing.pieces[0][0] > now_ms else "not-reported"))
        elif (instead := _take(spare, showing)) is not None:
            played_ms = instead.end_ms - instead.start_ms
            found.append(Outcome(showing, "made-up", 0, played_ms, "", instead.start_ms, verdict.why))
        else:
            found.append(Outcome(showing, "missed", why=verdict.why))
    return found


def stretches(found: Iterable[Outcome]) -> list[Stretch]:
    """The outcomes, those of one slot that follow each other and are alike as one; in order of their start."""
    in_order = sorted(found, key=lambda one: (one.showing.slot_span, one.showing.slot.priority, one.showing.start_ms))
    groups = groupby(in_order, key=lambda one: (one.showing.slot_span, one.showing.slot, *_alike(one)))
    return sorted((Stretch(tuple(group)) for _, group in groups), key=lambda one: one.start_ms)


def promised_ms(showing: Showing) -> int:
    """For how long it was promised."""
    return sum(end - start for start, end in showing.pieces)


def _alike(one: Outcome) -> tuple[object, ...]:
    apart = one.showing.start_ms if one.state in ("late", "made-up") or one.cause else 0
    return one.state, one.why, apart


def _shown(showing: Showing, seen: Sequence[Played]) -> Outcome:
    late_ms = max(0, seen[0].start_ms - showing.pieces[0][0])
    played_ms = sum(one.end_ms - one.start_ms for one in seen)
    early = played_ms < EXPLAINED * promised_ms(showing)
    state: State = "late" if late_ms > LATE_MS else "on-time"
    return Outcome(showing, state, late_ms, played_ms, (seen[-1].cause or "unknown") if early else "")


def _take(spare: list[Played], showing: Showing) -> Played | None:
    """The first play that makes a showing up, taken out of ``spare``: a play makes up only one."""
    least_ms = EXPLAINED * showing.programme.duration_ms
    for n, row in enumerate(spare):
        after = showing.end_ms <= row.start_ms < showing.end_ms + MAKE_UP_MS
        if row.programme == showing.programme.id and after and row.end_ms - row.start_ms >= least_ms:
            return spare.pop(n)
    return None


def _key(showing: Showing) -> tuple[str, int]:
    return showing.programme.id, showing.start_ms


def _place(showing: Showing) -> tuple[object, ...]:
    return showing.start_ms, showing.programme.id, showing.slot_span
