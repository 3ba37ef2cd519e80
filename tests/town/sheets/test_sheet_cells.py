"""Single cells of the officer's sheet: dates, times, lengths, titles, categories, as they come."""

from datetime import date, time

import pytest
from town.sheets import sheet_cells as habits

from kiosk.town.sheets.around import Around, Unread
from kiosk.town.sheets.categories import category
from kiosk.town.sheets.dates import read_days
from kiosk.town.sheets.durations import Hints, read_length, unit_of, writes_minutes_and_seconds
from kiosk.town.sheets.grid import Cell
from kiosk.town.sheets.no_showing import called_off, says_no_showing
from kiosk.town.sheets.times import clock_text, read_start_and_end, read_times
from kiosk.town.sheets.titles import read_titles
from kiosk.town.sheets.weekdays import weekdays

MARCH = Around(2026, 3)


@pytest.mark.parametrize(("value", "expected"), habits.DATES, ids=str)
def test_date_cell_names_its_days(value, expected):
    assert read_days(Cell(value), MARCH).choices == (expected,)


@pytest.mark.parametrize(("value", "words"), habits.NO_DATES, ids=str)
def test_date_cell_that_needs_a_person_is_told(value, words):
    with pytest.raises(Unread, match=words) as told:
        read_days(Cell(value), MARCH)
    assert told.value.remedy.text


@pytest.mark.parametrize(("year", "month", "text", "ends"), habits.OTHER_MONTHS, ids=str)
def test_date_over_the_years_end_takes_the_year_beside_it(year, month, text, ends):
    (found,) = read_days(Cell(text), Around(year, month)).choices
    assert [found[0], found[-1]] == ends


def test_number_with_one_decimal_may_be_two_days():
    assert read_days(Cell(3.1), MARCH).choices == (habits.days(1), habits.days(10))
    assert read_days(Cell(3.1, format="0.00"), MARCH).choices == (habits.days(10),)
    assert read_days(Cell(3.4), MARCH).choices == (habits.days(4),)


def test_year_that_excel_added_unseen_gives_way_to_the_title():
    typed_in_december = Cell(date(2025, 3, 5), format='m"月"d"日"')
    found = read_days(typed_in_december, MARCH)
    assert found.choices == (habits.days(5),)
    assert found.doubt is not None
    assert read_days(Cell(date(2025, 3, 5), format="yyyy-mm-dd"), MARCH).choices == ((date(2025, 3, 5),),)


def test_date_without_a_year_is_told_where_nothing_names_one():
    with pytest.raises(Unread, match="year is not known"):
        read_days(Cell("3月5日"), Around())
    with pytest.raises(Unread, match="which month"):
        read_days(Cell("每周三"), Around())


def test_time_behind_the_date_is_left_for_the_time():
    assert read_days(Cell("3月5日 9:00-10:00"), MARCH).rest == "9:00-10:00"
    assert read_days(Cell("3月5日上午9时"), MARCH).rest == "上午9时"
    assert read_days(Cell("每周三 下午2:30"), MARCH).rest == "下午2:30"
    assert read_days(Cell("2026-03-05T09:30:00"), MARCH).rest == "09:30:00"
    assert read_days(Cell("2026/3/5 0:00"), MARCH).rest == ""


@pytest.mark.parametrize(("value", "expected"), habits.TIMES, ids=str)
def test_time_cell_names_its_showings(value, expected):
    assert [(clock_text(one.start), clock_text(one.end)) for one in read_times(Cell(value))] == expected


@pytest.mark.parametrize(("value", "words"), habits.NO_TIMES, ids=str)
def test_time_cell_that_needs_a_person_is_told(value, words):
    with pytest.raises(Unread, match=words) as told:
        read_times(Cell(value))
    assert told.value.remedy.text


def test_afternoon_of_the_start_holds_for_the_end_in_the_next_column():
    (found,) = read_start_and_end(Cell("下午2:30"), Cell("4:00"))
    assert (clock_text(found.start), clock_text(found.end)) == ("14:30:00", "16:00:00")


def test_time_in_the_small_hours_is_asked_about():
    (found,) = read_times(Cell("2:30-4:00"))
    assert (clock_text(found.start), found.doubt is not None) == ("02:30:00", True)


@pytest.mark.parametrize(("value", "unit", "minutes"), habits.LENGTHS, ids=str)
def test_length_cell_in_minutes(value, unit, minutes):
    found = read_length(Cell(value), Hints(unit)).ms
    assert found == (None if minutes is None else minutes * 60_000)


@pytest.mark.parametrize("value", habits.NO_LENGTHS, ids=str)
def test_length_cell_that_needs_a_person_is_told(value):
    with pytest.raises(Unread):
        read_length(Cell(value))


def test_one_thirty_is_read_by_the_time_that_the_row_has():
    assert read_length(Cell("1:30")).ms == 90 * 60_000
    assert read_length(Cell("1:30"), Hints(span_s=300)).ms == 90_000


def test_five_thirty_is_read_by_the_unit_and_the_column():
    assert read_length(Cell("5:30")).ms == 330 * 60_000
    assert read_length(Cell("5:30"), Hints("min")).ms == 330_000
    assert writes_minutes_and_seconds([Cell("5:30"), Cell("25:30")])
    assert not writes_minutes_and_seconds([Cell("1:30"), Cell("0:45"), Cell("0:25:30")])
    assert read_length(Cell("5:30"), Hints(short=True)).ms == 330_000
    assert read_length(Cell("1:30:00"), Hints("min", short=True)).ms == 90 * 60_000
    assert read_length(Cell(time(1, 30)), Hints("min", short=True)).ms == 90_000
    assert read_length(Cell(1.5), Hints(unit_of('0.0"小时"'))).ms == 90 * 60_000


def test_length_of_each_counts_for_all_titles():
    assert read_length(Cell("各20分钟"), Hints(titles=2)).ms == 40 * 60_000


@pytest.mark.parametrize(("text", "expected"), habits.TITLES, ids=str)
def test_title_cell_names_its_programmes(text, expected):
    assert list(read_titles(text).titles) == expected


@pytest.mark.parametrize("text", habits.NO_TITLES, ids=lambda text: text[:10])
def test_title_cell_that_needs_a_person_is_told(text):
    with pytest.raises(Unread):
        read_titles(text)


@pytest.mark.parametrize("text", habits.NOTHING)
def test_cell_that_says_there_is_no_showing(text):
    assert says_no_showing(text)


@pytest.mark.parametrize("text", habits.SOMETHING)
def test_title_that_only_begins_like_no_showing_is_a_title(text):
    assert not says_no_showing(text)


@pytest.mark.parametrize(("text", "remark"), habits.CALLED_OFF)
def test_remark_beside_a_programme_that_calls_it_off(text, remark):
    assert called_off(text) == remark


def test_remark_about_one_day_holds_for_no_row_of_several_days():
    assert called_off("清明节停播") == "清明节停播"
    assert called_off("清明节停播", several=True) == ""


@pytest.mark.parametrize(("text", "expected"), habits.WEEKDAYS)
def test_days_of_the_week(text, expected):
    assert weekdays(text) == expected


@pytest.mark.parametrize(("text", "expected"), habits.CATEGORIES)
def test_category_by_alias_else_as_it_stands(text, expected):
    assert category(text) == expected
