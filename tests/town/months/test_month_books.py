"""A month as it is kept: the sheet in a confined process, mends, names of columns, two officers at once."""

import io
import zipfile
from datetime import date, datetime
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from contract.signing import report
from sqlalchemy import select
from town.months.month_sheets import HEADER, workbook
from town.postgres import BOTH

from kiosk.contract.instants import to_ms
from kiosk.contract.records import Item
from kiosk.contract.wire import encode
from kiosk.town.database import schema
from kiosk.town.intake.intake import receive
from kiosk.town.months import books
from kiosk.town.months.beside import beside, watched_most
from kiosk.town.months.books import MonthError, NoSuchMonth, Overtaken
from kiosk.town.months.schema import month as month_table
from kiosk.town.sheets import confined
from kiosk.town.sheets.child import Order
from kiosk.town.sheets.confined import read_sheet
from kiosk.town.sheets.draft import draft_workbook
from kiosk.town.sheets.headers import role_of
from kiosk.town.sheets.holidays import holiday
from kiosk.town.sheets.mending import NAMES, WHOLE_ROW, Mend
from kiosk.town.stations import registry

CHINA, DAY_MS = ZoneInfo("Asia/Shanghai"), 86_400_000
GOOD = ("3月2日", "9:00-9:30", "《水稻》", "农技", "30分钟", "", "")
BAD = ("3月32日", "9:00", "《开场》", "党建", "", "", "")


def added(office, *rows, **more):
    return books.add(office.store, workbook(*rows, **more), "三月.xlsx", "li")


def test_the_same_workbook_pressed_twice_is_one_month(office):
    ident = added(office, GOOD, BAD)
    data = books.marked_book(office.store, ident, "zh")  # anything but the same bytes
    assert books.add(office.store, data, "三月.xlsx", "li") != ident
    with office.store.read() as connection:
        (sheet,) = connection.execute(select(month_table.c.sheet).where(month_table.c.id == ident)).scalars()
    assert books.add(office.store, sheet, "三月.xlsx", "li") == ident
    assert books.add(office.store, sheet, "三月.xlsx", "wang") != ident
    books.mend_cells(office.store, ident, 1, [Mend("计划", 3, 0, "3月3日")], "li")
    assert books.add(office.store, sheet, "三月.xlsx", "li") != ident, "there it begins anew"


def test_workbook_is_kept_with_what_is_understood_of_it(office):
    month = books.load(office.store, added(office, GOOD, BAD))
    assert (month.month, month.file, month.revision) == ("2026-03", "三月.xlsx", 1)
    assert [row.titles for row in month.read.rows] == [("水稻",)]
    assert [one.cell for one in month.read.problems] == ["A4"]
    assert month.read.previews[0].rows[3][0] == "3月32日"


@BOTH
def test_mended_cell_is_read_anew_and_the_sheet_stays_as_it_was_uploaded(office):
    data = workbook(GOOD, BAD)
    ident = books.add(office.store, data, "三月.xlsx", "li")
    books.mend_cells(office.store, ident, 1, [Mend("计划", 3, 0, "3月3日")], "wang")
    month = books.load(office.store, ident)
    assert ([row.date for row in month.read.rows], month.read.problems) == (["2026-03-02", "2026-03-03"], [])
    assert (month.revision, month.by) == (2, "wang")
    with office.store.read() as connection:
        assert connection.execute(select(books.month.c.sheet)).scalar_one() == data
        said = connection.execute(select(schema.audit).where(schema.audit.c.what == "month-mend")).one()
    assert (said.who, said.detail) == ("wang", "计划 4:1 3月3日")


def test_row_that_does_not_count_is_left_out(office):
    ident = added(office, GOOD, BAD)
    books.mend_cells(office.store, ident, 1, [Mend("计划", 3, WHOLE_ROW, "")], "li")
    read = books.load(office.store, ident).read
    assert (len(read.rows), read.problems) == (1, [])


def publish_late(store, ident):
    with store.write() as connection:
        books.published(connection, ident, 1, "li")


@BOTH
def test_two_officers_never_overwrite_each_other_unseen(office):
    ident = added(office, GOOD, BAD)
    books.mend_cells(office.store, ident, 1, [Mend("计划", 3, 0, "3月3日")], "wang")
    for late in (
        lambda: books.mend_cells(office.store, ident, 1, [Mend("计划", 3, 0, "3月4日")], "li"),
        lambda: books.replace_sheet(office.store, ident, 1, workbook(GOOD), "b.xlsx", "li"),
        lambda: books.set_month(office.store, ident, 1, "2026-04", "li"),
        lambda: books.name_columns(office.store, ident, 1, {"x": "title"}, "li"),
        lambda: publish_late(office.store, ident),
    ):
        with pytest.raises(Overtaken) as caught:
            late()
        assert caught.value.message.values == {"name": "wang"}
    month = books.load(office.store, ident)
    assert ([row.date[8:] for row in month.read.rows], month.revision) == (["02", "03"], 2)


def test_name_of_a_column_once_given_is_remembered_for_that_officer(office):
    header = ("日期", "时间", "片子名儿", *HEADER[3:])
    row = ("3月2日", "9:00", "水稻", "农技", "", "", "")
    ident = added(office, row, header=header)
    unknown = books.load(office.store, ident).read
    assert ([one.text for one in unknown.unknown], unknown.rows) == (["片子名儿"], [])
    books.name_columns(office.store, ident, 1, {"片子名儿": "title"}, "li")
    assert [one.titles for one in books.load(office.store, ident).read.rows] == [("水稻",)]
    assert books.load(office.store, added(office, row, header=("日期", "时间", "片子名 儿", *HEADER[3:]))).read.rows
    other = books.add(office.store, workbook(row, header=header), "三月.xlsx", "wang")
    assert books.load(office.store, other).read.rows == []


