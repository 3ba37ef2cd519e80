"""The scheduling decision: what is on air at a given instant, and when that changes. Pure.

Precedence (DESIGN, "The week, and what is on air"): urgent > Stop > session > slot by priority > on demand >
recommended filler > poster. Each of these is a **layer**: asked about an instant, it shows an item, keeps the screen
quiet, or lets the layer below show through, and says until when. :func:`decide` uses the topmost layer that does not
let through.

- Of several urgent notices the one that began last is shown; of those that began together, the last by id. Where its
  programme cannot be shown, the layer below shows through, so that a notice still being fetched stops no programme.
- Stop is in force while it is in the situation and its ``until`` has not come; it ends the session that it was pressed
  in. A session keeps the screen to its end, quiet where its programmes are over.
- A slot leaves to what is below it the time after its list, and the time of programmes that cannot be shown. One that
  is to finish goes on for a while after its end (:mod:`kiosk.contract.endings`).
- What is shown on demand gives way to slots: it is chosen by hand, but the plan goes first.
- Filler follows the room's policy: never; once somebody was noticed, until nobody has been for the town's time (what
  has begun is shown to its end); or in all opening hours. Slots and sessions are dated by people and run at any hour.
- Without a trusted clock: Stop, whatever its ``until``, what is on demand, and filler from ``owed.at`` on, at any hour.

:func:`explain` gives the same decision together with what each layer has answered.

Inside, instants are integer milliseconds since 1970-01-01T00:00:00Z, rounded down; at the edge, aware UTC datetimes.
"""

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from kiosk.common.opening_hours import room_hours
from kiosk.contract.endings import SlotSpan, slot_spans
from kiosk.contract.instants import FAR_MS, local_ms, to_ms, to_utc
from kiosk.contract.occasions import OPENING_HOURS, WHEN_PRESENT
from kiosk.contract.playlist import Playlist, Programme, Slot
from kiosk.contract.records import Origin
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
    never_layer,
    presence_layer,
    run_layer,
    session_layer,
    slots_layer,
    stop_layer,
    topmost,
    turns_layer,
)
from kiosk.station.schedule.situation import Owed, Session, Situation


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
    practice: bool = False
    """Somebody practises: it is recorded, and not counted."""


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
    """Why there is no filler to show: ``none`` is recommended, ``over`` (all played), ``unavailable``; ``never``: the
    town wants none; ``nobody`` has been noticed in the room."""
    counted_anew: bool
    """Plays owed are counted again before this instant: which filler is shown then is not known yet."""
    situation: Situation


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
        for n, (slot, own) in enumerate(zip(playlist.slots, slot_spans(playlist), strict=True))
        if (run := _slot_run(slot, programmes, own)).start < run.end
    ]
    ranked.sort(key=lambda entry: entry[2].start)
    bounds, runs = _sweep(ranked)
    recommended = {item.programme: programmes[item.programme] for item in playlist.recommended}
    return Timetable(bounds, runs, recommended, _turns(playlist, zone), tuple(run for _, _, run in ranked))


def _slot_run(slot: Slot, programmes: Mapping[str, Programme], own: SlotSpan) -> Run:
    listed = tuple(programmes[name] for name in slot.programmes)
    bill = Billing("slot", slot.occasion, slot.volume)
    return Run.of(own.start, own.leaves, listed, slot.mode, bill, slot.priority)


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
        no_filler=_playable(timetable, situation)[1] or _nobody(situation, at),
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
    shown = (bill.origin, bill.occasion, bill.volume, bill.practice)
    on_air = OnAir(item.programme, to_utc(item.start), end, *shown)
    return Decision(on_air, end), tuple(answers)


def _layers(timetable: Timetable, situation: Situation) -> list[Layer]:
    """Topmost first; the poster shows where all let through. Without a trusted clock, only what needs none."""
    layers = _planned_layers(timetable, situation) if situation.clock_trusted else []
    if situation.stop and not situation.clock_trusted:
        layers.append(stop_layer(FAR_MS))
    if demand := situation.demand:
        bill = Billing("session", demand.occasion, practice=demand.practice)
        run = Run.of(to_ms(demand.start), to_ms(demand.end), demand.programmes, "once", bill)
        layers.append(run_layer(run, "demand", situation.unavailable))
    plays, _ = _playable(timetable, situation)
    if plays and (anchor := situation.owed):
        layers += _filler_layers(tuple(layers), situation, anchor, plays)
    return layers


def _filler_layers(above: tuple[Layer, ...], situation: Situation, anchor: Owed, plays: Plays) -> list[Layer]:
    """Recommended items, as the room's policy allows."""
    since, presence = to_ms(anchor.at), situation.presence
    if situation.filler == "never":
        return [never_layer()]
    if situation.filler == "when-present":
        begin, end = (to_ms(presence.since), to_ms(presence.until)) if presence else (FAR_MS, FAR_MS)
        noticed = presence_layer(begin, end)
        if presence is None:
            return [noticed]
        bill = Billing("filler", WHEN_PRESENT, practice=situation.practice)
        return [noticed, filler_layer((*above, noticed), max(since, begin), plays, anchor.first, bill, end)]
    bill = Billing("filler", OPENING_HOURS)
    hours = [hours_layer(room_hours(situation.opening))] if situation.clock_trusted else []
    return [*hours, filler_layer((*above, *hours), since, plays, anchor.first, bill)]


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
        layers.append(_session_layer(session, unavailable))
    layers.append(slots_layer(timetable.bounds, timetable.runs, unavailable))
    layers.append(turns_layer(timetable.turns))
    return layers


def _session_layer(session: Session, unavailable: frozenset[str]) -> Layer:
    bill = Billing("session", session.kind, practice=session.practice)
    start, end = to_ms(session.start), to_ms(session.end)
    first, meeting = to_ms(session.first or session.start), to_ms(session.meeting or session.end)
    lists = ((first, min(meeting, end), session.programmes), (meeting, end, session.main))
    runs = [Run.of(begin, over, programmes, "once", bill) for begin, over, programmes in lists if programmes]
    return session_layer(Run.of(start, end, (), "once", bill), runs, unavailable)


def _nobody(situation: Situation, at: int) -> Why | None:
    """Why the room's policy lets no filler begin."""
    presence = situation.presence
    if situation.filler == "opening-hours":
        return None
    if situation.filler == "never":
        return "never"
    there = presence is not None and to_ms(presence.since) <= at < to_ms(presence.until)
    return None if there else "nobody"


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
