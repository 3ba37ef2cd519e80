"""The layers of the schedule, topmost first: Stop, slots, filler ..., each asked about one instant. Pure.

A layer shows an item, keeps the screen quiet (the poster), or lets the layer below show through, and says why. Instants
are in ms.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Literal, NamedTuple

from kiosk.common.opening_hours import RoomHours
from kiosk.contract.instants import FAR_MS
from kiosk.contract.playlist import Mode, Programme
from kiosk.contract.records import Origin
from kiosk.station.schedule.filler import Plays, turn


@dataclass(frozen=True)
class Billing:
    """Why a programme is on air: origin, occasion, volume (in percent; None where the plan sets none)."""

    origin: Origin
    occasion: str = ""
    volume: int | None = None
    practice: bool = False
    """Somebody practises: it is not counted."""


@dataclass(frozen=True)
class Run:
    """A list of programmes, shown once or in a loop from ``start``, cut at ``end``."""

    start: int
    end: int
    programmes: tuple[Programme, ...]
    offsets: tuple[int, ...]
    """Where each programme begins, and last the length of the whole list."""
    loop: bool
    bill: Billing
    priority: int = 0
    """Of a slot: the higher one is on air."""

    @classmethod
    def of(
        cls, start: int, end: int, programmes: tuple[Programme, ...], mode: Mode, bill: Billing, priority: int = 0
    ) -> "Run":
        """A run of ``programmes``. A list whose programmes have no length shows none."""
        offsets = tuple(accumulate((programme.duration_ms for programme in programmes), initial=0))
        return cls(start, end, programmes, offsets, mode == "loop" and offsets[-1] > 0, bill, priority)

    def answer(self, kind: "Kind", at: int, unavailable: frozenset[str]) -> "Answer":
        """What is shown of the run at ``at``, an instant of it, in a layer of ``kind``."""
        into = at - self.start
        if self.loop:
            into %= self.offsets[-1]
        elif into >= self.offsets[-1]:
            return Answer(None, self.end, kind, "list-over", self)
        n = bisect_right(self.offsets, into) - 1
        programme, start = self.programmes[n], at - into + self.offsets[n]
        end = min(start + programme.duration_ms, self.end)
        if programme.id in unavailable:
            return Answer(None, end, kind, "unavailable", self, programme)
        return Answer(Item(programme, start, end, self.bill), end, kind, "shown", self, programme)


@dataclass(frozen=True)
class Item:
    """What a layer shows: a programme from ``start`` to ``end``; without a programme the screen is quiet."""

    programme: Programme | None = None
    start: int = 0
    end: int = 0
    bill: Billing = Billing("filler")


QUIET = Item()

Kind = Literal["urgent", "stop", "session", "slot", "count", "demand", "hours", "presence", "filler"]
"""The kinds of layers, topmost first. ``count`` shows nothing: plays owed are counted again at its instants."""
Why = Literal[
    "shown", "not-begun", "over", "list-over", "unavailable", "none", "in-force", "closed", "open",
    "quiet", "never", "nobody", "somebody",
]  # fmt: skip
"""Why a layer answers as it does. ``list-over``: all programmes have been shown; ``quiet``: nothing is to be shown, and
the screen stays quiet; ``unavailable``: the one whose turn it is cannot be shown; ``none``: the layer has nothing for
this instant; ``never``: the town wants no filler; ``nobody``, ``somebody``: has been noticed in the room."""


class Answer(NamedTuple):
    """What a layer says about one instant."""

    item: Item | None
    """What it shows; None to let the layer below show through."""
    until: int
    """The instant up to which this answer holds at least (always a real boundary; an item holds until its end)."""
    kind: Kind
    why: Why
    run: Run | None = None
    """The notice, session or slot that was looked at."""
    programme: Programme | None = None
    """The one whose turn it is."""


Layer = Callable[[int], Answer]


def topmost(layers: Sequence[Layer], at: int, answers: list[Answer] | None = None) -> tuple[int, Item | None, int]:
    """The first layer that does not let through: its number from the top, its item, and until when at least.

    Each answer is added to ``answers``; that of the layer that decides is the last one.
    """
    until = FAR_MS
    for depth, layer in enumerate(layers):
        answer = layer(at)
        if answers is not None:
            answers.append(answer)
        until = min(until, answer.until)
        if answer.item is not None:
            return depth, answer.item, until
    return len(layers), None, until


def free_until(above: Sequence[Layer], at: int, limit: int) -> int:
    """The first instant from ``at`` on at which a layer of ``above`` has an item; ``limit`` where none has before."""
    while at < limit:
        _, item, until = topmost(above, at)
        if item is not None:
            return at
        at = until
    return limit


def claimed_until(above: Sequence[Layer], at: int) -> int:
    """The first instant from ``at`` on at which no layer of ``above`` has an item."""
    while True:
        _, item, until = topmost(above, at)
        if item is None or at >= FAR_MS:
            return at
        at = until


def stop_layer(end: int) -> Layer:
    """Quiet until ``end``."""
    in_force, over = Answer(QUIET, end, "stop", "in-force"), Answer(None, FAR_MS, "stop", "over")
    return lambda at: in_force if at < end else over


def run_layer(run: Run, kind: Kind, unavailable: frozenset[str]) -> Layer:
    """One list of programmes. Where it has no item it lets through."""

    def layer(at: int) -> Answer:
        if at < run.start:
            return Answer(None, run.start, kind, "not-begun", run)
        if at >= run.end:
            return Answer(None, FAR_MS, kind, "over", run)
        return run.answer(kind, at, unavailable)

    return layer


def session_layer(whole: Run, lists: Sequence[Run], unavailable: frozenset[str]) -> Layer:
    """``lists`` one after the other, each at its time within ``whole``, which keeps the screen quiet for the rest."""

    def layer(at: int) -> Answer:
        if at < whole.start:
            return Answer(None, whole.start, "session", "not-begun", whole)
        if at >= whole.end:
            return Answer(None, FAR_MS, "session", "over", whole)
        for one in lists:
            if one.start <= at < one.end:
                answer = one.answer("session", at, unavailable)
                return answer._replace(item=answer.item or QUIET, run=whole)
        until = min((one.start for one in lists if one.start > at), default=whole.end)
        return Answer(QUIET, until, "session", "quiet", whole)

    return layer


def slots_layer(bounds: Sequence[int], runs: Sequence[Run | None], unavailable: frozenset[str]) -> Layer:
    """``runs[n]`` owns ``bounds[n]`` to ``bounds[n + 1]``. Lets through after a list, and for what is unavailable."""

    def layer(at: int) -> Answer:
        n = bisect_right(bounds, at)
        bound = bounds[n] if n < len(bounds) else FAR_MS
        run = runs[n - 1] if n else None
        if run is None:
            return Answer(None, bound, "slot", "none")
        answer = run.answer("slot", at, unavailable)
        if answer.until <= bound:
            return answer
        item = answer.item and replace(answer.item, end=bound)
        return answer._replace(item=item, until=bound)

    return layer


def turns_layer(turns: Sequence[int]) -> Layer:
    """Always lets through; makes an answer end at the next of ``turns``."""

    def layer(at: int) -> Answer:
        n = bisect_right(turns, at)
        return Answer(None, turns[n] if n < len(turns) else FAR_MS, "count", "none")

    return layer


def hours_layer(hours: RoomHours) -> Layer:
    """Quiet while the room is closed. Keeps its last answer, as filler asks again for every item above it."""
    asked, answer = 0, Answer(None, 0, "hours", "none")

    def layer(at: int) -> Answer:
        nonlocal asked, answer
        if not asked <= at < answer.until:
            is_open, until = hours.open_at(at)
            asked, answer = at, Answer(None if is_open else QUIET, until, "hours", "open" if is_open else "closed")
        return answer

    return layer


def presence_layer(since: int, until: int) -> Layer:
    """Always lets through; says whether somebody is in the room: from ``since`` to ``until``."""

    def layer(at: int) -> Answer:
        if since <= at < until:
            return Answer(None, until, "presence", "somebody")
        return Answer(None, since if at < since else FAR_MS, "presence", "nobody")

    return layer


def never_layer() -> Layer:
    """Always lets through; says that the town wants no filler."""
    return lambda at: Answer(None, FAR_MS, "presence", "never")


def filler_layer(
    above: Sequence[Layer], since: int, plays: Plays, first: str | None, bill: Billing, begins_before: int = FAR_MS
) -> Layer:
    """Filler, in every stretch that the layers above leave free from ``since`` on.

    An item that is cut is owed as before, and starts anew in the next stretch. ``first`` is played first. No item
    begins at ``begins_before`` or later; one that has begun is shown to its end.
    """

    def layer(at: int) -> Answer:
        if at < since:
            return Answer(None, since, "filler", "not-begun")
        begin, left, head = since, plays, first
        while (end := free_until(above, begin, at)) < at:
            left, _ = turn(left, begin, end, head)
            begin, head = claimed_until(above, end), None
        _, playing = turn(left, begin, at, head)
        if playing is None:
            return Answer(None, FAR_MS, "filler", "over")
        programme, start = playing
        if start >= begins_before:
            return Answer(None, FAR_MS, "filler", "none")
        end = start + programme.duration_ms
        return Answer(Item(programme, start, end, bill), end, "filler", "shown", programme=programme)

    return layer
