"""The rows of one table: which are programmes, which are headings, notes, totals; and what their cells say. Pure."""

import re
from dataclasses import dataclass
from datetime import date

from kiosk.common.messages import Message, mark
from kiosk.town.sheets.around import WRITE_DATE, Around, Days, Unread
from kiosk.town.sheets.categories import category
from kiosk.town.sheets.cells import TableCells, only_spaces
from kiosk.town.sheets.characters import arabic, tight
from kiosk.town.sheets.closing import MOVED, ends_table
from kiosk.town.sheets.dates import read_days
from kiosk.town.sheets.drafts import DateCell, Draft, Table, Tell
from kiosk.town.sheets.grid import Cell, Finding, Grid
from kiosk.town.sheets.headers import Header, Role
from kiosk.town.sheets.months import nth_week_in, week_in
from kiosk.town.sheets.times import Stretch, read_times, split_at_times
from kiosk.town.sheets.titles import LONGEST, read_titles, says_no_showing
from kiosk.town.sheets.weekdays import weekdays

CONTENT: tuple[Role, ...] = ("title", "time", "start", "end", "category", "duration", "audience", "note")


@dataclass
class _State:
    """What the rows above say for the next one."""

    dated: DateCell | None = None
    week: tuple[date, ...] = ()
    nth_week: int | None = None
    month: int | None = None
    """Of a column for the month."""
    after_end: bool = False


