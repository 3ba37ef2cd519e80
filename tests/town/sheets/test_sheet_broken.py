"""Workbooks that need a person: the sentence and the cell that they get, and what is not in the rows then."""

import io
import json
import re
import subprocess
import sys
import zipfile
from datetime import date, time

import pytest
from test_sheet_books import told
from town.sheets.sheet_books import N, changed, ods, with_formulas, xls, xlsx

HEAD = ["日期", "星期", "时间", "节目名称", "类别", "时长"]
GOOD = ["3月2日", "周一", "9:00-10:00", "《先锋》", "党建", "55分钟"]


def one(*cells, **options):
    """A sheet of March 2026 with a good row 3 and, in row 4, the cells given."""
    rows = [["2026年3月计划"], HEAD, GOOD, list(cells), ["3月30日", N, "9:00", "《榜样》"]]
    return xlsx(("计划", rows, []), **options)


def packed(**parts):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return file.getvalue()


def bomb():
    """Some 40 KB that unpack to 40 MB of rows, twice over."""
    data = xlsx(("3月", [HEAD], []))
    rows = b"<row><c t='inlineStr'><is><t>x</t></is></c></row>" * 1_100_000
    return changed(data, "xl/worksheets/sheet1.xml", lambda sheet: sheet.replace(b"<sheetData>", b"<sheetData>" + rows))


def lone_rows(year="2026年3月"):
    return xlsx(("Sheet1", [[f"{year}计划"], ["日期", "时间", "节目名称"], ["5日", "9:00", "《先锋》"]], []))


def formula_without_value():
    def change(sheet):
        return re.sub(rb'<c r="A4".*?</c>', b'<c r="A4"><f>DATE(2026,3,5)</f><v></v></c>', sheet, count=1)

    return changed(one("3月5日", N, "9:00", "《水稻》"), "xl/worksheets/sheet1.xml", change)


