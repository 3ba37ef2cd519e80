"""Sheets laid out as a timetable, days or parts of the day across: written anew as rows with a header. Pure."""

import re
from dataclasses import dataclass

from kiosk.town.sheets.around import Around, Unread
from kiosk.town.sheets.characters import tight
from kiosk.town.sheets.closing import ends_table
from kiosk.town.sheets.dates import read_days
from kiosk.town.sheets.grid import BLANK, Cell, Grid
from kiosk.town.sheets.headers import role_of
from kiosk.town.sheets.times import read_times
from kiosk.town.sheets.weekdays import weekdays

LEAST_DAYS, LEAST_PARTS = 3, 2
"""So many columns at least make a timetable of days, or of parts of the day."""
_ANY_MONTH = Around(2000, 1)
_PART = re.compile(r"(?:上午|下午|中午|晚上|晚间|傍晚|早上|早间|夜间)(?:时段|节目|场)?")

Place = tuple[int, int]
TITLE_COLUMN = 2


@dataclass(frozen=True)
class Timetable:
    """The sheet as a grid of rows; ``places`` has where each of its cells stands in the sheet."""

    grid: Grid
    places: dict[Place, Place]


def as_rows(grid: Grid) -> Timetable | None:
    """The rows that a timetable means: a cell of it is a programme on a day at a time. None if it is no timetable."""
    for row in range(min(len(grid.rows), 40)):
        texts = {column: cell.text for column, cell in grid.filled(row)}
        days = [column for column, text in texts.items() if _is_day(text)]
        if len(days) >= LEAST_DAYS:
            return _days_across(grid, row, days)
        parts = [column for column, text in texts.items() if _is_part(text)]
        dates = [column for column, text in texts.items() if (found := role_of(text)) and found[0] == "date"]
        if len(parts) >= LEAST_PARTS and dates:
            return _parts_across(grid, row, dates[0], parts)
    return None


def _is_day(text: str) -> bool:
    if len(weekdays(text)) == 1:
        return not text.strip().isdigit()
    try:
        days = read_days(Cell(text), _ANY_MONTH)
    except Unread:
        return False
    return len(days.choices[0]) == 1 and not tight(text).isdigit()


def _is_part(text: str) -> bool:
    return _PART.match(tight(text)) is not None or _clock(text) is not None


def _clock(text: str) -> str | None:
    """The time in the name of a part of the day: 上午（9:00-10:00）."""
    inside = re.search(r"[(（](.+)[)）]", text)
    for part in ([inside[1]] if inside else []) + [text]:
        try:
            if read_times(Cell(part))[0].start is not None:
                return part
        except Unread:
            continue
    return None


class _Writer:
    """Writes the rows below those that stand above the timetable."""

    def __init__(self, grid: Grid, above: int) -> None:
        self._source = grid
        self.rows = [[grid.own(row, column) for column in range(grid.width)] for row in range(above)]
        self.places: dict[Place, Place] = {(r, c): (r, c) for r in range(above) for c in range(grid.width)}
        self.rows.append([Cell(name) for name in ("日期", "时间", "节目名称")])
        self.places.update({(above, column): (above, column) for column in range(3)})

    def add(self, date: Cell, date_at: Place, time: Cell, time_at: Place, title: Place) -> None:
        """A programme: its date and time, and where they and its title stand."""
        row = len(self.rows)
        self.rows.append([date, time, self._source.at(*title)])
        self.places |= {(row, 0): date_at, (row, 1): time_at, (row, 2): title}

    def done(self) -> Timetable:
        """The timetable as rows."""
        return Timetable(Grid(self._source.name, self.rows), self.places)


def _days_across(grid: Grid, header: int, days: list[int]) -> Timetable:
    below = header + 1
    dated = below < len(grid.rows) and all(_is_day(grid.at(below, column).text) for column in days)
    writer = _Writer(grid, header)
    times = [column for column in range(days[0]) if _holds_times(grid, header, column)]
    for row in range(below + dated, len(grid.rows)):
        if row in grid.hidden_rows:
            continue
        if (filled := grid.filled(row)) and ends_table(tight(filled[0][1].text)):
            break
        time_at = grid.origin(row, times[-1]) if times else (row, 0)
        for column in days:
            if grid.at(row, column).blank:
                continue
            at = (below, column) if dated else (header, column)
            writer.add(grid.at(*at), at, grid.at(*time_at) if times else BLANK, time_at, grid.origin(row, column))
    return writer.done()


def _holds_times(grid: Grid, header: int, column: int) -> bool:
    found = role_of(grid.at(header, column).text)
    if found and found[0] in ("time", "start"):
        return True
    cells = [cell for row in range(header + 1, len(grid.rows)) if not (cell := grid.own(row, column)).blank]
    return bool(cells) and 2 * sum(_clock(cell.text) is not None for cell in cells) > len(cells)


def _parts_across(grid: Grid, header: int, date: int, parts: list[int]) -> Timetable:
    writer = _Writer(grid, header)
    date_at = (header, date)
    for row in range(header + 1, len(grid.rows)):
        if row in grid.hidden_rows:
            continue
        if (filled := grid.filled(row)) and ends_table(tight(filled[0][1].text)):
            break
        if not grid.at(row, date).blank:
            date_at = grid.origin(row, date)
        for column in parts:
            if grid.at(row, column).blank or date_at[0] <= header:
                continue
            name = grid.at(header, column)
            time = Cell(_clock(name.text) or name.text)
            writer.add(grid.at(*date_at), date_at, time, (header, column), grid.origin(row, column))
    return writer.done()
