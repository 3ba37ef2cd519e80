"""What a workbook says: its rows, one for each day, and a sentence for every cell that needs a person. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date

from kiosk.common.messages import Message, mark
from kiosk.town.sheets.around import Around
from kiosk.town.sheets.characters import tight
from kiosk.town.sheets.checks import Holiday, check_gaps, check_rows
from kiosk.town.sheets.columns import ALIAS_HINT, settle_roles, tell_columns, tell_unread, tell_without_header
from kiosk.town.sheets.drafts import DateCell, Draft, Tell
from kiosk.town.sheets.grid import Finding, Grid
from kiosk.town.sheets.headers import Header, find_headers, role_of, side_by_side
from kiosk.town.sheets.months import Stated, day_in, filled_up, first_stated, nth_week_in, stated, week_in
from kiosk.town.sheets.rows import Row, rows_of
from kiosk.town.sheets.settle import settle
from kiosk.town.sheets.table import NO_DAYS, TableReader
from kiosk.town.sheets.timetables import TITLE_COLUMN, Place, as_rows

MOST_SHOWINGS = 20_000
"""The most rows of a workbook, after each has been written out for its days."""


ROWS_OF_COVER = 20
"""A cover sheet states the month in one of its first rows."""
MOST_OF_DAY = 16
"""The most characters of a line that is nothing but a day, with its year and its day of the week."""


@dataclass
class Reading:
    """What was understood of a workbook, and what was not."""

    rows: list[Row] = field(default_factory=list)
    problems: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)
    stated: tuple[Stated, ...] = ()

    @property
    def months(self) -> list[str]:
        """The months that the rows lie in, as 2026-03; without rows those that are stated."""
        if self.rows:
            return sorted({row.date[:7] for row in self.rows})
        return sorted({f"{one.year}-{one.month:02}" for one in self.stated if one.year and one.month})


def read_grids(grids: Iterable[Grid], holiday: Holiday, file_name: str = "", month: date | None = None) -> Reading:
    """Read the sheets of a workbook. ``month`` is any day of the month that the caller names."""
    reading = Reading()
    grids = list(grids)
    plans, covers = [], list[str]()
    for grid in grids:
        if _hidden(grid, reading):
            continue
        if plan := _plan(grid, reading):
            plans.append(plan)
        elif not plans:
            covers += [cell.text for row in grid.rows[:ROWS_OF_COVER] for cell in row if not cell.blank]
    if not plans and not reading.problems:
        message = Message(mark("there is no table with a header: no column is called 节目名称 or the like"))
        reading.problems.append(Finding("", None, None, "", message, Message(ALIAS_HINT)))
    contexts = [
        _context(plan.grid, plan.headers, file_name, month, alone=len(plans) == 1, warn=reading.warnings.append)
        for plan in plans
    ]
    cover = first_stated(covers)
    contexts = [filled_up(one, cover) for one in contexts]
    years = {one.year for one in contexts if one.year}
    last = Stated(min(years)) if len(years) == 1 else Stated()
    for plan, own in zip(plans, contexts, strict=True):
        context = last = filled_up(own, last)
        part = Reading()
        _read_sheet(plan.grid, plan.headers, context, part, holiday)
        if len(reading.rows) + len(part.rows) > MOST_SHOWINGS:
            message = Message(mark("this is more than {most} showings"), {"most": str(MOST_SHOWINGS)})
            remedy = Message(mark("write a plan of at most a year"))
            part = Reading(problems=[Finding(plan.grid.name, None, None, "", message, remedy)])
        reading.stated = (*reading.stated, context)
        reading.rows += [plan.row(row) for row in part.rows]
        reading.problems += [plan.finding(one) for one in part.problems]
        reading.warnings += [plan.finding(one) for one in part.warnings]
    _without_days(reading)
    check_gaps(grids, reading.rows, reading.warnings.append)
    order = {plan.grid.name: n for n, plan in enumerate(plans)}
    for found in (reading.problems, reading.warnings):
        found[:] = {(one.sheet, one.cell, one.message.render(str)): one for one in found}.values()
        found.sort(key=lambda one: (order.get(one.sheet, -1), one.row or 0, one.column or 0))
    return reading


def _without_days(reading: Reading) -> None:
    """A list of programmes without days, beside a plan, is told of and is no problem."""
    lists = [one for one in reading.problems if one.message == NO_DAYS]
    if reading.rows and lists:
        reading.problems = [one for one in reading.problems if one.message != NO_DAYS]
        reading.warnings += lists


def _hidden(grid: Grid, reading: Reading) -> bool:
    if grid.hidden and find_headers(grid):
        message = Message(mark("this sheet is hidden: it is not read"))
        reading.warnings.append(Finding(grid.name, None, None, "", message, Message(mark("show it, if it counts"))))
    return grid.hidden


@dataclass(frozen=True)
class _Plan:
    """A sheet with a plan; ``places`` says where the cells of a timetable stand, None for a table."""

    grid: Grid
    headers: list[Header]
    places: dict[Place, Place] | None = None

    def row(self, row: Row) -> Row:
        """A row with the number that it has in the sheet."""
        if self.places is None:
            return row
        return replace(row, row=self.places[row.row - 1, TITLE_COLUMN][0] + 1)

    def finding(self, one: Finding) -> Finding:
        """A finding at its cell in the sheet."""
        if self.places is None or one.row is None or one.column is None:
            return one
        row, column = self.places.get((one.row, one.column), (one.row, one.column))
        return replace(one, row=row, column=column)


def _plan(grid: Grid, reading: Reading) -> _Plan | None:
    """The plan of a sheet; None for a sheet that has none, with a warning if something stands in it."""
    headers = find_headers(grid)
    if not headers or headers[0].guessed:
        timetable = as_rows(grid)
        if timetable and (as_table := find_headers(timetable.grid)):
            tell_unread(grid, set(timetable.places.values()), reading.warnings.append)
            return _Plan(timetable.grid, as_table, timetable.places)
    if headers:
        tell_without_header(grid, headers[0].top, reading.problems.append)
        return _Plan(grid, headers)
    cells = [cell for row in grid.rows for cell in row if not cell.blank]
    if len(cells) > 6 or any("《" in cell.text for cell in cells):
        message = Message(mark("no table with a header was found in this sheet: it is not read"))
        reading.warnings.append(Finding(grid.name, None, None, "", message, Message(ALIAS_HINT)))
    return None


def _title_texts(grid: Grid, headers: list[Header]) -> list[tuple[int, int, str]]:
    found = []
    for row in range(headers[0].bottom + 1):
        for column in range(grid.width):
            text = grid.own(row, column).text
            if text and not role_of(text):
                found.append((row, column, text))
    return found


def _context(
    grid: Grid, headers: list[Header], file_name: str, month: date | None, *, alone: bool, warn: Tell
) -> Stated:
    """Year and month of a sheet: from its title, its name, the file's name, the option."""
    titles = _title_texts(grid, headers)
    lines = ["".join(text for n, _, text in titles if n == row) for row in dict.fromkeys(row for row, _, _ in titles)]
    own = first_stated([*(text for _, _, text in titles), grid.name, *lines])
    if month is None:
        return filled_up(own, stated(file_name))
    option = Stated(month.year, month.month)
    if not alone or own.month is None or (own.month == option.month and own.year in (None, option.year)):
        return filled_up(own, option)
    none: tuple[int | None, int | None, str] = (None, None, grid.name)
    row, column, text = next((one for one in titles if stated(one[2]).month), none)
    message = Message(mark("another month than the one that was asked for"))
    warn(Finding(grid.name, row, column, text, message, Message(mark("mend the title, or ask for the other month"))))
    return option


