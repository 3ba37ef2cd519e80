"""What is on air at a given instant, and when that changes. Pure: asks no clock, keeps nothing.

Precedence (DESIGN, "The week, and what is on air"): urgent > Stop > session > slot by priority > recommended filler >
poster. Each of these is a **layer**: asked about an instant, it shows an item, keeps the screen quiet, or lets the
layer below show through, and says until when. :func:`decide` takes the topmost layer that does not let through.

Inside, instants are integer milliseconds since 1970-01-01T00:00:00Z, rounded down; at the edge, aware UTC datetimes.
"""

import heapq
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import accumulate
from zoneinfo import ZoneInfo

from kiosk.contract.playlist import Playlist, Programme, Slot, Urgent, span
from kiosk.contract.reports import Origin
from kiosk.contract.station import Hours, Opening

FAR = datetime(3000, 1, 1, tzinfo=UTC)
"""The ``next_change`` of an answer that holds until somebody does something; the last instant of the contract."""


@dataclass(frozen=True)
class OnAir:
    """One showing of a programme; equal for every instant of it."""

    programme: Programme
    start: datetime
    """When its first picture was or is due; after a join, that lies in the past."""
    end: datetime
    """When it is cut: at its length, or before by whatever takes precedence, ends its slot or closes the room."""
    origin: Origin
    occasion: str
    volume: int | None
    """In per cent; None where the plan says nothing."""


@dataclass(frozen=True)
class Decision:
    """What is on air (None: the poster), and the first instant at which the answer can differ."""

    on_air: OnAir | None
    next_change: datetime


@dataclass(frozen=True)
class Stop:
    """Somebody wants quiet. It holds from the moment it is known, whatever the clock was set to since."""

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


@dataclass(frozen=True)
class Situation:
    """All that bears on the answer beside the playlist and the time."""

    opening: Opening = Opening()
    clock_trusted: bool = True
    stop: Stop | None = None
    session: Session | None = None
    urgents: tuple[Urgent, ...] = ()
    owed: Owed | None = None
    unavailable: frozenset[str] = frozenset()
    """Ids of programmes that cannot be shown now: not fetched yet, or failed too often."""


@dataclass(frozen=True)
class _Run:
    """A list of programmes shown from ``start``, once or over and over, and cut at ``end``."""

    start: int
    end: int
    programmes: tuple[Programme, ...]
    offsets: tuple[int, ...]
    """Where each programme begins, and last the length of the whole list."""
    loop: bool
    origin: Origin
    occasion: str
    volume: int | None


@dataclass(frozen=True)
class _Item:
    """A stretch of one layer's time: a programme, or quiet where there is none."""

    programme: Programme | None
    start: int
    end: int
    run: _Run | None = None


_Layer = Callable[[int], tuple[_Item | None, int]]
"""Asked about an instant: the item that covers it, or None to let through; and an instant after it up to which
that holds at least, always a real boundary."""


@dataclass(frozen=True)
class Timetable:
    """A playlist made ready for :func:`decide`: the slot that owns each stretch of time, and what filler may be."""

    bounds: tuple[int, ...] = ()
    runs: tuple[_Run | None, ...] = ()
    """``runs[n]`` owns ``bounds[n]`` to ``bounds[n + 1]``."""
    recommended: Mapping[str, Programme] = field(default_factory=dict)
    """In the order of the playlist."""
    turns: tuple[int, ...] = ()
    """The midnights at which a recommended item comes in or goes out, so that what is owed is counted afresh."""


# --- compiling a playlist ---


def compile_playlist(playlist: Playlist | None) -> Timetable:
    """Work out once which slot owns which stretch. The playlist has passed ``contract.playlist.check``."""
    if playlist is None:
        return Timetable()
    zone = ZoneInfo(playlist.time_zone)
    programmes = {programme.id: programme for programme in playlist.programmes}
    ranked = [
        (-slot.priority, n, run)
        for n, slot in enumerate(playlist.slots)
        if (run := _slot_run(slot, programmes, zone)).start < run.end
    ]
    bounds, runs = _sweep(sorted(ranked, key=lambda entry: entry[2].start))
    recommended = {item.programme: programmes[item.programme] for item in playlist.recommended}
    return Timetable(bounds, runs, recommended, _turns(playlist, zone))


