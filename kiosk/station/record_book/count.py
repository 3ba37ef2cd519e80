"""How many plays and minutes count, by the town's rules for counting, and how many do so far."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from kiosk.contract.instants import local_ms, to_utc
from kiosk.contract.station import Thresholds
from kiosk.station.journal import AsRun, Journal

MINUTE_MS = 60_000


class Counting:
    """The town's rules for one period: from some minute on, at most some minutes of a play, once a day."""

    def __init__(self, asked: Thresholds) -> None:
        self._asked = asked
        self._seen: set[tuple[date, str]] = set()

    def counted_ms(self, day: date, programme: str, played_ms: int) -> int:
        """How much of a play counts; 0 where it does not. To be asked once for each play, in their order."""
        asked = self._asked
        if played_ms < asked.counted_from_minute * MINUTE_MS or asked.once_a_day and (day, programme) in self._seen:
            return 0
        self._seen.add((day, programme))
        return min(played_ms, asked.counted_minutes_per_play * MINUTE_MS or played_ms)


def count_plays(rows: Iterable[AsRun], thresholds: Thresholds, zone: tzinfo) -> tuple[int, int]:
    """Plays that count among ``rows``, and their minutes: closed, seen, no practice, and long enough for the town."""
    counting = Counting(thresholds)
    counted = [
        counting.counted_ms(to_utc(row.shown_ms).astimezone(zone).date(), row.programme, row.played_ms)
        for row in rows
        if not row.practice and row.end_ms is not None and row.shown_ms and row.played_ms
    ]
    return sum(ms > 0 for ms in counted), sum(counted) // MINUTE_MS


@dataclass(frozen=True)
class Count:
    """Plays of this week and minutes of this month so far, as the town counts them, and how many it asks for."""

    plays: int
    plays_asked: int
    minutes: int
    minutes_asked: int


class CountSoFar:
    """Counts anew only when the record has grown, or the day or what is asked has changed. For the main loop only."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._counted: tuple[object, Count] | None = None
        """For which record, day and thresholds was counted, and what."""

    def count(self, now: datetime, zone: ZoneInfo, asked: Thresholds) -> Count:
        """The week's and the month's of ``now``, which is in ``zone``."""
        today = now.date()
        counted_for = (self._journal.head(), today, asked)
        if self._counted is None or self._counted[0] != counted_for:
            monday, first = today - timedelta(days=today.weekday()), today.replace(day=1)
            rows = self._journal.plays(local_ms(min(monday, first), time(), zone))
            (plays, _), (_, minutes) = (
                count_plays((row for row in rows if row.shown_ms and row.shown_ms >= since_ms), asked, zone)
                for since_ms in (local_ms(day, time(), zone) for day in (monday, first))
            )
            self._counted = (counted_for, Count(plays, asked.plays_per_week, minutes, asked.minutes_per_month))
        return self._counted[1]
