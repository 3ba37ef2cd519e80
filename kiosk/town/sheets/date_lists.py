"""Dates, ranges and lists of them as a text writes them: 3月5日—7日, 3.5-3.7, 5日、15日、25日. Pure."""

import re
from collections.abc import Callable
from datetime import date, timedelta

from kiosk.common.messages import Message, mark
from kiosk.town.sheets.around import WRITE_DATE, Around, Unread, day_of

MOST_DAYS = 62
"""The most days of one range."""

Parts = tuple[int | None, int | None, int]
_END = r"(?:\s*[日号]|(?![0-9]|\s*[:点时日号]))"
"""A day ends with its mark, or is not the beginning of a time or of a longer number."""


def _full(found: re.Match[str]) -> Parts:
    return int(found["y"]), int(found["m"]), int(found["d"])


def _month_day(found: re.Match[str]) -> Parts:
    return None, int(found["m"]), int(found["d"])


def _only_day(found: re.Match[str]) -> Parts:
    return None, None, int(found["d"])


_FORMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Parts]], ...] = tuple(
    (re.compile(pattern + _END), parts)
    for pattern, parts in (
        (r"(?P<y>\d{4}|\d{2})\s*年\s*(?P<m>\d{1,2})\s*[月./-]\s*(?P<d>\d{1,2})", _full),
        (r"(?P<y>\d{4}|\d{2})\s*(?P<s>[./-])\s*(?P<m>\d{1,2})\s*(?P=s)\s*(?P<d>\d{1,2})", _full),
        (r"(?P<y>20\d{2})(?P<m>[01]\d)(?P<d>[0-3]\d)", _full),
        (r"(?P<m>\d{1,2})\s*月\s*(?P<d>\d{1,2})", _month_day),
        (r"(?P<m>\d{1,2})\s*[./]\s*(?P<d>\d{1,2})", _month_day),
        (r"(?P<d>\d{1,2})(?=\s*[日号])", _only_day),
        (r"(?P<m>[01]\d)(?P<d>[0-3]\d)", _month_day),
        (r"(?P<d>\d{1,2})", _only_day),
    )
)
_DASHED = re.compile(r"(?P<m>\d{1,2})-(?P<d>\d{1,2})(?P<mark>(?=\s*[日号]))?" + _END)
_TWO = re.compile(r"([0-9]{1,2})[、,，]([0-9]{1,2})")
"""Two bare numbers: the key of the slash writes 、 while Chinese is typed."""
_TO = re.compile(r"\s*(?:-|至|到)\s*")
_AND = re.compile(r"\s*(?:[、,，;/和及与]|\s)\s*")


def days_between(first: date, last: date) -> tuple[date, ...]:
    """The days from ``first`` to ``last``, both within. Raises :class:`Unread`."""
    if last < first or (last - first).days >= MOST_DAYS:
        raise Unread(mark("these dates end before they begin, or cover more than two months"), WRITE_DATE)
    return tuple(first + timedelta(days=n) for n in range((last - first).days + 1))


class Scan:
    """Reads a list of dates and ranges from the beginning of a text."""

    def __init__(self, text: str, around: Around) -> None:
        self.text, self.around, self.at = text, around, 0
        self.year: int | None = None
        self.month: int | None = None
        self.last: date | None = None
        self.doubt: Message | None = None

    def run(self) -> tuple[list[date], int, Message | None]:
        if (found := _TWO.fullmatch(self.text)) and int(found[1]) == self.around.month:
            raise Unread(mark("two days, or a month and a day?"), mark("write 3日、5日 or 3月5日"))
        days = self._item()
        while joint := _AND.match(self.text, self.at):
            before = self.at
            self.at = joint.end()
            try:
                days += self._item(must_be_marked=not joint[0].strip())
            except Unread:
                if joint[0].strip() and not re.match(r"[0-9]{1,2}\s*[:点时]|[上下中晚早]", self.text[self.at :]):
                    raise
                self.at = before
                break
        return days, self.at, self.doubt

    def _item(self, *, must_be_marked: bool = False) -> list[date]:
        dashed = _DASHED.match(self.text, self.at)
        if dashed and not must_be_marked:
            first = int(dashed["m"])
            as_range = dashed["mark"] is not None or self.month is not None or first > 12
            if not as_range and not self._near(first, int(dashed["d"])):
                as_range, self.doubt = True, Message(mark("read as days of the month, from and to"))
            if not as_range:
                self.at = dashed.end()
                return self._range_from(None, first, int(dashed["d"]))
        year, month, day, _ = self._one(must_be_marked=must_be_marked)
        return self._range_from(year, month, day)

    def _range_from(self, year: int | None, month: int | None, day: int) -> list[date]:
        first = self._resolve(year, month, day)
        to = _TO.match(self.text, self.at)
        if not to:
            return [first]
        self.at = to.end()
        dashed = _DASHED.match(self.text, self.at)
        if dashed and dashed["mark"] is None:
            self.at = dashed.end()
            last = self._resolve(None, int(dashed["m"]), int(dashed["d"]), after=first)
        else:
            year, month, day, _ = self._one()
            last = self._resolve(year, month, day, after=first)
        return list(days_between(first, last))

    def _one(self, *, must_be_marked: bool = False) -> tuple[int | None, int | None, int, bool]:
        for pattern, parts in _FORMS[:-2] if must_be_marked else _FORMS:
            if found := pattern.match(self.text, self.at):
                self.at = found.end()
                return (*parts(found), True)
        raise Unread(mark("this date is not understood"), WRITE_DATE)

    def _resolve(self, year: int | None, month: int | None, day: int, after: date | None = None) -> date:
        known = self.last is not None
        around = self.around
        if month is None and known:
            month = self.month
        if year is None and after is not None and month is not None:
            year = after.year + (1 if month < after.month - 6 else 0)
        elif year is None:
            year = self.year
        found = day_of(around, year, month, day)
        self.year, self.month, self.last = found.year, found.month, found
        return found

    def _near(self, month: int, day: int) -> bool:
        """Whether a day is of the sheet's month or of a week that this month shares; True where that is not known."""
        own = self.around.month
        if own is None or month == own or self.around.year is None:
            return True
        found = day_of(self.around, None, month, day)
        first = date(self.around.year, own, 1)
        last = (first + timedelta(days=31)).replace(day=1)
        return first - timedelta(days=7) <= found < last + timedelta(days=7)
