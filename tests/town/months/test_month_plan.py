"""From rows to weeks, slots, recommended items and the posted plan."""

from datetime import date

from kiosk.contract.playlist import Playlist, Programme, check
from kiosk.town.months.changes import Line, changes
from kiosk.town.months.plan import plan_of
from kiosk.town.months.titles import key
from kiosk.town.months.weeks import Week, carried_over, chosen, usual, weeks_of, within_month
from kiosk.town.sheets.rows import Row


def row(day, start, end, *titles, number=3, note=None):
    return Row("计划", number, day, start, end, titles, "农业实用技术", None, "党员", note)


def programme(name, title, ms):
    return Programme(id=name, title=title, file=f"{name}.mp4", duration_ms=ms, size=1000, sha256=name * 64)


A, B = programme("a", "水稻", 600_500), programme("b", "小麦", 300_000)
MEANT = {key(one.title): one for one in (A, B)}


def planned(*rows, month="2026-03"):
    weeks = weeks_of(rows, month)
    return plan_of(weeks, weeks, MEANT)


def test_weeks_of_a_month_are_mondays_to_sundays_within_it():
    weeks = weeks_of([row("2026-03-04", None, None, "水稻")], "2026-03")
    assert [(one.first_day[8:], one.last_day[8:]) for one in weeks] == [
        ("01", "01"), ("02", "08"), ("09", "15"), ("16", "22"), ("23", "29"), ("30", "31"),
    ]  # fmt: skip
    assert [one.empty for one in weeks] == [True, False, True, True, True, True]


def test_days_of_the_next_month_that_the_sheet_says_nothing_of_are_left_to_that_month():
    weeks = weeks_of([row("2026-03-30", None, None, "水稻")], "2026-03", more=1)
    assert [one.last_day for one in weeks[-2:]] == ["2026-04-05", "2026-04-12"]
    assert [one.last_day for one in within_month(weeks[:-1], "2026-03")[-2:]] == ["2026-03-29", "2026-03-31"]
    assert within_month(weeks, "2026-03") == weeks, "a week that is filled on purpose"
    said = weeks_of([row("2026-04-02", None, None, "水稻")], "2026-03", more=1)[:-1]
    assert within_month(said, "2026-03")[-1].last_day == "2026-04-02"
    assert within_month([], "2026-03") == []


def test_usual_weeks_reach_from_this_one_as_far_as_a_playlist_may():
    weeks = weeks_of([], "2026-04", more=2)
    assert usual(weeks, date(2026, 4, 8)) == ("2026-04-06", "2026-05-10")
    assert usual(weeks, date(2026, 3, 20)) == ("2026-04-01", "2026-04-19")  # the fifth week from the 20th on
    assert usual(weeks, date(2026, 6, 1)) == ("", "")


def test_empty_week_takes_over_the_rows_of_the_week_before_on_the_same_days_of_the_week():
    weeks = weeks_of([row("2026-03-04", "09:00:00", None, "水稻"), row("2026-03-25", None, None, "小麦")], "2026-03")
    found = carried_over(weeks, [one.first_day for one in weeks])
    assert [[one.date for one in week.rows] for week in found] == [
        [], ["2026-03-04"], ["2026-03-11"], ["2026-03-18"], ["2026-03-25"], [],
    ]  # fmt: skip
    assert [week.taken_from for week in found] == ["", "", "2026-03-02", "2026-03-02", "", "2026-03-23"]
    assert all(not week.taken_from for week in carried_over(weeks, []))


def test_days_that_are_past_are_left_out_of_a_week_that_has_begun():
    weeks = weeks_of([row("2026-03-02", None, None, "水稻"), row("2026-03-05", None, None, "小麦")], "2026-03")
    (week, *_) = chosen(weeks, "2026-03-02", "2026-03-15", date(2026, 3, 4))
    assert (week.first_day, [one.date for one in week.rows]) == ("2026-03-04", ["2026-03-05"])


def test_missing_end_is_start_plus_measured_lengths():
    (slot,) = planned(row("2026-03-04", "09:00:00", None, "水稻", "小麦")).slots
    assert (slot.start, slot.end, slot.programmes) == ("09:00:00", "09:15:01", ("a", "b"))


