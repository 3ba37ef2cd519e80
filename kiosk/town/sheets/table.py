"""The rows of one table: which are programmes, which are headings, notes, totals; and what their cells say. Pure."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime

from kiosk.common.messages import Message, mark
from kiosk.common.text import one_line
from kiosk.town.sheets.categories import category
from kiosk.town.sheets.characters import tight
from kiosk.town.sheets.dates import WRITE_DATE, Around, Days, Unread, read_days
from kiosk.town.sheets.durations import Length, read_length, read_long_clock
from kiosk.town.sheets.grid import BLANK, Cell, Finding, Grid
from kiosk.town.sheets.headers import Header, Role
from kiosk.town.sheets.months import nth_week_in, week_in
from kiosk.town.sheets.times import Stretch, read_start_and_end, read_times
from kiosk.town.sheets.titles import LONGEST, MOST_OF_TITLES, read_titles, says_no_showing
from kiosk.town.sheets.weekdays import weekdays

CONTENT: tuple[Role, ...] = ("title", "time", "start", "end", "category", "duration", "audience", "note")
_TOTALS = re.compile(
    r"(?:本[周月]|全月|月度?|周)?(?:合计|总计|小计|共计|累计|总时长|总数|汇总)(?:[:(].*|[0-9].*|时长.*|.{0,6})"
    r"|(?:制表|填表|编制|编排|审核|审批|审签|签发|复核|校对|负责|分管|联系|经办|承办|报送|填报|主管|站点管理|管理)(?:人|员|人员|领导|单位|部门|日期|时间|电话)?(?:签字|签名|\(签[字名]\)|\(盖章\))?(?::.*)?"
    r"|(?:单位|领导|负责人|主要领导)?(?:\(?(?:盖章|签字|签章|公章)\)?)(?::.*)?|(?:联系)?电话:.*|(?:日期|时间|单位):.*"
)
_NOTES = re.compile(
    r"(?:备注|注|说明|附注|附|注意事项|温馨提示|要求|有关要求|播放要求|几点要求|提示|注意|填表说明)(?::.*|[0-9一]?[、.].*)|[*※].*"
)
_CONTINUED = re.compile(r"(?:续|接|见)(?:上|下)(?:表|页)|第[0-9]+页.*")
LOOK = mark("look whether it is meant")
DELETE_OR_KEEP = mark("delete the row, or take the line through it away")


def _ends_table(text: str) -> bool:
    """Whether a row that begins with ``text`` is a total, a sign-off or a note, and no programme."""
    return any(pattern.fullmatch(text) for pattern in (_TOTALS, _NOTES, _CONTINUED))


def _only_spaces(cell: Cell) -> bool:
    return isinstance(cell.value, str) and not cell.value.strip("\u200b\ufeff \t\r\n\u3000\xa0")


@dataclass
class DateCell:
    """A date cell, for all rows that take their date from it. ``days`` is None where it is not understood."""

    row: int
    column: int | None
    days: Days | None
    cell: Cell = BLANK
    chosen: tuple[date, ...] | None = None
    told: bool = False
    heading: bool = False
    """It stands in a line across the table, for the rows below."""


@dataclass
class Draft:
    """A row that shows something, before its days are settled."""

    row: int
    date: DateCell
    stretches: tuple[Stretch, ...]
    titles: tuple[str, ...]
    category: str | None
    length: Length
    audience: str | None
    note: str | None
    weekday: tuple[int, ...] = ()
    sound: bool = True
    """Whether every cell of it is understood."""
    places: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Where its cells stand, by role; rows and columns from 0."""


@dataclass
class Table:
    """What one table says."""

    drafts: list[Draft] = field(default_factory=list)
    dates: list[DateCell] = field(default_factory=list)
    """In the order of the sheet."""
    skipped_hidden: list[int] = field(default_factory=list)


@dataclass
class _State:
    """What the rows above say for the next one."""

    dated: DateCell | None = None
    week: tuple[date, ...] = ()
    nth_week: int | None = None
    after_end: bool = False


Tell = Callable[[Finding], None]


