"""The workbook back to the officer: cells that need a person in red, odd ones in yellow, each with its sentence."""

import io
import warnings
from collections.abc import Sequence

from openpyxl import Workbook, load_workbook
from openpyxl.cell import MergedCell
from openpyxl.comments import Comment
from openpyxl.styles import PatternFill
from openpyxl.utils.exceptions import IllegalCharacterError
from openpyxl.worksheet.worksheet import Worksheet

from kiosk.common.messages import mark
from kiosk.town.sheets.archive import MOST_UNPACKED, unpacked_size
from kiosk.town.sheets.formats import kind_of
from kiosk.town.sheets.grid import BLANK, Finding, Grid
from kiosk.town.sheets.mending import WHOLE_ROW, Mend
from kiosk.town.sheets.sheet import Reading
from kiosk.town.sheets.told import Translate, sentence

PROBLEM = PatternFill("solid", start_color="FFFF9999")
ODD = PatternFill("solid", start_color="FFFFEB9C")
AUTHOR = "kiosk"
_RISKY = ("=", "+", "-", "@", "\t", "\r")
"""What begins a formula where a text is opened as a table."""


def marked(data: bytes, grids: list[Grid], reading: Reading, translate: Translate, mends: Sequence[Mend] = ()) -> bytes:
    """The workbook ``data`` with the findings of ``reading`` in colour and as comments, and with ``mends`` in place.

    An .xlsx keeps its look; of any other kind, and of what openpyxl refuses, it is a new .xlsx of the values. A list
    of all findings stands in a sheet of its own. Without ``grids`` it cannot be read, and the list is all.
    """
    book = _opened(data, grids)
    for mend in mends:
        _put(book, mend)
    for finding in reading.warnings:
        _mark(book, finding, ODD, translate)
    for finding in reading.problems:
        _mark(book, finding, PROBLEM, translate)
    _list(book, reading, translate)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _opened(data: bytes, grids: list[Grid]) -> Workbook:
    if grids and kind_of(data) == "xlsx" and unpacked_size(data) <= MOST_UNPACKED:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                book = load_workbook(io.BytesIO(data), keep_links=False)
            _without_formulas(book, grids)
        except Exception:  # noqa: S110  some workbooks of WPS: whatever openpyxl stumbles over, the values are at hand
            pass
        else:
            return book
    return _of_values(grids)


def _without_formulas(book: Workbook, grids: list[Grid]) -> None:
    """Write the value in the place of every formula: openpyxl would leave them without, and none leaves the house."""
    read = {grid.name: grid for grid in grids}
    for sheet in book.worksheets:
        for line in sheet.iter_rows():
            for cell in line:
                if cell.data_type == "f" and not isinstance(cell, MergedCell):
                    found = read[sheet.title].own(cell.row - 1, cell.column - 1) if sheet.title in read else BLANK
                    cell.value = None
                    if not found.blank:
                        write(sheet, cell.row - 1, cell.column - 1, found.text if found.trouble else found.value)


def _of_values(grids: list[Grid]) -> Workbook:
    book = Workbook()
    book.remove(book.worksheets[0])
    for grid in grids:
        sheet = book.create_sheet(sheet_title(grid.name))
        for r, line in enumerate(grid.rows):
            for c, cell in enumerate(line):
                if not cell.blank:
                    write(sheet, r, c, cell.text if cell.trouble else cell.value)
        for merge in grid.merges:
            sheet.merge_cells(None, merge.top + 1, merge.left + 1, merge.bottom + 1, merge.right + 1)
    return book


def sheet_title(name: str) -> str:
    """``name`` as a workbook takes it for a sheet."""
    return "".join("_" if c in "[]:*?/\\" else c for c in name)[:31] or "Sheet"


def write(sheet: Worksheet, row: int, column: int, value: object) -> None:
    """Write a value; a text that looks like a formula stays a text."""
    cell = sheet.cell(row + 1, column + 1)
    if isinstance(value, str):
        value = "".join(c for c in value if c >= " " or c in "\n\t")[:32_000]
        cell.value = value
        if value.startswith(_RISKY):
            cell.data_type = "s"
            cell.quotePrefix = True
        return
    try:
        cell.value = value  # type: ignore[assignment]
    except (ValueError, IllegalCharacterError):
        cell.value = str(value)


def _put(book: Workbook, mend: Mend) -> None:
    name = mend.sheet if mend.sheet in book.sheetnames else sheet_title(mend.sheet)
    if name not in book.sheetnames:
        return
    sheet = book[name]
    columns = range(sheet.max_column) if mend.column == WHOLE_ROW else (mend.column,)
    for column in columns:
        if not isinstance(sheet.cell(mend.row + 1, column + 1), MergedCell):
            write(sheet, mend.row, column, mend.text or None)


def _mark(book: Workbook, finding: Finding, fill: PatternFill, translate: Translate) -> None:
    name = finding.sheet if finding.sheet in book.sheetnames else sheet_title(finding.sheet)
    if name not in book.sheetnames or finding.row is None or finding.column is None:
        return
    cell = book[name].cell(finding.row + 1, finding.column + 1)
    if isinstance(cell, MergedCell):
        return
    said = finding.message.render(translate) + translate(mark("; ")) + finding.remedy.render(translate)
    before = cell.comment.text + "\n" if cell.comment else ""
    cell.comment = Comment(before + said, AUTHOR, height=120, width=320)
    cell.fill = fill


def _list(book: Workbook, reading: Reading, translate: Translate) -> None:
    """A sheet with every finding, before the others where there are problems."""
    title = translate(mark("To mend"))
    if title in book.sheetnames:
        del book[title]
    if not (reading.problems or reading.warnings) and book.sheetnames:
        return
    sheet = book.create_sheet(title)
    found = [(one, PROBLEM) for one in reading.problems] + [(one, ODD) for one in reading.warnings]
    for row, (one, fill) in enumerate(found):
        write(sheet, row, 0, sentence(one, translate))
        sheet.cell(row + 1, 1).fill = fill
    sheet.column_dimensions["A"].width = 120
