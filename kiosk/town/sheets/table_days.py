"""The days of one table's rows: from the cell of the date, from the week, from what stands above. Pure."""

import re
from dataclasses import dataclass, replace
from datetime import date, timedelta

from kiosk.common.messages import Message, mark
from kiosk.town.sheets.around import Around, Days, Unread
from kiosk.town.sheets.cells import TableCells
from kiosk.town.sheets.characters import tight
from kiosk.town.sheets.date_lists import days_between
from kiosk.town.sheets.dates import read_days
from kiosk.town.sheets.drafts import DateCell, Table, Tell
from kiosk.town.sheets.grid import Cell, Finding, Grid
from kiosk.town.sheets.headers import Header
from kiosk.town.sheets.months import Stated, filled_up, nth_week_in, week_in
from kiosk.town.sheets.no_showing import called_off, says_no_showing
from kiosk.town.sheets.weekdays import weekdays

MOST_TURNED = timedelta(days=4)
"""The longest way from the last day of a month to a bare day that is taken for one of the next month."""
_BARE_DAY = re.compile(r"[0-9]{1,2}(?:[日号]|$|[(])")


@dataclass
class State:
    """What the rows above say for the next one."""

    dated: DateCell | None = None
    week: tuple[date, ...] = ()
    nth_week: int | None = None
    month: Stated = Stated()
    """Of a column for the month, or of a line across the table."""
    first_of_month: int = 0
    """How many dates stand above the place where the month was named."""
    above: date | None = None
    """The date of the row above, in the same run of dates."""
    after_end: bool = False
    other_table: bool = False
    """A table of another kind has begun."""


