"""Sheets laid out as a timetable, days or parts of the day across: written anew as rows with a header. Pure."""

import re
from dataclasses import dataclass

from kiosk.town.sheets.around import Around, Unread
from kiosk.town.sheets.characters import fold, tight
from kiosk.town.sheets.closing import ends_table
from kiosk.town.sheets.dates import read_days
from kiosk.town.sheets.grid import BLANK, Cell, Grid
from kiosk.town.sheets.headers import role_of
from kiosk.town.sheets.months import nth_week_in, week_in
from kiosk.town.sheets.times import read_times, split_at_times
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

    def __init__(self, grid: Grid, above: int, names: tuple[str, ...] = ("日期", "时间", "节目名称")) -> None:
        self._source = grid
        self.rows = [[grid.own(row, column) for column in range(grid.width)] for row in range(above)]
        self.places: dict[Place, Place] = {(r, c): (r, c) for r in range(above) for c in range(grid.width)}
        self.rows.append([Cell(name) for name in names])
        self.places.update({(above, column): (above, column) for column in range(len(names))})

    def add(
        self, date: Cell, date_at: Place, time: Cell, time_at: Place, title: Place, week: Place | None = None
    ) -> None:
        """A programme: its date and time, and where they, its title and its week stand. A time may stand before each
        title of the cell."""
        said = self._source.at(*title)
        timed = split_at_times(said.value) if time.blank and isinstance(said.value, str) else []
        for own_time, text in [(Cell(when), Cell(what)) for when, what in timed] or [(time, said)]:
            row = len(self.rows)
            self.rows.append([date, own_time, text])
            self.places |= {(row, 0): date_at, (row, 1): title if timed else time_at, (row, 2): title}
            if week is not None:
                self.rows[-1].append(self._source.at(*week))
                self.places[row, 3] = week

    def done(self) -> Timetable:
        """The timetable as rows."""
        return Timetable(Grid(self._source.name, self.rows), self.places)


def _days_across(grid: Grid, header: int, days: list[int]) -> Timetable:
    below = header + 1
    dated = below < len(grid.rows) and all(_is_day(grid.at(below, column).text) for column in days)
    week = None if dated else _week_column(grid, header, days)
    writer = _Writer(grid, header) if week is None else _Writer(grid, header, ("星期", "时间", "节目名称", "周次"))
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
            week_at = grid.origin(row, week) if week is not None else None
            time = grid.at(*time_at) if times else BLANK
            writer.add(grid.at(*at), at, time, time_at, grid.origin(row, column), week_at)
    return writer.done()


def _week_column(grid: Grid, header: int, days: list[int]) -> int | None:
    """The column before the days of the week in which weeks stand, 第一周 or 3月2日-6日; None where it is dates that
    stand across, or no weeks."""
    names = [grid.at(header, column).text for column in days]
    if not all(len(weekdays(name)) == 1 and not re.search(r"[0-9]", fold(name)) for name in names):
        return None
    for column in range(days[0]):
        cells = [cell for row in range(header + 1, len(grid.rows)) if not (cell := grid.own(row, column)).blank]
        if cells and 2 * sum(_is_week(cell.text) for cell in cells) > len(cells):
            return column
    return None


def _is_week(text: str) -> bool:
    return nth_week_in(text) is not None or bool(week_in(text, _ANY_MONTH))


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
