"""The rows of a plan: one for each day and showing. Pure."""

from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from kiosk.common.messages import Message, mark
from kiosk.town.sheets.drafts import Draft, Tell
from kiosk.town.sheets.grid import Finding, Grid
from kiosk.town.sheets.times import Stretch, clock_text

WEEK = 7
LEAST_OF_RANGE = 5
"""A range of so many days is narrowed by a day of the week that stands beside it; a shorter one is compared with it."""


@dataclass(frozen=True)
class Row:
    """A programme row of one day. ``row`` is the sheet's, from 1; times are ``HH:MM:SS``; None is what is not said."""

    sheet: str
    row: int
    date: str
    start: str | None
    end: str | None
    titles: tuple[str, ...]
    category: str | None
    duration_ms: int | None
    audience: str | None
    note: str | None


@dataclass(frozen=True)
class Shown:
    """A row, and the draft that it comes from."""

    row: Row
    draft: Draft


def rows_of(grid: Grid, drafts: list[Draft], warning: Tell) -> list[Shown]:
    """The rows of the drafts that are understood."""
    found: list[Shown] = []
    for draft in drafts:
        if not draft.sound or not draft.date.chosen:
            continue
        for day in _days(grid, draft, draft.date.chosen, warning):
            found += [Shown(_row(grid, draft, day.isoformat(), stretch), draft) for stretch in draft.stretches]
    return found


def _days(grid: Grid, draft: Draft, days: tuple[date, ...], warning: Tell) -> tuple[date, ...]:
    """The days of a row, narrowed by or compared with the day of the week beside the date."""
    beside = draft.date.days.weekdays if draft.date.days else ()
    runs = 1 + sum((after - before).days != 1 for before, after in pairwise(days))
    for where, named in (("weekday", draft.weekday), ("date", beside)):
        if not named:
            continue
        of_start = len(named) == 1 and days[0].weekday() in named and (where == "date" or len(days) < WEEK)
        narrowed = tuple(day for day in days if day.weekday() in named)
        if len(days) >= LEAST_OF_RANGE * runs and not of_start and narrowed:
            return narrowed
        ends = {days[0].weekday(), days[-1].weekday()} if runs == 1 and days[0].weekday() in named else set()
        if odd := next((day for day in days if day.weekday() not in named), None) if not ends >= set(named) else None:
            message = mark("the day of the week and the date do not agree: {date} is {weekday}")
            values = {"date": odd.isoformat(), "weekday": "周" + "一二三四五六日"[odd.weekday()]}
            remedy = Message(mark("mend the one that is wrong; the date counts"))
            warning(finding(grid, draft, where, Message(message, values), remedy))
    return days


def finding(grid: Grid, draft: Draft, where: str, message: Message, remedy: Message) -> Finding:
    """A finding at one of the draft's cells; at its row where it has no such cell."""
    row, column = draft.places.get(where) or draft.places.get("title") or (draft.row, 0)
    return Finding(grid.name, row, column, grid.own(row, column).text, message, remedy)


def _row(grid: Grid, draft: Draft, day: str, stretch: Stretch) -> Row:
    start, end = clock_text(stretch.start), clock_text(stretch.end)
    values = (draft.titles, draft.category, draft.length.ms, draft.audience, draft.note)
    return Row(grid.name, draft.row + 1, day, start, end, *values)
