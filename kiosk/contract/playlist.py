"""The playlist of one group of stations: what may be shown, and when.

A playlist covers whole days, at most five weeks of them, so that a gap in the office is no gap in the room. Local times
are in the playlist's own time zone; a slot that ends at or before its start ends on the following day.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from kiosk.common.messages import Sentence, mark
from kiosk.contract.wire import (
    Count,
    Day,
    FileName,
    Format1,
    Id,
    Instant,
    LongText,
    Malformed,
    Percent,
    Record,
    Sha256,
    Span,
    Text,
    TimeOfDay,
    Version,
    decode,
)

MAX_DAYS = 35
"""The longest stretch that one playlist may cover, in days (DESIGN: published up to five weeks ahead)."""

PEAK_LIMIT = 20_000
"""How far from full scale a peak may lie, either way, in hundredths of dB: further off is a mistake, not sound."""

LONG_NIGHT = timedelta(hours=12)
"""A slot that runs over midnight for longer than this may have its times mixed up."""

Mode = Literal["once", "loop"]
Ending = Literal["cut", "finish"]
Peak = Annotated[int, msgspec.Meta(ge=-PEAK_LIMIT, le=PEAK_LIMIT)]


class Subtitle(Record, frozen=True, kw_only=True):
    """A subtitle file beside a programme."""

    language: Id
    file: FileName
    size: Count
    sha256: Sha256


class Programme(Record, frozen=True, kw_only=True):
    """One programme file and what is known of it; every figure is measured by the town at publication."""

    id: Id
    title: Text
    category: Text = ""
    source: Text = ""
    """Where it comes from (来源), as the play record has to name it."""
    file: FileName
    duration_ms: Span
    """Its signed length: what libVLC says of the file is not believed."""
    size: Count
    """In bytes."""
    sha256: Sha256
    loudness_clufs: int | None = None
    """Integrated loudness (EBU R 128) in hundredths of LUFS, mono as from two loudspeakers; None without sound."""
    peak_cdbtp: Peak | None = None
    """True peak (ITU-R BS.1770) in hundredths of dB relative to full scale; None where unknown or without sound."""
    audio_track: Count = 0
    """Which of the file's sound tracks was measured, from 0: the one to play."""
    still_ms: Span | None = None
    """The longest that one picture stands; None where that was not measured, or there is no picture."""
    rest_ms: Span | None = None
    """The longest in which neither another picture nor any sound comes."""
    picture_start_ms: Span | None = None
    """When the first picture comes, from the file's first picture or sound on; None where there is none.

    The programme begins with it."""
    picture_end_ms: Span | None = None
    """When the last picture ends."""
    sound_start_ms: Span | None = None
    """When sound begins, from the file's first picture or sound on; None where there is none."""
    sound_end_ms: Span | None = None
    """When sound ends."""
    short: bool = False
    """Marked for the minutes before a meeting."""
    subtitles: tuple[Subtitle, ...] = ()


class Slot(Record, frozen=True, kw_only=True):
    """A dated stretch of time and the programmes that fill it."""

    date: Day
    start: TimeOfDay
    end: TimeOfDay
    programmes: tuple[Id, ...]
    mode: Mode = "once"
    """``once`` plays the list and then filler until the end; ``loop`` repeats the list from the slot's start."""
    occasion: Text = ""
    """The activity it belongs to (活动类型), such as Theme Party Day; empty for plain viewing."""
    priority: int = 0
    """The higher one is on air; only slots of equal priority may not overlap."""
    volume: Percent | None = None
    ending: Ending = "cut"
    """Whether what runs at the slot's end is cut there or plays to its own end: :mod:`kiosk.contract.endings`."""


class Recommended(Record, frozen=True, kw_only=True):
    """A recommended item: filler in opening hours until it has been played often enough."""

    programme: Id
    plays: Count
    """The least number of plays from ``first_day`` to ``last_day``."""
    first_day: Day
    last_day: Day


class PlanEntry(Record, frozen=True, kw_only=True):
    """One row of the monthly plan, for the public posting (周次 日期 时间 节目名称 类别 时长 对象 备注)."""

    date: Day
    week: Count = 0
    start: TimeOfDay | None = None
    end: TimeOfDay | None = None
    title: Text
    category: Text = ""
    duration_ms: Span = 0
    audience: Text = ""
    note: Text = ""


