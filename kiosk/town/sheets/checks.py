"""What is odd about rows that were understood: overlaps, lengths, holidays, other months, weeks without any. Pure."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from itertools import pairwise

from kiosk.common.messages import Message, mark
from kiosk.town.sheets.drafts import Tell
from kiosk.town.sheets.grid import Finding, Grid
from kiosk.town.sheets.months import Stated
from kiosk.town.sheets.no_showing import LONGEST, says_no_showing
from kiosk.town.sheets.rows import Row, Shown, finding

Holiday = Callable[[date], Message | None]
"""What is special about a day: a public holiday, a make-up workday; None for an ordinary day."""
LOOK = mark("look whether it is meant")
SLACK_MS = 60_000
GAP_DAYS = 7
"""So many days in a row without any programme are a gap in the recommendation."""


def check_rows(grid: Grid, shown: list[Shown], context: Stated, holiday: Holiday, warning: Tell) -> None:
    """Warn of all that is odd about the rows of one sheet."""
    _overlaps(grid, shown, warning)
    told: set[tuple[int, str]] = set()
    for one in shown:
        for where, message in (*_of_length(one), *_of_day(one, context, holiday)):
            key = (one.draft.row if where == "duration" else one.draft.date.row, message.render(str))
            if key not in told:
                told.add(key)
                warning(finding(grid, one.draft, where, message, Message(LOOK)))


def _clock(text: str) -> int:
    hours, minutes, seconds = (text or "0:0:0").split(":")
    return 3600 * int(hours) + 60 * int(minutes) + int(seconds)


def _overlaps(grid: Grid, shown: list[Shown], warning: Tell) -> None:
    told: set[tuple[int, int]] = set()
    before: Shown | None = None
    for one in sorted((one for one in shown if one.row.start), key=lambda one: (one.row.date, one.row.start or "")):
        if before is None or _is_same_showing(before, one):
            before = before or one
            continue
        if before.row.date == one.row.date and _clock(one.row.start or "") < _ends(before.row):
            pair = (before.row.row, one.row.row)
            if pair not in told:
                told.add(pair)
                values = {"row": str(before.row.row), "date": one.row.date}
                message = Message(mark("it overlaps with row {row} on {date}"), values)
                where = "time" if "time" in one.draft.places else "start"
                warning(finding(grid, one.draft, where, message, Message(mark("move one of the two"))))
            if _ends(before.row) > _ends(one.row):
                continue
        before = one


def _is_same_showing(before: Shown, one: Shown) -> bool:
    """Whether both rows are programmes of one showing: their times stand in one merged cell."""
    if (before.row.date, before.row.start, before.row.end) != (one.row.date, one.row.start, one.row.end):
        return False
    cells = [[shown.draft.places.get(role) for role in ("time", "start")] for shown in (before, one)]
    return cells[0] == cells[1] != [None, None]


def _ends(row: Row) -> int:
    """When a row ends, in seconds since midnight: as it says, else by its length."""
    start = _clock(row.start or "")
    return _clock(row.end) if row.end else start + max(1000, row.duration_ms or 0) // 1000


def _of_length(one: Shown) -> Iterator[tuple[str, Message]]:
    row = one.row
    if row.duration_ms is None or row.start is None or row.end is None:
        return
    span = 1000 * (_clock(row.end) - _clock(row.start))
    if row.duration_ms > span + SLACK_MS:
        yield "duration", Message(mark("it is longer than the time from start to end: it will be cut"))
    elif 2 * row.duration_ms < span:
        yield "duration", Message(mark("it is shorter than half of the time from start to end"))


def _of_day(one: Shown, context: Stated, holiday: Holiday) -> Iterator[tuple[str, Message]]:
    day = date.fromisoformat(one.row.date)
    if (special := holiday(day)) is not None:
        yield "date", special
    if context.year and context.month:
        first = date(context.year, context.month, 1)
        last = (first + timedelta(days=31)).replace(day=1)
        if not first - timedelta(days=7) <= day < last + timedelta(days=7):
            yield "date", Message(mark("{date} is not in the month of the sheet"), {"date": day.isoformat()})


def check_gaps(grids: Sequence[Grid], rows: list[Row], warning: Tell) -> None:
    """Warn of days in a row without any programme, in all sheets of a workbook together."""
    days = sorted({date.fromisoformat(row.date) for row in rows})
    sheets = {row.sheet for row in rows}
    name = sheets.pop() if len(sheets) == 1 else ""
    gaps = [(before, after) for before, after in pairwise(days) if (after - before).days > GAP_DAYS]
    if not gaps or any(_says_why(grid) for grid in grids):
        return
    for before, after in gaps:
        values = {"first": str(before + timedelta(days=1)), "last": str(after - timedelta(days=1))}
        message = Message(mark("nothing is planned from {first} to {last}"), values)
        warning(Finding(name, None, None, "", message, Message(LOOK)))


def _says_why(grid: Grid) -> bool:
    """Whether the sheet says of some day that nothing is shown."""
    return any(
        isinstance(cell.value, str) and 1 < len(cell.value) <= LONGEST and says_no_showing(cell.value)
        for row in grid.rows
        for cell in row
    )
