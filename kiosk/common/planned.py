"""Planned against played: which showings the accepted plans promised, which were seen, and why others were not. Pure.

Used by a station for its record book and its poster, and by a town for its stations. A **showing** is one programme of
a slot, once, in the slot's order (as ``station.schedule`` puts it on air). It is promised for as long as its plan is in
force, from its acceptance until the next plan is accepted, and as far as no slot of higher priority takes its time.

Nothing is invented: a showing without a play is *not shown*, for the reasons that the record gives; where it gives
none, or they explain only a part of the time, the reason is ``unknown``. All instants are UTC milliseconds.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from kiosk.contract.endings import slot_spans
from kiosk.contract.instants import FAR_MS
from kiosk.contract.playlist import Playlist, Programme, Slot
from kiosk.contract.records import Origin

Reason = Literal[
    "stopped",
    "no-screen",
    "not-fetched",
    "failed",
    "not-running",
    "urgent",
    "session",
    "clock",
    "record-lost",
    "unknown",
]
LEAST_MS = 5_000
"""A showing that was promised for less than this is not asked for."""
EXPLAINED = 0.9
"""The part of a showing's time that known reasons must cover to be the whole explanation."""

Span = tuple[int, int]


@dataclass(frozen=True)
class Accepted:
    """A plan, and when the station accepted it; without a playlist, that none was in force from then on."""

    accepted_ms: int
    playlist: Playlist | None


@dataclass(frozen=True)
class Played:
    """One as-run row, as far as it matters here. ``end_ms`` equals ``start_ms`` where nothing of it was seen."""

    programme: str
    origin: Origin
    planned_start_ms: int
    start_ms: int
    end_ms: int
    cause: str = ""


@dataclass(frozen=True)
class Why:
    """A reason why something was not shown; ``detail`` is a reason of Stop, or the cause of a failure."""

    reason: Reason
    detail: str = ""


@dataclass(frozen=True)
class Known:
    """A stretch in which nothing could be shown, or, with ``programme``, that programme could not."""

    start_ms: int
    end_ms: int
    why: Why
    programme: str = ""


@dataclass(frozen=True)
class Showing:
    """One programme of a slot, once. ``start_ms`` is where its head was due, as its as-run row says it."""

    slot: Slot
    slot_span: Span
    version: int
    programme: Programme
    start_ms: int
    pieces: tuple[Span, ...]
    """The stretches for which it was promised."""

    @property
    def end_ms(self) -> int:
        """When the last promised stretch ends."""
        return self.pieces[-1][1]


@dataclass(frozen=True)
class Verdict:
    """What became of a showing: seen, or why not."""

    showing: Showing
    shown: bool
    why: tuple[Why, ...] = ()
    has_row: bool = False
    """Whether an as-run row tells of it: it was seen, or it was tried and failed."""


@dataclass(frozen=True)
class NotShown:
    """Showings of one slot, one after the other, that were not shown for the same reasons."""

    slot: Slot
    version: int
    programmes: tuple[Programme, ...]
    """Each once."""
    start_ms: int
    end_ms: int
    why: tuple[Why, ...]


# --- what was promised ---


def promised(plans: Iterable[Accepted], first_ms: int, until_ms: int) -> list[Showing]:
    """The showings promised between two instants, in order. ``plans`` are all that were accepted, in any order."""
    in_order = sorted(plans, key=lambda plan: (plan.accepted_ms, plan.playlist.version if plan.playlist else 0))
    ends = [plan.accepted_ms for plan in in_order[1:]] + [FAR_MS]
    found: dict[tuple[int, str, Span], Showing] = {}
    for plan, end_ms in zip(in_order, ends, strict=False):
        window = (max(plan.accepted_ms, first_ms), min(end_ms, until_ms))
        for one in _of_plan(plan.playlist, window) if plan.playlist and window[0] < window[1] else ():
            key = (one.start_ms, one.programme.id, one.slot_span)
            before = found.get(key)
            found[key] = one if before is None else _joined(before, one)
    showings = (one for one in found.values() if sum(end - start for start, end in one.pieces) >= LEAST_MS)
    return sorted(showings, key=lambda one: (one.pieces[0][0], one.start_ms))


def _joined(before: Showing, after: Showing) -> Showing:
    """The same showing of two plans, of which the second took over while it was promised, or before."""
    pieces = (*before.pieces, *after.pieces)
    return Showing(after.slot, after.slot_span, after.version, after.programme, after.start_ms, pieces)


