"""Next month's draft: last month's rows on the same days of the week, as a workbook to go on with."""

import calendar
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.worksheet.worksheet import Worksheet

from kiosk.town.sheets.checks import Holiday
from kiosk.town.sheets.marking import ODD, write
from kiosk.town.sheets.rows import Row

Translate = Callable[[str], str]
HEADER = ("日期", "星期", "时间", "节目名称", "类别", "时长", "对象", "备注")
"""In Chinese whatever the language: it is the town's own sheet."""
_BESIDE_WIDTH = 40
_WIDTHS = (14, 8, 16, 44, 16, 14, 14, 36)


@dataclass(frozen=True)
class Beside:
    """What stands beside the draft for the officer: lines under a heading, such as villagers' requests."""

    heading: str
    lines: Sequence[str]


def moved(rows: Iterable[Row], month: date) -> list[Row]:
    """The rows of one month on the same days of the week of ``month``: its third Wednesday for the third Wednesday.

    ``month`` is its first day. A fifth one that the month has not is left out.
    """
    found = []
    for row in rows:
        day = date.fromisoformat(row.date)
        to = month + timedelta(days=(day.weekday() - month.weekday()) % 7 + 7 * ((day.day - 1) // 7))
        if to.month == month.month:
            found.append(replace(row, date=to.isoformat()))
    return sorted(found, key=lambda row: (row.date, row.start or "99", row.row))


def draft_workbook(
    rows: Iterable[Row], month: date, holiday: Holiday, translate: Translate, beside: Sequence[Beside] = ()
) -> bytes:
    """An .xlsx of the draft for the month that begins with ``month``; holidays and make-up workdays are coloured."""
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = f"{month.month}月"
    write(sheet, 0, 0, f"{month.year}年{month.month}月周推荐月计划表（草稿）")
    sheet.merge_cells(None, 1, 1, 1, len(HEADER))
    sheet["A1"].font = Font(bold=True, size=14)
    for column, name in enumerate(HEADER):
        write(sheet, 1, column, name)
        sheet.cell(2, column + 1).font = Font(bold=True)
        sheet.column_dimensions[chr(65 + column)].width = _WIDTHS[column]
    line = 2
    drafted = moved(rows, month)
    special = _special_days(month, holiday, translate)
    for row in drafted:
        _line(sheet, line, row, special.pop(row.date, "") if row.date in special else "")
        line += 1
    for _, text in sorted(special.items()):
        write(sheet, line, 0, "注：" + text)
        sheet.cell(line + 1, 1).fill = ODD
        line += 1
    _beside(sheet, beside)
    sheet.freeze_panes = "A3"
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _special_days(month: date, holiday: Holiday, translate: Translate) -> dict[str, str]:
    days = [month + timedelta(days=n) for n in range(calendar.monthrange(month.year, month.month)[1])]
    found = {day.isoformat(): special.render(translate) for day in days if (special := holiday(day))}
    texts = list(dict.fromkeys(found.values()))
    return found if len(texts) > 1 or len(found) < len(days) else {days[0].isoformat(): texts[0]}


def _line(sheet: Worksheet, line: int, row: Row, special: str) -> None:
    day = date.fromisoformat(row.date)
    times = "-".join(time[:5] if time.endswith(":00") else time for time in (row.start, row.end) if time)
    note = "；".join(text for text in (row.note, special) if text)
    values = (
        f"{day.month}月{day.day}日",
        "周" + "一二三四五六日"[day.weekday()],
        times,
        "".join(f"《{title}》" for title in row.titles),
        row.category or "",
        length_text(row.duration_ms),
        row.audience or "",
        note,
    )
    for column, value in enumerate(values):
        if value:
            write(sheet, line, column, value)
            sheet.cell(line + 1, column + 1).alignment = Alignment(wrap_text=True, vertical="top")
    if special:
        for column in (1, len(HEADER)):
            sheet.cell(line + 1, column).fill = ODD


def length_text(ms: int | None) -> str:
    """A length as the sheet writes it: 1小时30分, 15分30秒."""
    if not ms:
        return ""
    hours, minutes, seconds = ms // 3_600_000, ms // 60_000 % 60, ms // 1000 % 60
    parts = ((hours, "小时"), (minutes, "分" if hours or seconds else "分钟"), (seconds, "秒"))
    return "".join(f"{number}{unit}" for number, unit in parts if number)


def _beside(sheet: Worksheet, beside: Sequence[Beside]) -> None:
    column = len(HEADER) + 1
    for one in beside:
        write(sheet, 1, column, one.heading)
        sheet.column_dimensions[chr(65 + column)].width = _BESIDE_WIDTH
        for n, text in enumerate(one.lines):
            write(sheet, 2 + n, column, text)
            sheet.cell(3 + n, column + 1).alignment = Alignment(wrap_text=True, vertical="top")
        column += 1