def error_cell():
    data = with_formulas(one(46086, N, "9:00", "《水稻》"), A4="B9+1")
    return changed(
        data,
        "xl/worksheets/sheet1.xml",
        lambda sheet: sheet.replace(b"<v>46086</v>", b"<v>#REF!</v>").replace(b'<c r="A4"', b'<c t="e" r="A4"'),
    )


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
BROKEN = {
    "a date to be settled": (one("待定", N, "9:00", "《水稻》"), "A4", "date is not understood"),
    "a day that there is not": (one("2月30日", N, "9:00", "《水稻》"), "A4", "no such day"),
    "a day of the week alone": (one("周三", N, "9:00", "《水稻》"), "A4", "which one of the month"),
    "a lunar day": (one("农历二月初二", N, "9:00", "《水稻》"), "A4", "lunar"),
    "a range that ends before it begins": (one("3月7日—5日", N, "9:00", "《水稻》"), "A4", "end before they begin"),
    "a part of the month": (one("3月上旬", N, "9:00", "《水稻》"), "A4", "date is not understood"),
    "a date that is a formula without a value": (formula_without_value(), "A4", "never calculated"),
    "a date with #REF!": (error_cell(), "A4", "formula with an error"),
    "a struck title": (one("3月5日", N, "9:00", "《水稻》", struck=["D4"]), "D4", "struck through"),
    "a morning without an hour": (one("3月5日", N, "上午", "《水稻》"), "C4", "time of day is not understood"),
    "a time that ends before it starts": (one("3月5日", N, "9:00-8:30", "《水稻》"), "C4", "ends before it starts"),
    "a time after midnight": (one("3月5日", N, "22:00—次日1:00", "《水稻》"), "C4", "after midnight"),
    "a morning at fourteen": (one("3月5日", N, "上午14:00", "《水稻》"), "C4", "do not go together"),
    "hours that there are not": (one("3月5日", N, "25:00", "《水稻》"), "C4", "no such time of day"),
    "a bare number for a time": (one("3月5日", N, 9.3, "《水稻》"), "C4", "no time of day"),
    "a time without a title": (one("3月5日", N, "9:00"), "D4", "no title"),
    "brackets with nothing in them": (one("3月5日", N, "9:00", "《》"), "D4", "no title in it"),
    "a title without brackets among others": (
        one("3月5日", N, "9:00", "《水稻》、民法典讲座"),
        "D4",
        "without brackets",
    ),
    "a cell of 30,000 characters": (one("3月5日", N, "9:00", "长" * 30_000), "D4", "too long"),
    "a length from and to": (one("3月5日", N, "9:00", "《水稻》", N, "15-20分钟"), "F4", "length is not understood"),
    "a length in lessons": (one("3月5日", N, "9:00", "《水稻》", N, "2课时"), "F4", "length is not understood"),
    "a first row without a date": (
        xlsx(("3月", [["日期", "时间", "节目名称"], [N, "9:00", "《水稻》"]], [])),
        "A2",
        "no date, and none above",
    ),
    "3.1 as a number, and nothing beside it": (
        xlsx(("2026年3月", [["日期", "时间", "节目名称"], [3.1, "9:00", "《水稻》"]], [])),
        "A2",
        "3.1 and 3.10",
    ),
    "weeks without their days": (
        xlsx(("2026年4月", [["周次", "星期", "时间", "节目"], ["第二周", "周五", "9:00", "《水稻》"]], [])),
        "B2",
        "two ways",
    ),
    "a month without a year": (
        xlsx(("三月", [["日期", "节目"], ["3月5日", "《水稻》"]], [])),
        "A2",
        "year is not known",
    ),
    "each Wednesday of which month": (
        xlsx(("Sheet1", [["日期", "节目"], ["每周三", "《水稻》"]], [])),
        "A2",
        "which month",
    ),
    "no column for the date": (
        xlsx(("2026年3月", [["时间", "节目名称"], ["9:00", "《水稻》"], ["10:00", "《水稻》"]], [])),
        N,
        "no column says for which day",
    ),
    "an end in its own column that comes before the start": (
        xlsx(("2026年3月", [["日期", "开始", "结束", "节目"], ["3月5日", "10:00", time(9, 0), "《水稻》"]], [])),
        "C2",
        "ends before it starts",
    ),
    "#REF! in an .xls": (
        xls("2026年3月", [["日期", "节目"], ["3月5日", "《先锋》"], ["#REF!", "《水稻》"]]),
        "A3",
        "with an error",
    ),
    "a programme to be named": (one("3月5日", N, "9:00", "待定"), "D4", "no programme is named"),
    "two times below each other": (one("3月5日", N, "9:00\n10:00", "《水稻》"), "C4", "below each other"),
    "a part of the day without an hour": (
        xlsx(("2026年3月", [["日期", "时段", "时间", "节目"], ["3月5日", "上午", N, "《水稻》"]], [])),
        "C2",
        "without an hour",
    ),
    "no header": (xlsx(("Sheet1", [["3月5日", "9:00", "《水稻》"]] * 3, [])), N, "no table with a header"),
    "an empty workbook": (xlsx(("Sheet1", [], [])), N, "no table with a header"),
    "#DIV/0! in an .ods": (
        ods(
            "2026年3月",
            [
                ["日期", "节目名称", "时长"],
                [
                    "3月5日",
                    "《水稻》",
                    '<table:table-cell table:formula="of:=1/0" office:value-type="string" '
                    'office:string-value=""><text:p>#DIV/0!</text:p></table:table-cell>',
                ],
            ],
        ),
        "C2",
        "formula with an error",
    ),
    "something far off the table": (
        one("3月5日", N, "9:00", "《水稻》") and xlsx(("3月", [HEAD, GOOD, *([[]] * 5_100), ["x"]], [])),
        N,
        "far off the table",
    ),
    "an empty file": (b"", N, "empty"),
    "a workbook with a password": (OLE + "EncryptedPackage".encode("utf-16-le"), N, "password"),
    "an old workbook with a password": (
        xls("3月", [HEAD]).replace(b"\xe1\x00\x02\x00", b"\x2f\x00\x02\x00"),
        N,
        "password",
    ),
    "a Word document": (packed(**{"word/document.xml": "<w/>", "[Content_Types].xml": "<x/>"}), N, "Word"),
    "a text of more lines than a plan has": (
        "日期,节目\n".encode() + "3月2日,《水稻》\n".encode() * 5_100,
        N,
        "too many lines",
    ),
    "a PDF": (b"%PDF-1.7\n" + bytes(100), N, "PDF"),
    "a web page called .xls": (b"<html><table><tr><td>x</td></tr></table></html>", N, "web page"),
    "a workbook cut short": (one("3月5日", N, "9:00", "《水稻》")[:3000], N, "damaged"),
    "an .xls cut short": (xls("3月", [HEAD])[:2000], N, "damaged"),
    "a zip bomb": (bomb(), N, "far larger inside"),
    "entities in a part": (
        changed(lone_rows(), "xl/workbook.xml", lambda part: b'<!DOCTYPE a [<!ENTITY b "c">]>' + part),
        N,
        "not as Excel writes it",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_needs_a_person_is_named_at_its_cell(tmp_path, name):
    data, cell, words = BROKEN[name]
    found = told(tmp_path, "计划.xlsx", data)
    assert [(problem["cell"], words in problem["message"]) for problem in found["problems"]] == [(cell, True)]
    assert found["problems"][0]["remedy"]
    assert "水稻" not in str(found["rows"])
    if cell in ("A4", "C4", "D4", "F4"):
        assert [row["titles"] for row in found["rows"]] == [["先锋"], ["榜样"]]


def test_row_below_a_date_that_is_not_understood_takes_no_older_date(tmp_path):
    rows = [["日期", "时间", "节目"], ["3月5日", "9:00", "《a》"], ["待定", "9:00", "《b》"], [N, "10:00", "《c》"]]
    found = told(tmp_path, "x.xlsx", xlsx(("2026年3月", rows, [])))
    assert [(row["row"], row["date"]) for row in found["rows"]] == [(2, "2026-03-05")]
    assert [problem["cell"] for problem in found["problems"]] == ["A3"]


def test_sheet_of_another_month_than_asked_for_is_told(tmp_path):
    found = told(tmp_path, "x.xlsx", lone_rows("2026年2月"), "2026-03")
    assert [row["date"] for row in found["rows"]] == ["2026-03-05"]
    assert [warning["cell"] for warning in found["warnings"]] == ["A1"]


def test_hidden_sheet_is_told_and_not_read(tmp_path):
    book = changed(
        xlsx(("3月", [HEAD, GOOD], []), ("旧", [HEAD, GOOD], [])),
        "xl/workbook.xml",
        lambda part: part.replace(
            '旧" sheetId="2" state="visible"'.encode(), '旧" sheetId="2" state="hidden"'.encode()
        ),
    )
    found = told(tmp_path, "2026年.xlsx", book)
    assert [row["sheet"] for row in found["rows"]] == ["3月"]
    assert any("hidden" in warning["message"] for warning in found["warnings"])


def test_plan_of_2000_rows_and_a_file_of_600_mb_are_answered_in_time_and_memory(tmp_path):
    """At most 10 s and 300 MB each, in a process of their own."""
    rows = [
        ["2026年3月计划"],
        HEAD,
        *([f"3月{n % 31 + 1}日", N, "9:00", f"《节目{n}》", "党建", time(0, 15)] for n in range(2000)),
    ]
    (tmp_path / "long.xlsx").write_bytes(xlsx(("计划", rows, [])))
    with (tmp_path / "huge.xlsx").open("wb") as file:
        file.write(b"PK\x03\x04")
        file.truncate(600 << 20)
    (tmp_path / "bomb.xlsx").write_bytes(bomb())
    code = (
        "import json, re, sys, time; from pathlib import Path\n"
        "from kiosk.town.sheets.reading import read_workbook\n"
        "for name in sys.argv[1:]:\n"
        "    at = time.monotonic(); found = read_workbook(Path(name)); took = time.monotonic() - at\n"
        "    peak = int(re.search(r'VmHWM:\\s+([0-9]+)', Path('/proc/self/status').read_text())[1]) / 1024\n"
        "    print(json.dumps([len(found.rows), len(found.problems), took, peak]))"
    )
    names = [str(tmp_path / name) for name in ("huge.xlsx", "bomb.xlsx", "long.xlsx")]
    done = subprocess.run([sys.executable, "-c", code, *names], capture_output=True, text=True, check=True, timeout=60)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer[:2] for answer in answers] == [[0, 1], [0, 1], [2000, 0]]
    assert all(took < 10 and peak < 300 for _, _, took, peak in answers), answers


def test_dates_of_the_first_row_only_are_no_day_of_now(tmp_path):
    """Nothing is taken from the computer's clock: a plan without a year needs one."""
    found = told(
        tmp_path, "x.xlsx", xlsx(("3月", [["日期", "节目"], [date(2026, 3, 5), "《a》"], ["3月6日", "《b》"]], []))
    )
    assert [row["date"] for row in found["rows"]] == ["2026-03-05", "2026-03-06"]
