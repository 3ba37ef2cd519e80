"""The weeks of a month and the rows of each; a week without any takes over those of the week before. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta

from kiosk.contract.playlist import MAX_DAYS
from kiosk.town.sheets.rows import Row

WEEK = timedelta(days=7)
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Week:
    """Monday to Sunday, as far as it lies in the month or has rows."""

    first_day: str
    last_day: str
    rows: tuple[Row, ...]
    taken_from: str = ""
    """First day of the week that its rows were taken over from; empty where they are its own."""

    @property
    def empty(self) -> bool:
        """Whether the sheet says nothing for it."""
        return not self.rows


def weeks_of(rows: Iterable[Row], month: str, more: int = 0) -> list[Week]:
    """The weeks of ``month`` (``YYYY-MM``), and of other days that have rows; and ``more`` weeks after them."""
    rows = tuple(rows)
    first = date.fromisoformat(f"{month}-01")
    last = (first + timedelta(days=31)).replace(day=1) - ONE_DAY
    days = [date.fromisoformat(row.date) for row in rows]
    first, last = min([first, *days]), max([last, *days])
    found = []
    monday = first - timedelta(days=first.weekday())
    while monday <= last:
        start, end = max(first, monday), min(last, monday + WEEK - ONE_DAY)
        if more and end == last:
            end = monday + WEEK - ONE_DAY
        own = tuple(row for row in rows if start.isoformat() <= row.date <= end.isoformat())
        found.append(Week(start.isoformat(), end.isoformat(), own))
        monday += WEEK
    for _ in range(more):
        found.append(Week(monday.isoformat(), (monday + WEEK - ONE_DAY).isoformat(), ()))
        monday += WEEK
    return found


def chosen(weeks: list[Week], first_day: str, last_day: str, today: date) -> list[Week]:
    """The weeks from the one that begins with ``first_day`` to the one that ends with ``last_day``, from today on."""
    found = []
    for week in weeks:
        if first_day <= week.first_day and week.last_day <= last_day and week.last_day >= today.isoformat():
            since = max(week.first_day, today.isoformat())
            rows = tuple(row for row in week.rows if row.date >= since)
            found.append(replace(week, first_day=since, rows=rows))
    return found


def within_month(weeks: list[Week], month: str) -> list[Week]:
    """The weeks, the last one without the days after ``month`` for which it says nothing: these are the next month's,
    which may be published already."""
    if not weeks:
        return weeks
    last = weeks[-1]
    end = ((date.fromisoformat(f"{month}-01") + timedelta(days=31)).replace(day=1) - ONE_DAY).isoformat()
    said = max((row.date for row in last.rows), default="")
    end = max(end, said)
    return [*weeks[:-1], replace(last, last_day=end)] if last.first_day <= end < last.last_day else weeks


def usual(weeks: list[Week], today: date) -> tuple[str, str]:
    """First and last day of the weeks to publish: from this week on, as far as a playlist may reach. Empty: none."""
    far = (today + timedelta(days=MAX_DAYS - 1)).isoformat()
    ahead = [week for week in weeks if week.last_day >= today.isoformat() and week.last_day <= far]
    return (ahead[0].first_day, ahead[-1].last_day) if ahead else ("", "")


def carried_over(weeks: list[Week], into: Iterable[str]) -> list[Week]:
    """The weeks; empty ones that begin with a day of ``into`` have the rows of the last week before that has own ones.

    Each row keeps its day of the week; one on a day that the shorter week has not is left out.
    """
    into = set(into)
    source: Week | None = None
    found = []
    for week in weeks:
        if week.rows:
            source = week
        elif source is not None and week.first_day in into:
            week = replace(week, rows=_moved(source, week), taken_from=source.first_day)
        found.append(week)
    return found


def _moved(source: Week, week: Week) -> tuple[Row, ...]:
    first = date.fromisoformat(source.first_day)
    shift = _monday(date.fromisoformat(week.first_day)) - _monday(first)
    moved = (replace(row, date=(date.fromisoformat(row.date) + shift).isoformat()) for row in source.rows)
    return tuple(row for row in moved if week.first_day <= row.date <= week.last_day)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