def test_missing_end_gives_way_to_the_next_start_and_says_what_is_cut():
    plan = planned(row("2026-03-04", "09:00:00", None, "水稻"), row("2026-03-04", "09:10:00", None, "小麦", number=4))
    assert ([slot.end for slot in plan.slots], plan.notes, plan.problems) == (["09:10:00", "09:15:00"], [], [])
    plan = planned(row("2026-03-04", "09:00:00", None, "水稻"), row("2026-03-04", "09:08:00", None, "小麦", number=4))
    assert [slot.end for slot in plan.slots] == ["09:08:00", "09:13:00"]
    assert [(one.row, one.message.values["seconds"]) for one in plan.notes] == [(3, "121")]


def test_two_rows_that_run_into_each_other_are_a_problem():
    plan = planned(
        row("2026-03-04", "09:00:00", "10:00:00", "水稻"), row("2026-03-04", "09:30:00", None, "小麦", number=4)
    )
    assert [(one.row, one.message.values["row"]) for one in plan.problems] == [(3, "4")]


def test_rows_with_the_same_times_are_one_list_in_the_order_of_the_sheet():
    (slot,) = planned(
        row("2026-03-04", "09:00:00", "10:00:00", "小麦"), row("2026-03-04", "09:00:00", "10:00:00", "水稻", number=4)
    ).slots
    assert slot.programmes == ("b", "a")


def test_showing_over_midnight_ends_on_the_next_day():
    plan = planned(row("2026-03-04", "23:00:00", "01:00:00", "水稻"))
    assert (plan.slots[0].end, check(as_playlist(plan))) == ("01:00:00", [])


def test_row_without_a_time_is_a_recommended_item_for_its_days():
    days = [f"2026-03-{day:02}" for day in (9, 10, 11, 13)]
    items = planned(*(row(day, None, None, "小麦") for day in days)).recommended
    assert [(one.first_day[8:], one.last_day[8:], one.plays) for one in items] == [("09", "11", 1), ("13", "13", 1)]


def test_title_without_a_programme_is_a_problem_of_its_row():
    plan = planned(row("2026-03-04", "09:00:00", None, "没有的片子"))
    assert (plan.slots, [one.row for one in plan.problems]) == ([], [3])


def test_posted_plan_marks_what_is_taken_over_and_keeps_what_the_sheet_says():
    weeks = carried_over(
        weeks_of([row("2026-03-04", "09:00:00", None, "水稻", note="重播")], "2026-03"), ["2026-03-09"]
    )
    (posted,) = plan_of(weeks, weeks, MEANT).month_plans
    assert [(one.date, one.note, one.week) for one in posted.entries] == [
        ("2026-03-04", "重播", 2),
        ("2026-03-11", "沿用3月2日一周；重播", 3),
    ]
    assert (posted.entries[0].title, posted.entries[0].duration_ms) == ("《水稻》", 600_500)


def test_occasion_is_read_from_note_and_title():
    assert planned(row("2026-03-04", "09:00:00", None, "水稻", note="主题党日+")).slots[0].occasion == "主题党日"


def test_programme_without_a_category_has_that_of_its_row():
    assert [one.category for one in planned(row("2026-03-04", "09:00:00", None, "水稻")).programmes] == ["农业实用技术"]


def as_playlist(plan, **more):
    fields = {name: tuple(getattr(plan, name)) for name in ("programmes", "slots", "recommended", "month_plans")}
    days = {"first_day": plan.first_day, "last_day": plan.last_day}
    return Playlist(town="t", group="all", version=1, issued_ms=0, **fields | days | more)


def test_changes_name_each_day_as_new_changed_same_gone_or_kept():
    def week(*rows):
        weeks = [Week("2026-03-02", "2026-03-08", rows)]
        return as_playlist(plan_of(weeks, weeks, MEANT))

    held = week(*(row(f"2026-03-0{n}", "09:00:00", None, "水稻") for n in (2, 3, 4, 8)))
    coming = week(
        row("2026-03-03", "09:00:00", None, "水稻"),
        row("2026-03-04", "09:00:00", None, "小麦"),
        row("2026-03-05", "09:00:00", None, "小麦"),
        row("2026-03-08", "09:00:00", None, "水稻"),
    )
    found = changes(held, coming, [f"2026-03-0{n}" for n in range(2, 8)])
    assert [(one.day[9], one.state) for one in found] == [
        ("2", "gone"), ("3", "same"), ("4", "changed"), ("5", "new"), ("8", "kept"),
    ]  # fmt: skip
    assert found[2].before == (Line("09:00-09:10", ("水稻",)),)
