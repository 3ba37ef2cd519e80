"""The clock: steps are told from drift and from sleep, and trust is given by whom it may be given."""

from datetime import UTC, datetime, timedelta

import pytest
from fakes import HandClock

from kiosk.contract.instants import to_ms
from kiosk.station.clock.clock import PERSON_TOLERANCE_MS, STEP_MS, TOLD_S, TOWN_TOLERANCE_MS, Clock, Moved
from kiosk.station.clock.memory import Memory

NOW = datetime(2026, 3, 5, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
YEAR = timedelta(days=365)
STILL = Moved(0, 0, 0)


def untold(remembered: Memory | None = None, wall: datetime = NOW, **more: object) -> HandClock:
    return HandClock(wall, remembered, synchronised=False, **more)  # type: ignore[arg-type]


def told(clock: HandClock, town: datetime, round_trip: float = 0.0) -> None:
    """The town says that it is ``town``, in an answer that has just come."""
    clock.told_by_town(to_ms(town) - round(round_trip * 500), clock.monotonic() - round_trip, clock.monotonic())


# --- the time ---


def test_wall_and_monotonic_time_are_turned_into_one_another() -> None:
    clock = untold()
    assert clock.monotonic_at(NOW + timedelta(seconds=5)) == pytest.approx(clock.monotonic() + 5)
    assert clock.ms_at(clock.monotonic() - 2) == to_ms(NOW) - 2000
    real = Clock(None)
    assert abs(real.monotonic_at(real.now()) - real.monotonic()) < 0.05


def test_what_comes_on_at_its_instant_does_not_seem_to_have_come_before_it() -> None:
    """Two clocks read apart, or one cut to whole milliseconds, give 1 ms too little now and then."""
    for _ in range(300):
        clock = Clock(None)
        due = clock.now() + timedelta(seconds=1)
        at = clock.monotonic_at(due)
        clock.check()
        assert clock.ms_at(at) == to_ms(due)


@pytest.mark.parametrize("moved", [-86_400_000, -STEP_MS, STEP_MS, 3_600_000])
def test_step_of_a_clock_that_nobody_vouches_for_is_told_once(moved: int) -> None:
    clock = untold()
    clock.advance(10)
    clock.set(clock.now() + timedelta(milliseconds=moved))
    assert clock.check() == Moved(moved, moved, 0)
    assert clock.check() == STILL
    assert clock.ms_at(clock.monotonic()) == clock.now_ms()


def test_drift_is_followed_and_is_no_step() -> None:
    clock = untold()
    for _ in range(100):
        clock.advance(1)
        clock.set(clock.now() + timedelta(milliseconds=10))
        assert clock.check() == STILL
    assert clock.ms_at(clock.monotonic()) == clock.now_ms()


def test_sleep_is_no_step() -> None:
    clock = HandClock(NOW)
    head = clock.monotonic()
    clock.suspend(8 * 3600)
    assert clock.check() == Moved(0, 0, 8 * 3_600_000)
    assert (clock.now(), clock.state) == (NOW + 8 * HOUR, "trusted")
    assert clock.ms_at(clock.monotonic()) == to_ms(NOW + 8 * HOUR)
    assert clock.monotonic_at(NOW + 9 * HOUR) == pytest.approx(head + 3600)


def test_an_instant_before_a_step_is_what_it_was_then() -> None:
    clock = untold()
    clock.advance(10)
    shown = clock.monotonic()
    clock.advance(1)
    clock.set(clock.now() + HOUR)
    clock.check()
    assert clock.ms_at(shown) == to_ms(NOW) + 10_000
    assert clock.ms_at(clock.monotonic()) == to_ms(NOW + HOUR) + 11_000


# --- trust ---


def test_clock_that_nobody_vouches_for_is_untrusted() -> None:
    assert (untold().state, untold().ahead_s) == ("untrusted", None)
    assert untold(untold().memory(), boot="boot-2").state == "untrusted"


def test_ntp_makes_it_trusted_and_its_loss_leaves_what_the_pc_keeps() -> None:
    clock = untold()
    clock.synchronised(True)
    assert clock.state == "trusted"
    clock.synchronised(False)
    assert clock.state == "holdover", "a line that is down for a day must not stop the timetable"


@pytest.mark.parametrize("step", [timedelta(seconds=4), HOUR, YEAR, -timedelta(seconds=4), -HOUR, -YEAR])
def test_who_sets_a_clock_that_is_known_to_be_right_does_not_set_the_stations(step: timedelta) -> None:
    clock = HandClock(NOW)
    clock.advance(10)
    clock.set(clock.now() + step)
    assert clock.check() == Moved(0, round(step.total_seconds() * 1000), 0)
    clock.synchronised(False)  # as the kernel says after a step by hand
    assert (clock.now(), clock.state) == (NOW + timedelta(seconds=10), "holdover")
    assert clock.on_system(NOW) == NOW + step, "timers go by the system's clock"
    assert clock.ahead_s == pytest.approx(-step.total_seconds(), abs=0.002)
    clock.synchronised(True)  # it was NTP after all
    small = abs(step) < timedelta(seconds=5)
    assert clock.check().ours_ms == (round(step.total_seconds() * 1000) if small else 0)
    assert clock.now() == NOW + timedelta(seconds=10) + (step if small else timedelta())
    assert (clock.state, clock.doubtful) == (("trusted", False) if small else ("untrusted", True))


def test_what_was_asked_of_ntp_before_a_step_is_not_believed_of_the_time_after_it() -> None:
    clock = HandClock(NOW)
    clock.advance(10)
    asked = clock.monotonic()
    clock.advance(1)
    clock.set(NOW + YEAR)
    clock.check()
    clock.synchronised(True, asked)
    assert (clock.state, clock.now()) == ("holdover", NOW + timedelta(seconds=11))
    clock.synchronised(False, clock.monotonic())
    assert (clock.state, clock.now()) == ("holdover", NOW + timedelta(seconds=11))


@pytest.mark.parametrize(
    ("off_ms", "round_trip"),
    [(0, 0.1), (900, 0.0), (-900, 0.0), (TOWN_TOLERANCE_MS + 900, 12.0), (-TOWN_TOLERANCE_MS, 12.0)],
)
def test_towns_word_confirms_what_it_does_not_disprove(off_ms: int, round_trip: float) -> None:
    clock = untold()
    told(clock, NOW + timedelta(milliseconds=off_ms), round_trip)
    clock.check()
    assert clock.state == "trusted"
    assert clock.now() == NOW


@pytest.mark.parametrize("off", [timedelta(seconds=2), HOUR, -HOUR, 20 * YEAR, -YEAR])
def test_towns_time_is_taken_where_ntp_minds_nothing(off: timedelta) -> None:
    clock = untold()
    told(clock, NOW + off, 0.2)
    assert clock.state == "trusted"
    assert clock.now() == NOW + off
    assert clock.check().ours_ms == off.total_seconds() * 1000


def test_slow_answer_sets_no_clock() -> None:
    clock = untold()
    told(clock, NOW + HOUR, 11)
    assert (clock.state, clock.check()) == ("untrusted", STILL)


def test_towns_signed_word_goes_before_ntp_until_they_agree() -> None:
    clock = HandClock(NOW)
    told(clock, NOW + HOUR, 11)
    assert (clock.state, clock.overruled, clock.check()) == ("untrusted", False, STILL), "too slow to set a clock by"
    told(clock, NOW + HOUR)
    assert (clock.state, clock.now(), clock.overruled) == ("trusted", NOW + HOUR, True)
    clock.synchronised(True)
    assert (clock.state, clock.check().ours_ms) == ("trusted", 3_600_000), "NTP goes on saying so"
    clock.advance(TOLD_S + 1)
    assert (clock.state, clock.doubtful, clock.overruled) == ("holdover", False, True), "the town is silent, NTP is not"
    again = HandClock(NOW + timedelta(seconds=TOLD_S + 1), clock.memory(), up=clock.monotonic())
    assert (again.state, again.now() - NOW) == ("holdover", HOUR + timedelta(seconds=TOLD_S + 1))
    clock.step(3600, confirmed=False)
    clock.synchronised(True)
    assert (clock.state, clock.overruled, clock.check()) == ("trusted", False, STILL), "NTP has come to the town's time"
    told(clock, clock.now() - HOUR)
    told(clock, clock.now() + HOUR)
    assert (clock.state, clock.overruled) == ("trusted", False), "the town's clock was wrong, and is right again"


def test_towns_word_is_good_for_a_day_and_then_the_pc_keeps_it() -> None:
    clock = untold()
    told(clock, NOW + HOUR)
    clock.advance(TOLD_S - 1)
    assert clock.state == "trusted"
    clock.advance(2)
    assert (clock.state, clock.now()) == ("holdover", NOW + HOUR + timedelta(seconds=TOLD_S + 1))


def test_person_declares_a_clock_that_nobody_else_knows() -> None:
    clock = untold()
    assert clock.declare(to_ms(NOW + HOUR), clock.monotonic())
    assert (clock.state, clock.check().ours_ms, clock.now()) == ("declared", 3_600_000, NOW + HOUR)
    clock.set(NOW + YEAR)
    assert clock.check().ours_ms == 0
    assert (clock.state, clock.now()) == ("declared", NOW + HOUR)
    told(clock, NOW + HOUR + timedelta(seconds=30))
    assert (clock.state, clock.now()) == ("trusted", NOW + HOUR + timedelta(seconds=30))
    assert not clock.declare(to_ms(NOW), clock.monotonic())


def test_person_who_confirms_the_minute_shown_moves_nothing() -> None:
    clock = untold()
    clock.advance(30)
    assert clock.declare(to_ms(NOW) - PERSON_TOLERANCE_MS + 30_000, clock.monotonic())
    assert (clock.state, clock.check()) == ("declared", STILL)
    assert not HandClock(NOW).declare(to_ms(NOW), 1000.0), "NTP knows better"


# --- over a restart ---


@pytest.mark.parametrize("off", [timedelta(minutes=1), 8 * HOUR, timedelta(days=170)])
def test_clock_that_was_trusted_is_kept_over_a_power_off_where_the_rtc_ran(off: timedelta) -> None:
    before = HandClock(NOW - off)
    clock = untold(before.memory(), boot="boot-2", rtc=1)
    assert (clock.state, clock.carried, clock.now()) == ("holdover", True, NOW)
    assert untold(clock.memory(), NOW + HOUR, boot="boot-3").state == "holdover"


def test_declared_clock_stays_declared_over_a_power_off() -> None:
    before = untold()
    before.declare(to_ms(NOW + HOUR), before.monotonic())
    before.check()
    clock = untold(before.memory(), NOW + HOUR, boot="boot-2")
    assert (clock.state, clock.now()) == ("declared", NOW + 2 * HOUR), "as far ahead of the PC's as it was"


@pytest.mark.parametrize(
    ("wall", "rtc"),
    [
        (datetime(1970, 1, 1, tzinfo=UTC), 0),  # a dead RTC
        (datetime(2000, 1, 1, tzinfo=UTC), 0),
        (NOW - HOUR, 0),  # before what was remembered
        (NOW + 2 * YEAR, 0),  # far in the future
        (NOW + HOUR, None),  # a PC without one
        (NOW + timedelta(seconds=40), -26 * 365 * 86400),  # systemd took the time of its last end; the RTC tells
    ],
)
def test_clock_that_the_pc_cannot_have_kept_is_untrusted(wall: datetime, rtc: float | None) -> None:
    clock = untold(HandClock(NOW).memory(), wall, boot="boot-2", rtc=rtc)
    assert (clock.state, clock.carried) == ("untrusted", False)


def test_rtc_that_was_wrong_at_the_end_has_not_kept_the_time() -> None:
    before = HandClock(NOW, rtc=-10 * 3600)  # set by hand, and nobody wrote it into the RTC
    assert untold(before.memory(), NOW + HOUR, boot="boot-2").state == "untrusted"


def test_restart_of_the_daemon_alone_needs_no_rtc() -> None:
    before = HandClock(NOW, rtc=None)
    clock = untold(before.memory(), NOW + HOUR, up=4600, rtc=None)
    assert (clock.state, clock.now()) == ("holdover", NOW + HOUR)
    moved = untold(before.memory(), NOW + YEAR, up=4600, rtc=None)
    assert (moved.state, moved.now()) == ("holdover", NOW + HOUR), "somebody set the clock while it was down"
    told(before, NOW + HOUR)
    before.synchronised(False)
    told(before, NOW + HOUR)
    again = untold(before.memory(), NOW, rtc=None)
    assert (again.state, again.now()) == ("holdover", NOW + HOUR), "the town's time outlives the daemon"


def test_step_ends_what_only_the_pc_has_kept() -> None:
    clock = untold(HandClock(NOW - 8 * HOUR).memory(), boot="boot-2")
    clock.set(NOW + timedelta(days=1))
    assert clock.check().ours_ms == 86_400_000
    assert clock.state == "untrusted"
