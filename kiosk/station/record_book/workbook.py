"""Writes the record books as .xlsx, and looks at and fills in a county's own blank form. Runs confined, see below.

``python -m kiosk.station.record_book.workbook FOLDER`` reads one order from standard input and answers on standard
output: a form comes from anywhere, so it is opened in a process that can reach nothing (:mod:`kiosk.common.sandbox`),
with limits on time and memory. No formula leaves: neither from what people typed, nor from the form.
"""

import io
import re
import resource
import sys
import tempfile
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from copy import copy
from itertools import product
from pathlib import Path
from typing import Any

import msgspec
from openpyxl import Workbook, load_workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter

from kiosk.common.sandbox import Reach, confine, is_too_weak
from kiosk.station.record_book.orders import (
    MOST_ANSWER,
    NO_HEADER,
    NOT_CONFINED,
    NOT_READ,
    TOO_LARGE,
    Answer,
    FormSheet,
    Order,
    Sheet,
)

MOST_MEMORY, MOST_CPU_S = 1 << 30, 20
"""Address space in bytes, and processor time in seconds."""
MOST_UNPACKED = 32 << 20
MOST_ROWS, MOST_COLUMNS, MOST_SHEETS = 400, 40, 12
"""Of a form; a table of ours has no more than a month's rows."""
HEADER_ROWS = 30
"""In which the header of a form is looked for."""
_RISKY = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
_PERIOD = re.compile(r"[_＿ 　]*年[_＿ 　]*月")
"""Where a form's title leaves room for year and month."""


# --- ours ---


def make(sheets: Sequence[Sheet]) -> bytes:
    """A workbook with a sheet for each table, ready to be printed on A4."""
    book = Workbook()
    book.remove(book.worksheets[0])
    thin = Side(style="thin", color="FF888888")
    for table in sheets:
        sheet = book.create_sheet("".join("_" if c in "[]:*?/\\" else c for c in table.name)[:31])
        _write(sheet.cell(1, 1), table.title)
        sheet.cell(1, 1).font = Font(bold=True, size=16)
        sheet.merge_cells(start_row=1, start_column=1, end_row=1, end_column=len(table.columns))
        for n, rows in enumerate((table.columns, *table.rows)):
            for column, text in enumerate(rows, 1):
                cell = sheet.cell(2 + n, column)
                _write(cell, text)
                cell.alignment = Alignment(wrap_text=True, vertical="top")
                cell.border = Border(thin, thin, thin, thin)
                if n == 0:
                    cell.font = Font(bold=True)
                    cell.fill = PatternFill("solid", start_color="FFEEE6D8")
        if table.remark:
            _write(sheet.cell(len(table.rows) + 4, 1), table.remark)
        for column in range(1, len(table.columns) + 1):
            widest = max((_width(row[column - 1]) for row in (table.columns, *table.rows)), default=8)
            sheet.column_dimensions[get_column_letter(column)].width = min(max(widest + 2, 6), 36)
        sheet.freeze_panes = "A3"
        sheet.print_title_rows = "2:2"
        sheet.page_setup.orientation = "landscape"
        sheet.page_setup.paperSize = 9  # A4
        sheet.page_setup.fitToHeight = 0
        sheet.sheet_properties.pageSetUpPr.fitToPage = True
    return _saved(book)


def _width(text: str) -> int:
    return sum(2 if ord(letter) > 0x2E80 else 1 for letter in text)


def _write(cell: Any, text: str) -> None:
    """A text stays a text, also one that a spreadsheet would take for a formula; a plain number is one."""
    text = "".join(c for c in text if c >= " " or c == "\n")[:32_000]
    if text.isascii() and text.isdigit() and len(text) < 10 and not (len(text) > 1 and text[0] == "0"):
        cell.value = int(text)
        return
    cell.value = text or None
    if text.startswith(_RISKY):
        cell.data_type = "s"
        cell.quotePrefix = True


def _saved(book: Any) -> bytes:
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


# --- the county's ---


def look(form: bytes) -> tuple[FormSheet, ...]:
    """The tables of a form. Raises :class:`ValueError` with a text for people."""
    book = _opened(form)
    found = tuple(table for sheet in book.worksheets[:MOST_SHEETS] if (table := _header(sheet)))
    if not found:
        raise ValueError(NO_HEADER)
    return found


def _opened(form: bytes) -> Any:
    try:
        with zipfile.ZipFile(io.BytesIO(form)) as archive:
            unpacked = sum(one.file_size for one in archive.infolist())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = load_workbook(io.BytesIO(form), keep_links=False) if unpacked <= MOST_UNPACKED else None
    except Exception:  # openpyxl stumbles over damaged and odd workbooks in a hundred ways
        raise ValueError(NOT_READ) from None
    if book is None:
        raise ValueError(TOO_LARGE)
    return book


