"""The layers of the schedule, topmost first: Stop, slots, filler ..., each asked about one instant. Pure.

A layer shows an item, keeps the screen quiet (the poster), or lets the layer below show through. Instants are in ms.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from kiosk.contract.instants import FAR_MS
from kiosk.contract.playlist import Mode, Programme
from kiosk.contract.records import Origin
from kiosk.station.schedule.filler import Plays, turn
from kiosk.station.schedule.opening_hours import RoomHours


@dataclass(frozen=True)
class Billing:
    """Why a programme is on air: origin, occasion, volume (in percent; None where the plan sets none)."""

    origin: Origin
    occasion: str = ""
    volume: int | None = None


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

    @classmethod
    def of(cls, start: int, end: int, programmes: tuple[Programme, ...], mode: Mode, bill: Billing) -> "Run":
        """A run of ``programmes``. A list whose programmes have no length shows none."""
        offsets = tuple(accumulate((programme.duration_ms for programme in programmes), initial=0))
        return cls(start, end, programmes, offsets, mode == "loop" and offsets[-1] > 0, bill)

    def item_at(self, at: int, unavailable: frozenset[str]) -> tuple["Item | None", int]:
        """The item at ``at``, an instant of the run, and its end. None where there is none, or it is unavailable."""
        into = at - self.start
        if self.loop:
            into %= self.offsets[-1]
        elif into >= self.offsets[-1]:
            return None, self.end
        n = bisect_right(self.offsets, into) - 1
        programme, start = self.programmes[n], at - into + self.offsets[n]
        end = min(start + programme.duration_ms, self.end)
        return (None if programme.id in unavailable else Item(programme, start, end, self.bill)), end


@dataclass(frozen=True)
class Item:
    """What a layer shows: a programme from ``start`` to ``end``; without a programme the screen is quiet."""

    programme: Programme | None = None
    start: int = 0
    end: int = 0
    bill: Billing = Billing("filler")


QUIET = Item()

Layer = Callable[[int], tuple[Item | None, int]]
"""Takes an instant; returns its item, or None to let the layer below show through, and the instant up to which this
answer holds at least (always a real boundary; an item holds until its end)."""


def topmost(layers: Sequence[Layer], at: int) -> tuple[int, Item | None, int]:
    """The first layer that does not let through: its number from the top, its item, and until when at least."""
    until = FAR_MS
    for depth, layer in enumerate(layers):
        item, change = layer(at)
        until = min(until, change)
        if item is not None:
            return depth, item, until
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
    return lambda at: (QUIET, end) if at < end else (None, FAR_MS)


def run_layer(run: Run, unavailable: frozenset[str], *, quiet: bool = False) -> Layer:
    """One list of programmes. Where it has no item it lets through, or with ``quiet`` keeps the screen quiet."""
    rest = QUIET if quiet else None

    def layer(at: int) -> tuple[Item | None, int]:
        if at < run.start:
            return None, run.start
        if at >= run.end:
            return None, FAR_MS
        item, until = run.item_at(at, unavailable)
        return item or rest, until

    return layer


def slots_layer(bounds: Sequence[int], runs: Sequence[Run | None], unavailable: frozenset[str]) -> Layer:
    """``runs[n]`` owns ``bounds[n]`` to ``bounds[n + 1]``. Lets through after a list, and for what is unavailable."""

    def layer(at: int) -> tuple[Item | None, int]:
        n = bisect_right(bounds, at)
        bound = bounds[n] if n < len(bounds) else FAR_MS
        run = runs[n - 1] if n else None
        if run is None:
            return None, bound
        item, until = run.item_at(at, unavailable)
        if item is not None and bound < item.end:
            item = replace(item, end=bound)
        return item, min(until, bound)

    return layer


def turns_layer(turns: Sequence[int]) -> Layer:
    """Always lets through; makes an answer end at the next of ``turns``."""

    def layer(at: int) -> tuple[Item | None, int]:
        n = bisect_right(turns, at)
        return None, turns[n] if n < len(turns) else FAR_MS

    return layer


def hours_layer(hours: RoomHours) -> Layer:
    """Quiet while the room is closed. Keeps its last answer, as filler asks again for every item above it."""
    asked, is_open, until = 0, False, 0

    def layer(at: int) -> tuple[Item | None, int]:
        nonlocal asked, is_open, until
        if not asked <= at < until:
            asked, (is_open, until) = at, hours.open_at(at)
        return (None if is_open else QUIET), until

    return layer


def filler_layer(above: Sequence[Layer], since: int, plays: Plays, first: str | None) -> Layer:
    """Filler, in every stretch that the layers above leave free from ``since`` on.

    An item that is cut is owed as before, and starts anew in the next stretch. ``first`` is played first.
    """

    def layer(at: int) -> tuple[Item | None, int]:
        if at < since:
            return None, since
        begin, left, head = since, plays, first
        while (end := free_until(above, begin, at)) < at:
            left, _ = turn(left, begin, end, head)
            begin, head = claimed_until(above, end), None
        _, playing = turn(left, begin, at, head)
        if playing is None:
            return None, FAR_MS
        programme, start = playing
        end = start + programme.duration_ms
        return Item(programme, start, end), end

    return layer