def _around(grid: Grid, header: Header, context: Stated, titles: list[tuple[int, int, str]]) -> Around:
    """What is known of a table: the month, and the week that the lines above it or the sheet's name write out."""
    plain = Around(context.year, context.month, several=context.several)
    texts = [text for row, _, text in titles if row < header.top] + [grid.name]
    week = next((days for text in texts if (days := week_in(text, plain))), ())
    nth = None if week else next((n for text in texts if (n := nth_week_in(text)) is not None), None)
    return replace(plain, week=week, nth_week=nth)


def _read_sheet(grid: Grid, headers: list[Header], context: Stated, reading: Reading, holiday: Holiday) -> None:
    titles = _title_texts(grid, headers)
    around = _around(grid, headers[0], context, titles)
    drafts: list[Draft] = []
    dates: list[DateCell] = []
    hidden_rows: list[int] = []
    problem, warning = reading.problems.append, reading.warnings.append
    for n, header in enumerate(headers):
        end = _preface(grid, headers[n + 1]) if n + 1 < len(headers) else len(grid.rows)
        settle_roles(grid, header, end, around)
        tell_columns(grid, header, end, warning)
        if n:
            previous = next(
                (cell.days.choices[0][0] for cell in reversed(dates) if cell.days and cell.days.choices[0]), None
            )
            lines = [
                (row, 0, grid.own(row, column).text)
                for row in range(headers[n - 1].bottom + 1, header.top)
                for column in range(grid.width)
            ]
            preface = [text for row, _, text in lines if row >= _preface(grid, header)]
            if (own := filled_up(first_stated(preface), context)) != context:
                context, previous = own, None
            around = replace(_around(grid, header, context, lines[-3 * grid.width :]), previous=previous)
        if not header.columns.keys() & {"date", "weekday", "week"} and not around.week:
            around = _of_day(grid, header, _preface(grid, header) if n else 0, around, warning)
        for part in side_by_side(header, grid):
            table = TableReader(grid, part, end, around, problem, warning).read()
            drafts += table.drafts
            dates += table.dates
            hidden_rows += table.skipped_hidden
    if hidden_rows:
        numbers = ", ".join(str(row + 1) for row in hidden_rows[:20]) + ("…" if len(hidden_rows) > 20 else "")
        message = Message(mark("hidden rows are not read: {rows}"), {"rows": numbers})
        warning(Finding(grid.name, hidden_rows[0], 0, "", message, Message(mark("show them, or delete them"))))
    settle(grid, dates, drafts, problem, warning)
    shown = rows_of(grid, drafts, warning)
    if len(shown) > MOST_SHOWINGS:
        reading.rows += [one.row for one in shown]
        return
    reading.rows += [one.row for one in shown]
    check_rows(grid, shown, context, holiday, warning)


def _of_day(grid: Grid, header: Header, first: int, around: Around, warning: Tell) -> Around:
    """The day that the lines above a table without dates name, or the sheet's name."""
    for row in range(header.top - 1, first - 1, -1):
        for column, cell in grid.filled(row):
            if day := day_in(cell.text, around):
                if len(tight(cell.text)) > MOST_OF_DAY:
                    message = Message(mark("the table below is read as of {day}"), {"day": day.isoformat()})
                    warning(
                        Finding(grid.name, row, column, cell.text, message, Message(mark("look whether it is meant")))
                    )
                return replace(around, week=(day,))
    day = day_in(grid.name, around)
    return replace(around, week=(day,)) if day else around


def _preface(grid: Grid, header: Header) -> int:
    """The row in which the lines above a further header begin: each has one text in it, and no programme."""
    row = header.top
    while row > 0:
        filled = grid.filled(row - 1)
        if len(filled) > 1 or any(not isinstance(cell.value, str) or "《" in cell.text for _, cell in filled):
            break
        row -= 1
    return row
