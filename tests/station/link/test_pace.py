"""When a station calls and how much it says at once: a thousand of them, and lines of every kind."""

import time

import pytest

from kiosk.station.link import pace
from kiosk.station.link.pace import Backoff, Batch, phase, until_turn

ROOMS = [f"room-{number}" for number in range(1000)]


def busiest(waits: list[float], seconds: float) -> int:
    """The most calls within any so many seconds."""
    waits = sorted(waits)
    return max(sum(at <= other < at + seconds for other in waits) for at in waits)


def test_the_turn_of_a_station_stays_its_own() -> None:
    assert phase("room-1") == phase("room-1") != phase("room-2")
    assert all(0 <= phase(room) < 1 for room in ROOMS)
    for began in (0.0, 1_000_000.3, 1_772_413_200.7):
        first = began + until_turn(phase("room-1"), 60, began, 30)
        second = first + until_turn(phase("room-1"), 60, first, 30)
        assert second - first == pytest.approx(60, abs=0.01), "every interval once, at the same place of it"


def test_a_thousand_stations_that_were_switched_on_together_call_evenly_over_the_interval() -> None:
    waits = [until_turn(phase(room), 60, 1_772_413_200.0, 30) for room in ROOMS]
    assert all(30 <= wait < 90 for wait in waits)
    assert busiest(waits, 6) < 150, "a tenth of the interval has about a tenth of them"


def test_a_thousand_stations_that_lost_the_town_together_come_back_evenly() -> None:
    for failures in range(1, 12):
        now = time.monotonic()
        waits = [Backoff(phase(room), failures).until - now for room in ROOMS]
        interval = min(400, 2 * 2**failures)
        assert all(interval / 2 <= wait + 0.1 and wait < interval * 1.5 + 0.5 for wait in waits)
        assert busiest(waits, interval / 10) < 160


def test_backoff_starts_at_once_grows_to_its_bound_and_starts_anew_after_progress() -> None:
    backoff = Backoff(0.5)
    assert backoff.until <= time.monotonic()
    for _ in range(10_000):
        backoff = backoff.after_failure()
    assert 200 <= backoff.until - time.monotonic() < 601
    assert backoff.after_failure(progress=True).until - time.monotonic() < 7


def test_what_the_town_asks_for_is_heeded_spread_and_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.monotonic()
    waits = [Backoff(phase(room), 1, asked_s=120).until - now for room in ROOMS]
    assert min(waits) >= 119.9 and max(waits) < 181
    assert busiest(waits, 6) < 150
    assert Backoff(0.9, 1, asked_s=1e9).until - now < 3700
    monkeypatch.setattr(pace, "FIRST_BACKOFF_S", 100.0)
    assert Backoff(0.0, 2, asked_s=1).until - now > 100, "nor sooner than after that failure anyway"


@pytest.mark.parametrize(("bytes_per_s", "least", "most"), [(2_000, 4_000, 16_384), (30_000, 60_000, 131_072)])
def test_batches_settle_at_a_few_seconds_of_the_line(bytes_per_s: int, least: int, most: int) -> None:
    batch = Batch()
    for _ in range(20):
        batch.took(batch.bytes, batch.bytes / bytes_per_s)
    assert least <= batch.bytes <= most


def test_batches_grow_on_a_quick_line_and_shrink_at_each_cut() -> None:
    batch = Batch()
    for _ in range(10):
        batch.took(batch.bytes, 0.05)
    assert batch.bytes == pace.MOST_BYTES
    for _ in range(20):
        batch.was_cut()
    assert batch.bytes == pace.LEAST_BYTES
    batch.took(batch.bytes, 0.05)
    assert batch.bytes == 2 * pace.LEAST_BYTES


def test_a_single_record_says_nothing_about_the_line() -> None:
    batch = Batch()
    batch.took(900, 1.5)
    assert batch.bytes == pace.FIRST_BYTES
