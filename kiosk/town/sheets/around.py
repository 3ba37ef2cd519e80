"""What is known around a date cell: year, month, week; and what a date cell says. Pure."""

import calendar
from dataclasses import dataclass
from datetime import date, time, timedelta

from kiosk.common.messages import Message, mark

YEARS = range(2000, 2101)
"""The years that a plan may be of."""
WRITE_DATE = mark("write the date as 2026-03-05 or 3月5日")


@dataclass(frozen=True)
class Around:
    """What is known of a cell's month: from the title, the sheet's name, the option, the rows above."""

    year: int | None = None
    month: int | None = None
    previous: date | None = None
    week: tuple[date, ...] = ()
    """The days of the week that the row stands in, where that is known."""
    several: bool = False
    """The title names more months than ``month``: a day alone may be of any of them."""
    nth_week: int | None = None
    """The row stands in 第N周 of the month, whose days are not written."""


class Unread(Exception):
    """A cell that is not understood; the message and what to do."""

    def __init__(self, message: str, remedy: str, **values: str) -> None:
        super().__init__(message)
        self.message = Message(message, values)
        self.remedy = Message(remedy)


@dataclass(frozen=True)
class Days:
    """What a date cell says. ``choices`` has more than one element where the cell alone does not decide."""

    choices: tuple[tuple[date, ...], ...]
    weekdays: tuple[int, ...] = ()
    """The days of the week that stand beside the date, Monday as 0."""
    rest: str = ""
    """What follows the date: a time."""
    clock: time | None = None
    doubt: Message | None = None
    """A warning: odd, but readable."""
    periodic: bool = False
    """The days come from a rule (每周三), not from a date."""
    by_week: bool = False
    """The choices are those of :func:`weeks_of_month`, in its order; an empty one lies outside of the month."""


def weeks_of_month(year: int, month: int, nth: int) -> tuple[tuple[date, ...], ...]:
    """What 第N周 of a month can mean: Monday to Sunday counted from the 1st, from the first Monday, or days 1 to 7."""
    first = date(year, month, 1)
    monday = first - timedelta(days=first.weekday())
    starts = [monday, monday if first.weekday() == 0 else monday + timedelta(days=7), first]
    return tuple(tuple(start + timedelta(days=7 * (nth - 1) + n) for n in range(7)) for start in starts)


def known_month(around: Around) -> tuple[int, int]:
    if around.month is None or around.several:
        raise Unread(
            mark("it is not known which month this belongs to"),
            mark("write year and month in the title, or give --month"),
        )
    return year_of(around, around.month), around.month


def month_days(around: Around, *, whole: bool = True, month_only: bool = False) -> tuple[date, ...]:
    """The days of the row's week where it is written, else those of the month."""
    if around.week and not month_only and whole:
        return around.week
    year, month = known_month(around)
    return tuple(date(year, month, day + 1) for day in range(calendar.monthrange(year, month)[1]))


def year_of(around: Around, month: int) -> int:
    """The year of a month without one. Raises :class:`Unread` where nothing tells it."""
    if around.year is None:
        if around.previous is None:
            raise Unread(
                mark("the year is not known"), mark("write year and month in the title (2026年3月), or give --month")
            )
        return around.previous.year + (1 if month < around.previous.month - 6 else 0)
    near = around.month or (around.previous.month if around.previous else month)
    if month < near - 6:
        return around.year + 1
    return around.year - 1 if month > near + 6 and around.month else around.year


def day_of(around: Around, year: int | None, month: int | None, day: int) -> date:
    if year is not None and year < 100:
        year += 2000
    if month is None:
        month = _month_of(around, day)
    if not (1 <= month <= 12 and 1 <= day <= 31):
        raise Unread(mark("there is no such day"), WRITE_DATE)
    try:
        found = date(year or year_of(around, month), month, day)
    except ValueError:
        raise Unread(mark("there is no such day"), WRITE_DATE) from None
    if found.year not in YEARS:
        raise Unread(mark("this year cannot be meant"), WRITE_DATE)
    return found


def _month_of(around: Around, day: int) -> int:
    """The month of a bare day: that of the row above where the rows have gone on to another month, else the sheet's."""
    last = around.previous
    if (
        last is not None
        and (around.several or last.month != around.month)
        and (around.month is None or day >= last.day)
    ):
        return last.month
    return known_month(around)[1]
