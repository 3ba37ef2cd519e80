"""NTP can be forged: what it may do with a clock that was known, and who must confirm the rest."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from fakes import HandClock

from kiosk.contract.instants import to_ms
from kiosk.station.clock.clock import TOLD_S
from kiosk.station.clock.memory import Memory

NOW = datetime(2026, 3, 5, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
MONTH = timedelta(days=30)


def untold(remembered: Memory | None = None, wall: datetime = NOW, **more: object) -> HandClock:
    return HandClock(wall, remembered, synchronised=False, **more)  # type: ignore[arg-type]


def told(clock: HandClock, town: datetime, round_trip: float = 0.0) -> None:
    """The town says that it is ``town``, in an answer that has just come."""
    clock.told_by_town(to_ms(town) - round(round_trip * 500), clock.monotonic() - round_trip, clock.monotonic())


def forged(clock: HandClock, step: timedelta) -> None:
    """NTP sets the clock so far off, and goes on saying that this is right."""
    clock.set(clock.now() + step)
    clock.check()
    clock.synchronised(True)
    clock.check()


def test_c7_clock_set_back_by_forged_ntp_is_not_trusted_after_a_day_without_the_town() -> None:
    clock = HandClock(NOW)
    told(clock, NOW)
    forged(clock, -MONTH)
    for day in range(40):
        assert (clock.state, clock.now()) == ("untrusted", NOW + timedelta(days=day))
        clock.advance(TOLD_S)
        clock.synchronised(True)
        clock.check()
    again = HandClock(NOW + timedelta(days=11), clock.memory(), up=1000 + 41 * TOLD_S)
    assert (again.state, again.doubtful) == ("untrusted", True), "nor by a restart of the daemon"


@pytest.mark.parametrize("off", [timedelta(minutes=10), timedelta(days=40)])
def test_c7_doubt_outlives_the_boot_until_the_town_confirms_the_time(off: timedelta) -> None:
    clock = HandClock(NOW)
    forged(clock, -MONTH)
    boot = HandClock(NOW - MONTH + off, clock.memory(), boot="boot-2", up=10)
    assert boot.state == "untrusted", "though the forged time may have come past what is remembered"
    told(boot, NOW + off)
    boot.synchronised(True)
    assert (boot.state, boot.now(), boot.overruled) == ("trusted", NOW + off, True), "NTP goes on saying something else"
    told(boot, NOW - MONTH + off)
    assert (boot.state, boot.now(), boot.overruled) == ("trusted", NOW - MONTH + off, False)


def test_c7_step_that_the_town_confirms_is_trusted_and_stays_so() -> None:
    clock = HandClock(NOW)
    forged(clock, -HOUR)  # it had been set an hour ahead
    assert clock.state == "untrusted"
    told(clock, NOW - HOUR)
    assert (clock.check().ours_ms, clock.state, clock.now()) == (-3_600_000, "trusted", NOW - HOUR)
    clock.advance(TOLD_S + 1)
    assert clock.state == "trusted"


def test_c7_ntp_that_comes_back_to_where_the_clock_was_known_is_believed_again() -> None:
    clock = HandClock(NOW)
    forged(clock, MONTH)
    assert clock.state == "untrusted"
    clock.set(NOW)
    clock.check()
    assert clock.state == "holdover"
    clock.synchronised(True)
    assert (clock.state, clock.now()) == ("trusted", NOW)


def test_c7_many_small_steps_are_one_jump() -> None:
    """NTP that is believed anew after each of them would drag the clock as far as it likes."""
    clock = HandClock(NOW)
    for _ in range(60):
        clock.advance(60)
        forged(clock, -timedelta(seconds=1))
    assert clock.state == "untrusted"
    assert NOW + timedelta(seconds=3590) < clock.now() < NOW + HOUR


def test_c7_drift_of_a_long_time_without_ntp_is_no_jump() -> None:
    clock = HandClock(NOW)
    clock.synchronised(False)
    clock.advance(MONTH.total_seconds())
    forged(clock, -timedelta(seconds=200))
    assert clock.state == "trusted"


def test_c7_person_confirms_what_ntp_says() -> None:
    clock = HandClock(NOW)
    forged(clock, -HOUR)
    assert clock.declare(to_ms(NOW - HOUR) + 20_000, clock.monotonic())
    assert (clock.check().ours_ms, clock.state, clock.now()) == (-3_600_000, "trusted", NOW - HOUR)


def test_c7_person_denies_what_ntp_says_until_ntp_comes_round() -> None:
    clock = HandClock(NOW)
    forged(clock, -MONTH)
    assert clock.declare(to_ms(NOW) + 20_000, clock.monotonic())
    assert (clock.state, clock.now(), clock.doubtful) == ("holdover", NOW, False)
    clock.synchronised(True)
    assert clock.state == "holdover", "it goes on saying so"
    again = HandClock(NOW - MONTH, clock.memory())
    assert (again.state, again.now()) == ("holdover", NOW)
    told(again, NOW)
    assert again.state == "trusted", "two against one"
    forged(clock, timedelta(seconds=30))
    assert (clock.state, clock.now()) == ("trusted", NOW + timedelta(seconds=30)), "within what a watch can tell"


def test_c7_person_who_declares_another_time_than_both_is_followed() -> None:
    clock = HandClock(NOW)
    forged(clock, -MONTH)
    assert clock.declare(to_ms(NOW + HOUR), clock.monotonic())
    assert (clock.state, clock.now()) == ("declared", NOW + HOUR)


@pytest.mark.parametrize("rtc", [0.0, -26 * 365 * 86400.0, None], ids=["kept", "dead", "none"])
def test_c7_pc_that_was_off_for_a_month_has_not_jumped(rtc: float | None) -> None:
    before = HandClock(NOW - MONTH, rtc=rtc)
    assert HandClock(NOW, before.memory(), boot="boot-2", rtc=rtc, up=20).state == "trusted"


@pytest.mark.parametrize("rtc", [0.0, None], ids=["kept", "none"])
@pytest.mark.parametrize("state", ["trusted", "holdover", "declared"])
def test_c7_time_before_the_last_that_was_known_is_doubted_after_a_power_off(rtc: float | None, state: str) -> None:
    before = HandClock(NOW, rtc=rtc)
    if state == "holdover":
        before.synchronised(False)
    elif state == "declared":
        before = untold(rtc=rtc)
        before.declare(to_ms(NOW), before.monotonic())
    assert before.state == state
    boot = HandClock(NOW - HOUR, before.memory(), boot="boot-2", rtc=rtc, up=20)
    assert (boot.state, boot.doubtful) == ("untrusted", True)
    assert HandClock(NOW + HOUR, boot.memory(), boot="boot-3", rtc=rtc, up=20).state == "untrusted"


def test_c7_time_before_what_the_rtc_has_kept_is_doubted() -> None:
    """What is remembered of the last end is long ago: only the PC's own clock tells that it cannot be earlier."""
    clock = HandClock(NOW, HandClock(NOW - MONTH).memory(), synchronised=False, boot="boot-2", up=20)
    assert clock.state == "holdover"
    forged(clock, -timedelta(days=3))
    assert clock.state == "untrusted"


def test_c7_slow_rtc_is_put_right_by_ntp() -> None:
    clock = HandClock(NOW, HandClock(NOW - MONTH).memory(), synchronised=False, boot="boot-2", up=20)
    forged(clock, timedelta(minutes=20))
    assert (clock.state, clock.now()) == ("trusted", NOW + timedelta(minutes=20))


def test_c7_memory_of_an_earlier_version_is_read() -> None:
    kept = msgspec.json.encode(HandClock(NOW).memory())
    earlier = {name: value for name, value in msgspec.json.decode(kept).items() if name in EARLIER}
    memory = msgspec.convert(earlier, Memory)
    assert HandClock(NOW + HOUR, memory, boot="boot-2", up=20).state == "trusted"
    assert HandClock(NOW - HOUR, memory, boot="boot-2", up=20).state == "untrusted"
    assert HandClock(NOW, memory).state == "trusted"


EARLIER = ("state", "system_ms", "boot_id", "base_ms", "ahead_ms", "rtc")
