"""The columns of a table beyond their names: what the cells say of a column's role, and which are not read. Pure."""

import re
from dataclasses import replace
from datetime import datetime

from kiosk.common.messages import Message, mark
from kiosk.town.sheets.around import Around, Unread
from kiosk.town.sheets.characters import arabic, fold, tight
from kiosk.town.sheets.dates import read_days
from kiosk.town.sheets.drafts import Tell
from kiosk.town.sheets.durations import read_length
from kiosk.town.sheets.grid import Cell, Finding, Grid
from kiosk.town.sheets.headers import Header, Role, side_by_side
from kiosk.town.sheets.months import MONTH_LINE, nth_week_in, week_in
from kiosk.town.sheets.times import is_part_of_day, read_times

Place = tuple[int, int]
_WHEN = re.compile(r"[0-9]\s*(?:[日号:点时]|[./-]\s*[0-9])|周|星期")
ALIAS_HINT = mark("give each column its name: 日期, 时间, 节目名称, 类别, 时长, 对象, 备注")


def tell_columns(grid: Grid, header: Header, end: int, warning: Tell) -> None:
    """Warn of columns that are not read although something stands in them, or that nobody sees."""

    def tell(column: int, message: str, remedy: str = ALIAS_HINT, row: int = header.bottom) -> None:
        text = grid.at(row, column).text
        warning(Finding(grid.name, *grid.origin(row, column), text, Message(message), Message(remedy)))

    for column in header.unknown:
        if _filled(grid, header, end, column):
            tell(column, mark("the name of this column is not known: it is not read"))
    for column in header.guessed:
        tell(column, mark("the name of this column is not known: it is read as the titles"))
    covered = [n for n in header.columns.get("other", []) if grid.origin(header.bottom, n)[1] != n]
    for column in [*_unnamed(grid, header), *covered]:
        cells = _filled(grid, header, end, column)
        if titled := next((row for row in cells if "《" in grid.own(row, column).text), None):
            tell(column, mark("this column has no name: it is not read"), row=titled)
    parts = side_by_side(header, grid)
    for role, columns in header.columns.items():
        for column in columns[1:] if len(parts) == 1 and role != "other" else ():
            if column in header.together:
                continue
            texts = {grid.own(row, column).text for row in range(header.bottom + 1, end)} - {""}
            if any(role != "time" or not is_part_of_day(text) for text in texts):
                tell(column, mark("another column has the like name: this one is not read"))
        if role != "other" and columns and columns[0] in grid.hidden_columns:
            message = mark("this column is hidden, and is read all the same")
            tell(columns[0], message, mark("show it, and look whether it is right"))


def tell_without_header(grid: Grid, end: int, problem: Tell) -> None:
    """Tell of the first row above all headers that looks like a programme's: a title with a day or a time."""
    for row in range(end):
        filled = grid.filled(row)
        titled = next((column for column, cell in filled if "《" in cell.text), None)
        if titled is not None and any(column != titled and _WHEN.search(fold(cell.text)) for column, cell in filled):
            message = Message(mark("no header above names the columns of this row: it is not read"))
            problem(Finding(grid.name, row, titled, grid.own(row, titled).text, message, Message(ALIAS_HINT)))
            return


def tell_unread(grid: Grid, read: set[Place], warning: Tell) -> None:
    """Warn of the columns with titles that belong to no part of a timetable."""
    told: set[int] = set()
    for row in range(len(grid.rows)):
        for column, cell in grid.filled(row):
            if "《" in cell.text and (row, column) not in read and column not in told and row not in grid.hidden_rows:
                told.add(column)
                message = Message(mark("what stands in this column is not read"))
                warning(Finding(grid.name, row, column, cell.text, message, Message(ALIAS_HINT)))


def _filled(grid: Grid, header: Header, end: int, column: int) -> list[int]:
    """The rows of a table in which something stands in a column."""
    return [row for row in range(header.bottom + 1, end) if not grid.own(row, column).blank]


def _unnamed(grid: Grid, header: Header) -> list[int]:
    """The columns over which nothing stands in the header."""
    named = {column for columns in header.columns.values() for column in columns}.union(header.unknown, header.together)
    return [column for column in range(grid.width) if column not in named]


def settle_roles(grid: Grid, header: Header, end: int, around: Around) -> None:
    """What the cells of a column say of its role: 时间 may hold dates, a column without a name months or weeks."""
    for column in _unnamed(grid, header):
        texts = [grid.own(row, column).text for row in _filled(grid, header, end, column)]
        if texts and all(MONTH_LINE.fullmatch(tight(arabic(text, "年月"))) for text in texts):
            header.columns.setdefault("month", [column])
        elif texts and all(nth_week_in(text) is not None or week_in(text, around) for text in texts):
            header.columns.setdefault("week", [column])
    times = header.columns.get("time", [])
    for column in times[:] if len(times) > 1 and header.first("duration") is None else []:
        cells = [grid.own(row, column) for row in _filled(grid, header, end, column)]
        if cells and all(_is_length(cell) for cell in cells):
            times.remove(column)
            header.columns["duration"] = [column]
    if header.first("date") is not None:
        return
    candidates: list[tuple[Role, int]] = [("time", column) for column in header.columns.get("time", [])]
    candidates += [("other", column) for column in (*header.unknown, *_unnamed(grid, header))]
    candidates += [("start", column) for column in header.columns.get("start", [])]
    for role, column in candidates:
        cells = [cell for row in range(header.bottom + 1, end) if not (cell := grid.own(row, column)).blank][:40]
        if cells and 2 * sum(_is_date(cell, around) for cell in cells) > len(cells):
            if column in header.columns.get(role, []):
                header.columns[role].remove(column)
            if column in header.unknown:
                header.unknown.remove(column)
            header.columns["date"] = [column]
            return


def _in_month(cell: Cell, around: Around) -> bool:
    """Whether a text of digits and points is a day near the sheet's month; 3.15-3.21 could be times as well."""
    try:
        days = read_days(cell, replace(around, year=around.year or 2000)).choices[0]
    except Unread:
        return False
    return any(day.month == around.month for day in days)


def _is_length(cell: Cell) -> bool:
    """Whether a text is a length and no time of day."""
    try:
        return isinstance(cell.value, str) and ":" not in fold(cell.value) and read_length(cell).ms is not None
    except Unread:
        return False


def _is_date(cell: Cell, around: Around) -> bool:
    if re.fullmatch(r"[0-9]{1,2}", tight(cell.text)):
        return False  # a number of anything
    if isinstance(cell.value, str) and re.fullmatch(r"[0-9.]+", re.sub(r"[-\s]", "", fold(cell.value))):
        return around.month is not None and _in_month(cell, around)
    try:
        read_times(cell)
    except Unread:
        pass
    else:
        return isinstance(cell.value, datetime) and cell.value.year > 1900
    try:
        read_days(cell, replace(around, year=around.year or 2000, month=around.month or 1))
    except Unread:
        return False
    return True