def _slot_run(slot: Slot, programmes: Mapping[str, Programme], zone: ZoneInfo) -> _Run:
    start, end = span(slot, zone)
    listed = tuple(programmes[name] for name in slot.programmes)
    return _run(_ms(start), _ms(end), listed, slot.mode == "loop", "slot", slot.occasion, slot.volume)


def _run(
    start: int,
    end: int,
    programmes: tuple[Programme, ...],
    loop: bool,
    origin: Origin,
    occasion: str,
    volume: int | None,
) -> _Run:
    offsets = tuple(accumulate((programme.duration_ms for programme in programmes), initial=0))
    return _Run(start, end, programmes, offsets, loop and offsets[-1] > 0, origin, occasion, volume)


def _sweep(ranked: Sequence[tuple[int, int, _Run]]) -> tuple[tuple[int, ...], tuple[_Run | None, ...]]:
    """Cut time at every start and end; the active slot of the highest priority owns each piece."""
    bounds: list[int] = []
    runs: list[_Run | None] = []
    active: list[tuple[int, int, _Run]] = []
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
    return tuple(sorted(_instant(day, time(), zone) for day in days))


def owed(playlist: Playlist, at: datetime, completed: Mapping[str, int], *, by_date: bool = True) -> Owed:
    """What the recommended items are still owed at ``at``.

    Items count whose days include ``at``'s date in the playlist's zone; all of them where the clock is not trusted
    (``by_date=False``). ``completed``: completed plays by programme id since the item's first day. A programme that
    several items name is owed the most that any of them asks for.
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

    ``now`` may lie ahead: what is owed need not be counted down first, for every filler item that comes to its end
    between ``situation.owed.at`` and ``now`` is taken as played. Costs O(log n) in the number of slots, and one step
    for each item between ``owed.at`` and ``now``.
    """
    at = _ms(now)
    layers = _layers(timetable, situation)
    depth, item, until = _look(layers, at)
    if item is None:
        item, until = _filler(timetable, layers, at, until, situation)
        depth = len(layers)
    if item is None or item.programme is None:
        return Decision(None, _utc(until))
    end = _utc(_cut(layers[:depth], at, item.end))
    run = item.run
    if run is None:
        return Decision(OnAir(item.programme, _utc(item.start), end, "filler", "", None), end)
    return Decision(OnAir(item.programme, _utc(item.start), end, run.origin, run.occasion, run.volume), end)


def _look(layers: Sequence[_Layer], at: int) -> tuple[int, _Item | None, int]:
    """The topmost layer that does not let through, its item, and until when at least that is so."""
    until = _FAR
    for depth, layer in enumerate(layers):
        item, change = layer(at)
        until = min(until, change)
        if item is not None:
            return depth, item, until
    return len(layers), None, until


def _cut(above: Sequence[_Layer], at: int, end: int) -> int:
    """When a layer above cuts in on an item that shows at ``at`` and would end at ``end``."""
    while at < end:
        _, item, until = _look(above, at)
        if item is not None:
            return at
        at = until
    return end


def _layers(timetable: Timetable, situation: Situation) -> list[_Layer]:
    """All that takes precedence over filler, topmost first. Without a trusted clock only Stop is left."""
    stop, session = situation.stop, situation.session
    if not situation.clock_trusted:
        return [_quiet_until(_FAR)] if stop else []
    layers = [
        _run_layer(_urgent_run(urgent), situation.unavailable)
        for urgent in sorted(situation.urgents, key=lambda urgent: (urgent.start_ms, urgent.id), reverse=True)
    ]
    if stop:
        layers.append(_quiet_until(_ms(stop.until) if stop.until else _FAR))
    if session and not (stop and session.start <= stop.since):
        layers.append(_run_layer(_session_run(session), situation.unavailable, quiet=True))
    layers.append(_slots_layer(timetable, situation.unavailable))
    return layers


def _urgent_run(urgent: Urgent) -> _Run:
    loop = urgent.mode == "loop"
    return _run(urgent.start_ms, urgent.end_ms, urgent.programmes, loop, "urgent", urgent.title, urgent.volume)


def _session_run(session: Session) -> _Run:
    return _run(_ms(session.start), _ms(session.end), session.programmes, False, "session", session.kind, None)


