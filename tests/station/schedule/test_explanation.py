"""Why an instant shows what it shows: every layer that was asked, and the same decision as without the question."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_timetable import FLOOD_NOTICE, MEETING, MORNING, QUIET, TIMETABLE, at
from timetable_weeks import TICKS, Week, weeks

from kiosk.station.schedule.situation import Owed, Situation, Stop
from kiosk.station.schedule.timetable import Explanation, compile_playlist, decide, explain

NOTICED = replace(MORNING, urgents=(FLOOD_NOTICE,))


def asked(explanation: Explanation) -> str:
    """``stop over, slot shown``: who was asked and what for an answer, without what nobody is told of."""
    return ", ".join(f"{one.kind} {one.why}" for one in explanation.answers if one.kind != "count")


@pytest.mark.parametrize(
    ("clock", "situation", "expected"),
    [
        ("09:12", NOTICED, "urgent shown"),
        ("09:04", NOTICED, "urgent not-begun, slot shown"),
        ("09:20", NOTICED, "urgent list-over, slot shown"),
        ("09:30", NOTICED, "urgent over, slot shown"),
        ("09:12", replace(NOTICED, unavailable=frozenset({"flood"})), "urgent unavailable, slot shown"),
        ("09:12", replace(MORNING, stop=QUIET), "stop in-force"),
        ("09:50", replace(MORNING, stop=QUIET), "stop over, slot list-over, hours open, filler shown"),
        ("09:12", replace(MORNING, session=MEETING), "session shown"),
        ("10:30", replace(MORNING, session=MEETING), "session list-over"),  # quiet to its end
        ("09:20", replace(MORNING, session=MEETING, unavailable=frozenset({"party"})), "session unavailable"),
        ("09:12", replace(MORNING, session=MEETING, stop=QUIET), "stop in-force"),
        ("09:40", MORNING, "slot list-over, hours open, filler over"),  # owed items were played in the morning
        ("12:00", MORNING, "slot none, hours open, filler over"),
        ("07:00", MORNING, "slot none, hours closed"),
        ("12:00", replace(MORNING, owed=None), "slot none"),
        ("09:00", replace(MORNING, clock_trusted=False, stop=QUIET), "stop in-force"),
        ("07:10", replace(MORNING, clock_trusted=False), "filler shown"),
        ("06:00", replace(MORNING, clock_trusted=False), "filler not-begun"),
    ],
)
def test_every_layer_down_to_the_one_that_decides_says_why(clock: str, situation: Situation, expected: str) -> None:
    told = explain(TIMETABLE, at(clock), situation)
    assert asked(told) == expected
    assert told.decision == decide(TIMETABLE, at(clock), situation)
    assert told.decided == (told.answers[-1].item is not None)


def test_slots_are_told_by_priority_and_those_that_are_covered() -> None:
    told = explain(TIMETABLE, at("14:30"), MORNING)
    shown = told.answers[-1].run
    assert shown is not None and (shown.priority, shown.bill.occasion) == (1, "Theme Party Day")
    assert [(run.priority, run.programmes[0].id) for run in told.covered] == [(0, "song")]
    assert explain(TIMETABLE, at("14:10"), MORNING).covered == ()
    assert explain(TIMETABLE, at("14:30"), replace(MORNING, stop=Stop(at("14:00"), None))).covered == ()
    assert explain(TIMETABLE, at("10:00"), MORNING).next_slot == at("14:00")
    assert explain(TIMETABLE, at("22:00"), MORNING).next_slot is None


@pytest.mark.parametrize(
    ("plays", "unavailable", "why"),
    [
        (None, (), "none"),
        ((), (), "none"),
        ((("rice", 0), ("song", 0)), (), "over"),
        ((("rice", 0), ("song", 1)), ("song",), "unavailable"),
        ((("rice", 1), ("song", 1)), ("song",), None),
    ],
)
def test_it_is_known_why_there_is_no_filler(
    plays: tuple[tuple[str, int], ...] | None, unavailable: tuple[str, ...], why: str | None
) -> None:
    anchor = None if plays is None else Owed(at("07:00"), plays)
    situation = replace(MORNING, owed=anchor, unavailable=frozenset(unavailable))
    told = explain(TIMETABLE, at("12:00"), situation)
    assert told.no_filler == why
    assert ("filler" in asked(told)) == (why is None)


@settings(max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(week=weeks(), tick=st.integers(0, TICKS - 1))
def test_the_explanation_is_that_of_the_decision(week: Week, tick: int) -> None:
    """Of any week at any instant: the last answer holds what is on air, and none before it holds anything."""
    now = week.moment(tick)
    timetable = compile_playlist(week.playlist)
    told = explain(timetable, now, week.situation)
    assert told.decision == decide(timetable, now, week.situation)
    assert all(one.item is None for one in told.answers[:-1])
    on_air = told.decision.on_air
    if on_air is not None:
        item = told.answers[-1].item
        assert item is not None and item.programme == on_air.programme == told.answers[-1].programme
        kind = on_air.origin if told.answers[-1].kind != "demand" else "demand"
        assert (told.answers[-1].kind, told.answers[-1].why) == (kind, "shown")
