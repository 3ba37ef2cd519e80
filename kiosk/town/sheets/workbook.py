"""A new .xlsx of plain rows, without formulas: what the town hands out."""

import io
from collections.abc import Iterable, Sequence

from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from kiosk.town.sheets.marking import sheet_title, write

WIDEST = 60


def workbook(title: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """One sheet with a bold head; texts that look like formulas stay texts."""
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = sheet_title(title)
    widths = [0] * len(head)
    for number, row in enumerate((head, *rows)):
        for column, value in enumerate(row):
            write(sheet, number, column, value)
            length = sum(2 if char > "\u2e7f" else 1 for char in str(value))
            widths[column] = max(widths[column], min(length + 2, WIDEST))
    for column, width in enumerate(widths):
        sheet.cell(1, column + 1).font = Font(bold=True)
        sheet.column_dimensions[get_column_letter(column + 1)].width = width
    sheet.freeze_panes = "A2"
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()
