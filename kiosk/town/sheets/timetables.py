"""Sheets laid out as a timetable, days or parts of the day across: written anew as rows with a header. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from kiosk.town.sheets.around import Around, Unread
from kiosk.town.sheets.characters import fold, tight
from kiosk.town.sheets.closing import ends_table
from kiosk.town.sheets.dates import read_days
from kiosk.town.sheets.grid import BLANK, Cell, Grid
from kiosk.town.sheets.headers import ALIASES, Role, role_of
from kiosk.town.sheets.months import nth_week_in, week_in
from kiosk.town.sheets.times import is_part_of_day, read_times, split_at_times, with_part_of_day
from kiosk.town.sheets.weekdays import DAY_LETTERS, weekdays

_DAY_AT_HEAD = re.compile(r"\s*((?:[0-9０-９]{1,2}月)?[0-9０-９]{1,2}[日号])[:：]?\s*(?=[\n《0-9０-９上下中晚早]|$)")
"""The day before what is shown on it, in a cell of a calendar."""
MOST_LOOKED_AT = 40
"""The rows in which the days of a timetable are looked for."""
MOST_ACROSS = 60
"""The most cells of a row of days."""
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
    if turned := _turned(grid):
        return turned
    for row in range(min(len(grid.rows), MOST_LOOKED_AT)):
        texts = {column: cell.text for column, cell in grid.filled(row)}
        if len(texts) > MOST_ACROSS:
            continue
        weeks = [column for column, text in texts.items() if _is_week(text)]
        if len(weeks) >= LEAST_PARTS and _days_down(grid, row, weeks[0]) is not None:
            return _weeks_across(grid, row, weeks)
        days = [column for column, text in texts.items() if _is_day(text)]
        timed = any((found := role_of(text)) and found[0] in ("time", "start") for text in texts.values())
        if len(days) >= LEAST_DAYS - timed:
            return _days_across(grid, row, days)
        parts = [column for column, text in texts.items() if _is_part(text)]
        dates = [column for column, text in texts.items() if (found := role_of(text)) and found[0] == "date"]
        if len(parts) >= LEAST_PARTS and dates:
            return _parts_across(grid, row, dates[0], parts)
    return None


@lru_cache(1024)
def _is_day(text: str) -> bool:
    if len(weekdays(text)) == 1:
        return not text.strip().isdigit()
    try:
        days = read_days(Cell(text), _ANY_MONTH)
    except Unread:
        return False
    return len(days.choices[0]) == 1 and not days.rest and not tight(text).isdigit()


@lru_cache(1024)
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
        self, date: Cell, date_at: Place, time: Cell, time_at: Place, title: Place, beside: Sequence[Place | None] = ()
    ) -> None:
        """A programme: its date and time, and where they, its title and what is said beside it stand. A date may stand
        at the head of the cell, and a time before each title."""
        said = self._source.at(*title)
        if isinstance(said.value, str) and (head := _DAY_AT_HEAD.match(said.value)):
            if not said.value[head.end() :].strip():
                return
            date, date_at, said = Cell(f"{head[1]}({date.text})"), title, Cell(said.value[head.end() :])
        timed = split_at_times(said.value) if isinstance(said.value, str) else []
        part = time.text if is_part_of_day(time.text) else ""
        times = [(with_part_of_day(part, Cell(when)), Cell(what)) for when, what in timed]
        for own_time, text in times or [(time, said)]:
            row = len(self.rows)
            self.rows.append([date, own_time, text])
            self.places |= {(row, 0): date_at, (row, 1): title if timed else time_at, (row, 2): title}
            self.rows[-1] += [BLANK if place is None else self._source.at(*place) for place in beside]
            self.places |= {(row, TITLE_COLUMN + 1 + n): place for n, place in enumerate(beside) if place is not None}

    def done(self) -> Timetable:
        """The timetable as rows."""
        return Timetable(Grid(self._source.name, self.rows), self.places)


def _days_across(grid: Grid, header: int, days: list[int]) -> Timetable:
    week = None if _names_days(grid, header + 1, days) else _week_column(grid, header, days)
    lines = {row: found[0][0] for row in range(header, len(grid.rows)) if len(found := grid.filled(row)) == 1}
    lines = {row: column for row, column in lines.items() if _is_week(grid.own(row, column).text)}
    by_week = week is not None or bool(lines)
    more = _more(grid, header, days)
    names = ("星期", "时间", "节目名称", "周次") if by_week else ("日期", "时间", "节目名称")
    writer = _Writer(grid, header, (*names, *more))
    after_end = False
    week_at: Place | None = None
    times = [column for column in range(days[0]) if _holds_times(grid, header, column)]
    dates = {column: (_weekday_cell(grid.at(header, column)), (header, column)) for column in days}
    for row in range(header + 1, len(grid.rows)):
        if row in grid.hidden_rows:
            continue
        if (filled := grid.filled(row)) and ends_table(tight(filled[0][1].text)):
            after_end = True
            continue
        after_end = after_end and row not in lines and not _names_days(grid, row, days)
        if after_end:
            continue
        if row in lines:
            week_at = (row, lines[row])
            continue
        if week is None and _names_days(grid, row, days):
            dates |= {column: _numbered_day(grid, header, row, column) for column in days}
            continue
        time_at = grid.origin(row, times[-1]) if times else (row, 0)
        time = grid.at(*time_at) if times else BLANK
        for part in (grid.at(row, column).text for column in range(days[0])):
            time = with_part_of_day(part, time)
        week_at = grid.origin(row, week) if week is not None else week_at
        beside = [week_at] * by_week + [grid.origin(row, column) for column in more.values()]
        for column in days:
            if grid.at(row, column).blank:
                continue
            writer.add(*dates[column], time, time_at, grid.origin(row, column), beside)
    return writer.done()


def _more(grid: Grid, header: int, read: Sequence[int]) -> dict[str, int]:
    """The columns beside those of a timetable that say more of its programmes, by their names."""
    found: dict[str, int] = {}
    for column in range(grid.width):
        role = role_of(grid.at(header, column).text) if column not in read else None
        if role and role[0] in ("category", "audience", "duration", "note"):
            found.setdefault(grid.at(header, column).text, column)
    return found


def _weekday_cell(cell: Cell) -> Cell:
    """The day of the week over a column, 一 as 周一."""
    return Cell("周" + tight(cell.text)) if tight(cell.text) in DAY_LETTERS else cell


def _names_days(grid: Grid, row: int, days: list[int]) -> bool:
    """Whether a row has only the days of the columns in it, as a calendar has them: 2, 3, 4, or 3月2日."""
    texts = [grid.own(row, column).text for column in days]
    return any(texts) and all(_is_day(text) or re.fullmatch("[0-9]{1,2}", tight(text)) for text in texts if text)


def _numbered_day(grid: Grid, header: int, row: int, column: int) -> tuple[Cell, Place]:
    """A day as it stands in a calendar; a bare number with the day of the week over it."""
    cell, over = grid.at(row, column), _weekday_cell(grid.at(header, column)).text
    return Cell(f"{tight(cell.text)}日({over})") if tight(cell.text).isdigit() else cell, (row, column)


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


@lru_cache(1024)
def _is_week(text: str) -> bool:
    return nth_week_in(text) is not None or bool(week_in(text, _ANY_MONTH))


def _holds_times(grid: Grid, header: int, column: int) -> bool:
    found = role_of(grid.at(header, column).text)
    if found and found[0] in ("time", "start"):
        return True
    cells = [cell for row in range(header + 1, len(grid.rows)) if not (cell := grid.own(row, column)).blank]
    return bool(cells) and 2 * sum(_clock(cell.text) is not None for cell in cells) > len(cells)


def _days_down(grid: Grid, header: int, before: int) -> int | None:
    """The column before the weeks in which days of the week stand; None if there is none."""
    for column in range(before):
        rows = range(header + 1, min(header + MOST_LOOKED_AT, len(grid.rows)))
        cells = [cell.text for row in rows if not (cell := grid.own(row, column)).blank]
        if cells and 2 * sum(len(weekdays(text)) == 1 for text in cells) > len(cells):
            return column
    return None


def _weeks_across(grid: Grid, header: int, weeks: list[int]) -> Timetable:
    writer = _Writer(grid, header, ("星期", "时间", "节目名称", "周次"))
    label = _days_down(grid, header, weeks[0]) or 0
    times = [column for column in range(weeks[0]) if column != label and _holds_times(grid, header, column)]
    for column in weeks:
        for row in range(header + 1, len(grid.rows)):
            day_at = grid.origin(row, label)
            if row in grid.hidden_rows or grid.at(row, column).blank or not weekdays(grid.at(*day_at).text):
                continue
            time_at = grid.origin(row, times[-1]) if times else (row, column)
            time = grid.at(*time_at) if times else BLANK
            place = grid.origin(row, column)
            writer.add(_weekday_cell(grid.at(*day_at)), day_at, time, time_at, place, [(header, column)])
    return writer.done()


Slot = dict[Role, tuple[int, int | None]]
"""The row of each role; and its column, where it is the same for all programmes."""


def _turned(grid: Grid) -> Timetable | None:
    """A table whose names stand in a column, one below the other, with a programme in each column beside it."""
    for column in range(min(grid.width, 3)):
        slots = _slots(grid, column)
        roles = list(dict.fromkeys(role for slot in slots for role in slot))
        if len(roles) < LEAST_DAYS or "title" not in roles or not {"date", "weekday"} & {*roles}:
            continue
        roles.remove("title")
        roles.insert(TITLE_COLUMN, "title")
        above = range(min(row for role, (row, _) in slots[0].items() if role != "week"))
        lines = [[grid.own(row, n) for n in range(grid.width)] for row in above]
        places = {(row, n): (row, n) for row in above for n in range(grid.width)}
        places |= {(len(lines), at): (len(lines), column) for at in range(len(roles))}
        lines.append([Cell(ALIASES[role].split()[0]) for role in roles])
        for slot in slots:
            own = [row for role, (row, _) in slot.items() if role not in ("date", "weekday", "week")]
            for n in range(column + 1, grid.width):
                if "title" not in slot or all(grid.at(row, n).blank for row in own):
                    continue
                at = {role: grid.origin(row, n if fixed is None else fixed) for role, (row, fixed) in slot.items()}
                places |= {(len(lines), k): at[role] for k, role in enumerate(roles) if role in at}
                lines.append([grid.own(*at[role]) if role in at else BLANK for role in roles])
        return Timetable(Grid(grid.name, lines), places)
    return None


def _slots(grid: Grid, column: int) -> list[Slot]:
    """The programmes of one column, from above: a role that comes again begins the next one, of the same day."""
    slots: list[Slot] = [{}]
    role: Role
    at: int | None
    for row in range(len(grid.rows)):
        filled = grid.filled(row)
        found = role_of(grid.own(row, column).text)
        if len(filled) == 1 and _is_week(filled[0][1].text):
            role, at = "week", filled[0][0]
        elif found and found[0] != "other":
            role, at = found[0], None
        elif len(filled) > 1 and filled[0][0] > column and all(_is_day(cell.text) for _, cell in filled):
            role, at = "weekday" if weekdays(filled[0][1].text) else "date", None
        else:
            continue
        if role in slots[-1]:
            of_day = ("week",) if role in ("date", "weekday") else ("week", "date", "weekday")
            slots.append({one: place for one, place in slots[-1].items() if role != "week" and one in of_day})
        slots[-1][role] = (row, at)
    return slots


def _parts_across(grid: Grid, header: int, date: int, parts: list[int]) -> Timetable:
    more = _more(grid, header, parts)
    writer = _Writer(grid, header, ("日期", "时间", "节目名称", *more))
    date_at = (header, date)
    after_end = False
    for row in range(header + 1, len(grid.rows)):
        if row in grid.hidden_rows:
            continue
        if (filled := grid.filled(row)) and ends_table(tight(filled[0][1].text)):
            after_end = True
            continue
        if (found := role_of(grid.own(row, date).text)) and found[0] == "date":
            header, after_end = row, False
        if after_end or row == header:
            continue
        if not grid.at(row, date).blank:
            date_at = grid.origin(row, date)
        for column in parts:
            if grid.at(row, column).blank or date_at[0] <= header:
                continue
            name = grid.at(header, column)
            time = Cell(_clock(name.text) or name.text)
            beside = [grid.origin(row, column) for column in more.values()]
            writer.add(grid.at(*date_at), date_at, time, (header, column), grid.origin(row, column), beside)
    return writer.done()
