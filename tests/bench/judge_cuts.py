"""Judges cuts by what a sampler saw on the screen. Pure: sightings and a plan go in, figures come out.

Instants are CLOCK_MONOTONIC in seconds, lengths and lateness milliseconds. A cut reaches from the middle of the old
programme to the middle of the new one.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from kiosk.demo.sampler import BLACK, NOTHING, Sighting

EDGE_S = 1.0
"""How long before its first programme and after its last the screen is looked at."""
SETTLED = 10
"""The picture whose lateness tells whether the programme runs, and not only stands on its first picture."""


@dataclass(frozen=True)
class Programme:
    """What was signed of a programme. ``number`` is its bar code; 0 where it has none, as a title card."""

    name: str
    number: int
    duration_ms: int
    frames: int
    rate: Fraction


@dataclass(frozen=True)
class Cut:
    """One cut as it was seen. ``old`` or ``new`` is empty where the screen was not the player's before or after."""

    old: str
    new: str
    black_ms: float = 0.0
    """All of the screen was black."""
    blank_ms: float = 0.0
    """Neither black nor any programme: torn, grey, or something else."""
    late_ms: float | None = None
    """First sight of the new programme after its due instant; below 0 where it came early. None without a new one."""
    head_lost: int | None = None
    """Pictures of the new programme before the first that was seen."""
    tail_lost: int | None = None
    """Pictures of the old programme after the last that was seen."""
    run_late_ms: float | None = None
    """The same as ``late_ms`` for the picture :data:`SETTLED`, or the first one after it."""
    back: bool = False
    """The old programme was seen again after the new one."""
    blink_ms: float = 0.0
    """How long the sampler had not looked when it saw the new programme, where that was longer than it should be."""


def judge(
    sightings: Sequence[Sighting], plan: Sequence[Programme], start: float | None, *, edges: bool
) -> tuple[Cut, ...]:
    """Every cut of a run in which the programmes of ``plan``, all different, follow each other.

    ``start`` is when the first one was due; None for a player that starts when it can: then its first picture counts.
    ``edges`` says that the cuts from what was before to the first programme, and from the last one to what comes after,
    count too.
    """
    if start is None:
        first = next((s for s in sightings if s.programme == plan[0].number), sightings[0])
        start = first.monotonic
    dues = [start]
    for one in plan:
        dues.append(dues[-1] + one.duration_ms / 1000)
    looks = [_looks(sightings, one, due) for one, due in zip(plan, dues, strict=False)]
    cuts: list[Cut] = []
    for place, due in enumerate(dues):
        old = (plan[place - 1], looks[place - 1]) if place else None
        new = (plan[place], looks[place]) if place < len(plan) else None
        if edges or (old and new):
            cuts.append(_cut(sightings, old, new, due))
    return tuple(cuts)


Looks = Sequence[Sighting]
"""All sightings of one programme, in order."""


def _looks(sightings: Sequence[Sighting], one: Programme, due: float) -> Looks:
    """A card without a code is looked for around its time only: what is no programme may be anything."""
    reach = one.duration_ms / 2000
    begin, end = (due - reach, due + 3 * reach) if one.number == NOTHING else (-math.inf, math.inf)
    return [s for s in sightings if s.programme == one.number and s.frame < one.frames and begin < s.monotonic < end]


def _cut(
    sightings: Sequence[Sighting], old: tuple[Programme, Looks] | None, new: tuple[Programme, Looks] | None, due: float
) -> Cut:
    before, after = old[1] if old else (), new[1] if new else ()
    first = after[0].monotonic if after else due
    begin = (before[0].monotonic + first) / 2 if before else due - EDGE_S
    end = (after[0].monotonic + after[-1].monotonic) / 2 if after else due + EDGE_S
    coded = bool(old and new and old[0].number and new[0].number)
    settled = next((s for s in after if s.frame >= SETTLED), None)
    return Cut(
        old=old[0].name if old else "",
        new=new[0].name if new else "",
        black_ms=_shown(sightings, BLACK, begin, end),
        blank_ms=_shown(sightings, NOTHING, begin, end) if coded else 0.0,
        late_ms=_lateness(after, new[0], due) if new else None,
        head_lost=(after[0].frame if after else new[0].frames) if new else None,
        tail_lost=_tail_lost(before, old[0], after) if old else None,
        run_late_ms=_lateness([settled], new[0], due) - _place_ms(settled, new[0]) if settled and new else None,
        back=bool(after) and any(s.monotonic > first for s in before),
        blink_ms=_blink(sightings, first) if after and old and old[0].frames > 1 else 0.0,
    )


def _lateness(after: Looks, new: Programme, due: float) -> float:
    """A programme that was never seen is as late as it is long."""
    return (after[0].monotonic - due) * 1000 if after else float(new.duration_ms)


def _place_ms(sighting: Sighting, programme: Programme) -> float:
    return 1000 * float(sighting.frame / programme.rate)


def _tail_lost(before: Looks, old: Programme, after: Looks) -> int:
    until = after[0].monotonic if after else math.inf
    shown = [s.frame for s in before if s.monotonic < until]
    return old.frames - 1 - max(shown, default=-1)


def _shown(sightings: Sequence[Sighting], what: int, begin: float, end: float) -> float:
    """For how many ms ``what`` was on the screen between two instants: a sighting lasts until the next one."""
    total = 0.0
    for here, then in zip(sightings, sightings[1:], strict=False):
        if here.programme == what:
            total += max(0.0, min(then.monotonic, end) - max(here.monotonic, begin))
    return total * 1000


def _blink(sightings: Sequence[Sighting], at: float) -> float:
    """A sampler that was held up says so by a second sighting of what it had seen, just before the new one.

    It says the same thing again of what stands for a second, so a still tells nothing.
    """
    place = next(n for n, s in enumerate(sightings) if s.monotonic == at)
    same, last = sightings[max(0, place - 2)], sightings[max(0, place - 1)]
    held_up = place >= 2 and (same.programme, same.frame) == (last.programme, last.frame)
    return (at - last.monotonic) * 1000 if held_up else 0.0


def figures(cuts: Sequence[Cut]) -> dict[str, float]:
    """The figures of one system, as the benchmark's JSON names them.

    Late is off the due instant: a programme that comes early has cut its forerunner short, and counts as much.
    """
    late = sorted(abs(cut.late_ms) for cut in cuts if cut.late_ms is not None)
    return {
        "black_ms_max": round(max(cut.black_ms for cut in cuts), 1),
        "late_ms_p50": round(percentile(late, 50), 1),
        "late_ms_p99": round(percentile(late, 99), 1),
        "head_lost_max": max(cut.head_lost for cut in cuts if cut.head_lost is not None),
        "tail_lost_max": max(cut.tail_lost for cut in cuts if cut.tail_lost is not None),
    }


def percentile(ordered: Sequence[float], percent: int) -> float:
    """The least ordered value that ``percent`` of them do not exceed: of fewer than 100, the 99th is the last."""
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]