class TableDays(TableCells):
    """Reads the days of a table's rows."""

    def __init__(self, grid: Grid, header: Header, end: int, around: Around, problem: Tell, warning: Tell) -> None:
        super().__init__(grid, header, problem, warning)
        self._end, self._around = end, around
        self._table = Table()
        self._state = State(week=around.week, nth_week=around.nth_week)
        if header.day_at is not None:
            self._day_over(grid, *grid.origin(*header.day_at))

    def _day_over(self, grid: Grid, row: int, column: int) -> None:
        """All rows of the table are of the day that stands over it, if it is one."""
        cell = grid.own(row, column)
        if cell.blank or not (weekdays(cell.text) or re.search("[0-9]", cell.text)):
            return
        try:
            self._state.dated = self._dated(row, column, read_days(cell, self._around_now()), cell)
        except Unread as error:
            self._problem(Finding(grid.name, row, column, cell.text, error.message, error.remedy))
            self._state.dated = self._dated(row, column, None, cell)
            self._state.dated.told = True
        self._state.dated.heading = True

    def _around_now(self) -> Around:
        state, around = self._state, self._around
        dates = self._table.dates[state.first_of_month :]
        last = next((cell for cell in reversed(dates) if cell.days is not None), None)
        previous = None
        if last is not None and last.days is not None:
            previous = next((choice[0] for choice in last.days.choices if choice), None)
        own = filled_up(state.month, Stated(around.year, around.month))
        before = around.previous if state.first_of_month == 0 else None
        several = around.several and state.month.month is None
        return Around(own.year, own.month, previous or before, state.week, several, state.nth_week)

    def _of_month(self, named: Stated) -> None:
        """The rows from here on are of this month."""
        if named != self._state.month:
            self._state.month, self._state.first_of_month, self._state.above = named, len(self._table.dates), None

    def _dated(self, row: int, column: int | None, days: Days | None, cell: Cell) -> DateCell:
        found = DateCell(row, column, days, cell)
        self._table.dates.append(found)
        return found

    def _week(self, row: int, cell: Cell) -> None:
        text = cell.text
        if days := week_in(text, self._around):
            self._state.week, self._state.nth_week = days, None
        elif (nth := nth_week_in(text)) is not None:
            self._state.week, self._state.nth_week = (), nth
        elif re.fullmatch(r"[1-6]|[一二三四五六]", tight(text)):
            self._state.week, self._state.nth_week = (), nth_week_in(f"第{tight(text)}周")
        else:
            return
        if self._header.first("date") is not None or self._header.first("weekday") is not None:
            self._state.dated = None

    def _date(self, row: int) -> DateCell | None:
        """The date cell that the row takes its days from."""
        cell = self._cell(row, "date")
        if cell.blank:
            return self._by_week(row) or self._state.dated
        place = self._place(row, "date")
        if self._state.dated is not None and place == (self._state.dated.row, self._state.dated.column):
            return self._state.dated
        found = self._dated(row if place is None else place[0], self._header.first("date"), None, cell)
        self._state.dated = found
        if isinstance(cell.value, str) and (remark := called_off(cell.value)) and re.search("[播停映]|取消", remark):
            found.called_off, cell = True, replace(cell, value=re.sub(rf"[(（\[【]?{remark}[)）\]】]?", "", cell.value))
        if not self._usable(row, "date"):
            found.told = True
            return found
        try:
            found.days = read_days(cell, self._around_now())
        except Unread as error:
            if self._cell(row, "title").blank and self._cell(row, "time").blank and says_no_showing(cell.text):
                self._table.dates.pop()
                return None
            found.told = True
            self._bad(row, "date", error)
        else:
            self._turn_month(row, found)
            self._until(row, found)
            self._doubt(row, "date", found.days.doubt if found.days else None)
        return found

    def _until(self, row: int, found: DateCell) -> None:
        """Take the days up to the last one, where that stands in a column of its own."""
        cell = self._cell(row, "last")
        if cell.blank or found.days is None or not self._usable(row, "last"):
            return
        try:
            first, last = found.days.choices[0][0], read_days(cell, self._around_now()).choices[0][-1]
            days = days_between(first, last)
        except Unread as error:
            found.told = True
            self._bad(row, "last", error)
            found.days = None
        else:
            found.days = replace(found.days, choices=(days,))

    def _turn_month(self, row: int, found: DateCell) -> None:
        """Take a bare day behind the last ones of a month for one of the next month: 30, 31, 1."""
        days = found.days.choices[0] if found.days is not None else ()
        above, self._state.above = self._state.above, days[0] if days else None
        if found.days is None or len(days) != 1 or above is None or not _BARE_DAY.match(tight(found.cell.text)):
            return
        turned = (days[0] + timedelta(days=31)).replace(day=days[0].day)
        named = self._weekday(row) or found.days.weekdays
        if days[0] > above or turned - above > MOST_TURNED or days[0].weekday() in named:
            return
        doubt = Message(mark("read as {day}, after the row above"), {"day": turned.isoformat()})
        found.days, self._state.above = replace(found.days, choices=((turned,),), doubt=doubt), turned

    def _by_week(self, row: int) -> DateCell | None:
        """The days of a row that names only a day of the week, in a week that is known."""
        if self._state.dated is not None and self._state.dated.heading:
            return self._state.dated
        cell = self._cell(row, "weekday")
        own = self._place(row, "weekday")
        if cell.blank or not isinstance(cell.value, str) or not weekdays(cell.value):
            undated = self._header.first("date") is None and self._header.first("weekday") is None
            timed = any(not self._cell(row, role).blank for role in ("time", "start"))
            recommended = self._state.dated is None and bool(self._state.week) and not timed
            return self._whole_week(row) if undated or recommended else None
        if self._header.first("date") is not None and not (self._state.week or self._state.nth_week):
            return None
        if self._state.dated and own == (self._state.dated.row, self._state.dated.column):
            return self._state.dated
        text = cell.value if re.search("周|星期|礼拜|每", cell.value) else "周" + cell.value
        if not (self._state.week or self._state.nth_week or text.startswith("每")):
            text = "每" + text
            self._doubt(row, "weekday", Message(mark("read as each of these days of the week in the month")))
        found = self._dated(row, own[1] if own else None, None, cell)
        self._state.dated = found
        try:
            found.days = read_days(Cell(text), self._around_now())
        except Unread as error:
            found.told = True
            self._bad(row, "weekday", error)
        return found

    def _whole_week(self, row: int) -> DateCell | None:
        """A table without dates and days of the week: its rows are for the whole week, where that is known."""
        if not (self._state.week or self._state.nth_week):
            return None
        place = self._place(row, "week") or (row, None)
        last = self._state.dated
        if last and (last.row, last.column) == place:
            return last
        around = self._around_now()
        found = self._state.dated = self._dated(place[0], place[1], None, self._grid.own(place[0], place[1] or 0))
        found.whole_week = True
        try:
            written = Days((around.week,), periodic=True)
            found.days = written if around.week else read_days(Cell(f"第{around.nth_week}周"), around)
        except Unread as error:
            found.told = True
            self._bad(row, "week" if self._header.first("week") is not None else "title", error)
        return found
