"""Next month's draft: the same days of the week, holidays marked, and a workbook that is read as it was written."""

import io
from datetime import date

import openpyxl
from click.testing import CliRunner
from test_sheet_books import told
from town.sheets.sheet_books import N, xlsx

from kiosk.common.i18n import translator
from kiosk.town.commands.town import town
from kiosk.town.sheets.draft import Beside, draft_workbook, length_text, moved
from kiosk.town.sheets.holidays import holiday
from kiosk.town.sheets.rows import Row


def row(day, start="09:00:00", end="09:30:00", titles=("先锋", "水稻"), ms=900_000):
    return Row("3月", 3, day, start, end, titles, "党建", ms, "党员", N)


def test_rows_move_to_the_same_day_of_the_week():
    rows = [row("2026-03-04"), row("2026-03-18"), row("2026-03-29"), row("2026-03-31", N, N)]
    assert [one.date for one in moved(rows, date(2026, 4, 1))] == ["2026-04-01", "2026-04-15"]
    assert [one.date for one in moved(rows, date(2026, 5, 1))] == ["2026-05-06", "2026-05-20", "2026-05-31"]


def test_draft_is_read_back_as_it_was_written_with_holidays_marked(tmp_path):
    rows = [
        row("2026-03-02", ms=5_400_000),
        row("2026-03-05", "14:30:00", N, ms=930_000),
        row("2026-03-07", N, N, ms=N),
    ]
    requests = Beside("村民点播", ["=HYPERLINK(0)", "《小麦》"])
    data = draft_workbook(rows, date(2026, 4, 1), holiday, translator("zh"), [requests])
    found = told(tmp_path, "draft.xlsx", data)
    assert found["problems"] == []
    assert [(one["date"], one["start"], one["end"], one["duration_ms"]) for one in found["rows"]] == [
        ("2026-04-02", "14:30:00", N, 930_000),
        ("2026-04-04", N, N, N),
        ("2026-04-06", "09:00:00", "09:30:00", 5_400_000),
    ]
    sheet = openpyxl.load_workbook(io.BytesIO(data)).worksheets[0]
    assert "法定节假日" in sheet["H4"].value
    assert sheet["A4"].fill.start_color.rgb == "FFFFEB9C"
    assert sheet["J3"].data_type == "s"


def test_lengths_are_written_as_sheets_write_them():
    assert [length_text(ms) for ms in (900_000, 930_000, 5_400_000, 3_600_000, N)] == [
        "15分钟",
        "15分30秒",
        "1小时30分",
        "1小时",
        "",
    ]


def test_draft_command_takes_the_month_after(tmp_path):
    plan, out = tmp_path / "2026年12月.xlsx", tmp_path / "out.xlsx"
    plan.write_bytes(xlsx(("计划", [["日期", "节目"], ["12月3日", "《先锋》"], ["待定", "《水稻》"]], [])))
    done = CliRunner().invoke(town, ["draft", str(plan), str(out)])
    assert (done.exit_code, "1 rows for 2027-01" in done.stdout, "1 cells" in done.stderr) == (0, True, True)
    assert openpyxl.load_workbook(out).worksheets[0]["A3"].value == "1月7日"
