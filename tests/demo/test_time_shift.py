"""A week moved in time: every slot by the same length, and nothing that the clocks would bend."""

from datetime import UTC, datetime

import pytest

from kiosk.contract.playlist import MonthPlan, PlanEntry, Recommended, Slot
from kiosk.demo.time_shift import ShiftError, shift
from kiosk.town.publishing.source import WeekSource

WEEK = WeekSource(
    title="第10周",
    group="all",
    first_day="2026-03-02",
    last_day="2026-03-08",
    programmes=(),
    slots=(
        Slot(date="2026-03-02", start="09:00:00", end="09:30:00", programmes=("opening", "rice")),
        Slot(date="2026-03-03", start="23:30:00", end="00:30:00", programmes=("rice",), mode="loop"),
    ),
    recommended=(Recommended(programme="rice", plays=4, first_day="2026-03-02", last_day="2026-03-08"),),
    month_plans=(MonthPlan(month="2026-03", entries=(PlanEntry(date="2026-03-02", title="水稻"),)),),
)


def with_changes(**changes: object) -> WeekSource:
    return WeekSource(**{name: getattr(WEEK, name) for name in WEEK.__struct_fields__} | changes)  # type: ignore[arg-type]


def test_shifted_week_begins_at_the_instant_and_keeps_its_lengths() -> None:
    week = shift(WEEK, datetime(2026, 11, 23, 23, 50, 7, tzinfo=UTC))
    first, second = week.slots
    assert (first.date, first.start, first.end) == ("2026-11-24", "07:50:07", "08:20:07")
    assert (second.date, second.start, second.end) == ("2026-11-25", "22:20:07", "23:20:07")
    assert (week.first_day, week.last_day) == ("2026-11-24", "2026-11-30")
    assert week.recommended[0].first_day == "2026-11-24"
    assert week.month_plans[0].month == "2026-11"
    assert week.month_plans[0].entries[0].date == "2026-11-24"


def test_week_shifted_into_a_change_of_the_clocks_is_refused() -> None:
    goal = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)  # 02:10 in Berlin, for the second time
    with pytest.raises(ShiftError, match="change of the clocks"):
        shift(with_changes(time_zone="Europe/Berlin"), goal)


def test_week_without_slots_cannot_be_shifted() -> None:
    with pytest.raises(ShiftError, match="no slot to shift"):
        shift(with_changes(slots=()), datetime.now(UTC))