def _quiet_until(end: int) -> _Layer:
    quiet = _Item(None, 0, end)
    return lambda at: (quiet, end) if at < end else (None, _FAR)


def _run_layer(run: _Run, unavailable: frozenset[str], *, quiet: bool = False) -> _Layer:
    """One list of programmes; ``quiet`` keeps the screen where it has nothing to show, else it lets through."""
    rest = _Item(None, run.start, run.end) if quiet else None

    def layer(at: int) -> tuple[_Item | None, int]:
        if at < run.start:
            return None, run.start
        if at >= run.end:
            return None, _FAR
        item, until = _item(run, at, unavailable)
        return item or rest, until

    return layer


def _slots_layer(timetable: Timetable, unavailable: frozenset[str]) -> _Layer:
    """The slot that owns the instant; where its list is over, or cannot be shown, it lets filler through."""

    def layer(at: int) -> tuple[_Item | None, int]:
        n = bisect_right(timetable.bounds, at)
        bound = timetable.bounds[n] if n < len(timetable.bounds) else _FAR
        run = timetable.runs[n - 1] if n else None
        if run is None:
            return None, bound
        item, until = _item(run, at, unavailable)
        if item is not None and bound < item.end:
            item = _Item(item.programme, item.start, bound, run)
        return item, min(until, bound)

    return layer


def _item(run: _Run, at: int, unavailable: frozenset[str]) -> tuple[_Item | None, int]:
    """The programme of the list that is due at ``at`` (None: none, or it cannot be shown), and until when."""
    into = at - run.start
    if run.loop:
        into %= run.offsets[-1]
    elif into >= run.offsets[-1]:
        return None, run.end
    n = bisect_right(run.offsets, into) - 1
    programme, start = run.programmes[n], at - into + run.offsets[n]
    end = min(start + programme.duration_ms, run.end)
    return (None if programme.id in unavailable else _Item(programme, start, end, run)), end


# --- filler ---

_Plays = list[tuple[Programme, int]]
"""Plays left, in the order of the recommendation; only what can be shown and is owed."""


def _filler(
    timetable: Timetable, layers: list[_Layer], at: int, until: int, situation: Situation
) -> tuple[_Item | None, int]:
    """The filler item due at ``at``, which no layer claims until ``until``; or None, and when to ask again.

    Adds the room's hours to ``layers``, so that closing time cuts a filler item as everything above it does.
    """
    if situation.clock_trusted:
        turn = bisect_right(timetable.turns, at)
        until = min(until, *timetable.turns[turn : turn + 1], _FAR)
    left = _left(timetable, situation)
    if not left or situation.owed is None:
        return None, until
    since = _ms(situation.owed.at)
    if at < since:
        return None, min(until, since)
    if situation.clock_trusted:
        layers.append(_hours(situation.opening).layer)
    _, closed, change = _look(layers, at)
    if closed is not None:
        return None, min(until, change)
    begin, left = _stretch(layers, since, at, left)
    _, item = _turn(left, begin, at)
    return item, until


def _left(timetable: Timetable, situation: Situation) -> _Plays:
    plays = dict(situation.owed.plays) if situation.owed else {}
    return [
        (programme, plays[name])
        for name, programme in timetable.recommended.items()
        if plays.get(name, 0) > 0 and name not in situation.unavailable and programme.duration_ms > 0
    ]


def _stretch(layers: Sequence[_Layer], since: int, at: int, left: _Plays) -> tuple[int, _Plays]:
    """Where the stretch of filler around ``at`` begins, ``since`` at the earliest, and what is left to play then.

    What was begun in an earlier stretch and not ended is owed as before, and starts anew.
    """
    begin = since
    while True:
        _, item, end = _look(layers, begin)
        if item is not None:
            begin = end
            continue
        while end <= at:
            _, item, until = _look(layers, end)
            if item is not None:
                break
            end = until
        if end > at:
            return begin, left
        left, _ = _turn(left, begin, end)
        begin = end


