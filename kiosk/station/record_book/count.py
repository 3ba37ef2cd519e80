"""How many plays and minutes count, by the town's rules for counting."""

from collections.abc import Iterable
from datetime import tzinfo

from kiosk.contract.instants import to_utc
from kiosk.contract.station import Thresholds
from kiosk.station.journal import AsRun

MINUTE_MS = 60_000


def count_plays(rows: Iterable[AsRun], thresholds: Thresholds, zone: tzinfo) -> tuple[int, int]:
    """Plays that count among ``rows``, and their minutes: closed, seen, no practice, and long enough for the town."""
    plays, played_ms = 0, 0
    of_day: set[tuple[str, str]] = set()
    for row in rows:
        if row.practice or row.end_ms is None or not row.shown_ms or not row.played_ms:
            continue
        if row.played_ms < thresholds.counted_from_minute * MINUTE_MS:
            continue
        if thresholds.once_a_day:
            day = to_utc(row.shown_ms).astimezone(zone).date().isoformat()
            if (row.programme, day) in of_day:
                continue
            of_day.add((row.programme, day))
        most = thresholds.counted_minutes_per_play * MINUTE_MS
        plays += 1
        played_ms += min(row.played_ms, most) if most else row.played_ms
    return plays, played_ms // MINUTE_MS