class MonthPlan(Record, frozen=True, kw_only=True):
    """The town's plan for one month, to be posted."""

    month: Annotated[str, msgspec.Meta(pattern=r"\A[0-9]{4}-[0-9]{2}\Z", description="a month, such as 2026-03")]
    """``YYYY-MM``."""
    title: Text = ""
    note: LongText = ""
    entries: tuple[PlanEntry, ...] = ()


class Heading(Record, frozen=True, kw_only=True):
    """What the days from ``first_day`` to ``last_day``, both included, are called."""

    title: Text
    first_day: Day
    last_day: Day


class Playlist(Format1, frozen=True, kw_only=True):
    """What one group of stations plays from ``first_day`` to ``last_day``, both included."""

    town: Id
    group: Id
    version: Version
    """Counts per town and only grows."""
    title: Text = ""
    """Of the newest publication in it; ``headings`` say which days it names."""
    time_zone: Text = "Asia/Shanghai"
    issued_ms: Instant
    first_day: Day
    last_day: Day
    programmes: tuple[Programme, ...]
    slots: tuple[Slot, ...] = ()
    recommended: tuple[Recommended, ...] = ()
    month_plans: tuple[MonthPlan, ...] = ()
    headings: tuple[Heading, ...] = ()
    """The titles of its stretches of days, where it is composed of several publications; else ``title`` is of all."""


class Urgent(Format1, frozen=True, kw_only=True):
    """A notice that is shown at once, whatever else is planned; signed as a target of its own."""

    id: Id
    town: Id
    title: Text
    stations: tuple[Id, ...] = ()
    """The stations it is for; empty means all of the town's."""
    start_ms: Instant
    end_ms: Instant
    mode: Mode = "once"
    programmes: tuple[Programme, ...]
    volume: Percent | None = None


def read(data: bytes) -> Playlist:
    """Read and check a playlist. Raises :class:`Malformed` with every problem found, one a line."""
    playlist = decode(data, Playlist, "playlist")
    if problems := check(playlist):
        raise Malformed("playlist: " + "\n".join(problems))
    return playlist


def read_urgent(data: bytes) -> Urgent:
    """Read and check an urgent notice. Raises :class:`Malformed`."""
    urgent = decode(data, Urgent, "urgent notice")
    if not urgent.programmes or urgent.end_ms <= urgent.start_ms:
        raise Malformed(f"urgent notice {urgent.id}: it needs a programme and an end after its start")
    if any(programme.duration_ms == 0 for programme in urgent.programmes):
        raise Malformed(f"urgent notice {urgent.id}: a programme has no length")
    return urgent


