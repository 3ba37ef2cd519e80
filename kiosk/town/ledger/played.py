"""Planned against played at the town: the room's accepted weeks and its record, as far as it is here, day by day."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, or_, select

from kiosk.common.known import NO_SCREEN_FAULTS, known_of
from kiosk.common.outcomes import MAKE_UP_MS, Outcome, Stretch, outcomes, stretches
from kiosk.common.planned import Accepted, Played
from kiosk.contract import playlist as playlists
from kiosk.contract.instants import local_ms, to_utc
from kiosk.contract.playlist import Playlist
from kiosk.contract.records import Action, Entryable, Fault, read_record
from kiosk.contract.wire import Malformed
from kiosk.town.database import schema
from kiosk.town.ledger.condition import Row

DAY_MS = 86_400_000
BACK_MS = 62 * DAY_MS
"""How long before a day the records are read that may still hold on it: an accepted week, a Stop."""
MARGIN_MS = 60_000
"""A play may be on when a heartbeat is sent, and its row comes when it is over."""


@dataclass(frozen=True)
class Room:
    """What of a room's heartbeat and register is needed."""

    id: str
    group: str
    zone: ZoneInfo
    heard_ms: int | None = None
    sent_ms: int | None = None
    epoch: str | None = None
    head_seq: int | None = None
    waiting: int | None = None
    on_air_since_ms: int | None = None
    clock: str | None = None


@dataclass(frozen=True)
class Day:
    """A day of a room: what was planned, and what became of it."""

    date: date
    outcomes: tuple[Outcome, ...]
    stretches: tuple[Stretch, ...]

    def count(self, state: str) -> int:
        """How many showings came to this."""
        return sum(one.state == state for one in self.outcomes)


@dataclass(frozen=True)
class Reading:
    """The days asked for, up to when the room has reported, and which accepted weeks the town does not have."""

    days: tuple[Day, ...]
    reported_ms: int
    lost_weeks: tuple[int, ...] = ()


def days(connection: Connection, room: Room, first: date, last: date, now_ms: int) -> Reading:
    """The days of a room from ``first`` to ``last``, by its own time zone."""
    start_ms = local_ms(first, time(), room.zone)
    until_ms = local_ms(last + timedelta(days=1), time(), room.zone)
    reported = reported_until(connection, room)
    records = list(_records(connection, room.id, start_ms - BACK_MS))
    plans, lost = _plans(connection, room, records, reported)
    found = outcomes(
        plans, _plays(connection, room.id, start_ms - DAY_MS, until_ms + MAKE_UP_MS), known_of(records), start_ms,
        until_ms, reported_ms=reported, now_ms=now_ms,
    )  # fmt: skip
    by_day: dict[date, list[Outcome]] = {}
    for one in found:
        by_day.setdefault(_day(one.showing.pieces[0][0], room.zone), []).append(one)
    wanted = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    listed = (tuple(by_day.get(day, ())) for day in wanted)
    told = (Day(day, some, tuple(stretches(some))) for day, some in zip(wanted, listed, strict=True))
    return Reading(tuple(told), reported, lost)


def reported_until(connection: Connection, room: Room) -> int:
    """Up to when (UTC ms, the room's clock) the room's record is here whole; 0 where nothing is.

    That is the time of its newest heartbeat, if all was delivered then; else the end of the newest record that is here:
    records come in the order in which they are closed.
    """
    chain, entry = schema.chain, schema.entry
    newest = select(chain).where(chain.c.station == room.id).order_by(chain.c.chain.desc()).limit(1)
    head = connection.execute(newest).first()
    if head is None:
        return 0
    readable = (entry.c.station == room.id, entry.c.age_ms.is_not(None))
    last = select(entry.c.received_ms, entry.c.age_ms).where(*readable)
    row = connection.execute(last.order_by(entry.c.chain.desc(), entry.c.seq.desc()).limit(1)).first()
    told = row.received_ms - max(0, row.age_ms) if row else 0  # of a clock that is ahead: when it was received
    whole = room.waiting == 0 and room.epoch == head.epoch and (room.head_seq or 0) <= head.head_seq
    if not whole or room.sent_ms is None or room.heard_ms is None or room.clock == "untrusted":
        return told
    until = min(room.sent_ms, room.heard_ms) - MARGIN_MS
    if room.on_air_since_ms is not None:
        until = min(until, room.on_air_since_ms)
    return max(told, until)