def _turn(left: _Plays, begin: int, at: int) -> tuple[_Plays, _Item | None]:
    """Play filler from ``begin`` on: what is left at ``at``, counting the item then running, and that item.

    Whatever has the most plays left is next, and of equals the first. So those with the most take turns until they
    are down to the next lower number, then those with that number join them, and so on: whole rounds are skipped by
    division, and the cost does not grow with the time that has passed.
    """
    levels = [*sorted({plays for _, plays in left}, reverse=True), 0]
    for level, lower in zip(levels, levels[1:], strict=False):
        members = [programme for programme, plays in left if plays >= level]
        lap = sum(programme.duration_ms for programme in members)
        rounds = min((at - begin) // lap, level - lower)
        begin += rounds * lap
        if rounds < level - lower:
            return _within(left, level - rounds, begin, at)
    return [], None


def _within(left: _Plays, level: int, begin: int, at: int) -> tuple[_Plays, _Item | None]:
    """One round, begun at ``begin`` and not over at ``at``, of all that have ``level`` plays left or had more."""
    rest: _Plays = []
    running: _Item | None = None
    for programme, plays in left:
        if plays < level:
            rest.append((programme, plays))
        elif running is None and begin + programme.duration_ms <= at:
            begin += programme.duration_ms
            rest.append((programme, level - 1))
        else:
            running = running or _Item(programme, begin, begin + programme.duration_ms)
            rest.append((programme, level))
    return [(programme, plays) for programme, plays in rest if plays], running


# --- opening hours ---


@dataclass(frozen=True)
class _OpeningHours:
    """The room's hours, ready to be asked about an instant."""

    opening: Opening
    zone: ZoneInfo
    days: Mapping[str, tuple[Hours, ...]]
    turns: tuple[date, ...]
    """The days from which other rules hold than on the day before."""

    def layer(self, at: int) -> tuple[_Item | None, int]:
        """Lets through while the room is open."""
        today = _utc(at).astimezone(self.zone).date()
        windows = self._windows(today - timedelta(days=1)) + self._windows(today)
        if closing := max((end for start, end in windows if start <= at < end), default=0):
            return None, closing
        opens = min((start for start, end in windows if at < start < end), default=None)
        if opens is None:
            opens = self._next_opening(today)
        return _Item(None, at, opens), opens

    def _windows(self, day: date) -> list[tuple[int, int]]:
        """When the room is open on a date, as instants; the clocks' change is read as in ``contract.playlist.span``."""
        windows = []
        for hours in self._rule(day)[day.weekday()]:
            start, end = time.fromisoformat(hours.start), time.fromisoformat(hours.end)
            last = day if end > start else day + timedelta(days=1)
            windows.append((_instant(day, start, self.zone), _instant(last, end, self.zone)))
        return windows

    def _rule(self, day: date) -> Sequence[tuple[Hours, ...]]:
        """The seven days' hours that hold on a date: its own, else its season's, else the week's."""
        name = day.isoformat()
        if name in self.days:
            return (self.days[name],) * 7
        for season in self.opening.seasons:
            if season.first_day <= name <= season.last_day:
                return season.week
        return self.opening.week

    def _next_opening(self, day: date) -> int:
        """The first opening after ``day``. Skips whole seasons without hours."""
        while True:
            if any(self._rule(day)):
                day += timedelta(days=1)
            else:
                n = bisect_right(self.turns, day)
                if n == len(self.turns):
                    return _FAR
                day = self.turns[n]
            if opens := min((start for start, end in self._windows(day) if start < end), default=0):
                return opens


@lru_cache(maxsize=4)
def _hours(opening: Opening) -> _OpeningHours:
    days = {day.date: day.hours for day in reversed(opening.days)}
    firsts = [*days, *(season.first_day for season in opening.seasons)]
    lasts = [*days, *(season.last_day for season in opening.seasons)]
    turns = {date.fromisoformat(day) for day in firsts}
    turns |= {date.fromisoformat(day) + timedelta(days=1) for day in lasts}
    return _OpeningHours(opening, ZoneInfo(opening.time_zone), days, tuple(sorted(turns)))


# --- instants ---

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


def _ms(moment: datetime) -> int:
    return (moment - _EPOCH) // _MS


def _utc(instant: int) -> datetime:
    return _EPOCH + instant * _MS


def _instant(day: date, at: time, zone: ZoneInfo) -> int:
    return _ms(datetime.combine(day, at, zone))


_FAR = _ms(FAR)