def _of_plan(playlist: Playlist, window: Span) -> Iterator[Showing]:
    programmes = {programme.id: programme for programme in playlist.programmes}
    spans = list(zip(playlist.slots, slot_spans(playlist), strict=True))
    for slot, own in spans:
        if own.leaves <= window[0] or own.start >= window[1]:
            continue
        above = [
            (one.start, one.leaves)
            for other, one in spans
            if other.priority > slot.priority and one.start < own.leaves and one.leaves > own.start
        ]
        listed = [programmes[name] for name in slot.programmes]
        for programme, head, tail in _listed(slot, listed, own.start, own.leaves):
            pieces = _without((max(head, window[0]), min(tail, window[1])), above)
            if pieces:
                yield Showing(slot, (own.start, own.end), playlist.version, programme, head, pieces)


def list_ms(playlist: Playlist, slot: Slot) -> int:
    """How long a slot's list lasts, in ms; without an end (:data:`FAR_MS`) where it is repeated."""
    lengths = {programme.id: programme.duration_ms for programme in playlist.programmes}
    return FAR_MS if slot.mode == "loop" else sum(lengths[name] for name in slot.programmes)


def _listed(slot: Slot, programmes: Sequence[Programme], start: int, end: int) -> Iterator[tuple[Programme, int, int]]:
    """The showings of a slot with their begin and end: its list once, or again and again."""
    at = start
    while at < end and any(programme.duration_ms for programme in programmes):
        for programme in programmes:
            if at < end:
                yield programme, at, min(at + programme.duration_ms, end)
            at += programme.duration_ms
        if slot.mode == "once":
            return


def _without(whole: Span, taken: Iterable[Span]) -> tuple[Span, ...]:
    """What of a stretch is left once others have taken theirs."""
    left = [whole] if whole[0] < whole[1] else []
    for start, end in taken:
        parts = [part for a, b in left for part in ((a, min(b, start)), (max(a, end), b))]
        left = [(a, b) for a, b in parts if a < b]
    return tuple(left)


# --- what became of it ---


def compare(
    plans: Iterable[Accepted], plays: Iterable[Played], known: Iterable[Known], first_ms: int, until_ms: int
) -> list[Verdict]:
    """What became of each showing that was promised, and over, between two instants; in order.

    ``plays`` are those planned in that time, and ``known`` all that the record says of it (``known.known_of``).
    """
    seen: set[tuple[str, int]] = set()
    failed: dict[tuple[str, int], str] = {}
    known = list(known)
    for play in plays:
        if play.origin == "slot" and play.end_ms > play.start_ms:
            seen.add((play.programme, play.planned_start_ms))
        elif play.origin == "slot":
            failed[play.programme, play.planned_start_ms] = play.cause
        elif play.origin == "urgent" and play.end_ms > play.start_ms:
            known.append(Known(play.start_ms, play.end_ms, Why("urgent")))
    known.sort(key=lambda one: one.start_ms)
    showings = [one for one in promised(plans, first_ms, until_ms) if one.end_ms < until_ms]
    verdicts = []
    for showing in showings:
        key = (showing.programme.id, showing.start_ms)
        shown = key in seen
        why = () if shown else _why(showing, failed.get(key), known)
        verdicts.append(Verdict(showing, shown, why, shown or key in failed))
    return verdicts


def _why(showing: Showing, cause: str | None, known: Sequence[Known]) -> tuple[Why, ...]:
    """The reasons that the record gives, in the order of time; ``unknown`` where they do not explain all of it."""
    found: dict[Why, None] = {}
    left: list[Span] = list(showing.pieces)
    for one in known:
        if one.start_ms >= showing.end_ms:
            break
        if one.end_ms > showing.pieces[0][0] and one.programme in ("", showing.programme.id):
            rest = [part for piece in left for part in _without(piece, [(one.start_ms, one.end_ms)])]
            if _length(rest) < _length(left):
                found[one.why] = None
            left = rest
    if _length(left) > (1 - EXPLAINED) * _length(showing.pieces):
        found[Why("unknown") if cause is None else Why("failed", cause)] = None
    return tuple(found)


def _length(spans: Iterable[Span]) -> int:
    return sum(end - start for start, end in spans)


def not_shown(verdicts: Iterable[Verdict]) -> list[NotShown]:
    """The showings of which no as-run row tells, those of one slot and for the same reasons as one; in order of their
    start."""
    found = []
    for (slot, _, has_row, why), group in groupby(
        sorted(verdicts, key=lambda one: (one.showing.slot_span, one.showing.slot.priority, one.showing.start_ms)),
        key=lambda one: (one.showing.slot, one.showing.slot_span, one.has_row, one.why),
    ):
        if not has_row:
            showings = [one.showing for one in group]
            programmes = tuple({one.programme.id: one.programme for one in showings}.values())
            start, end = showings[0].pieces[0][0], showings[-1].end_ms
            found.append(NotShown(slot, showings[-1].version, programmes, start, end, why))
    return sorted(found, key=lambda one: one.start_ms)
