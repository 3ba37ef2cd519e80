"""Public holidays and make-up workdays of China, as far as the State Council has announced them."""

from dataclasses import dataclass
from datetime import date, timedelta

import chinese_calendar

from kiosk.common.messages import Message, mark

SATURDAY = 5


def holiday(day: date) -> Message | None:
    """What is special about a day; None for an ordinary one, weekends included."""
    try:
        off, name = chinese_calendar.get_holiday_detail(day)
    except NotImplementedError:  # how chinese_calendar says that the year is not announced
        return Message(mark("the holidays of {year} are not announced yet"), {"year": str(day.year)})
    if off and name:
        return Message(mark("{date} is a public holiday"), {"date": day.isoformat()})
    if not off and day.weekday() >= SATURDAY:
        return Message(mark("{date} is a make-up workday"), {"date": day.isoformat()})
    return None


@dataclass(frozen=True)
class SpecialDay:
    """A public holiday, or a day at a weekend on which people work in its place."""

    date: date
    name: str
    off: bool


def special_days(year: int) -> list[SpecialDay]:
    """The special days of a year, weekends of a holiday included; none while they are not announced."""
    found = []
    day = date(year, 1, 1)
    while day.year == year:
        try:
            off, name = chinese_calendar.get_holiday_detail(day)
        except NotImplementedError:
            return []
        if name and (off or day.weekday() >= SATURDAY):
            found.append(SpecialDay(day, chinese_calendar.Holiday(name).chinese, off))
        day += timedelta(days=1)
    return found
