"""The month in figures against what the county asks, and what is still missing. Nothing that nobody knows is counted.

Thresholds are the town's (:class:`Thresholds`); a week belongs to the month of its Monday. What nobody has said is *not
known* and never zero: no attendance typed in is no empty room.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from kiosk.common.messages import Message, mark
from kiosk.contract.instants import local_ms, to_utc
from kiosk.contract.records import Attendance, Play
from kiosk.contract.station import StationDocument, Thresholds
from kiosk.station.journal.amendments import Later
from kiosk.station.journal.plays import readable
from kiosk.station.record_book import power_log
from kiosk.station.record_book.by_occasion import OfOccasion, by_occasion
from kiosk.station.record_book.count import Counting
from kiosk.station.record_book.moments import seqs_about
from kiosk.station.record_book.register import Entry

Verdict = Literal["reached", "missing", "short", "not-known"]
"""``missing``: not yet, and the time for it is not over; ``short``: it is over."""
FEEDBACK_PER_MONTH = 1
"""What counties ask; the contract has no threshold of it."""


@dataclass(frozen=True)
class Figure:
    """One figure. ``missing`` says what is still to be done, in words; empty where nothing is."""

    name: str
    value: Message
    asked: Message
    verdict: Verdict
    missing: Message | None = None


@dataclass(frozen=True)
class Figures:
    """All figures of a month, and its minutes by who was there."""

    lines: tuple[Figure, ...]
    attended_min: int = 0
    empty_min: int = 0
    """Minutes of plays of which somebody said that nobody was there."""
    unknown_min: int = 0
    other_source_min: int = 0
    """Minutes of other sources as people typed them in: this PC has not played them, and they count nowhere else."""
    days_without: tuple[date, ...] = ()
    """Days with plays of whose attendance nobody has said anything."""
    by_occasion: tuple[OfOccasion, ...] = ()


@dataclass(frozen=True)
class _Counted:
    day: date
    ms: int
    occasion: str
    there: Attendance | None


def figures(
    db: sqlite3.Connection,
    begin_ms: int,
    end_ms: int,
    zone: ZoneInfo,
    document: StationDocument | None,
    runs: Sequence[power_log.Running],
    typed: Sequence[Entry],
    now_ms: int,
) -> Figures:
    """The figures of the month from ``begin_ms`` to ``end_ms``, as they stand at ``now_ms`` (UTC)."""
    asked = document.thresholds if document else Thresholds()
    first, over = to_utc(begin_ms).astimezone(zone).date(), now_ms >= end_ms
    later = Later(db)
    plays = list(_counted(db, later, begin_ms, end_ms, zone, asked))
    sessions = [one for one in later.sessions() if begin_ms <= one.start_ms < end_ms and not one.practice]
    weeks = list(_weeks(first, to_utc(end_ms).astimezone(zone).date(), zone, now_ms))
    by_week = [sum(start <= play.day < start + timedelta(days=7) for play in plays) for start, _, _ in weeks]
    lines = [
        _minutes(plays, asked, over),
        _weekly(mark("Plays a week"), weeks, by_week, asked.plays_per_week, mark("{count} more plays this week")),
        *_power(runs, weeks, zone, asked),
        _sessions(plays, first, asked, to_utc(now_ms).astimezone(zone).date()),
        _attendance(plays, asked),
        _feedback(typed, first, over),
    ]
    return Figures(
        tuple(lines),
        attended_min=_minutes_of(play for play in plays if play.there and play.there.present + play.there.others),
        empty_min=_minutes_of(play for play in plays if play.there and not play.there.present + play.there.others),
        unknown_min=_minutes_of(play for play in plays if not play.there),
        other_source_min=sum(one.other_source_ms for one in sessions) // 60_000,
        by_occasion=by_occasion(((play.occasion, play.ms, play.there) for play in plays), sessions),
        days_without=tuple(sorted({play.day for play in plays if not play.there})),
    )


def _counted(
    db: sqlite3.Connection, later: Later, begin_ms: int, end_ms: int, zone: ZoneInfo, asked: Thresholds
) -> Iterator[_Counted]:
    """The plays that count, as the county counts them: from a minute on, up to some minutes, once a day."""
    counting = Counting(asked)
    sql = "SELECT seq, record FROM entries WHERE seq >= ? AND seq <= ? AND kind = 'play' ORDER BY seq"
    for seq, data in db.execute(sql, seqs_about(db, begin_ms, end_ms)):
        record = readable(bytes(data), seq)
        if not isinstance(record, Play) or record.practice or not record.played_ms:
            continue
        right = later.put_right(seq, record)
        play = right.play
        if not begin_ms <= play.actual_start_ms < end_ms:
            continue
        day = to_utc(play.actual_start_ms).astimezone(zone).date()
        if counted_ms := counting.counted_ms(day, play.programme, play.played_ms):
            yield _Counted(day, counted_ms, play.occasion, right.attendance)


def _weeks(first: date, after: date, zone: ZoneInfo, now_ms: int) -> Iterator[tuple[date, bool, bool]]:
    """The Mondays of the month, whether each week has begun, and whether it is over."""
    start = first + timedelta(days=-first.weekday() % 7)
    while start < after:
        begin = local_ms(start, datetime.min.time(), zone)
        end = local_ms(start + timedelta(days=7), datetime.min.time(), zone)
        yield start, begin <= now_ms, end <= now_ms
        start += timedelta(days=7)


def _minutes_of(plays: Iterator[_Counted]) -> int:
    return sum(play.ms for play in plays) // 60_000


def _minutes(plays: Sequence[_Counted], asked: Thresholds, over: bool) -> Figure:
    count, wanted = _minutes_of(iter(plays)), asked.minutes_per_month
    more = Message(mark("{count} more minutes"), {"count": str(wanted - count)}) if count < wanted else None
    return Figure(
        mark("Minutes played in the month"),
        Message(mark("{count} minutes"), {"count": str(count)}),
        Message(mark("{count} minutes"), {"count": str(wanted)}),
        "short" if more and over else "missing" if more else "reached",
        more,
    )


def _weekly(
    name: str, weeks: Sequence[tuple[date, bool, bool]], counts: Sequence[int], wanted: int, more: str
) -> Figure:
    """A figure of each week that has begun; what is missing is of the week that runs."""
    begun = [(count, over) for (_, began, over), count in zip(weeks, counts, strict=True) if began]
    value = Message(" / ".join(str(count) for count, _ in begun)) if begun else Message(mark("not begun"))
    asked = Message(mark("{count} in each week"), {"count": str(wanted)})
    short = any(over and count < wanted for count, over in begun)
    runs = next((count for count, over in begun if not over), wanted)
    missing = Message(more, {"count": str(wanted - runs)}) if runs < wanted else None
    return Figure(name, value, asked, "short" if short else "missing" if missing or not begun else "reached", missing)


def _power(
    runs: Sequence[power_log.Running], weeks: Sequence[tuple[date, bool, bool]], zone: ZoneInfo, asked: Thresholds
) -> Iterator[Figure]:
    """Days on which the kiosk ran, and for how long: a PC that is never switched off is a day's opening each day."""
    days, minutes = list[int](), list[int]()
    sure = [one for one in runs if one.clock_sure]
    for start, _, _ in weeks:
        edges = [local_ms(start + timedelta(days=n), datetime.min.time(), zone) for n in range(8)]
        on = [power_log.on_ms(sure, begin, end) for begin, end in zip(edges, edges[1:], strict=False)]
        days.append(sum(ms > 0 for ms in on))
        minutes.append(sum(on) // 60_000)
    more = mark("{count} more days this week")
    yield _weekly(mark("Days switched on a week"), weeks, days, asked.power_ons_per_week, more)
    more = mark("{count} more minutes this week")
    yield _weekly(mark("Minutes switched on a week"), weeks, minutes, asked.power_on_minutes_per_week, more)


def _sessions(plays: Sequence[_Counted], first: date, asked: Thresholds, today: date) -> Figure:
    """Whether there was enough on each day on which a session is due. Another day next to it is for people to judge."""
    due = [first.replace(day=day) for day in asked.session_days if _has_day(first, day)]
    held = {day: sum(play.ms for play in plays if play.day == day) // 60_000 for day in due}
    done = [day for day in due if held[day] >= asked.session_minutes]
    late = [day for day in due if day not in done and day < today]
    ahead = [day for day in due if day not in done and day >= today]
    coming = Message(mark("on the {days}"), {"days": ", ".join(str(day.day) for day in ahead)}) if ahead else None
    return Figure(
        mark("Session days"),
        Message(", ".join(f"{day.day}: {held[day]}" for day in due if day <= today) or mark("not begun")),
        Message(
            mark("days {days}, {minutes} minutes each"),
            {"days": ", ".join(str(day.day) for day in due), "minutes": str(asked.session_minutes)},
        ),
        "short" if late else "missing" if ahead else "reached",
        coming,
    )


def _has_day(first: date, day: int) -> bool:
    try:
        first.replace(day=day)
    except ValueError:
        return False
    return True


def _attendance(plays: Sequence[_Counted], asked: Thresholds) -> Figure:
    """Present of those expected, of the attendance that was typed in; each once, however many plays it is for."""
    typed = {play.there.id: play.there for play in plays if play.there and play.there.expected}
    name, wanted = mark("Attendance"), Message(f"{asked.attendance_percent} %")
    expected = sum(one.expected - min(one.expected, one.on_leave) for one in typed.values())
    if not expected:
        told = Message(mark("type in who was there"))
        return Figure(name, Message(mark("not known")), wanted, "not-known", told)
    present = sum(one.present for one in typed.values())
    percent = 100 * present // expected
    return Figure(name, Message(f"{percent} %"), wanted, "reached" if percent >= asked.attendance_percent else "short")


def _feedback(typed: Sequence[Entry], first: date, over: bool) -> Figure:
    count = sum(
        one.book == "feedback" and not one.withdrawn and one.values.get("day", "").startswith(f"{first:%Y-%m}")
        for one in typed
    )
    enough = count >= FEEDBACK_PER_MONTH
    return Figure(
        mark("Feedback in the month"),
        Message(str(count)),
        Message(str(FEEDBACK_PER_MONTH)),
        "reached" if enough else "short" if over else "missing",
        None if enough else Message(mark("write down what people said")),
    )
