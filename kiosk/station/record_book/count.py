"""How many plays and minutes count, by the town's rules for counting."""

from collections.abc import Iterable
from datetime import date, tzinfo

from kiosk.contract.instants import to_utc
from kiosk.contract.station import Thresholds
from kiosk.station.journal import AsRun

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
