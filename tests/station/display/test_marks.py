"""How today's slots stand: only what the record says, and why where that is known."""

from typing import Any

import pytest
from playout_room import LAW, RICE, at, slot, week

from kiosk.common.planned import Accepted, Known, Played, Why, compare
from kiosk.contract.instants import to_ms
from kiosk.station.display.marks import Mark, Now, mark_ahead, mark_made_up, mark_past

WEEK = week((LAW, RICE), slot("09:00:00", "09:02:00", "law", "rice"))
STOPPED = Mark("not-shown", (Why("stopped"),))


SLOT = WEEK.slots[0]
START, END = to_ms(at("09:00:00")), to_ms(at("09:02:00"))


def past(*plays: str, known: tuple[Known, ...] = (), accepted: int = 0) -> Mark:
    starts = {"law": START, "rice": to_ms(at("09:01:00"))}
    rows = [Played(name, "slot", starts[name], starts[name], starts[name] + 9) for name in plays]
    return mark_past(compare([Accepted(accepted, WEEK)], rows, known, START, END + 1))


def ahead(clock: str, **now: Any) -> Mark:
    return mark_ahead(SLOT, START, END, Now(at_ms=to_ms(at(clock)), **now))


def test_d4_a_past_slot_is_what_the_record_says() -> None:
    assert past("law", "rice") == Mark("shown")
    assert past("law") == Mark("partly", (Why("unknown"),))
    assert past() == Mark("not-shown", (Why("unknown"),))
    stop = Known(0, to_ms(at("09:04:00")), Why("stopped", "meeting"))
    assert past(known=(stop,)) == Mark("not-shown", (Why("stopped", "meeting"),))


def test_d4_of_a_slot_that_was_never_promised_nothing_is_claimed() -> None:
    """It was published when it was over."""
    assert past(accepted=to_ms(at("09:03:00"))) == Mark("past")


@pytest.mark.parametrize("clock", ["08:30:00", "09:00:30"])
def test_d3_a_stopped_room_shows_nothing_now_nor_to_come(clock: str) -> None:
    assert ahead(clock, stopped=True) == STOPPED
    assert ahead(clock, stopped=True, stop_until_ms=to_ms(at("12:00:00"))) == STOPPED


def test_d4_what_comes_after_the_stop_is_to_come() -> None:
    assert ahead("08:30:00", stopped=True, stop_until_ms=to_ms(at("09:01:00"))) == Mark("to-come")


def test_d4_on_air_is_what_is_on_the_screen() -> None:
    assert ahead("09:00:30", on_air=("law", START, "slot")) == Mark("now")
    assert ahead("09:00:30", on_air=("law", START, "filler")) == Mark("to-come")
    assert ahead("09:00:30") == Mark("to-come"), "in a second it may be there"
    assert ahead("08:59:59") == Mark("to-come")


def test_d4_a_slot_under_an_urgent_notice_a_wrong_clock_or_without_its_file() -> None:
    assert ahead("09:00:30", on_air=("flood", 5, "urgent")) == Mark("not-shown", (Why("urgent"),))
    assert ahead("09:00:30", session=True) == Mark("not-shown", (Why("session"),))
    assert ahead("08:59:59", session=True) == Mark("to-come")
    assert ahead("09:00:30", clock_trusted=False) == Mark("not-shown", (Why("clock"),))
    assert ahead("09:00:30", missing=("law", START)) == Mark("not-shown", (Why("not-fetched"),))


def test_slot_whose_missed_programmes_were_shown_later_is_made_up() -> None:
    missed, name = Mark("not-shown", (Why("stopped"),)), SLOT.programmes[0]
    assert mark_made_up(missed, SLOT, [name], []) == Mark("made-up")
    assert mark_made_up(missed, SLOT, [name], [name]) == missed == mark_made_up(missed, SLOT, ["another"], [])
    assert mark_made_up(Mark("shown"), SLOT, [name], []) == Mark("shown")