class TableReader(TableCells):
    """Reads the rows of one table of a sheet."""

    def __init__(self, grid: Grid, header: Header, end: int, around: Around, problem: Tell, warning: Tell) -> None:
        super().__init__(grid, header, problem, warning)
        self._end, self._around = end, around
        self._table = Table()
        self._state = _State(week=around.week, nth_week=around.nth_week)

    def read(self) -> Table:
        """The table's rows."""
        for row in range(self._header.bottom + 1, self._end):
            if row in self._grid.hidden_rows:
                if any(not self._grid.own(row, column).blank for column in self._roles):
                    self._table.skipped_hidden.append(row)
                continue
            self._row(row)
        return self._table

    # --- rows ---

    def _row(self, row: int) -> None:
        own = [(column, cell) for column, cell in self._grid.filled(row) if not only_spaces(cell)]
        if not own or not any(self._counts(row, column) for column, _ in own):
            return
        first = tight(own[0][1].text)
        if isinstance(own[0][1].value, str) and self._roles.get(own[0][0]) != "note" and ends_table(first):
            self._state.after_end = True
            return
        if self._heading(row, own):
            return
        if self._state.after_end and not self._table_goes_on(row):
            return
        self._state.after_end = False
        self._programme(row, {self._roles.get(column, "other") for column, _ in own})

    def _counts(self, row: int, column: int) -> bool:
        merge = self._grid.merge_at(row, column)
        wide = bool(merge and merge.right > merge.left)
        return wide or self._roles.get(column, "other") != "other" or len(self._grid.own(row, column).text) > 6

    def _table_goes_on(self, row: int) -> bool:
        when = any(not self._cell(row, role).blank for role in ("date", "week", "weekday", "time", "start"))
        return when and not self._cell(row, "title").blank and len(self._text(row, "title")) < LONGEST

    def _heading(self, row: int, own: list[tuple[int, Cell]]) -> bool:
        """Whether the row is a heading or a note over the columns, and not a programme. It may name a week or a day."""
        if len(own) != 1 or not isinstance(own[0][1].value, str):
            return False
        column, cell = own[0]
        text, merge = str(cell.value), self._grid.merge_at(row, column)
        covered = (
            [self._roles.get(c) for c in range(merge.left, merge.right + 1)]
            if merge and merge.right > merge.left
            else []
        )
        spanning = len([role for role in covered if role not in (None, "other")]) >= 2 or (
            "title" in covered and len(covered) >= 3
        )
        role = self._roles.get(column, "other")
        if says_no_showing(text) and (spanning or role == "title"):
            return spanning
        if role == "title" and not spanning and "《" not in text and self._signed_off(row, text):
            self._warn_unread(row, column, text)
            return True
        if not spanning and role not in ("other", "date", "week", "time"):
            return False
        if days := week_in(text, self._around):
            self._state.week, self._state.nth_week, self._state.dated = days, None, None
            return spanning or role == "other" or nth_week_in(text) is not None or self._blank_below(row)
        if (nth := nth_week_in(text)) is not None and (spanning or role != "date" or self._blank_below(row)):
            self._state.week, self._state.nth_week, self._state.dated = (), nth, None
            return True
        if role in ("other", "time") or spanning:
            try:
                days_named = read_days(cell, self._around_now())
            except Unread:
                pass
            else:
                if not days_named.rest:
                    self._state.dated = self._dated(row, column, days_named, cell)
                    self._state.dated.heading = True
                    return True
            if role == "time" and not spanning:
                return False
            if spanning and not self._state.after_end:
                self._warn_unread(row, column, text)
            return True
        if self._state.after_end or len(text) > 40:
            self._warn_unread(row, column, text)
            self._state.after_end = True
            return True
        return False

    def _signed_off(self, row: int, text: str) -> bool:
        """Whether a lone text in the title's column is who made the plan, or when, and no title."""
        if re.fullmatch(r"20[0-9]{2}[年./-][0-9]{1,2}[月./-][0-9]{1,2}日?", tight(text)):
            return True
        return row > self._header.bottom + 1 and not self._grid.filled(row - 1) and self._grid.merge_at(row, 0) is None

    def _blank_below(self, row: int) -> bool:
        """Whether the row below has a programme without a date: then this one is a heading for it."""
        return row + 1 < self._end and self._cell(row + 1, "date").blank and not self._cell(row + 1, "title").blank

    def _warn_unread(self, row: int, column: int, text: str) -> None:
        if not says_no_showing(text):
            finding = (
                Message(mark("a line across the table, taken for a note")),
                Message(mark("nothing to do, unless a programme is meant")),
            )
            self._warning(Finding(self._grid.name, row, column, self._grid.own(row, column).text, *finding))

    def _around_now(self) -> Around:
        state, around = self._state, self._around
        last = next((cell for cell in reversed(self._table.dates) if cell.days is not None), None)
        previous = None
        if last is not None and last.days is not None:
            previous = next((choice[0] for choice in last.days.choices if choice), None)
        month = state.month or around.month
        return Around(around.year, month, previous or around.previous, state.week, state.nth_week)

    def _dated(self, row: int, column: int | None, days: Days | None, cell: Cell) -> DateCell:
        found = DateCell(row, column, days, cell)
        self._table.dates.append(found)
        return found

    def _programme(self, row: int, own: set[Role]) -> None:
        self._trouble = False
        week = self._cell(row, "week")
        if "week" in own or (not week.blank and self._place(row, "week") == (row, self._header.first("week"))):
            self._week(row, week)
        if found := re.fullmatch(r"(1[0-2]|0?[1-9])月?", tight(arabic(self._text(row, "month"), "月"))):
            self._state.month = int(found[1])
        date_cell = self._date(row)
        if not any(not self._cell(row, role).blank for role in CONTENT):
            return
        title = self._cell(row, "title")
        for role in ("title", "time", "start"):
            cell = self._cell(row, role)
            if (
                isinstance(cell.value, str)
                and says_no_showing(cell.value)
                and (role == "title" or title.blank or tight(cell.value) not in ("-", "/", "无"))
            ):
                return
        if title.blank and any(says_no_showing(self._text(row, role)) for role in ("note", "category", "audience")):
            return
        if says_no_showing(self._text(row, "note")) and tight(self._text(row, "note")) not in (
            "无",
            "-",
            "/",
            "×",
            "x",
            "暂无",
        ):
            self._doubt(row, "note", Message(mark("the note says that this is not shown: it is left out")))
            return
        if title.blank:
            self._without_title(row)
            return
        if MOVED.search(self._text(row, "note")):
            self._doubt(row, "note", Message(mark("the note speaks of a change; the row is read as it stands")))
        self._drafts(row, date_cell)

    def _without_title(self, row: int) -> None:
        if all(self._cell(row, role).blank for role in ("time", "start", "end", "category", "duration")):
            return
        self._bad(
            row, "title", Unread(mark("there is no title"), mark("write the programme's title, or delete the row"))
        )

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

    # --- a programme's cells ---

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
            self._doubt(row, "date", found.days.doubt)
        return found

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

    def _titles(self, row: int) -> str:
        """What stands in the title's column, or in all of those under one heading."""
        if not self._header.together:
            return self._text(row, "title")
        return "\n".join(text for column in self._header.together if (text := self._grid.own(row, column).text))

    def _drafts(self, row: int, dated: DateCell | None) -> None:
        """The row's programmes: several where its title's cell has a time before each, and no other cell has one."""
        timed = any(not self._cell(row, role).blank for role in ("time", "start", "end"))
        written = self._titles(row)
        parts = [] if timed else split_at_times(written)
        for when, what in parts:
            self._draft(row, dated, read_times(Cell(when)), what)
        if not parts:
            self._draft(row, dated, self._stretches(row, dated, self._around_now()), written)

    def _draft(self, row: int, dated: DateCell | None, stretches: tuple[Stretch, ...], written: str) -> None:
        if dated is not None and dated.whole_week and any(one.start is not None for one in stretches):
            self._doubt(row, "time", Message(mark("read for each day of the week")))
        titles: tuple[str, ...] = ()
        if self._usable(row, "title"):
            try:
                found = read_titles(written)
                titles = found.titles
                self._doubt(row, "title", found.doubt)
            except Unread as error:
                self._bad(row, "title", error)
        length = self._length(row, stretches, len(titles))
        texts = [self._short(row, role) for role in ("category", "audience", "note")]
        if dated is None:
            if self._header.first("date") is None and self._header.first("weekday") is None:
                message = Message(mark("no column says for which day the programmes are"))
                self._problem(Finding(self._grid.name, None, None, "", message, Message(mark("add a column 日期"))))
            else:
                role: Role = "date" if self._header.first("date") is not None else "weekday"
                self._bad(row, role, Unread(mark("there is no date, and none above"), WRITE_DATE))
            return
        if dated.days is None:
            if not dated.told:
                self._bad(row, "date", Unread(mark("this is no date"), WRITE_DATE))
            self._trouble = True
        named = category(texts[0]) if texts[0] else None
        roles: tuple[Role, ...] = ("date", "weekday", "time", "start", "title", "duration")
        places: dict[str, tuple[int, int]] = {role: place for role in roles if (place := self._place(row, role))}
        says = (stretches, titles, named, length, texts[1], texts[2])
        draft = Draft(row, dated, *says, self._weekday(row), not self._trouble, places)
        self._table.drafts.append(draft)
