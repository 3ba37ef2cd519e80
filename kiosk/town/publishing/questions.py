"""What a person should confirm before a week is signed: it is sound, and yet seldom meant. Pure."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from kiosk.contract.playlist import LONG_NIGHT, MAX_DAYS, Playlist, span

SEEN_WHOLE_MS = 1_000
"""A list that is longer than its slot by no more than this is shown whole."""


def questions(new: Playlist, now: datetime, stations: int) -> list[str]:
    """What to ask about the measured week ``new``, published at ``now`` (aware) for a group of so many stations."""
    found: list[str] = []
    if stations == 0:
        found.append(f"no station is in group {new.group}: nobody will show this week")
    if not new.slots:
        found.append(f"there are no slots from {new.first_day} to {new.last_day}: nothing is planned on these days")
    return [*found, *_dates(new, now), *_times(new)]


def _dates(new: Playlist, now: datetime) -> Iterator[str]:
    day = now.astimezone(ZoneInfo(new.time_zone)).date()
    today, last = day.isoformat(), (day + timedelta(days=MAX_DAYS - 1)).isoformat()
    stretches = [("the week", new.first_day, new.last_day)]
    stretches += [(f"recommended item {n}", one.first_day, one.last_day) for n, one in enumerate(new.recommended, 1)]
    months = [(f"month plan {n}", plan.month) for n, plan in enumerate(new.month_plans, 1)]
    for place, first, end in stretches:
        if end < today:
            yield f"{place}: {first} to {end} lies in the past; today is {today}"
        elif first < today and place == "the week":
            yield f"{place}: {first} to {end} begins in the past; today is {today}, and what is past is left out"
        elif end > last:
            yield f"{place}: {first} to {end} lies more than {MAX_DAYS} days ahead; today is {today}"
    for place, month in months:
        if not today[:7] <= month <= last[:7]:
            yield f"{place}: {month} is neither this month nor one of the next {MAX_DAYS} days; today is {today}"


def _times(new: Playlist) -> Iterator[str]:
    zone, lengths = ZoneInfo(new.time_zone), {one.id: one.duration_ms for one in new.programmes}
    for n, slot in enumerate(new.slots, 1):
        start, end = span(slot, zone)
        place = f"slot {n} ({slot.date} {slot.start}-{slot.end})"
        room_ms, needed_ms = (end - start) // timedelta(milliseconds=1), sum(lengths[name] for name in slot.programmes)
        if slot.end < slot.start and end - start > LONG_NIGHT:
            yield f"{place}: the end is before the start, so it runs over midnight for {_hours(room_ms)}"
        if needed_ms > room_ms + SEEN_WHOLE_MS:
            yield f"{place}: its programmes last {_hours(needed_ms)}, the slot {_hours(room_ms)}; the rest is not shown"


def _hours(ms: int) -> str:
    minutes, seconds = divmod(round(ms / 1000), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
