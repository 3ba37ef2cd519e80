"""Workbooks changed as hands change them: moved and typed otherwise they read the same; no title is lost in silence."""

import random
import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from town.sheets.sheet_books import BOOKS
from town.sheets.sheet_habits import HABITS

from kiosk.town.sheets.characters import bare
from kiosk.town.sheets.grid import BLANK, Cell, Grid, Merge
from kiosk.town.sheets.headers import find_headers
from kiosk.town.sheets.holidays import holiday
from kiosk.town.sheets.reading import read_bytes
from kiosk.town.sheets.sheet import read_grids

ALL = {**BOOKS, **HABITS}
DOWN, RIGHT = 3, 2
WIDE = str.maketrans("0123456789:-()", "０１２３４５６７８９：－（）")
NARROW = {new: old for old, new in WIDE.items()}


def grids_of(name):
    file, data, month = ALL[name][:3]
    stem = Path(file).stem
    return read_bytes(data, stem), stem, date.fromisoformat(month + "-01") if month else None


def typed(cell):
    """The cell with full-width figures, and spaces and marks that nobody sees around it."""
    if not isinstance(cell.value, str):
        return cell
    text = cell.value if "《" in cell.value else cell.value.translate(WIDE)
    return replace(cell, value=bare(f"\u3000{text}\u200b \xa0"))


def moved(grid):
    rows = [[] for _ in range(DOWN)] + [[BLANK] * RIGHT + [typed(cell) for cell in row] + [BLANK] for row in grid.rows]
    merges = [Merge(m.top + DOWN, m.left + RIGHT, m.bottom + DOWN, m.right + RIGHT) for m in grid.merges]
    hidden = {row + DOWN for row in grid.hidden_rows}
    return Grid(grid.name, rows, merges, hidden, {column + RIGHT for column in grid.hidden_columns}, grid.hidden)


def said(row, down=0):
    texts = [text and text.translate(NARROW) for text in (row.category, row.audience, row.note)]
    return row.sheet, row.row + down, row.date, row.start, row.end, row.titles, row.duration_ms, *texts


@pytest.mark.parametrize("name", ALL)
def test_sheet_moved_and_typed_in_full_width_reads_the_same(name):
    grids, stem, month = grids_of(name)
    as_it_was = read_grids(grids, holiday, stem, month)
    changed = read_grids([moved(grid) for grid in grids], holiday, stem, month)
    narrow = [replace(row, titles=tuple(title.translate(NARROW) for title in row.titles)) for row in changed.rows]
    before = [replace(row, titles=tuple(title.translate(NARROW) for title in row.titles)) for row in as_it_was.rows]
    assert sorted(map(said, narrow), key=repr) == sorted((said(row, DOWN) for row in before), key=repr)
    assert len(changed.problems) == len(as_it_was.problems)


def damaged(chance, grid):
    """The sheet with a name in its header gone or unknown, its header gone, or two columns changed about."""
    rows = [list(row) + [BLANK] * (grid.width - len(row)) for row in grid.rows]
    headers = find_headers(grid)
    way = chance.choice(["name", "blank", "header", "swap"]) if headers else "swap"
    if way == "swap":
        one, other = chance.choices(range(grid.width), k=2)
        for row in rows:
            row[one], row[other] = row[other], row[one]
        return Grid(grid.name, rows, [], grid.hidden_rows, grid.hidden_columns)
    header = headers[0].bottom
    if way == "header":
        del rows[header]
        return Grid(grid.name, rows)
    rows[header][chance.choice([column for column, _ in grid.filled(header)] or [0])] = (
        Cell("某列") if way == "name" else BLANK
    )
    return Grid(grid.name, rows, grid.merges, grid.hidden_rows, grid.hidden_columns)


def lost(grid, reading):
    """The titles of the sheet that are in no row, although nothing is told of the workbook, their row or column."""
    found = [*reading.problems, *reading.warnings]
    if any(one.row is None for one in reading.problems) or any("no table" in one.message.text for one in found):
        return []
    read = "".join(title for row in reading.rows for title in row.titles)
    rows, columns = {one.row for one in found}, {one.column for one in found}
    return [
        title
        for number, line in enumerate(grid.rows)
        for column, cell in grid.filled(number)
        if number not in rows | grid.hidden_rows and column not in columns and "停播" not in str(line)
        for title in re.findall("《([^《》]+)》", cell.text)
        if title.replace("\n", "") not in read
    ]


@pytest.mark.parametrize("name", ALL)
def test_no_title_of_a_damaged_sheet_is_lost_in_silence(name):
    (first, *others), stem, month = grids_of(name)
    chance = random.Random(name)
    for grid in (first, *(damaged(chance, first) for _ in range(3))):
        assert lost(grid, read_grids([grid, *others], holiday, stem, month)) == []