def test_each_role_has_a_name_that_the_reader_knows():
    for role, name in NAMES.items():
        assert role_of(name)[0] == role


def test_new_workbook_takes_the_place_of_the_old_one_and_of_its_mends(office):
    ident = added(office, GOOD, BAD)
    books.mend_cells(office.store, ident, 1, [Mend("计划", 2, 2, "《小麦》")], "li")
    books.replace_sheet(office.store, ident, 2, workbook(GOOD), "新.xlsx", "li")
    month = books.load(office.store, ident)
    assert ([row.titles for row in month.read.rows], month.file) == ([("水稻",)], "新.xlsx")


def test_marked_workbook_has_the_mends_and_a_comment_at_what_is_left(office):
    ident = added(office, GOOD, BAD, ("3月三十四日", *BAD[1:]))
    books.mend_cells(office.store, ident, 1, [Mend("计划", 3, 0, "=3月3日")], "li")
    page = openpyxl.load_workbook(io.BytesIO(books.marked_book(office.store, ident, "zh")))["计划"]
    assert (page["A4"].value, page["A4"].data_type) == ("=3月3日", "s")
    assert "没有这一天" in page["A5"].comment.text
    assert page["A3"].comment is None


def test_month_that_the_sheet_does_not_say_is_said_by_the_officer(office):
    ident = added(office, ("5日", *GOOD[1:]), title="计划表")
    assert books.load(office.store, ident).read.rows == []
    books.set_month(office.store, ident, 1, "2026-04", "li")
    month = books.load(office.store, ident)
    assert (month.month, [row.date for row in month.read.rows]) == ("2026-04", ["2026-04-05"])
    with pytest.raises(MonthError):
        books.set_month(office.store, ident, 2, "April", "li")


def test_what_is_no_workbook_is_a_problem_and_kept_all_the_same(office):
    ident = books.add(office.store, b"%PDF-1.7", "../..\\a/计划.pdf", "li")
    month = books.load(office.store, ident)
    assert (month.file, month.read.problems[0].message.values) == ("计划.pdf", {"kind": "PDF"})
    with pytest.raises(NoSuchMonth):
        books.load(office.store, "nothing")


def test_workbook_that_takes_too_long_ends_with_its_process(monkeypatch):
    monkeypatch.setattr(confined, "WAIT_S", 0.05)
    (problem,) = read_sheet(workbook(GOOD), Order(0, "三月")).problems
    assert problem.message.text == "reading it takes too long, or too much memory"


def test_zip_bomb_is_refused_within_the_process_limits():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b" " * (200 << 20))
    (problem,) = read_sheet(file.getvalue(), Order(0, "三月")).problems
    assert problem.message.text == "the workbook is far larger inside than a plan can be"


@BOTH
def test_draft_says_what_was_watched_most_and_nothing_where_nobody_counted(office):
    registry.add_station(office, "chen", "all", "", None, by="test")
    tally = {"station": "chen", "outcome": "completed", "played_ms": 600_000}
    rows = [
        tally | {"day": "2026-03-05", "programme": "rice", "seen": "attended", "plays": 2},
        tally | {"day": "2026-03-06", "programme": "law", "seen": "attended", "plays": 5},
        tally | {"day": "2026-03-06", "programme": "rice", "seen": "unknown", "plays": 90},
        tally | {"day": "2026-04-01", "programme": "rice", "seen": "attended", "plays": 90},
    ]
    with office.store.write() as connection:
        connection.execute(schema.tally.insert(), rows)
    with office.store.read() as connection:
        (found,) = watched_most(connection, "2026-03")
        assert watched_most(connection, "2026-05") == []
    assert found.lines == ["《law》 5次 10分钟", "《rice》 2次 10分钟"]


@BOTH
def test_draft_says_what_villagers_asked_for_since_the_month_began(office, tmp_path):
    registry.add_station(office, "chen", "all", "陈家村", None, by="test")
    march = to_ms(datetime(2026, 3, 1, tzinfo=CHINA))

    def told(name, day, title, kind="request", **more):
        return encode(Item(id=name, at_ms=march + day * DAY_MS, by="老周", item_kind=kind, title=title, **more))

    sent = [told("a", -9, "旧的"), told("b", 4, "大棚番茄", text="怎么治\n晚疫病"), told("c", 6, "周报", "weekly")]
    first = report(*sent[:1], station="chen")
    receive(office.store, first, march - DAY_MS)
    again = report(*sent[1:], told("d", 20, "=CMD()"), station="chen", first=2, previous=first.entries[-1].hash)
    receive(office.store, again, march + 21 * DAY_MS)
    with office.store.read() as connection:
        (found,) = beside(connection, "2026-03", CHINA)
        assert beside(connection, "2026-05", CHINA) == []
    assert found.lines == ["陈家村 3月21日 =CMD()", "陈家村 3月5日 大棚番茄：怎么治 晚疫病"]
    book = draft_workbook(read_sheet(workbook(GOOD), Order(0, "三月")).rows, date(2026, 4, 1), holiday, str, [found])
    again = read_sheet(book, Order(0, "四月"))
    assert (len(again.rows), again.problems, again.unknown) == (1, [], [])
