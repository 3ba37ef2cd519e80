"""Cells that an officer has mended in the console, and names given to columns, laid over the sheets. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

import msgspec

from kiosk.town.sheets.characters import tight
from kiosk.town.sheets.grid import BLANK, Cell, Grid
from kiosk.town.sheets.headers import LONGEST_NAME, Role, find_headers, role_of

WHOLE_ROW = -1
"""In the place of a column: the row does not count."""
TOP_ROWS = 15
"""Where a header stands that lacks so much that it is none."""
NAMES: dict[Role, str] = {
    "date": "日期",
    "last": "结束日期",
    "weekday": "星期",
    "week": "周次",
    "time": "时间",
    "start": "开始时间",
    "end": "结束时间",
    "title": "节目名称",
    "category": "类别",
    "duration": "时长",
    "audience": "对象",
    "note": "备注",
    "other": "序号",
}
"""The name that a column of each role is given. It has to be one of the role's aliases."""


class Mend(msgspec.Struct, frozen=True):
    """What stands in a cell from now on; row and column from 0."""

    sheet: str
    row: int
    column: int
    text: str


class UnknownColumn(msgspec.Struct, frozen=True):
    """A column with a name that is not known: where the name stands."""

    sheet: str
    row: int
    column: int
    text: str


def mended(grids: Iterable[Grid], mends: Iterable[Mend], names: Mapping[str, str]) -> list[Grid]:
    """The sheets with the mends in place; ``names`` gives the role of columns by :func:`name_key` of their names."""
    by_sheet: dict[str, list[Mend]] = {}
    for one in mends:
        by_sheet.setdefault(one.sheet, []).append(one)
    return [_mended(grid, by_sheet.get(grid.name, []), names) for grid in grids]


def name_key(text: str) -> str:
    """What two names of a column have in common that mean the same: blanks and widths of letters do not count."""
    return tight(text)[:LONGEST_NAME]


def unknown_columns(grids: Iterable[Grid]) -> list[UnknownColumn]:
    """The columns that an officer could give a name to: their own is not known, and something stands in them."""
    found = []
    for grid in grids:
        if grid.hidden:
            continue
        headers = find_headers(grid)
        for header in headers:
            for column in sorted({*header.unknown, *header.guessed}):
                row = next((r for r in range(header.top, header.bottom + 1) if grid.own(r, column).text), header.bottom)
                if filled := grid.own(row, column).text:
                    found.append(UnknownColumn(grid.name, row, column, filled))
        if not headers and (top := _likest_header(grid)) is not None:
            texts = ((column, cell.text) for column, cell in grid.filled(top))
            found += [UnknownColumn(grid.name, top, n, text) for n, text in texts if role_of(text) is None]
    return found


def _likest_header(grid: Grid) -> int | None:
    """The row that names most columns, among the first ones; None where none names two."""
    named = [sum(role_of(cell.text) is not None for _, cell in grid.filled(row)) for row in range(TOP_ROWS)]
    most = max(named)
    return named.index(most) if most >= 2 else None


def _mended(grid: Grid, mends: list[Mend], names: Mapping[str, str]) -> Grid:
    rows = [list(line) for line in grid.rows]
    for one in mends:
        if not 0 <= one.row < len(rows):
            continue
        line = rows[one.row]
        if one.column == WHOLE_ROW:
            rows[one.row] = [BLANK if grid.origin(one.row, n)[0] == one.row else cell for n, cell in enumerate(line)]
            continue
        line.extend([BLANK] * (one.column + 1 - len(line)))
        line[one.column] = Cell(one.text) if one.text.strip() else BLANK
    if names:
        rows = [_renamed(line, names) for line in rows]
    return replace(grid, rows=rows)


def _renamed(line: list[Cell], names: Mapping[str, str]) -> list[Cell]:
    """A header's line with the names given; any other line as it is."""
    roles = [_role(cell, names) for cell in line]
    known = sum(role is not None or role_of(cell.text) is not None for cell, role in zip(line, roles, strict=True))
    filled = sum(not cell.blank for cell in line)
    if known < 2 or 2 * known < filled:
        return line
    return [cell if role is None else Cell(NAMES[role]) for cell, role in zip(line, roles, strict=True)]


def _role(cell: Cell, names: Mapping[str, str]) -> Role | None:
    if cell.blank or len(cell.text) > LONGEST_NAME:
        return None
    given = names.get(name_key(cell.text))
    return next((role for role in NAMES if role == given), None)
