"""How today's slots stand: only what the record says, and why where that is known."""

from typing import Any

import pytest
from playout_room import DAY, LAW, RICE, at, slot, week

from kiosk.common.planned import Accepted, Known, Played, Why, compare
from kiosk.contract.instants import to_ms
from kiosk.station.display.marks import Mark, Now, marks

WEEK = week((LAW, RICE), slot("09:00:00", "09:02:00", "law", "rice"))
STOPPED = Mark("not-shown", (Why("stopped"),))


def mark(clock: str, *plays: str, known: tuple[Known, ...] = (), **now: Any) -> Mark:
    starts = {"law": at("09:00:00"), "rice": at("09:01:00")}
    rows = [Played(name, "slot", to_ms(starts[name]), to_ms(starts[name]), to_ms(starts[name]) + 9) for name in plays]
    now_ms = to_ms(at(clock))
    verdicts = compare([Accepted(0, WEEK)], rows, known, 0, now_ms)
    (found,) = marks(WEEK, [DAY], verdicts, Now(at_ms=now_ms, **now)).values()
    return found


def test_d4_a_past_slot_is_what_the_record_says() -> None:
    assert mark("09:05:00", "law", "rice") == Mark("shown")
    assert mark("09:05:00", "law") == Mark("partly", (Why("unknown"),))
    assert mark("09:05:00") == Mark("not-shown", (Why("unknown"),))
    stop = Known(0, to_ms(at("09:04:00")), Why("stopped", "meeting"))
    assert mark("09:05:00", known=(stop,)) == Mark("not-shown", (Why("stopped", "meeting"),))


def test_d4_of_a_slot_that_was_never_promised_nothing_is_claimed() -> None:
    """It was published when it was over."""
    now_ms = to_ms(at("09:05:00"))
    verdicts = compare([Accepted(to_ms(at("09:03:00")), WEEK)], [], [], 0, now_ms)
    assert list(marks(WEEK, [DAY], verdicts, Now(at_ms=now_ms)).values()) == [Mark("past")]


@pytest.mark.parametrize("clock", ["08:30:00", "09:00:30"])
def test_d3_a_stopped_room_shows_nothing_now_nor_to_come(clock: str) -> None:
    assert mark(clock, stopped=True) == STOPPED
    assert mark(clock, stopped=True, stop_until_ms=to_ms(at("12:00:00"))) == STOPPED


def test_d4_what_comes_after_the_stop_is_to_come() -> None:
    assert mark("08:30:00", stopped=True, stop_until_ms=to_ms(at("09:01:00"))) == Mark("to-come")


def test_d4_on_air_is_what_is_on_the_screen() -> None:
    law = ("law", to_ms(at("09:00:00")), "slot")
    assert mark("09:00:30", on_air=law) == Mark("now")
    assert mark("09:00:30", on_air=("law", to_ms(at("09:00:00")), "filler")) == Mark("to-come")
    assert mark("09:00:30") == Mark("to-come"), "in a second it may be there"
    assert mark("08:59:59") == Mark("to-come")


def test_d4_a_slot_under_an_urgent_notice_a_wrong_clock_or_without_its_file() -> None:
    assert mark("09:00:30", on_air=("flood", 5, "urgent")) == Mark("not-shown", (Why("urgent"),))
    assert mark("09:00:30", clock_trusted=False) == Mark("not-shown", (Why("clock"),))
    missing = ("law", to_ms(at("09:00:00")))
    assert mark("09:00:30", missing=missing) == Mark("not-shown", (Why("not-fetched"),))


def test_d4_a_list_that_is_over_before_its_slot_is_shown() -> None:
    assert mark("09:01:50", "law", "rice") == Mark("shown")
