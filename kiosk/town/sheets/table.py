"""The rows of one table: which are programmes, which are headings, notes, totals; and what their cells say. Pure."""

import re

from kiosk.common.messages import Message, mark
from kiosk.town.sheets.around import WRITE_DATE, Unread
from kiosk.town.sheets.categories import category
from kiosk.town.sheets.characters import arabic, fold, lines_of, tight
from kiosk.town.sheets.closing import MOVED, ends_table, is_example, is_numbering
from kiosk.town.sheets.columns import ALIAS_HINT
from kiosk.town.sheets.dates import FEASTS, read_days
from kiosk.town.sheets.drafts import DateCell, Draft, Table
from kiosk.town.sheets.grid import Cell, Finding
from kiosk.town.sheets.headers import Role, role_of
from kiosk.town.sheets.months import MONTH_LINE, nth_week_in, stated, week_in
from kiosk.town.sheets.no_showing import called_off, says_no_showing
from kiosk.town.sheets.table_days import TableDays
from kiosk.town.sheets.times import Stretch, read_times, split_at_times
from kiosk.town.sheets.titles import LONGEST, is_remark, read_titles

CONTENT: tuple[Role, ...] = ("title", "time", "start", "end", "category", "duration", "audience", "note")


NO_DAYS = Message(mark("no column says for which day the programmes are"))
_SIGNED = re.compile(r"20[0-9]{2}[年./-][0-9]{1,2}[月./-][0-9]{1,2}日?")
"""When the plan was made, below it."""


