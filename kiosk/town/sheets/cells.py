"""The cells of one table by the role of their column: what counts in a row, and what is wrong with it. Pure."""

import re
from datetime import date, datetime, time, timedelta

from kiosk.common.messages import Message, mark
from kiosk.common.text import one_line
from kiosk.town.sheets.around import Around, Unread
from kiosk.town.sheets.characters import tight
from kiosk.town.sheets.dates import read_days
from kiosk.town.sheets.drafts import DateCell, Tell
from kiosk.town.sheets.durations import Hints, Length, read_length, read_long_clock, unit_of, writes_minutes_and_seconds
from kiosk.town.sheets.grid import BLANK, Cell, Finding, Grid
from kiosk.town.sheets.headers import Header, Role
from kiosk.town.sheets.times import (
    WRITE_TIME,
    Stretch,
    is_part_of_day,
    read_start_and_end,
    read_times,
    with_part_of_day,
)
from kiosk.town.sheets.titles import LONGEST, MOST_OF_TITLES
from kiosk.town.sheets.weekdays import weekdays

DITTO = ("同上", "同前", "如上", '"', "''", "〃", "..")
"""What stands for the cell above."""
_CLOCK = r"[\s_]*(?:时|点|:|：)[\s_]*分?[\s_]*"
_FORM = re.compile(rf"[\s_]*(?:年[\s_]*)?月[\s_]*日[\s_]*|{_CLOCK}(?:[-—–~～至到]+{_CLOCK})?")
"""A form's words without figures: __月__日, __时__分."""
LOOK = mark("look whether it is meant")
DELETE_OR_KEEP = mark("delete the row, or take the line through it away")


