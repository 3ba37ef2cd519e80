"""Reads a workbook file into grids, within limits of size: .xlsx, .xls, .ods, .csv, whatever its name ends with."""

import csv
import io
import math
import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from python_calamine import CalamineWorkbook

from kiosk.common.messages import mark
from kiosk.town.sheets import ods, xls, xlsx
from kiosk.town.sheets.archive import packed, unpack
from kiosk.town.sheets.characters import bare
from kiosk.town.sheets.formats import SAVE_XLSX, Unreadable, kind_of, wide_encoding
from kiosk.town.sheets.grid import BLANK, Cell, Finding, Grid
from kiosk.town.sheets.holidays import holiday
from kiosk.town.sheets.sheet import Reading, read_grids
from kiosk.town.sheets.structure import MOST_COLUMNS, MOST_ROWS, Structure

_AS_FORMULA = re.compile(r'^="([^"]*)"$')
_NO_DAY = re.compile(r"^(?:1899[-/]12[-/]3[01]|1900[-/]0?1[-/]0?0)[ T](?=[0-9])")
MOST_BYTES = 20 << 20
"""The largest file, in bytes. A plan takes some hundred KB; pictures in it make it larger."""


def read_workbook(path: Path, month: date | None = None) -> Reading:
    """Read the workbook at ``path``; one that cannot be read is a problem without a cell. Raises :class:`OSError`."""
    try:
        grids = read_file(path)
    except Unreadable as error:
        return Reading(problems=[Finding("", None, None, path.name, error.message, error.remedy)])
    return read_grids(grids, holiday, path.stem, month)


def read_file(path: Path) -> list[Grid]:
    """The sheets of the workbook at ``path``. Raises :class:`Unreadable`, :class:`OSError`."""
    size = path.stat().st_size
    if size > MOST_BYTES:
        values = {"size": str(size >> 20), "most": str(MOST_BYTES >> 20)}
        raise Unreadable(
            mark("the file has {size} MB; a plan has at most {most}"),
            mark("copy the table alone into a new workbook"),
            **values,
        )
    return read_bytes(path.read_bytes(), path.stem)


def read_bytes(data: bytes, name: str) -> list[Grid]:
    """The sheets of a workbook; that of a text is called ``name``. Raises :class:`Unreadable`."""
    match kind_of(data):
        case "text":
            return [_text_grid(data, name)]
        case "xls":
            return _grids(io.BytesIO(data), xls.structures(data))
        case kind:
            parts = unpack(data)
            return _grids(packed(parts), (xlsx if kind == "xlsx" else ods).structures(parts))


def _grids(file: io.BytesIO, structures: dict[str, Structure]) -> list[Grid]:
    try:
        book = CalamineWorkbook.from_filelike(file)
        grids = []
        for name in book.sheet_names:
            structure = structures.get(name)
            if structure is None:  # a chart or a macro sheet
                continue
            structure.check(name)
            grids.append(_grid(name, book.get_sheet_by_name(name).to_python(skip_empty_area=False), structure))
    except (Unreadable, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # calamine's panics are no Exceptions
        raise Unreadable(mark("the file is damaged, or not as Excel writes it"), SAVE_XLSX) from error
    return grids


def _grid(name: str, values: Sequence[Sequence[object]], structure: Structure) -> Grid:
    height = max([len(values), *(row + 1 for row, _ in structure.troubles)])
    width = max([max((len(row) for row in values), default=0), *(column + 1 for _, column in structure.troubles)])
    rows = []
    for r in range(height):
        line = values[r] if r < len(values) else []
        rows.append([_cell(line[c] if c < len(line) else "", (r, c), structure) for c in range(width)])
    return Grid(name, rows, structure.merges, structure.hidden_rows, structure.hidden_columns, structure.hidden)


def _cell(value: object, place: tuple[int, int], structure: Structure) -> Cell:
    if place in structure.troubles:
        trouble, source = structure.troubles[place]
        return Cell(None, trouble, source)
    if value is None or value == "":
        return BLANK
    if isinstance(value, str) and not (value := bare(value)):
        return BLANK
    if isinstance(value, float) and not math.isfinite(value):
        value = str(value)
    return Cell(value, format=structure.formats.get(place, ""), struck=place in structure.struck)  # type: ignore[arg-type]


def _text_grid(data: bytes, name: str) -> Grid:
    text = _decoded(data)
    lines = text.splitlines()
    if len(lines) > 4 * MOST_ROWS:
        raise _too_many_lines()
    sample = lines[:50]
    delimiter = max(",\t;，|", key=lambda mark: (sum(mark in line for line in sample), "\n".join(sample).count(mark)))
    lone = text.count('"') % 2 == 1  # as an opening one it would swallow the rows below it
    file = io.StringIO(text, newline="")
    reader = csv.reader(file, delimiter=delimiter, quoting=csv.QUOTE_NONE if lone else csv.QUOTE_MINIMAL)
    try:
        lines_read = ([_plain(value.lstrip('"' * lone)) for value in line[:MOST_COLUMNS]] for line in reader)
        rows = [[Cell(value) if value else BLANK for value in line] for line in lines_read]
    except csv.Error:
        raise Unreadable(mark("the file is no table of text"), SAVE_XLSX) from None
    if any(not cell.blank for row in rows[MOST_ROWS:] for cell in row):
        raise _too_many_lines()
    return Grid(name, rows[:MOST_ROWS])


def _too_many_lines() -> Unreadable:
    return Unreadable(mark("the file has too many lines for a plan"), mark("copy the table alone into a new workbook"))


def _plain(value: str) -> str:
    """What a person typed, without what a program put around it: ="3月2日", 1899/12/30 9:30."""
    return _NO_DAY.sub("", _AS_FORMULA.sub(r"\1", bare(value)))


def _decoded(data: bytes) -> str:
    wide = wide_encoding(data)
    encodings = [wide] if wide else ["utf-8-sig", "gb18030", "big5"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise Unreadable(mark("the file is no text that can be read: neither UTF-8 nor GBK"), SAVE_XLSX)
