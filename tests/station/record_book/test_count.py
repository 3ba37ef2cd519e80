"""Which plays count for the week, by the town's rules."""

from dataclasses import replace
from zoneinfo import ZoneInfo

from kiosk.contract.station import Thresholds
from kiosk.station.journal import AsRun
from kiosk.station.record_book.count import count_plays

ZONE = ZoneInfo("Asia/Shanghai")
START_MS = 1_772_700_000_000
MINUTE_MS = 60_000


def row(number: int = 0, minutes: float = 30, **changes: object) -> AsRun:
    shown_ms = START_MS + number * 3_600_000
    whole = AsRun(
        id=str(number), playlist_version=1, programme="a", title="a", sha256="", category="", source="", origin="slot",
        occasion="", planned_start_ms=shown_ms, planned_end_ms=shown_ms, continues=None, muted=0, volume=None,
        clock="trusted", boot_id="b", practice=0, shown_ms=shown_ms, started_monotonic_ms=0, late_ms=0, gap_ms=0,
        video_output="", last_ms=None, played_ms=int(minutes * MINUTE_MS), pictures_shown=1, pictures_lost=0,
        end_ms=shown_ms + int(minutes * MINUTE_MS), outcome="completed", cause="", seq=number + 1,
    )  # fmt: skip
    return replace(whole, **changes)  # type: ignore[arg-type]


def test_practice_open_rows_and_what_nobody_saw_do_not_count() -> None:
    rows = [row(0), row(1, practice=1), row(2, end_ms=None), row(3, shown_ms=None), row(4, 0)]
    assert count_plays(rows, Thresholds(), ZONE) == (1, 30)


def test_towns_rules_of_counting_hold() -> None:
    rows = [row(0, 2), row(1, 90), row(2, 30), row(3, 30, programme="b")]
    assert count_plays(rows, Thresholds(), ZONE) == (4, 152)
    asked = Thresholds(counted_from_minute=3, counted_minutes_per_play=60, once_a_day=True)
    assert count_plays(rows, asked, ZONE) == (2, 90)
