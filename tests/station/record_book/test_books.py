"""The books of a month: what the kiosk recorded and what people typed, in both languages, and the figures of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace
from paper_room import DOCUMENT, TITLES, PaperRoom, at
from station.panel.panel_room import NOW

from kiosk.contract.instants import to_ms
from kiosk.contract.records import Session
from kiosk.contract.station import Thresholds
from kiosk.station.record_book.books import MonthBooks
from kiosk.station.record_book.events import AttendanceTaken, BookWritten
from kiosk.station.record_book.figures import Figure
from kiosk.station.record_book.table import BOOKS, Book

MARCH = NOW.date().replace(day=1)
PRESS = "ab" * 16


@pytest.fixture
def room(tmp_path: Path) -> Iterator[PaperRoom]:
    found = PaperRoom(tmp_path)
    yield found
    found.close()


def read(room: PaperRoom, language: str = "en", now_ms: int = to_ms(NOW), thresholds: object = None) -> MonthBooks:
    assert room.journal.settle(5)
    document = replace(DOCUMENT, thresholds=thresholds or Thresholds(), version=2 if thresholds else 1)
    return room.books.read(MARCH, NOW.tzinfo, language, document, now_ms)  # type: ignore[arg-type]


def cells(found: MonthBooks, book: Book) -> list[tuple[str, ...]]:
    return [row.cells for row in found.tables[book].rows]


def figure(found: MonthBooks, name: str) -> Figure:
    return next(one for one in found.figures.lines if one.name == name)


def take(
    room: PaperRoom, *plays: str, present: int = 3, others: int = 5, expected: int = 4, press: str = PRESS
) -> None:
    room.post(AttendanceTaken("陈家明", plays, expected, present, 0, others, remark="", press=press))


def test_every_book_is_there_in_both_languages_with_a_cell_for_each_column(room: PaperRoom) -> None:
    room.ordinary_week()
    for language in ("zh", "en"):
        found = read(room, language)
        assert list(found.tables) == list(BOOKS)
        for table in found.tables.values():
            assert all(len(row.cells) == len(table.columns) for row in table.rows), table.title
    assert read(room, "zh").tables["viewing"].title == "学习收看记录"


def test_viewing_record_is_of_the_month_alone(room: PaperRoom) -> None:
    room.ordinary_week()
    found = cells(read(room), "viewing")
    assert [row[4] for row in found] == list(TITLES)
    assert [row[0] for row in found] == ["1", "2", "3", "4"]
    assert room.books.read(MARCH.replace(month=2), NOW.tzinfo, "en", DOCUMENT, to_ms(NOW)).tables["viewing"].rows == ()  # type: ignore[arg-type]


def test_people_stand_in_the_viewing_record_once_somebody_has_said_them(room: PaperRoom) -> None:
    plays = room.ordinary_week()
    assert cells(read(room), "viewing")[0][10:12] == ("", "")
    take(room, plays[0])
    assert [row[10:12] for row in cells(read(room), "viewing")] == [("3", "5"), ("", ""), ("", ""), ("", "")]


def test_running_record_says_when_the_pc_stayed_on_over_midnight(room: PaperRoom) -> None:
    room.ordinary_week()
    found = cells(read(room), "running")
    assert [row[1:4] for row in found[:4]] == [
        ("08:00", "18:00", "10:00"),
        ("08:00", "stayed on", "16:00"),
        ("was on", "stayed on", "24:00"),
        ("was on", "stayed on", "24:00"),
    ]


def test_day_of_a_fault_that_is_not_repaired_is_not_in_order(room: PaperRoom) -> None:
    room.booted(1, 8)
    room.fault(2, 11)
    room.runs_still()
    found = {row[0]: row[4] for row in cells(read(room), "running")}
    assert found["Sunday 1/3"] == "in order"
    assert found["Monday 2/3"] == found["Wednesday 4/3"] == "The screen is unplugged."


def test_fault_record_has_one_line_for_each_fault_and_its_end(room: PaperRoom) -> None:
    room.ordinary_week()
    room.fault(4, 9, key="other.2")
    found = cells(read(room), "faults")
    assert [(row[0], row[5]) for row in found] == [
        ("2026-03-03 11:00", "2026-03-03 15:00"),
        ("2026-03-04 09:00", "not yet"),
    ]


def test_start_with_a_clock_in_doubt_claims_no_time(room: PaperRoom) -> None:
    room.booted(1, 8)
    room.booted(1, 12)  # nothing says when the run before it ended
    assert cells(read(room), "power")[0][1:4] == ("08:00", "not known", "not known")


def test_typed_row_stands_in_the_month_of_its_day(room: PaperRoom) -> None:
    for n, day in enumerate(("2026-03-04", "2026-02-27")):
        room.post(BookWritten("陈家明", "feedback", {"day": day, "whose": "王", "text": "好"}, f"{n:032x}"))
    assert [row[0] for row in cells(read(room), "feedback")] == ["2026-03-04"]


def test_due_upkeep_is_told_until_it_is_done_again(room: PaperRoom) -> None:
    row = {"day": "2026-03-01", "device": "电脑", "text": "除尘", "next_day": "2026-03-04"}
    room.post(BookWritten("A", "upkeep", row, "1" * 32))
    assert [one.values["device"] for one in read(room).due(NOW.date())] == ["电脑"]
    room.post(BookWritten("A", "upkeep", row | {"day": "2026-03-05", "next_day": "2026-04-05"}, "2" * 32))
    assert read(room).due(NOW.date()) == []


# --- figures ---


def test_minutes_of_which_nobody_said_who_was_there_are_neither_attended_nor_empty(room: PaperRoom) -> None:
    plays = room.ordinary_week()
    take(room, plays[0])
    take(room, plays[1], present=0, others=0, press="cd" * 16)
    found = read(room).figures
    assert (found.attended_min, found.empty_min, found.unknown_min) == (40, 40, 130)
    assert [day.day for day in found.days_without] == [2, 3]


def test_minutes_of_another_source_stand_apart_and_count_for_nothing(room: PaperRoom) -> None:
    room.ordinary_week()
    lent = Session(
        id="lent-1", session_kind="other-source", by="A", start_ms=at(4, 9), end_ms=at(4, 11),
        other_source_ms=90 * 60_000,
    )  # fmt: skip
    room.journal.record(lent)
    found = read(room)
    assert found.figures.other_source_min == 90
    assert figure(found, "Minutes played in the month").value.values == {"count": "210"}


def test_attendance_that_nobody_typed_is_not_known_and_never_zero(room: PaperRoom) -> None:
    room.ordinary_week()
    assert figure(read(room), "Attendance").verdict == "not-known"


def test_attendance_is_present_of_those_expected_each_session_once(room: PaperRoom) -> None:
    plays = room.ordinary_week()
    take(room, *plays[:2], present=3)
    found = figure(read(room), "Attendance")
    assert (found.value.text, found.verdict) == ("75 %", "short")


def test_what_is_missing_is_not_short_before_the_month_is_over(room: PaperRoom) -> None:
    room.ordinary_week()
    assert figure(read(room), "Minutes played in the month").verdict == "missing"
    april = to_ms(NOW.replace(month=4, day=2))
    assert figure(read(room, now_ms=april), "Minutes played in the month").verdict == "short"


@pytest.mark.parametrize(
    ("thresholds", "minutes"),
    [
        (Thresholds(), "210"),
        (Thresholds(counted_from_minute=60), "90"),
        (Thresholds(counted_minutes_per_play=30), "120"),
    ],
)
def test_plays_count_as_the_county_counts_them(room: PaperRoom, thresholds: Thresholds, minutes: str) -> None:
    room.ordinary_week()
    assert figure(read(room, thresholds=thresholds), "Minutes played in the month").value.values == {"count": minutes}


def test_same_programme_counts_once_a_day_where_the_county_wants_it(room: PaperRoom) -> None:
    room.played(2, 9)
    room.played(2, 10)
    found = read(room, thresholds=Thresholds(once_a_day=True))
    assert figure(found, "Minutes played in the month").value.values == {"count": "40"}


def test_session_day_that_is_ahead_is_missing_and_one_that_passed_is_short(room: PaperRoom) -> None:
    room.ordinary_week()
    assert figure(read(room), "Session days").verdict == "missing"
    assert figure(read(room, now_ms=at(7, 9)), "Session days").verdict == "short"
