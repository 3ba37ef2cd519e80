"""The scheduling decision: what is on air at a given instant, and when that changes. Pure.

Precedence (DESIGN, "The week, and what is on air"): urgent > Stop > session > slot by priority > recommended filler >
poster. Each of these is a **layer**: asked about an instant, it shows an item, keeps the screen quiet, or lets the
layer below show through, and says until when. :func:`decide` uses the topmost layer that does not let through.

- Of several urgent notices the one that began last is shown; of those that began together, the last by id. Where its
  programme cannot be shown, the layer below shows through, so that a notice still being fetched stops no programme.
- Stop is in force while it is in the situation and its ``until`` has not come; it ends the session that it was pressed
  in. A session keeps the screen to its end, quiet where its programmes are over.
- A slot leaves to filler the time after its list, and the time of programmes that cannot be shown.
- Filler runs in the room's opening hours only. Slots and sessions are dated by people and run at any hour.
- Without a trusted clock: Stop, whatever its ``until``, and filler from ``owed.at`` on, at any hour.

:func:`explain` gives the same decision together with what each layer has answered.

Inside, instants are integer milliseconds since 1970-01-01T00:00:00Z, rounded down; at the edge, aware UTC datetimes.
"""

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from kiosk.common.opening_hours import room_hours
from kiosk.contract.instants import FAR_MS, local_ms, to_ms, to_utc
from kiosk.contract.playlist import Playlist, Programme, Slot, Urgent, span
from kiosk.contract.records import Origin
from kiosk.contract.station import Opening
from kiosk.station.schedule.filler import Plays
from kiosk.station.schedule.layers import (
    Answer,
    Billing,
    Layer,
    Run,
    Why,
    filler_layer,
    free_until,
    hours_layer,
    run_layer,
    slots_layer,
    stop_layer,
    topmost,
    turns_layer,
)


@dataclass(frozen=True)
class OnAir:
    """One showing of a programme; equal for every instant of it."""

    programme: Programme
    start: datetime
    """When its first picture was or is due; after a join, that lies in the past."""
    end: datetime
    """When it is cut: at its length, or earlier by a higher layer, the end of its slot, or the closing of the room."""
    origin: Origin
    occasion: str
    volume: int | None
    """In percent; None where the plan sets none."""


@dataclass(frozen=True)
class Decision:
    """What is on air (None: the poster), and the first instant at which the answer can differ."""

    on_air: OnAir | None
    next_change: datetime


@dataclass(frozen=True)
class Explanation:
    """A decision, and every answer that led to it."""

    at: datetime
    decision: Decision
    answers: tuple[Answer, ...]
    """In the order of asking. Where a layer decides, its answer is the last one; the layers below were not asked."""
    decided: bool
    """Whether a layer decided; else all let through, and the poster is shown."""
    covered: tuple[Run, ...]
    """Slots at this instant that one of higher priority covers."""
    next_slot: datetime | None
    """When the next slot begins."""
    no_filler: Why | None
    """Why there is no filler to show: ``none`` is recommended, ``over`` (all played), ``unavailable``."""
    counted_anew: bool
    """Plays owed are counted again before this instant: which filler is shown then is not known yet."""
    situation: "Situation"


@dataclass(frozen=True)
class Stop:
    """Somebody has pressed Stop. In force at once, whatever the clock was set to since."""

    since: datetime
    until: datetime | None
    reason: str = ""


@dataclass(frozen=True)
class Session:
    """A Theme Party Day, meeting or lecture: its programmes one after the other, then quiet until its end."""

    id: str
    kind: str
    start: datetime
    end: datetime
    programmes: tuple[Programme, ...]


@dataclass(frozen=True)
class Owed:
    """How many plays each recommended programme was still owed at the instant ``at``, when filler began anew."""

    at: datetime
    plays: tuple[tuple[str, int], ...]
    first: str | None = None
    """The item that was put on at ``at``: it goes on, though one that would go before it has been fetched since."""


