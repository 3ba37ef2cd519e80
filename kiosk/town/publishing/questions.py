"""What a person should confirm before a week is signed: it is sound, and yet seldom meant. Pure."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from kiosk.common.messages import Message, Sentence, mark
from kiosk.contract.playlist import LONG_NIGHT, MAX_DAYS, Playlist, span

SEEN_WHOLE_MS = 1_000
"""A list that is longer than its slot by no more than this is shown whole."""


def questions(new: Playlist, now: datetime, stations: int) -> list[Message]:
    """What to ask about the measured week ``new``, published at ``now`` (aware) for a group of so many stations."""
    found: list[Message] = []
    if stations == 0:
        found.append(Message(mark("no station is in group {group}: nobody will show this week"), {"group": new.group}))
    if not new.slots:
        text = mark("there are no slots from {first} to {last}: nothing is planned on these days")
        found.append(Message(text, {"first": new.first_day, "last": new.last_day}))
    return [*found, *_dates(new, now), *_times(new)]


def _dates(new: Playlist, now: datetime) -> Iterator[Message]:
    day = now.astimezone(ZoneInfo(new.time_zone)).date()
    today, last = day.isoformat(), (day + timedelta(days=MAX_DAYS - 1)).isoformat()
    week = Sentence(mark("the week"))
    stretches = [(week, new.first_day, new.last_day)]
    stretches += [
        (Sentence(mark("recommended item {n}"), n=str(n)), one.first_day, one.last_day)
        for n, one in enumerate(new.recommended, 1)
    ]
    months = [(Sentence(mark("month plan {n}"), n=str(n)), plan.month) for n, plan in enumerate(new.month_plans, 1)]
    for place, first, end in stretches:
        values = {"place": place, "first": first, "last": end, "today": today, "most": str(MAX_DAYS)}
        if end < today:
            yield Message(mark("{place}: {first} to {last} lies in the past; today is {today}"), values)
        elif first < today and place == week:
            text = mark("{place}: {first} to {last} begins in the past; today is {today}, and what is past is left out")
            yield Message(text, values)
        elif end > last:
            text = mark("{place}: {first} to {last} lies more than {most} days ahead; today is {today}")
            yield Message(text, values)
    for place, month in months:
        if not today[:7] <= month <= last[:7]:
            text = mark("{place}: {month} is neither this month nor one of the next {most} days; today is {today}")
            yield Message(text, {"place": place, "month": month, "today": today, "most": str(MAX_DAYS)})


def _times(new: Playlist) -> Iterator[Message]:
    zone, lengths = ZoneInfo(new.time_zone), {one.id: one.duration_ms for one in new.programmes}
    for n, slot in enumerate(new.slots, 1):
        start, end = span(slot, zone)
        room_ms, needed_ms = (end - start) // timedelta(milliseconds=1), sum(lengths[name] for name in slot.programmes)
        times = {"date": slot.date, "start": slot.start, "end": slot.end}
        values = {"n": str(n), **times, "length": _hours(needed_ms), "room": _hours(room_ms)}
        if slot.end < slot.start and end - start > LONG_NIGHT:
            text = mark(
                "slot {n} ({date} {start}-{end}): the end is before the start, so it runs over midnight for {room}"
            )
            yield Message(text, values)
        if needed_ms > room_ms + SEEN_WHOLE_MS:
            text = mark(
                "slot {n} ({date} {start}-{end}): its programmes last {length}, the slot {room}; the rest is not shown"
            )
            yield Message(text, values)


def _hours(ms: int) -> str:
    minutes, seconds = divmod(round(ms / 1000), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
