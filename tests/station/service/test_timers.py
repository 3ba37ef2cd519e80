"""Timers wake the main loop, in time and once; a real scheduler, real time."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo

import pytest
from fakes_town import eventually

from kiosk.station.events import Crashed, Event, Wake
from kiosk.station.service.timers import Timers

LATE = 0.25
"""Seconds; seen are 2 ms."""


class Rings:
    """Takes down what rings, and when."""

    def __init__(self) -> None:
        self.heard: list[tuple[Event, float]] = []

    def post(self, event: Event) -> None:
        self.heard.append((event, time.monotonic()))

    def whys(self) -> list[str]:
        return [event.why for event, _ in self.heard if isinstance(event, Wake)]


@pytest.fixture
def rings() -> Rings:
    return Rings()


@pytest.fixture
def timers(rings: Rings) -> Iterator[Timers]:
    timers = Timers(rings.post)
    timers.start()
    yield timers
    timers.stop()


def soon(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


def test_rings_at_its_instant(timers: Timers, rings: Rings) -> None:
    due = time.monotonic() + 0.3
    timers.at(soon(0.3), Wake("change"))
    eventually(lambda: rings.heard)
    assert -0.01 < rings.heard[0][1] - due < LATE
    assert rings.whys() == ["change"]


def test_all_rings_come_from_the_schedulers_one_thread() -> None:
    ringers: list[threading.Thread] = []

    def post(_event: Event) -> None:
        time.sleep(0.1)
        ringers.append(threading.current_thread())

    before = set(threading.enumerate())
    timers = Timers(post)
    timers.start()
    for why in ("change", "sync", "report"):
        timers.at(soon(0.05), Wake(why))
    eventually(lambda: len(ringers) == 3)
    assert len(set(ringers)) == 1
    assert set(threading.enumerate()) - before == set(ringers)
    time.sleep(0.1)
    timers.stop()


def test_appointment_is_replaced_by_the_next_for_the_same_reason(timers: Timers, rings: Rings) -> None:
    timers.at(soon(0.1), Wake("change"))
    timers.at(soon(0.4), Wake("change"))
    timers.at(soon(0.2), Wake("sync"))
    eventually(lambda: len(rings.heard) == 2)
    time.sleep(0.2)
    assert rings.whys() == ["sync", "change"]


def test_instant_that_has_passed_rings_at_once(timers: Timers, rings: Rings) -> None:
    timers.at(soon(-86_400), Wake("change"))
    eventually(lambda: rings.whys() == ["change"], 2)


def test_instant_in_a_thousand_years_harms_nothing(timers: Timers, rings: Rings) -> None:
    timers.at(datetime(3000, 1, 1, tzinfo=UTC), Wake("change"))
    timers.at(soon(0.1), Wake("sync"))
    eventually(lambda: rings.whys() == ["sync"], 2)


def test_after_keeps_the_earlier_ring(timers: Timers, rings: Rings) -> None:
    timers.after(0.2, Wake("report"))
    timers.after(30, Wake("report"))
    eventually(lambda: rings.whys() == ["report"], 2)
    timers.after(30, Wake("sync"))
    timers.after(0.1, Wake("sync"))
    eventually(lambda: rings.whys() == ["report", "sync"], 2)


def test_clock_that_was_set_makes_the_scheduler_look_again(timers: Timers, rings: Rings) -> None:
    timers.at(soon(3600), Wake("change"))
    timers.clock_stepped()
    time.sleep(0.1)
    assert rings.heard == []


def test_what_is_to_ring_soon_does_not_wait_for_a_clock_that_was_set_back(
    timers: Timers, rings: Rings, monkeypatch: pytest.MonkeyPatch
) -> None:
    class YearAhead(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) + timedelta(days=365)

    with monkeypatch.context() as then:
        then.setattr("kiosk.station.service.timers.datetime", YearAhead)
        timers.after(0.3, Wake("sync"))
        timers.after(3600, Wake("purge"))
        timers.at(YearAhead.now(UTC), Wake("change"))
    begin = time.monotonic()
    timers.clock_stepped()
    eventually(lambda: rings.heard, 3)
    assert rings.whys() == ["sync"], "an instant of the wall clock is its owner's to move"
    assert 0.1 < rings.heard[0][1] - begin < 0.3 + LATE


def test_stop_silences_what_has_not_rung(rings: Rings) -> None:
    timers = Timers(rings.post)
    timers.start()
    timers.at(soon(0.2), Wake("change"))
    timers.stop()
    time.sleep(0.4)
    assert rings.heard == []
    timers.stop()


def test_job_that_fails_is_a_crash_of_the_scheduler() -> None:
    crashes: list[Event] = []

    def post(event: Event) -> None:
        if isinstance(event, Wake):
            raise RuntimeError("the inbox is gone")  # noqa: TRY004
        crashes.append(event)

    timers = Timers(post)
    timers.start()
    timers.at(soon(0.05), Wake("change"))
    eventually(lambda: crashes)
    timers.stop()
    assert crashes == [Crashed("scheduler", "RuntimeError('the inbox is gone')")]


def test_scheduler_that_dies_is_noticed(timers: Timers, rings: Rings, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise MemoryError("no more")

    monkeypatch.setattr(timers._scheduler, "_process_jobs", broken)
    timers.clock_stepped()
    eventually(lambda: any(isinstance(event, Crashed) for event, _ in rings.heard))
    [(crashed, _)] = rings.heard
    assert isinstance(crashed, Crashed) and (crashed.thread, "no more" in crashed.error) == ("scheduler", True)