@dataclass(frozen=True)
class Situation:
    """Inputs of the scheduling decision, beside the playlist and the time."""

    opening: Opening = Opening()
    clock_trusted: bool = True
    stop: Stop | None = None
    session: Session | None = None
    urgents: tuple[Urgent, ...] = ()
    owed: Owed | None = None
    unavailable: frozenset[str] = frozenset()
    """Ids of programmes that cannot be shown: not fetched yet, or failed too often."""


@dataclass(frozen=True)
class Timetable:
    """A playlist prepared for :func:`decide`: the slot of each stretch of time, and the recommended items."""

    bounds: tuple[int, ...] = ()
    runs: tuple[Run | None, ...] = ()
    """``runs[n]`` owns ``bounds[n]`` to ``bounds[n + 1]``."""
    recommended: Mapping[str, Programme] = field(default_factory=dict)
    """In the order of the playlist."""
    turns: tuple[int, ...] = ()
    """The midnights at which the days of a recommended item begin or end: plays owed are counted again then."""
    slots: tuple[Run, ...] = ()
    """Every slot, by its start."""


# --- compiling a playlist ---


def compile_playlist(playlist: Playlist | None) -> Timetable:
    """Compute the slot of each stretch of time. The playlist has passed ``contract.playlist.check``."""
    if playlist is None:
        return Timetable()
    zone = ZoneInfo(playlist.time_zone)
    programmes = {programme.id: programme for programme in playlist.programmes}
    ranked = [
        (-slot.priority, n, run)
        for n, slot in enumerate(playlist.slots)
        if (run := _slot_run(slot, programmes, zone)).start < run.end
    ]
    ranked.sort(key=lambda entry: entry[2].start)
    bounds, runs = _sweep(ranked)
    recommended = {item.programme: programmes[item.programme] for item in playlist.recommended}
    return Timetable(bounds, runs, recommended, _turns(playlist, zone), tuple(run for _, _, run in ranked))


def _slot_run(slot: Slot, programmes: Mapping[str, Programme], zone: ZoneInfo) -> Run:
    start, end = span(slot, zone)
    listed = tuple(programmes[name] for name in slot.programmes)
    bill = Billing("slot", slot.occasion, slot.volume)
    return Run.of(to_ms(start), to_ms(end), listed, slot.mode, bill, slot.priority)


def _sweep(ranked: Sequence[tuple[int, int, Run]]) -> tuple[tuple[int, ...], tuple[Run | None, ...]]:
    """Cut time at every start and end; the active slot of the highest priority owns each piece."""
    bounds: list[int] = []
    runs: list[Run | None] = []
    active: list[tuple[int, int, Run]] = []
    coming = 0
    for bound in sorted({edge for _, _, run in ranked for edge in (run.start, run.end)}):
        while coming < len(ranked) and ranked[coming][2].start == bound:
            heapq.heappush(active, ranked[coming])
            coming += 1
        while active and active[0][2].end <= bound:
            heapq.heappop(active)
        owner = active[0][2] if active else None
        if not runs or runs[-1] is not owner:
            bounds.append(bound)
            runs.append(owner)
    return tuple(bounds), tuple(runs)


def _turns(playlist: Playlist, zone: ZoneInfo) -> tuple[int, ...]:
    days = {date.fromisoformat(item.first_day) for item in playlist.recommended}
    days |= {date.fromisoformat(item.last_day) + timedelta(days=1) for item in playlist.recommended}
    return tuple(sorted(local_ms(day, time(), zone) for day in days))


def owed(playlist: Playlist, at: datetime, completed: Mapping[str, int], *, by_date: bool = True) -> Owed:
    """How many plays each recommended item is still owed at ``at``.

    Items count whose days include the date of ``at`` in the playlist's zone; all of them where the clock is not trusted
    (``by_date=False``). ``completed``: completed plays by programme id since the item's first day. A programme of
    several items is owed the most that any of them asks for.
    """
    today = at.astimezone(ZoneInfo(playlist.time_zone)).date().isoformat()
    plays: dict[str, int] = {}
    for item in playlist.recommended:
        if not by_date or item.first_day <= today <= item.last_day:
            left = item.plays - completed.get(item.programme, 0)
            plays[item.programme] = max(left, plays.get(item.programme, 0))
    return Owed(at, tuple(plays.items()))


# --- deciding ---