def _records(connection: Connection, station: str, since_ms: int) -> Iterator[Entryable]:
    """Actions, sessions and faults that may bear on the time from an instant on, in the order of the chain."""
    entry, fault = schema.entry, schema.fault
    question = select(entry.c.record, entry.c.chain, entry.c.seq).where(
        entry.c.station == station,
        schema.DEEDS,  # word for word, so that the index of them is used
        entry.c.kind.in_(("action", "session")),
        entry.c.state == "accepted",
        entry.c.received_ms >= since_ms,
    )
    for row in sorted(
        connection.execute(question), key=lambda row: (row.chain, row.seq)
    ):  # sorted by the index: slower
        try:
            yield read_record(bytes(row.record), "record")
        except Malformed:
            continue
    causes = (*NO_SCREEN_FAULTS, "clock-untrusted")
    over = or_(fault.c.cleared_ms.is_(None), fault.c.cleared_ms >= since_ms)
    for row in connection.execute(select(fault).where(fault.c.station == station, fault.c.cause.in_(causes), over)):
        yield Fault(
            id=row.fault, fault=row.fault, cause=row.cause, device=row.device, found_ms=row.found_ms,
            cleared_ms=row.cleared_ms, text="",
        )  # fmt: skip


def _plans(
    connection: Connection, room: Room, records: Sequence[Entryable], reported_ms: int
) -> tuple[list[Accepted], tuple[int, ...]]:
    """The weeks that the room has accepted, as it says; behind its report the newest one of its group.

    And the versions of weeks that it has accepted and that are not kept here.
    """
    found: list[Accepted] = []
    lost: list[int] = []
    for version, at_ms in _accepted(records):
        playlist = week(connection, version) if version else None
        if playlist is None and version:
            lost.append(version)
        found.append(Accepted(max(at_ms, playlist.issued_ms) if playlist else at_ms, playlist))
    table = schema.plan
    newest = connection.execute(select(func.max(table.c.version)).where(table.c.group_id == room.group)).scalar()
    held = max((one.playlist.version for one in found if one.playlist), default=0)
    if newest is not None and newest > held and (playlist := week(connection, newest)) is not None:
        found.append(Accepted(max(reported_ms, playlist.issued_ms), playlist))
    return found, tuple(dict.fromkeys(lost))


def _accepted(records: Iterable[Entryable]) -> Iterator[tuple[int, int]]:
    """Each version that a room says it has accepted, and when; 0: from then on it had none."""
    for record in records:
        if isinstance(record, Action) and record.action in ("week-accepted", "keys-replaced"):
            version = record.facts.get("version", "")
            if version.isascii() and version.isdecimal() and len(version) < 16:
                yield int(version), record.at_ms


def week(connection: Connection, version: int) -> Playlist | None:
    """A published week; None where it is not kept here."""
    table = schema.plan
    data = connection.execute(select(table.c.playlist).where(table.c.version == version)).scalar()
    return None if data is None else _read_week(bytes(data))


@lru_cache(maxsize=32)
def _read_week(data: bytes) -> Playlist | None:
    try:
        return playlists.read(data)
    except Malformed:
        return None


def _plays(connection: Connection, station: str, first_ms: int, until_ms: int) -> list[Played]:
    play = schema.play
    start = func.coalesce(play.c.repaired_start_ms, play.c.actual_start_ms)
    end = func.coalesce(play.c.repaired_end_ms, play.c.actual_end_ms)
    names = ("programme", "origin", "planned_start_ms", "cause")
    question = select(*(play.c[name] for name in names), start.label("start"), end.label("end")).where(
        play.c.station == station, play.c.practice.is_(False), start >= first_ms, start < until_ms
    )
    return [
        Played(row.programme, row.origin, row.planned_start_ms, row.start, row.end, row.cause)
        for row in connection.execute(question.order_by(start))
    ]


def _day(at_ms: int, zone: ZoneInfo) -> date:
    return to_utc(at_ms).astimezone(zone).date()


def room_of(row: Row, zone: ZoneInfo) -> Room:
    """What of a row of ``rooms.rooms`` is needed here."""
    values = {name: row[name] for name in ("heard_ms", "sent_ms", "epoch", "head_seq", "waiting", "clock")}
    since = row["on_air"].started_ms if row["on_air"] else None
    return Room(str(row["id"]), str(row["group_id"]), zone, on_air_since_ms=since, **values)


def month_days(month: str) -> tuple[date, date]:
    """First and last day of ``YYYY-MM``. Raises :class:`ValueError`."""
    first = datetime.strptime(month, "%Y-%m").date()  # noqa: DTZ007  a month has no time zone
    return first, (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)