class TableReader:
    """Reads the rows of one table of a sheet."""

    def __init__(self, grid: Grid, header: Header, end: int, around: Around, problem: Tell, warning: Tell) -> None:
        self._grid, self._header, self._end, self._around = grid, header, end, around
        self._problem, self._warning = problem, warning
        self._table = Table()
        self._state = _State(week=around.week, nth_week=around.nth_week)
        self._roles: dict[int, Role] = {column: role for role, found in header.columns.items() for column in found[:1]}
        self._trouble = False

    def read(self) -> Table:
        """The table's rows."""
        for row in range(self._header.bottom + 1, self._end):
            if row in self._grid.hidden_rows:
                if any(not self._grid.own(row, column).blank for column in self._roles):
                    self._table.skipped_hidden.append(row)
                continue
            self._row(row)
        return self._table

    # --- cells ---

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
        place = self._place(row, role)
        cell = self._grid.own(*place) if place else BLANK
        return BLANK if _only_spaces(cell) else cell

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
        elif cell.struck and role in ("title", "date", "time", "start"):
            self._bad(row, role, Unread(mark("it is struck through: does it count?"), DELETE_OR_KEEP))
        return not cell.trouble

    def _text(self, row: int, role: Role) -> str:
        cell = self._cell(row, role)
        return (
            ""
            if cell.trouble or cell.value is None
            else str(cell.text if not isinstance(cell.value, str) else cell.value)
        )

    # --- rows ---

    def _row(self, row: int) -> None:
        own = [(column, cell) for column, cell in self._grid.filled(row) if not _only_spaces(cell)]
        if not own or not any(self._counts(row, column) for column, _ in own):
            return
        first = tight(own[0][1].text)
        if isinstance(own[0][1].value, str) and self._roles.get(own[0][0]) != "note" and _ends_table(first):
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
        if not spanning and role not in ("other", "date", "week"):
            return False
        if days := week_in(text, self._around):
            self._state.week, self._state.nth_week, self._state.dated = days, None, None
            return spanning or role == "other" or nth_week_in(text) is not None or self._blank_below(row)
        if (nth := nth_week_in(text)) is not None and (spanning or role != "date" or self._blank_below(row)):
            self._state.week, self._state.nth_week, self._state.dated = (), nth, None
            return True
        if role == "other" or spanning:
            try:
                days_named = read_days(cell, self._around_now())
            except Unread:
                pass
            else:
                if not days_named.rest:
                    self._state.dated = self._dated(row, column, days_named, cell)
                    self._state.dated.heading = True
                    return True
            if spanning and not self._state.after_end:
                self._warn_unread(row, column, text)
            return True
        if self._state.after_end or len(text) > 40:
            self._warn_unread(row, column, text)
            self._state.after_end = True
            return True
        return False

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
        return Around(around.year, around.month, previous or around.previous, state.week, state.nth_week)

    def _dated(self, row: int, column: int | None, days: Days | None, cell: Cell) -> DateCell:
        found = DateCell(row, column, days, cell)
        self._table.dates.append(found)
        return found

    def _programme(self, row: int, own: set[Role]) -> None:
        self._trouble = False
        week = self._cell(row, "week")
        if "week" in own or (not week.blank and self._place(row, "week") == (row, self._header.first("week"))):
            self._week(row, week)
        date_cell = self._date(row)
        if not any(not self._cell(row, role).blank for role in CONTENT):
            return
        title = self._cell(row, "title")
        for role in ("title", "time", "start"):
            cell = self._cell(row, role)
            if (
                isinstance(cell.value, str)
                and says_no_showing(cell.value)
                and (role == "title" or tight(cell.value) not in ("-", "/", "无"))
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
        self._draft(row, date_cell)

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
            if self._header.first("date") is None and self._header.first("weekday") is None:
                return self._whole_week(row)
            return None
        if self._header.first("date") is not None and not (self._state.week or self._state.nth_week):
            return None
        if self._state.dated and own == (self._state.dated.row, self._state.dated.column):
            return self._state.dated
        text = cell.value if re.search("周|星期|礼拜|每", cell.value) else "周" + cell.value
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
        days = Days((around.week,), periodic=True) if around.week else read_days(Cell(f"第{around.nth_week}周"), around)
        self._state.dated = self._dated(place[0], place[1], days, self._grid.own(place[0], place[1] or 0))
        return self._state.dated

    def _draft(self, row: int, dated: DateCell | None) -> None:
        stretches = self._stretches(row, dated)
        titles: tuple[str, ...] = ()
        if self._usable(row, "title"):
            try:
                found = read_titles(self._text(row, "title"))
                titles = found.titles
                self._doubt(row, "title", found.doubt)
            except Unread as error:
                self._bad(row, "title", error)
        length = self._length(row, stretches)
        texts = [self._short(row, role) for role in ("category", "audience", "note")]
        if dated is None:
            if self._header.first("date") is None and self._header.first("weekday") is None:
                self._bad(
                    row, "title", Unread(mark("it is not known for which day this is"), mark("add a column 日期"))
                )
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

    def _short(self, row: int, role: Role) -> str | None:
        if not self._usable(row, role):
            return None
        text = self._text(row, role).strip()
        text = one_line(text)
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

    def _stretches(self, row: int, dated: DateCell | None) -> tuple[Stretch, ...]:
        roles: list[Role] = [role for role in ("time", "start", "end") if not self._cell(row, role).blank]
        if [role for role in roles if not self._usable(row, role)]:
            return ()
        try:
            if not roles:
                found = self._time_in_date(dated)
            elif "time" in roles:
                found = self._timed(row, dated)
            else:
                found = read_start_and_end(self._cell(row, "start"), self._cell(row, "end"))
        except Unread as error:
            self._bad(row, roles[0] if roles else "date", error)
            return ()
        for stretch in found:
            self._doubt(row, roles[0] if roles else "date", stretch.doubt)
        return found

    def _timed(self, row: int, dated: DateCell | None) -> tuple[Stretch, ...]:
        """The showings of a time column. A date that stands before the time again does no harm if it is the same."""
        cell = self._cell(row, "time")
        if isinstance(cell.value, datetime) and cell.value.year <= 1900 or not isinstance(cell.value, str):
            return read_times(cell)
        try:
            return read_times(cell)
        except Unread:
            try:
                days = read_days(cell, self._around_now())
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

    @staticmethod
    def _time_in_date(dated: DateCell | None) -> tuple[Stretch, ...]:
        if dated is None or dated.days is None:
            return read_times(BLANK)
        if dated.days.clock is not None:
            return read_times(Cell(dated.days.clock))
        return read_times(Cell(dated.days.rest.strip("()"))) if dated.days.rest else read_times(BLANK)

    def _length(self, row: int, stretches: tuple[Stretch, ...]) -> Length:
        cell = self._cell(row, "duration")
        if cell.blank or not self._usable(row, "duration"):
            return Length(None)
        spans = [s.end - s.start for s in stretches if s.start is not None and s.end is not None]
        if isinstance(cell.value, datetime) and (long := read_long_clock(cell.value)) is not None:
            cell = Cell(long)
        try:
            found = read_length(cell, self._header.unit, spans[0] if spans else None)
        except Unread as error:
            self._bad(row, "duration", error)
            return Length(None)
        self._doubt(row, "duration", found.doubt)
        return found