def span(slot: Slot, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Start and end of a slot as UTC instants.

    In the night the clocks go forward, a time that does not exist is read with the offset before the change; in the
    night they go back, a time that exists twice means the first (PEP 495, ``fold=0``).
    """
    day = date.fromisoformat(slot.date)
    start, end = time.fromisoformat(slot.start), time.fromisoformat(slot.end)
    last = day if end > start else day + timedelta(days=1)
    return (
        datetime.combine(day, start, zone).astimezone(UTC),
        datetime.combine(last, end, zone).astimezone(UTC),
    )


def check(playlist: Playlist) -> list[str]:
    """Everything that is wrong with a well-formed playlist, as sentences that name the place. Empty if sound."""
    try:
        zone = ZoneInfo(playlist.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        text = mark("time zone {zone} is not known; use one of the IANA names, such as Asia/Shanghai")
        return [Sentence(text, zone=repr(playlist.time_zone))]
    dates = [("first_day", 0, 0, playlist.first_day), ("last_day", 0, 0, playlist.last_day)]
    dates += [(mark("slot {n}"), n, 0, slot.date) for n, slot in enumerate(playlist.slots, 1)]
    dates += [
        (mark("recommended item {n}"), n, 0, day)
        for n, item in enumerate(playlist.recommended, 1)
        for day in (item.first_day, item.last_day)
    ]
    dates += [
        (mark("month plan {n}, row {row}"), n, row, entry.date)
        for n, plan in enumerate(playlist.month_plans, 1)
        for row, entry in enumerate(plan.entries, 1)
    ]
    dates += [(mark("month plan {n}"), n, 0, f"{plan.month}-01") for n, plan in enumerate(playlist.month_plans, 1)]
    dates += [
        (mark("heading {n}"), n, 0, day)
        for n, one in enumerate(playlist.headings, 1)
        for day in (one.first_day, one.last_day)
    ]
    problems: list[str] = [
        Sentence(mark("{place}: {day} is not a date"), place=Sentence(place, n=str(n), row=str(row)), day=day)
        for place, n, row, day in dates
        if not is_date(day)
    ]
    return problems or [*_check_days(playlist), *_check_programmes(playlist), *_check_overlap(playlist, zone)]


def is_date(day: str) -> bool:
    """Is ``YYYY-MM-DD`` a day of the calendar, in a year that makes sense?"""
    try:
        return 1970 < date.fromisoformat(day).year < 3000
    except ValueError:
        return False


def _check_days(playlist: Playlist) -> list[str]:
    first, last = playlist.first_day, playlist.last_day
    days = (date.fromisoformat(last) - date.fromisoformat(first)).days + 1
    if not 1 <= days <= MAX_DAYS:
        text = mark("{first} to {last} is {days} days; a playlist covers 1 to {most}")
        return [Sentence(text, first=first, last=last, days=str(days), most=str(MAX_DAYS))]
    text = mark("slot {n}: {day} lies outside {first} to {last}")
    return [
        Sentence(text, n=str(n), day=slot.date, first=first, last=last)
        for n, slot in enumerate(playlist.slots, 1)
        if not first <= slot.date <= last
    ]


def _check_programmes(playlist: Playlist) -> list[str]:
    problems: list[str] = []
    known: set[str] = set()
    for programme in playlist.programmes:
        if programme.id in known:
            problems.append(Sentence(mark("programme {id} is listed twice"), id=programme.id))
        if programme.duration_ms == 0:
            problems.append(Sentence(mark("programme {id} has no length"), id=programme.id))
        known.add(programme.id)
    for n, slot in enumerate(playlist.slots, 1):
        if not slot.programmes:
            problems.append(Sentence(mark("slot {n}: no programme"), n=str(n)))
        unknown = mark("slot {n}: programme {id} is not known")
        problems += [Sentence(unknown, n=str(n), id=name) for name in slot.programmes if name not in known]
    for n, item in enumerate(playlist.recommended, 1):
        if item.programme not in known:
            text = mark("recommended item {n}: programme {id} is not known")
            problems.append(Sentence(text, n=str(n), id=item.programme))
        if item.last_day < item.first_day:
            text = mark("recommended item {n}: {last} lies before {first}")
            problems.append(Sentence(text, n=str(n), last=item.last_day, first=item.first_day))
    return problems


def _check_overlap(playlist: Playlist, zone: ZoneInfo) -> list[str]:
    """Slots of equal priority may not overlap. A slot that overlaps others because its end is before its start is told
    as that, and not as overlaps of the others."""
    problems: dict[int, str] = {}
    spans = sorted((*span(slot, zone), n, slot) for n, slot in enumerate(playlist.slots, 1))
    latest: dict[tuple[int, bool], tuple[datetime, int]] = {}
    for start, end, n, slot in spans:
        if end <= start:
            text = mark("slot {n}: {when} does not exist: the clocks change then")
            problems[n] = Sentence(text, n=str(n), when=_when(slot))
            continue
        doubtful = slot.end < slot.start and end - start > LONG_NIGHT
        for other_doubtful in (False, True):
            until, other = latest.get((slot.priority, other_doubtful), (start, 0))
            if start >= until:
                continue
            if doubtful or other_doubtful:
                for one in [n] * doubtful + [other] * other_doubtful:
                    problems[one] = _backwards(one, playlist.slots[one - 1])
            else:
                problems[n] = Sentence(
                    mark("slot {n}: {when} overlaps slot {other} ({shown}) of the same priority {priority}"),
                    n=str(n),
                    when=_when(slot),
                    other=str(other),
                    shown=_when(playlist.slots[other - 1]),
                    priority=str(slot.priority),
                )
        if end >= latest.get((slot.priority, doubtful), (end, 0))[0]:
            latest[slot.priority, doubtful] = (end, n)
    return list(problems.values())


def _when(slot: Slot) -> str:
    return f"{slot.date} {slot.start}-{slot.end}"


def _backwards(n: int, slot: Slot) -> str:
    text = mark(
        "slot {n}: {when} ends before it starts; mend the times (it would run into the next day, over other slots)"
    )
    return Sentence(text, n=str(n), when=_when(slot))