class TableReader(TableDays):
    """Reads the rows of one table of a sheet."""

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
        own = self._grid.filled(row)
        if not own or not any(self._counts(row, column) for column, _ in own):
            return
        first = tight(own[0][1].text)
        if isinstance(own[0][1].value, str) and self._roles.get(own[0][0]) != "note" and ends_table(first):
            self._state.after_end = True
            return
        if len(own) > 1 and all(role_of(cell.text) for _, cell in own):
            self._state.other_table = True
            self._tell(row, own[0][0], mark("another table begins here: it is not read"), ALIAS_HINT)
        if self._state.other_table:
            return
        if row == self._header.bottom + 1 and is_numbering([cell.text for _, cell in own]):
            return
        if is_example(first):
            self._warn_unread(row, own[0][0], own[0][1].text)
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
        title = self._text(row, "title")
        return (when or "《" in title) and not self._cell(row, "title").blank and len(title) < LONGEST

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
        if MONTH_LINE.fullmatch(tight(arabic(text, "年月"))):
            self._of_month(stated(text))
            self._state.week, self._state.nth_week, self._state.dated = (), None, None
            return True
        if week := week_in(text, self._around):
            self._state.week, self._state.nth_week, self._state.dated = week, None, None
            return spanning or role == "other" or nth_week_in(text) is not None or self._blank_below(row)
        if (nth := nth_week_in(text)) is not None and (spanning or role != "date" or self._blank_below(row)):
            self._state.week, self._state.nth_week, self._state.dated = (), nth, None
            return True
        if role in ("other", "time") or spanning:
            if self._is_date(cell) and not (days := read_days(cell, self._around_now())).rest:
                self._state.dated = self._dated(row, column, days, cell)
                self._state.dated.heading = True
                return True
            if role == "time" and not spanning:
                return False
            self._state.above = None
            if spanning and not self._state.after_end:
                self._warn_unread(row, column, text)
            return True
        if role == "date" and self._dated_below(row) and not self._is_date(cell):
            self._state.above = None
            self._warn_unread(row, column, text)
            return True
        if self._state.after_end or len(text) > 40:
            self._warn_unread(row, column, text)
            self._state.after_end = True
            return True
        return False

    def _signed_off(self, row: int, text: str) -> bool:
        """Whether a lone text in the title's column is who made the plan, or when, and no title."""
        below = self._grid.filled(row + 1)
        if _SIGNED.fullmatch(tight(text)) or len(below) == 1 and _SIGNED.fullmatch(tight(below[0][1].text)):
            return True
        return row > self._header.bottom + 1 and not self._grid.filled(row - 1) and self._grid.merge_at(row, 0) is None

    def _blank_below(self, row: int) -> bool:
        """Whether the row below has a programme without a date: then this one is a heading for it."""
        return row + 1 < self._end and self._cell(row + 1, "date").blank and not self._cell(row + 1, "title").blank

    def _is_date(self, cell: Cell) -> bool:
        try:
            read_days(cell, self._around_now())
        except Unread:
            return False
        return True

    def _dated_below(self, row: int) -> bool:
        """Whether the next row with anything in it, if any, has a date of its own: then this one is no date for it."""
        below = next((n for n in range(row + 1, self._end) if self._grid.filled(n)), None)
        if below is None:
            return True
        place = self._place(below, "date")
        return place is not None and place[0] == below and not self._cell(below, "date").blank

    def _warn_unread(self, row: int, column: int, text: str) -> None:
        if not says_no_showing(text):
            remedy = mark("nothing to do, unless a programme is meant")
            self._tell(row, column, mark("a line across the table, taken for a note"), remedy)

    def _tell(self, row: int, column: int, message: str, remedy: str) -> None:
        text = self._grid.own(row, column).text
        self._warning(Finding(self._grid.name, row, column, text, Message(message), Message(remedy)))

    def _programme(self, row: int, own: set[Role]) -> None:
        self._trouble = False
        week = self._cell(row, "week")
        if "week" in own or (not week.blank and self._place(row, "week") == (row, self._header.first("week"))):
            self._week(row, week)
        month = tight(arabic(self._text(row, "month"), "年月"))
        if month.isdigit() or MONTH_LINE.fullmatch(month):
            self._of_month(stated(month if "月" in month else month + "月"))
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
        if own == {"title"} and isinstance(title.value, str) and is_remark(title.value):
            self._warn_unread(row, self._header.columns["title"][0], title.value)
            return
        if title.blank:
            self._without_title(row)
            return
        if self._called_off(row, date_cell):
            return
        if MOVED.search(self._text(row, "note")):
            self._doubt(row, "note", Message(mark("the note speaks of a change; the row is read as it stands")))
        self._drafts(row, date_cell)

    def _called_off(self, row: int, dated: DateCell | None) -> bool:
        """Whether a remark says that the row's programme is not shown; told, because the programme stands there."""
        several = dated is not None and dated.days is not None and len(dated.days.choices[0]) > 1
        where: Role | None = "date" if dated is not None and dated.called_off else None
        for role in ("title", "time", "start", "note") if where is None else ():
            text = self._text(row, role)
            if not called_off(text, several=several):
                continue
            if role != "note" and (text.count("《") > 1 or len(re.findall(r"[0-9]\s*[:：点时]", text)) > 2):
                self._bad(
                    row, role, Unread(mark("is all of it not shown, or a part?"), mark("delete what is not shown"))
                )
                return True
            where = role
        if where is not None:
            self._doubt(row, where, Message(mark("it says that this is not shown: the row is left out")))
        return where is not None

    def _without_title(self, row: int) -> None:
        filled = [role for role in CONTENT[1:-2] if not self._cell(row, role).blank]
        if all(re.fullmatch(FEASTS, tight(self._text(row, role))) for role in filled):
            return
        self._bad(
            row, "title", Unread(mark("there is no title"), mark("write the programme's title, or delete the row"))
        )

    # --- a programme's cells ---

    def _titles(self, row: int) -> str:
        """What stands in the title's column, or in all of those under one heading."""
        if not self._header.together:
            return self._text(row, "title")
        places = dict.fromkeys(self._grid.origin(row, column) for column in self._header.together)
        return "\n".join(
            text for place in places if place[0] > self._header.bottom and (text := self._grid.own(*place).text)
        )

    def _drafts(self, row: int, dated: DateCell | None) -> None:
        """The row's programmes: several where its title's cell has a time before each, and no other cell has one."""
        timed = any(not self._cell(row, role).blank for role in ("time", "start", "end"))
        written = self._titles(row)
        parts = [] if timed else split_at_times(written)
        length = self._cell(row, "duration")
        for when, what in parts:
            self._draft(row, dated, read_times(Cell(when)), what, length)
        if not parts:
            stretches = self._stretches(row, dated, self._around_now())
            for part in self._line_by_line(row, stretches, written, length) or [(stretches, written, length)]:
                self._draft(row, dated, *part)

    def _line_by_line(
        self, row: int, stretches: tuple[Stretch, ...], written: str, length: Cell
    ) -> list[tuple[tuple[Stretch, ...], str, Cell]]:
        """The showings of a row with as many lines in its time as in its titles; empty where it has not."""
        titles, times = lines_of(written), lines_of(self._text(row, "time"))
        if not 1 < len(stretches) == len(titles) == len(times) or (
            "《" in written and not all("《" in t for t in titles)
        ):
            return []
        self._doubt(row, "time", Message(mark("read line by line: at each time its programme")))
        lengths = lines_of(length.value) if isinstance(length.value, str) else []
        cells = [Cell(text) for text in lengths] if len(lengths) == len(titles) else [length] * len(titles)
        return [((one,), title, cell) for one, title, cell in zip(stretches, titles, cells, strict=True)]

    def _one_each(self, dated: DateCell | None, written: str) -> None:
        """Raises :class:`Unread` where the lines of the date and those of the titles may go together."""
        titles = lines_of(written)
        if dated is None or dated.days is None or not isinstance(dated.cell.value, str) or len(titles) < 2:
            return
        lines = [line for line in lines_of(dated.cell.value) if re.search("[0-9]", fold(line))]
        if len(lines) == len(titles) == len(dated.days.choices[0]):
            raise Unread(
                mark("all of these programmes on each of the days, or one on each?"), mark("write a row for each day")
            )

    def _draft(
        self, row: int, dated: DateCell | None, stretches: tuple[Stretch, ...], written: str, length_cell: Cell
    ) -> None:
        if (
            dated is not None
            and dated.whole_week
            and len(self._around.week) != 1
            and any(one.start is not None for one in stretches)
        ):
            self._doubt(row, "time", Message(mark("read for each day of the week")))
        titles: tuple[str, ...] = ()
        if self._usable(row, "title"):
            try:
                self._one_each(dated, written)
                found = read_titles(written)
                titles = found.titles
                self._doubt(row, "title", found.doubt)
            except Unread as error:
                self._bad(row, "title", error)
        length = self._length(row, length_cell, stretches, len(titles))
        texts = [self._short(row, role) for role in ("category", "audience", "note")]
        if dated is None:
            if self._header.first("date") is None and self._header.first("weekday") is None:
                self._problem(Finding(self._grid.name, None, None, "", NO_DAYS, Message(mark("add a column 日期"))))
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
