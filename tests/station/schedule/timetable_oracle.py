"""A slow, obvious second reading of the rules of what is on air: time is walked tick by tick, every slot is looked at.

It shares the records with ``kiosk.station.schedule.timetable`` and not a line of code.
All times lie on the grid of ``TICK``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from kiosk.contract.playlist import Playlist, Programme, Slot
from kiosk.contract.station import Opening
from kiosk.station.schedule.situation import Situation

TICK = timedelta(minutes=10)


@dataclass(frozen=True)
class Shown:
    programme: str
    start: datetime
    origin: str
    occasion: str = ""
    volume: int | None = None


def simulate(playlist: Playlist, situation: Situation, first: datetime, ticks: int) -> list[Shown | None]:
    """What the screen shows at ``first`` and at each tick after it; None is the poster."""
    return _Room(playlist, situation).live(first, ticks)


class _Room:
    def __init__(self, playlist: Playlist, situation: Situation) -> None:
        self.playlist, self.situation = playlist, situation
        self.left = dict(situation.owed.plays) if situation.owed else {}
        self.running: Shown | None = None

    def live(self, first: datetime, ticks: int) -> list[Shown | None]:
        shown = []
        last = first + ticks * TICK
        moment = min(first, self.situation.owed.at) if self.situation.owed else first
        while moment < last:
            now = self.tick(moment)
            if moment >= first:
                shown.append(now)
            moment += TICK
        return shown

    def tick(self, now: datetime) -> Shown | None:
        if self.running and now == self.running.start + self.length(self.running.programme):
            self.left[self.running.programme] -= 1
            self.running = None
        above = planned(self.playlist, self.situation, now)
        if above == "free":
            above = self.demanded(now)
        if above != "free":
            self.running = None
            return above if isinstance(above, Shown) else None
        policy, trusted = self.situation.filler, self.situation.clock_trusted
        if policy == "opening-hours" and trusted and not is_open(self.situation.opening, now):
            self.running = None
            return None
        if self.running is None and (policy == "opening-hours" or (policy == "when-present" and self.noticed(now))):
            self.running = self.next_filler(now)
        return self.running

    def noticed(self, now: datetime) -> bool:
        presence = self.situation.presence
        return presence is not None and presence.since <= now < presence.until

    def demanded(self, now: datetime) -> Shown | str:
        demand = self.situation.demand
        due = item_due(demand.programmes, False, demand.start, now) if demand and now >= demand.start else None
        if demand is None or due is None or due[0].id in self.situation.unavailable:
            return "free"
        return Shown(due[0].id, due[1], "session", demand.occasion)

    def next_filler(self, now: datetime) -> Shown | None:
        owed = self.situation.owed
        if owed is None or now < owed.at:
            return None
        occasion = "开放时间自动播放" if self.situation.filler == "opening-hours" else "有人收看"
        begin = owed.at
        if self.situation.filler == "when-present" and self.situation.presence:
            begin = max(begin, self.situation.presence.since)
        best = None
        for item in self.playlist.recommended:
            name = item.programme
            left = self.left.get(name, 0)
            if left <= 0 or name in self.situation.unavailable:
                continue
            if now == begin and name == owed.first:
                return Shown(name, now, "filler", occasion)
            if best is None or left > self.left[best]:
                best = name
        return Shown(best, now, "filler", occasion) if best else None

    def length(self, name: str) -> timedelta:
        return next(length(programme) for programme in self.playlist.programmes if programme.id == name)


def planned(playlist: Playlist, situation: Situation, now: datetime) -> Shown | str:
    """What is above filler: something shown, ``quiet``, or ``free``."""
    stop, session, trusted = situation.stop, situation.session, situation.clock_trusted
    urgents = []
    for urgent in situation.urgents:
        start, end = from_ms(urgent.start_ms), from_ms(urgent.end_ms)
        due = item_due(urgent.programmes, urgent.mode == "loop", start, now) if trusted and start <= now < end else None
        if due and due[0].id not in situation.unavailable:
            urgents.append((start, urgent.id, Shown(due[0].id, due[1], "urgent", urgent.title, urgent.volume)))
    if urgents:
        return max(urgents, key=lambda entry: entry[:2])[2]
    if stop and (stop.until is None or now < stop.until or not trusted):
        return "quiet"
    if not trusted:
        return "free"
    ended = stop is not None and session is not None and session.start <= stop.since
    if session and not ended and session.start <= now < session.end:
        meeting = session.meeting or session.end
        begin = session.first or session.start
        listed, begin = (session.programmes, begin) if now < meeting else (session.main, meeting)
        due = item_due(listed, False, begin, now) if now >= begin else None
        if due and due[0].id not in situation.unavailable:
            return Shown(due[0].id, due[1], "session", session.kind)
        return "quiet"
    slot = owner(playlist, now)
    if slot:
        listed = [programme for name in slot.programmes for programme in playlist.programmes if programme.id == name]
        due = item_due(listed, slot.mode == "loop", slot_instants(playlist, slot)[0], now)
        if due and due[0].id not in situation.unavailable:
            return Shown(due[0].id, due[1], "slot", slot.occasion, slot.volume)
    return "free"


def owner(playlist: Playlist, now: datetime) -> Slot | None:
    """The active slot of the highest priority; one that goes on after its end counts, while no other of its priority
    is active."""
    active, going_on = [], []
    for slot in playlist.slots:
        start, end = slot_instants(playlist, slot)
        if start <= now < end:
            active.append(slot)
        elif end == now and slot.ending == "finish" and start < end:  # ten minutes, and ticks are ten minutes apart
            listed = [p for name in slot.programmes for p in playlist.programmes if p.id == name]
            before = item_due(listed, slot.mode == "loop", start, now - timedelta(milliseconds=1))
            if before and before[1] + length(before[0]) > now:
                going_on.append(slot)
    best = max(active, key=lambda slot: slot.priority) if active else None
    more = max(going_on, key=lambda slot: slot.priority) if going_on else None
    return more if more and (best is None or more.priority > best.priority) else best


def item_due(programmes: Sequence[Programme], loop: bool, start: datetime, now: datetime):  # type: ignore[no-untyped-def]
    """The programme of the list that runs at ``now``, and when it began."""
    begin = start
    while True:
        for programme in programmes:
            if begin <= now < begin + length(programme):
                return programme, begin
            begin += length(programme)
        if not loop or begin > now:
            return None


def slot_instants(playlist: Playlist, slot: Slot) -> tuple[datetime, datetime]:
    return wall_span(slot.date, slot.start, slot.end, playlist.time_zone)


def is_open(opening: Opening, now: datetime) -> bool:
    local = now.astimezone(ZoneInfo(opening.time_zone)).date()
    for day in (local - timedelta(days=1), local):
        for hours in day_hours(opening, day):
            start, end = wall_span(day.isoformat(), hours.start, hours.end, opening.time_zone)
            if start <= now < end:
                return True
    return False


def day_hours(opening: Opening, day: date):  # type: ignore[no-untyped-def]
    for entry in opening.days:
        if date.fromisoformat(entry.date) == day:
            return entry.hours
    for season in opening.seasons:
        if date.fromisoformat(season.first_day) <= day <= date.fromisoformat(season.last_day):
            return season.week[day.weekday()]
    return opening.week[day.weekday()]


@lru_cache(maxsize=100_000)
def wall_span(day: str, start: str, end: str, zone: str) -> tuple[datetime, datetime]:
    first = datetime.fromisoformat(f"{day}T{start}")
    last = datetime.fromisoformat(f"{day}T{end}")
    if last <= first:
        last += timedelta(days=1)
    return wall(first, zone), wall(last, zone)


@lru_cache(maxsize=100_000)
def wall(reading: datetime, zone: str) -> datetime:
    """The first instant at which a clock on the wall shows ``reading``; where none does, by the clock of before."""
    guess = reading.replace(tzinfo=UTC)
    for quarter in range(-15 * 4, 15 * 4 + 1):
        instant = guess + quarter * timedelta(minutes=15)
        if instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == reading:
            return instant
    before = (guess - timedelta(days=1)).astimezone(ZoneInfo(zone)).utcoffset()
    assert before is not None
    return guess - before


def length(programme: Programme) -> timedelta:
    return timedelta(milliseconds=programme.duration_ms)


def from_ms(instant: int) -> datetime:
    return datetime.fromtimestamp(instant / 1000, UTC)


def midnight(day: str, zone: str) -> datetime:
    return wall(datetime.combine(date.fromisoformat(day), time()), zone)
