"""Opening hours of the room: those of the date, else of the season, else of the week, in its time zone. Pure."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from kiosk.contract.instants import FAR_MS, local_ms, to_ms, to_utc
from kiosk.contract.station import Hours, Opening

_DAY = timedelta(days=1)
MORNING, FIRST_MORNING_HOUR, NOON = time(6), time(4), time(12)
"""The morning of a day on which the room does not open between ``FIRST_MORNING_HOUR`` and ``NOON``, and those two."""


def room_open(opening: Opening, now: datetime) -> tuple[bool, datetime]:
    """Whether the room is open at ``now`` (aware), and until when at least that is so.

    Hours that adjoin or overlap are reported edge by edge. Where several seasons, or several entries
    for one date, hold at a time, the first one named counts. A room that never opens again is closed until
    :data:`kiosk.contract.instants.FAR`.
    """
    is_open, until = room_hours(opening).open_at(to_ms(now))
    return is_open, to_utc(until)


def next_morning(opening: Opening, now: datetime) -> datetime:
    """The next morning after ``now`` (aware): of today before the room opens, else of tomorrow. Aware, in the room's
    zone; it is when the room opens, or :data:`MORNING` where it does not open in the morning."""
    hours = room_hours(opening)
    today = now.astimezone(hours.zone).date()
    mornings = (hours.morning(today + n * _DAY) for n in (0, 1, 2))
    return to_utc(next(morning for morning in mornings if morning > to_ms(now))).astimezone(hours.zone)


def open_longer(opening: Opening, start_ms: int, end_ms: int, limit_ms: int) -> bool:
    """Whether the room was open for more than ``limit_ms`` between two instants (UTC ms).

    The whole time counts where the room has no opening hours at all.
    """
    hours, left = room_hours(opening), limit_ms
    if hours.never_opens:
        return end_ms - start_ms > limit_ms
    while start_ms < end_ms and left >= 0:
        is_open, until_ms = hours.open_at(start_ms)
        until_ms = min(until_ms, end_ms)
        if is_open:
            left -= until_ms - start_ms
        start_ms = until_ms
    return left < 0


@dataclass(frozen=True)
class RoomHours:
    """Opening hours prepared for questions about instants in ms."""

    opening: Opening
    zone: ZoneInfo
    days: Mapping[str, tuple[Hours, ...]]
    turns: tuple[date, ...]
    """The days at which a rule (date, season, week) may give way to another."""

    @property
    def never_opens(self) -> bool:
        """Whether no hours are named for any day."""
        weeks = (self.opening.week, *(season.week for season in self.opening.seasons), tuple(self.days.values()))
        return not any(hours for week in weeks for hours in week)

    def open_at(self, at: int) -> tuple[bool, int]:
        """Whether the room is open at ``at``, and until when at least that is so."""
        today = to_utc(at).astimezone(self.zone).date()
        windows = [window for n in (-1, 0, 1) for window in self._windows(today + n * _DAY)]
        is_open = any(opens <= at < closes for opens, closes in windows)
        edges = [edge for window in windows for edge in window if edge > at]
        return is_open, min(edges) if edges else self._next_opening(today)

    def morning(self, day: date) -> int:
        """The instant at which the morning of a date begins for the room."""
        first, noon = (local_ms(day, at, self.zone) for at in (FIRST_MORNING_HOUR, NOON))
        opens = min((start for start, _ in self._windows(day) if start >= first), default=noon)
        return opens if opens < noon else local_ms(day, MORNING, self.zone)

    def _windows(self, day: date) -> list[tuple[int, int]]:
        """Opening and closing instants of a date. Hours that a change to or from summer time reverses are left out."""
        windows = []
        for hours in self._rule(day)[day.weekday()]:
            start, end = time.fromisoformat(hours.start), time.fromisoformat(hours.end)
            opens = local_ms(day, start, self.zone)
            closes = local_ms(day if end > start else day + _DAY, end, self.zone)
            if opens < closes:
                windows.append((opens, closes))
        return windows

    def _rule(self, day: date) -> Sequence[tuple[Hours, ...]]:
        """The hours of the seven weekdays that are in force on a date."""
        name = day.isoformat()
        if name in self.days:
            return (self.days[name],) * 7
        for season in self.opening.seasons:
            if season.first_day <= name <= season.last_day:
                return season.week
        return self.opening.week

    def _next_opening(self, day: date) -> int:
        """The first opening on a date after ``day``. A season without any hours is skipped as a whole."""
        while True:
            if any(self._rule(day)):
                day += _DAY
            else:
                n = bisect_right(self.turns, day)
                if n == len(self.turns):
                    return FAR_MS
                day = self.turns[n]
            if windows := self._windows(day):
                return min(start for start, _ in windows)


@lru_cache(maxsize=64)
def room_hours(opening: Opening) -> RoomHours:
    """Prepare ``opening``. Raises :class:`ValueError` for a date and :class:`KeyError` for a zone that is none."""
    days = {day.date: day.hours for day in reversed(opening.days)}
    firsts = [*days, *(season.first_day for season in opening.seasons)]
    lasts = [*days, *(season.last_day for season in opening.seasons)]
    turns = {date.fromisoformat(day) for day in firsts}
    turns |= {date.fromisoformat(day) + _DAY for day in lasts}
    return RoomHours(opening, ZoneInfo(opening.time_zone), days, tuple(sorted(turns)))
