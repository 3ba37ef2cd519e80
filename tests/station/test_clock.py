"""The clock: steps are told from drift, and trust is given by whom it may be given."""

from datetime import UTC, datetime, timedelta

import pytest
from fakes import HandClock

from kiosk.station.clock import STEP_MS, TOWN_TOLERANCE_MS, Clock
from kiosk.station.instants import to_ms

NOW = datetime(2026, 3, 5, 9, tzinfo=UTC)


def untold(remembered: str | None = None) -> HandClock:
    return HandClock(NOW, remembered, synchronised=False)


def test_wall_and_monotonic_time_are_turned_into_one_another() -> None:
    clock = untold()
    assert clock.monotonic_at(NOW + timedelta(seconds=5)) == pytest.approx(clock.monotonic() + 5)
    assert clock.ms_at(clock.monotonic() - 2) == to_ms(NOW) - 2000
    real = Clock(None)
    assert abs(real.monotonic_at(real.now()) - real.monotonic()) < 0.05


@pytest.mark.parametrize("moved", [-86_400_000, -STEP_MS, STEP_MS, 3_600_000])
def test_step_is_told_once(moved: int) -> None:
    clock = untold()
    clock.advance(10)
    clock.set(clock.now() + timedelta(milliseconds=moved))
    assert clock.stepped() == moved
    assert clock.stepped() == 0
    assert clock.ms_at(clock.monotonic()) == clock.now_ms()


def test_drift_is_followed_and_is_no_step() -> None:
    clock = untold()
    for _ in range(100):
        clock.advance(1)
        clock.set(clock.now() + timedelta(milliseconds=10))
        assert clock.stepped() == 0
    assert clock.ms_at(clock.monotonic()) == clock.now_ms()


def test_clock_that_nobody_vouches_for_is_untrusted() -> None:
    assert untold().state == "untrusted"
    assert untold("untrusted 5").state == "untrusted"
    assert untold("nonsense").state == untold("trusted soon").state == "untrusted"
    assert untold("trusted " + "9" * 5000).state == untold("trusted -1").state == "untrusted"


def test_clock_that_was_trusted_before_the_restart_is_kept() -> None:
    before = HandClock(NOW - timedelta(hours=8))
    assert before.state == "trusted"
    clock = untold(before.memory())
    assert clock.state == "holdover"
    assert untold(clock.memory()).state == "holdover"


def test_clock_that_went_back_while_the_pc_was_off_is_untrusted() -> None:
    assert untold(HandClock(NOW + timedelta(hours=1)).memory()).state == "untrusted"


def test_ntp_makes_it_trusted_and_its_loss_leaves_it_as_it_was() -> None:
    clock = untold()
    clock.synchronised(True)
    assert clock.state == "trusted"
    clock.synchronised(False)
    assert clock.state == "untrusted"


@pytest.mark.parametrize(
    ("off_ms", "round_trip", "state"),
    [
        (0, 0.1, "trusted"),
        (TOWN_TOLERANCE_MS, 0.0, "trusted"),
        (-TOWN_TOLERANCE_MS - 1, 0.0, "untrusted"),
        (TOWN_TOLERANCE_MS + 900, 2.0, "trusted"),
        (TOWN_TOLERANCE_MS + 1100, 2.0, "untrusted"),
        (365 * 86_400_000, 0.1, "untrusted"),
    ],
)
def test_towns_word_counts_within_what_the_line_explains(off_ms: int, round_trip: float, state: str) -> None:
    clock = untold()
    sent = clock.monotonic()
    clock.advance(round_trip)
    clock.told_by_town(to_ms(NOW) + round(round_trip * 500) + off_ms, sent, clock.monotonic())
    assert clock.state == state


def test_towns_word_goes_before_ntp_until_the_clock_is_set() -> None:
    clock = HandClock(NOW)
    clock.told_by_town(to_ms(NOW) + 3_600_000, clock.monotonic(), clock.monotonic())
    assert clock.state == "untrusted"
    clock.set(NOW + timedelta(hours=1))
    assert clock.stepped()
    assert clock.state == "trusted", "the town spoke of the old time"


def test_step_ends_holdover() -> None:
    clock = untold(HandClock(NOW - timedelta(hours=8)).memory())
    clock.set(NOW + timedelta(days=1))
    assert clock.stepped()
    assert clock.state == "untrusted"
