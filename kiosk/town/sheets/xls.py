"""Merges, errors, number formats and what is hidden of an .xls, read by xlrd: calamine gives '' for an error there."""

import io
from typing import Any

import xlrd

from kiosk.common.messages import mark
from kiosk.town.sheets.formats import Unreadable, encrypted
from kiosk.town.sheets.structure import MOST_COLUMNS, MOST_ROWS, Structure


def structures(data: bytes) -> dict[str, Structure]:
    """What is known of each sheet, by its name. Raises :class:`Unreadable` for one that is damaged or locked."""
    try:
        book = xlrd.open_workbook(file_contents=data, formatting_info=True, ragged_rows=True, logfile=io.StringIO())
        return {sheet.name: _sheet(book, sheet) for sheet in book.sheets()}
    except xlrd.XLRDError as error:
        if "encrypt" in str(error).lower():
            raise encrypted() from None
        raise _damaged() from error
    except Exception as error:  # of a damaged file it raises whatever it stumbles over
        raise _damaged() from error


def _damaged() -> Unreadable:
    return Unreadable(
        mark("the file is damaged, or not as Excel writes it"),
        mark("open it in Excel or WPS and save it as an Excel workbook (.xlsx)"),
    )


def _sheet(book: Any, sheet: Any) -> Structure:
    found = Structure(sheet.visibility != 0)
    for top, bottom, left, right in sheet.merged_cells:
        found.add_merge(top, left, bottom - 1, right - 1)
    found.hidden_rows = {row for row, info in sheet.rowinfo_map.items() if info.hidden and row < MOST_ROWS}
    found.hidden_columns = {
        column for column, info in sheet.colinfo_map.items() if info.hidden and column < MOST_COLUMNS
    }
    for row in range(sheet.nrows):
        for column in range(sheet.row_len(row)):
            kind = sheet.cell_type(row, column)
            if kind in (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK) or not found.reach(row, column):
                continue
            if kind == xlrd.XL_CELL_ERROR:
                text = xlrd.error_text_from_code.get(sheet.cell_value(row, column), "#VALUE!")
                found.troubles[row, column] = ("error", text)
            style = book.xf_list[sheet.cell_xf_index(row, column)]
            found.formats[row, column] = book.format_map[style.format_key].format_str
            runs = sheet.rich_text_runlist_map.get((row, column), ())
            if any(book.font_list[font].struck_out for font in (style.font_index, *(font for _, font in runs))):
                found.struck.add((row, column))
    return found