class TableCells:
    """Reads single cells of one table; tells of those that are odd or need a person."""

    def __init__(self, grid: Grid, header: Header, problem: Tell, warning: Tell) -> None:
        self._grid, self._header = grid, header
        self._problem, self._warning = problem, warning
        self._roles: dict[int, Role] = {column: role for role, found in header.columns.items() for column in found[:1]}
        column = header.first("duration")
        cells = [grid.own(row, column) for row in range(len(grid.rows))] if column is not None else []
        name = tight(grid.at(header.bottom, column).text) if column is not None else ""
        self._short_lengths = re.search("[(]分[:/]?秒[)]", name) is not None or writes_minutes_and_seconds(cells)
        self._above: dict[tuple[int, int], Cell] = {}
        """What the cells stand for that say 同上."""
        self._trouble = False
        """Whether a cell of the row in hand is not understood."""

    def _place(self, row: int, role: Role) -> tuple[int, int] | None:
        """The cell that counts for a role in a row: a merged one counts for each row that it covers."""
        column = self._header.first(role)
        if column is None:
            return None
        top, left = self._grid.origin(row, column)
        if top <= self._header.bottom:
            return None
        return (top, left) if left == column or self._roles.get(left) in (None, "other") else None

    def _cell(self, row: int, role: Role) -> Cell:
        """What stands in the cell of a role; for 同上 what stands above."""
        passed: list[tuple[int, int]] = []
        while place := self._place(row, role):
            cell = self._above.get(place) or self._grid.own(*place)
            if not (isinstance(cell.value, str) and tight(cell.value[:9]) in DITTO):
                break
            passed.append(place)
            row = place[0] - 1
        else:
            cell = BLANK
        self._above.update(dict.fromkeys(passed, cell))
        return BLANK if isinstance(cell.value, str) and _FORM.fullmatch(cell.value) else cell

    def _find(self, tell: Tell, row: int, role: Role, message: Message, remedy: Message) -> None:
        place = self._place(row, role) or (row, self._header.first(role) or 0)
        tell(Finding(self._grid.name, *place, self._grid.own(*place).text, message, remedy))

    def _bad(self, row: int, role: Role, error: Unread) -> None:
        self._trouble = True
        self._find(self._problem, row, role, error.message, error.remedy)

    def _doubt(self, row: int, role: Role, doubt: Message | None) -> None:
        if doubt is not None:
            self._find(self._warning, row, role, doubt, Message(LOOK))

    def _usable(self, row: int, role: Role) -> bool:
        """Whether the cell has a value that counts; tells what is wrong with it otherwise."""
        cell = self._cell(row, role)
        if isinstance(cell.value, str) and len(cell.value) > (MOST_OF_TITLES if role == "title" else LONGEST):
            self._bad(row, role, Unread(mark("this is too long"), mark("write at most 400 characters")))
            return False
        if cell.trouble == "formula":
            self._bad(
                row,
                role,
                Unread(
                    mark("a formula that was never calculated"),
                    mark("open the workbook in Excel or WPS and save it, or write the value"),
                ),
            )
        elif cell.trouble == "error":
            self._bad(row, role, Unread(mark("a formula with an error"), mark("write the value that belongs there")))
        elif role == "title" and isinstance(cell.value, (bool, date, time, timedelta)):
            self._bad(row, role, Unread(mark("this is no title"), mark("write the programme's title, as 《…》")))
            return False
        elif cell.struck and role in ("title", "date", "time", "start"):
            self._bad(row, role, Unread(mark("it is struck through: does it count?"), DELETE_OR_KEEP))
        return not cell.trouble

    def _text(self, row: int, role: Role) -> str:
        cell = self._cell(row, role)
        if cell.trouble or cell.value is None:
            return ""
        return cell.value if isinstance(cell.value, str) else cell.text

    def _short(self, row: int, role: Role) -> str | None:
        if not self._usable(row, role):
            return None
        text = one_line(self._text(row, role))
        return text if text and tight(text) not in ("-", "/") else None

    def _weekday(self, row: int) -> tuple[int, ...]:
        cell = self._cell(row, "weekday")
        if cell.blank or cell.trouble:
            return ()
        if isinstance(cell.value, date):
            return (cell.value.weekday(),)
        if isinstance(cell.value, float) and cell.value > 36526:
            return (int(cell.value - 2) % 7,)
        found = weekdays(cell.text)
        if not found and tight(cell.text) not in ("-", "/"):
            self._doubt(row, "weekday", Message(mark("this day of the week is not understood")))
        return found

    def _stretches(self, row: int, dated: DateCell | None, around: Around) -> tuple[Stretch, ...]:
        roles: list[Role] = [role for role in ("time", "start", "end") if not self._cell(row, role).blank]
        if [role for role in roles if not self._usable(row, role)]:
            return ()
        behind_date = dated is not None and dated.days is not None and dated.days.rest
        without: Role = "date" if behind_date or self._header.first("time") is None else "time"
        where = roles[0] if roles else without
        part = self._part_of_day(row, dated)
        if "start" in roles and "time" in roles and is_part_of_day(self._text(row, "time")):
            part = self._text(row, "time")
            roles.remove("time")
        try:
            if not roles:
                found = self._time_in_date(row, dated, part)
            elif "end" in roles:
                first: Role = "start" if "start" in roles else "time"
                start = with_part_of_day(part, self._cell(row, first))
                read_times(start)
                where = "end"
                found = read_start_and_end(start, self._cell(row, "end"))
            elif "time" in roles:
                found = self._timed(row, dated, around, part)
            else:
                found = read_times(with_part_of_day(part, self._cell(row, "start")))
        except Unread as error:
            self._bad(row, where, error)
            return ()
        for stretch in found:
            self._doubt(row, roles[0] if roles else "date", stretch.doubt)
        return found

    def _part_of_day(self, row: int, dated: DateCell | None) -> str:
        """The part of the day that stands behind the row's own date, or in a second column for times."""
        own = dated is not None and self._place(row, "date") == (dated.row, dated.column)
        if own and dated is not None and dated.days is not None and dated.days.rest:
            return dated.days.rest
        others = self._header.columns.get("time", [])[1:]
        return self._grid.at(row, others[0]).text if others else self._header.part_of_day

    def _timed(self, row: int, dated: DateCell | None, around: Around, part: str) -> tuple[Stretch, ...]:
        """The showings of a time column. A date that stands before the time again does no harm if it is the same."""
        cell = with_part_of_day(part, self._cell(row, "time"))
        if isinstance(cell.value, datetime) and cell.value.year <= 1900 or not isinstance(cell.value, str):
            return read_times(cell)
        try:
            return read_times(cell)
        except Unread:
            try:
                days = read_days(cell, around)
            except Unread:
                days = None
            if (
                days is None
                or not days.rest
                or dated is None
                or dated.days is None
                or days.choices != dated.days.choices
            ):
                raise
            return read_times(Cell(days.rest))

    def _time_in_date(self, row: int, dated: DateCell | None, part: str) -> tuple[Stretch, ...]:
        """The showings that the row's own date cell names behind the date; a time above is no time of this row."""
        if is_part_of_day(part):
            raise Unread(mark("a part of the day without an hour"), WRITE_TIME)
        if dated is None or dated.days is None or self._place(row, "date") != (dated.row, dated.column):
            return read_times(BLANK)
        if dated.days.clock is not None:
            return read_times(Cell(dated.days.clock))
        return read_times(Cell(dated.days.rest.strip("()"))) if dated.days.rest else read_times(BLANK)

    def _length(self, row: int, cell: Cell, stretches: tuple[Stretch, ...], titles: int) -> Length:
        if cell.blank or not self._usable(row, "duration"):
            return Length(None)
        spans = [s.end - s.start for s in stretches if s.start is not None and s.end is not None]
        if isinstance(cell.value, datetime) and (long := read_long_clock(cell.value)) is not None:
            cell = Cell(long)
        try:
            hints = Hints(
                unit_of(cell.format) or self._header.unit, spans[0] if spans else None, titles, self._short_lengths
            )
            found = read_length(cell, hints)
        except Unread as error:
            self._bad(row, "duration", error)
            return Length(None)
        self._doubt(row, "duration", found.doubt)
        return found