def _header(sheet: Any) -> FormSheet | None:
    """The row with the most headings, with the one above or below it where cells are merged over both."""
    heading = [
        (sum(map(_is_heading, cells)), -number)
        for number, cells in enumerate(sheet.iter_rows(1, min(sheet.max_row, HEADER_ROWS), 1, MOST_COLUMNS), 1)
    ]
    count, at = max(heading, default=(0, 0))
    if count < 3:
        return None
    top = bottom = -at
    owner: dict[tuple[int, int], Any] = {}
    for merged in sheet.merged_cells.ranges:
        if merged.max_col - merged.min_col + 1 > max(2, count // 2) or merged.max_row > 2 * HEADER_ROWS:
            continue  # a title
        if merged.min_col == merged.max_col and merged.min_row <= -at <= merged.max_row:
            top, bottom = max(min(top, merged.min_row), -at - 1), min(max(bottom, merged.max_row), -at + 1)
        first = sheet.cell(merged.min_row, merged.min_col)
        places = product(range(merged.min_row, merged.max_row + 1), range(merged.min_col, merged.max_col + 1))
        owner |= dict.fromkeys(places, first)
    columns = {}
    for column in range(1, min(sheet.max_column, MOST_COLUMNS) + 1):
        over = [owner.get((row, column)) or sheet.cell(row, column) for row in range(top, bottom + 1)]
        if texts := dict.fromkeys(cell.value.strip() for cell in over if _is_heading(cell)):
            columns[get_column_letter(column)] = " ".join(texts)
    return FormSheet(sheet.title, bottom, columns)


def _is_heading(cell: Any) -> bool:
    return isinstance(cell.value, str) and 0 < len(cell.value.strip()) <= 30 and not cell.value.startswith("=")


def fill(order: Order) -> bytes:
    """The form with rows from below its header on, in the look of its first empty row; what stood below moves down."""
    into = order.into
    book = _opened(order.form)
    if into is None or into.name not in book.sheetnames:
        raise ValueError(NO_HEADER)
    for each in book.worksheets:
        for cells in each.iter_rows():
            for cell in cells:
                if getattr(cell, "data_type", "") == "f":
                    cell.value = None
    sheet, first = book[into.name], into.header + 1
    room = next(_filled_below(sheet, first), sheet.max_row + 1) - first
    if len(order.rows) > room:
        _make_room(sheet, first + room, len(order.rows) - room)
    for above in sheet.iter_rows(1, into.header):
        for cell in above:
            if order.period and isinstance(cell.value, str):
                cell.value = _PERIOD.sub(order.period, cell.value)
    widest = min(sheet.max_column, MOST_COLUMNS)
    look = [copy(sheet.cell(first, column)._style) for column in range(1, widest + 1)]
    for n, row in enumerate(order.rows):
        for column in range(1, widest + 1):
            cell = sheet.cell(first + n, column)
            if cell.__class__.__name__ == "MergedCell":
                continue
            cell._style = copy(look[column - 1])
            chosen = into.columns.get(cell.column_letter, "")
            if chosen.isascii() and chosen.isdigit() and int(chosen) < len(row):
                _write(cell, row[int(chosen)])
    return _saved(book)


def _filled_below(sheet: Any, first: int) -> Iterator[int]:
    """Rows below the header in which a text stands: totals and signatures. Numbers alone are the form's own count."""
    for number, cells in enumerate(sheet.iter_rows(first, min(sheet.max_row, first + MOST_ROWS)), first):
        if any(isinstance(cell.value, str) and cell.value.strip() for cell in cells):
            yield number


def _make_room(sheet: Any, at: int, rows: int) -> None:
    """Move what stands from row ``at`` on down by so many rows."""
    last = max(sheet.max_row, at)
    low = [one for one in sheet.merged_cells.ranges if one.min_row >= at]
    for one in low:
        sheet.unmerge_cells(one.coord)
    heights = {number: sheet.row_dimensions[number].height for number in range(at, last + 1)}
    sheet.move_range(f"A{at}:{get_column_letter(sheet.max_column)}{last}", rows=rows)
    for one in low:
        one.shift(row_shift=rows)
        sheet.merge_cells(one.coord)
    for number, height in heights.items():
        sheet.row_dimensions[number + rows].height = height


# --- the process ---


def obey(order: Order) -> Answer:
    """Do what is ordered; trouble is part of the answer."""
    try:
        match order.what:
            case "make":
                return Answer(workbook=make(order.sheets))
            case "look":
                return Answer(form=look(order.form))
            case "fill":
                return Answer(workbook=fill(order))
    except ValueError as error:
        return Answer(trouble=str(error) if str(error) in (NOT_READ, TOO_LARGE, NO_HEADER) else NOT_READ)
    except MemoryError:
        return Answer(trouble=TOO_LARGE)


def main() -> None:
    """One order in, one answer out, with nothing in reach but the folder that is named for what openpyxl lays aside."""
    data = sys.stdin.buffer.read()
    folder = Path(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_CPU_S, MOST_CPU_S))
    resource.setrlimit(resource.RLIMIT_FSIZE, (MOST_ANSWER, MOST_ANSWER))
    trouble = confine(Reach(folder=folder))  # from here on no limit can be raised, or set
    tempfile.tempdir = str(folder)
    order = msgspec.json.decode(data, type=Order)
    answer = Answer(trouble=NOT_CONFINED) if order.form and is_too_weak(trouble) else obey(order)
    sys.stdout.buffer.write(msgspec.json.encode(answer))


if __name__ == "__main__":
    main()
