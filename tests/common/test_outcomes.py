"""What became of each planned showing: on time, late, made up later, missed and why, not reported yet, to come."""

from typing import Any

from common.test_planned import MINUTE, MORNING, at, plan, play, slot

from kiosk.common.outcomes import Outcome, outcomes, stretches
from kiosk.common.planned import Known, Played, Why
from kiosk.contract.instants import FAR_MS

NIGHT = at("23:59")


def became(
    plays: list[Played], *, known: Any = (), reported: int = NIGHT, now: int = NIGHT, plans: Any = None
) -> list[Outcome]:
    plans = plans or [plan(MORNING)]
    return outcomes(plans, plays, known, at("00:00"), at("00:00", 6), reported_ms=reported, now_ms=now)


def states(*args: Any, **more: Any) -> list[str]:
    return [one.state for one in became(*args, **more)]


def late(name: str, due: int, by: int, minutes: float = 20) -> Played:
    return Played(name, "slot", due, due + by, due + by + round(minutes * MINUTE))


def test_on_time_late_and_missed_with_its_reason() -> None:
    plays = [play("a", at("09:00")), late("b", at("09:20"), 3 * MINUTE, 17)]
    known = [Known(at("09:40"), FAR_MS, Why("stopped", "meeting"))]
    found = became(plays, known=known)
    assert [(one.state, one.late_ms // MINUTE, one.why) for one in found] == [
        ("on-time", 0, ()), ("late", 3, ()), ("missed", 0, (Why("stopped", "meeting"),)),
    ]  # fmt: skip


def test_a_second_late_is_on_time_and_a_play_cut_short_says_so() -> None:
    plays = [late("a", at("09:00"), 1_000), Played("b", "slot", at("09:20"), at("09:20"), at("09:25"), "Stop: meeting")]
    found = became([*plays, play("c", at("09:40"))])
    assert [(one.state, one.cause) for one in found] == [("on-time", ""), ("on-time", "Stop: meeting"), ("on-time", "")]
    assert found[1].played_ms == 5 * MINUTE


def test_what_was_missed_and_shown_whole_later_is_made_up_once() -> None:
    plays = [
        play("b", at("15:00"), origin="filler"),
        play("c", at("15:20"), 5, "filler"),
        play("b", at("16:00"), origin="filler"),
    ]
    two_b = [plan(slot("09:00", "09:40", "b", "c"), slot("10:00", "10:20", "b"))]
    found = became(plays, plans=two_b)
    assert [(one.state, one.made_up_ms) for one in found] == [
        ("made-up", at("15:00")), ("missed", 0), ("made-up", at("16:00")),
    ], "a quarter of c makes nothing up, and one play of b makes up one showing"  # fmt: skip


def test_a_play_before_its_time_makes_nothing_up() -> None:
    assert states([play("a", at("08:00"), origin="filler")]) == ["missed"] * 3


def test_the_slot_of_the_next_day_makes_nothing_up() -> None:
    two_days = [plan(slot("09:00", "09:20", "a"), slot("09:00", "09:20", "a", day=6))]
    assert states([play("a", at("09:00", 6))], plans=two_days, now=at("12:00", 6)) == ["missed"]


def test_what_is_behind_the_report_is_not_reported_and_never_missed() -> None:
    assert states([play("a", at("09:00"))], reported=at("09:30"), now=at("10:30")) == [
        "on-time", "not-reported", "not-reported",
    ]  # fmt: skip
    assert states([], reported=0, now=at("09:30")) == ["not-reported", "not-reported", "to-come"]
    assert states([], reported=at("08:00"), now=at("08:00")) == ["to-come"] * 3


def test_a_row_that_is_here_counts_before_the_report_is_whole() -> None:
    assert states([play("b", at("09:20"))], reported=at("09:21"), now=at("12:00")) == [
        "missed", "on-time", "not-reported",
    ]  # fmt: skip


def test_a_slot_that_ends_at_midnight_is_over_with_the_day() -> None:
    late_slot = [plan(slot("23:40", "00:00", "a"))]
    found = outcomes(late_slot, [], [], at("00:00"), at("00:00", 6), reported_ms=at("00:00", 6), now_ms=at("01:00", 6))
    assert [one.state for one in found] == ["missed"]


def test_alike_showings_of_a_slot_are_one_stretch() -> None:
    loop = [plan(slot("09:00", "12:00", "a", mode="loop"))]
    [one] = stretches(became([], plans=loop))
    assert (one.start_ms, one.end_ms, one.titles, len(one.outcomes)) == (at("09:00"), at("12:00"), ("a",), 9)
    apart = stretches(became([play("a", at("09:00"))], plans=loop))
    assert [one.first.state for one in apart] == ["on-time", "missed"]
    assert [one.end_ms for one in apart] == [at("09:20"), at("12:00")]