def decide(timetable: Timetable, now: datetime, situation: Situation) -> Decision:
    """What is on air at ``now`` (aware), and when that changes.

    ``now`` may be in the future: filler items that end between ``situation.owed.at`` and ``now`` count as played. Costs
    O(log n) in the number of slots, and one step for each item between ``owed.at`` and ``now``.
    """
    return _decide(timetable, to_ms(now), situation)[0]


def explain(timetable: Timetable, now: datetime, situation: Situation) -> Explanation:
    """The decision for ``now`` (aware), and why it is so."""
    at = to_ms(now)
    decision, answers = _decide(timetable, at, situation)
    owner = next((one.run for one in answers if one.kind == "slot"), None)
    return Explanation(
        at=to_utc(at),
        decision=decision,
        answers=answers,
        decided=bool(answers) and answers[-1].item is not None,
        covered=tuple(run for run in timetable.slots if owner and run.start <= at < run.end and run is not owner),
        next_slot=next((to_utc(run.start) for run in timetable.slots if run.start > at), None),
        no_filler=_playable(timetable, situation)[1],
        counted_anew=bool(situation.owed and any(to_ms(situation.owed.at) < turn <= at for turn in timetable.turns)),
        situation=situation,
    )


def _decide(timetable: Timetable, at: int, situation: Situation) -> tuple[Decision, tuple[Answer, ...]]:
    layers, answers = _layers(timetable, situation), list[Answer]()
    depth, item, until = topmost(layers, at, answers)
    if item is None or item.programme is None:
        return Decision(None, to_utc(until)), tuple(answers)
    end = to_utc(free_until(layers[:depth], at, item.end))
    bill = item.bill
    on_air = OnAir(item.programme, to_utc(item.start), end, bill.origin, bill.occasion, bill.volume)
    return Decision(on_air, end), tuple(answers)


def _layers(timetable: Timetable, situation: Situation) -> list[Layer]:
    """Topmost first; the poster shows where all let through. Without a trusted clock, Stop and filler only."""
    layers = _planned_layers(timetable, situation) if situation.clock_trusted else []
    if situation.stop and not situation.clock_trusted:
        layers.append(stop_layer(FAR_MS))
    plays, _ = _playable(timetable, situation)
    if plays and (anchor := situation.owed):
        if situation.clock_trusted:
            layers.append(hours_layer(room_hours(situation.opening)))
        layers.append(filler_layer(tuple(layers), to_ms(anchor.at), plays, anchor.first))
    return layers


def _planned_layers(timetable: Timetable, situation: Situation) -> list[Layer]:
    """Urgent notices, Stop, session, slots: the layers that need a trusted clock."""
    stop, session, unavailable = situation.stop, situation.session, situation.unavailable
    urgents = sorted(situation.urgents, key=lambda urgent: (urgent.start_ms, urgent.id), reverse=True)
    layers: list[Layer] = []
    for urgent in urgents:
        bill = Billing("urgent", urgent.title, urgent.volume)
        run = Run.of(urgent.start_ms, urgent.end_ms, urgent.programmes, urgent.mode, bill)
        layers.append(run_layer(run, "urgent", unavailable))
    if stop:
        layers.append(stop_layer(to_ms(stop.until) if stop.until else FAR_MS))
    if session and not (stop and session.start <= stop.since):
        bill = Billing("session", session.kind)
        run = Run.of(to_ms(session.start), to_ms(session.end), session.programmes, "once", bill)
        layers.append(run_layer(run, "session", unavailable, quiet=True))
    layers.append(slots_layer(timetable.bounds, timetable.runs, unavailable))
    layers.append(turns_layer(timetable.turns))
    return layers


def _playable(timetable: Timetable, situation: Situation) -> tuple[Plays, Why | None]:
    """The plays owed of items that can be shown; and why there are none."""
    plays = dict(situation.owed.plays) if situation.owed else {}
    owing = {name: left for name, left in plays.items() if left > 0 and name in timetable.recommended}
    found = [
        (programme, owing[name])
        for name, programme in timetable.recommended.items()
        if name in owing and name not in situation.unavailable and programme.duration_ms > 0
    ]
    return found, None if found else "unavailable" if owing else "over" if plays else "none"
