"""Public holidays and make-up workdays of China, as far as the State Council has announced them."""

from datetime import date

import chinese_calendar

from kiosk.common.messages import Message, mark


def holiday(day: date) -> Message | None:
    """What is special about a day; None for an ordinary one, weekends included."""
    try:
        off, name = chinese_calendar.get_holiday_detail(day)
    except NotImplementedError:  # how chinese_calendar says that the year is not announced
        return Message(mark("the holidays of {year} are not announced yet"), {"year": str(day.year)})
    if off and name:
        return Message(mark("{date} is a public holiday"), {"date": day.isoformat()})
    if not off and day.weekday() >= 5:
        return Message(mark("{date} is a make-up workday"), {"date": day.isoformat()})
    return None
