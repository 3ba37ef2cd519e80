"""Spot checks: the town asks a room to prove that somebody sees its screen, and what came of it.

A check goes to the room with its station document. The room shows a code (``contract.station.spot_code``), and whoever
types it in makes an attendance record. Nothing is concluded from silence: a room that has not said that it shows the
code has not failed.
"""

import secrets
from dataclasses import dataclass
from typing import Literal

import msgspec
from sqlalchemy import Connection, insert, select

from kiosk.contract.records import Attendance, read_record
from kiosk.contract.station import spot_code
from kiosk.contract.wire import Malformed
from kiosk.town.database import schema
from kiosk.town.database.store import audit, now_ms, update_station
from kiosk.town.stations.register import registered
from kiosk.town.stations.registry import known_station, next_document
from kiosk.town.stations.schema import spot_check
from kiosk.town.town import Town, TownError

State = Literal["asked", "shown", "answered", "wrong-code", "late", "not-answered"]
ON_THE_WAY_MS = 120_000
"""How long a check may take to the room: two heartbeats. The room's time to answer begins with its arrival."""


@dataclass(frozen=True)
class Check:
    """A spot check. Instants are UTC milliseconds."""

    id: str
    asked_ms: int
    by: str
    state: State
    answered_ms: int | None = None
    """By the station's clock."""
    answered_by: str = ""


class _Said(msgspec.Struct):
    spot_check: str | None = None


def request_check(town: Town, station: str, *, by: str) -> str:
    """Ask a room for a spot check; gives its id. Raises :class:`TownError` where it is not known, or retired."""
    check = secrets.token_hex(16)
    with town.store.write() as connection:
        row = known_station(connection, station)
        if row.retired_ms is not None:
            raise TownError(f"station {station} is retired, and shows no codes any more")
        connection.execute(insert(spot_check).values(id=check, station=station, asked_ms=now_ms(), by=by))
        version = next_document(connection, row)
        update_station(connection, station, document_version=version, document_ms=now_ms())
        audit(connection, by, "spot-check", station, check)
    return check


def checks(connection: Connection, station: str, now: int, most: int = 10) -> list[Check]:
    """The newest checks of a station, newest first; ``now`` in UTC ms."""
    table, beat = spot_check, schema.heartbeat
    question = select(table).where(table.c.station == station).order_by(table.c.asked_ms.desc()).limit(most)
    rows = connection.execute(question).all()
    if not rows:
        return []
    said = connection.execute(select(beat.c.heartbeat).where(beat.c.station == station)).scalar() or "{}"
    shown = msgspec.json.decode(said, type=_Said).spot_check
    answers = _answers(connection, station, rows[-1].asked_ms)
    row = connection.execute(select(schema.station).where(schema.station.c.id == station)).one()
    allowed_ms = registered(row).settings.thresholds.spot_check_ms + ON_THE_WAY_MS
    return [
        _judged(
            Check(row.id, row.asked_ms, row.by, "shown" if row.id == shown else "asked"),
            [one for one in answers if one.spot_check == row.id], allowed_ms, now,
        )
        for row in rows
    ]  # fmt: skip


def _judged(check: Check, answers: list[Attendance], allowed_ms: int, now: int) -> Check:
    right = [one for one in answers if one.code in {spot_code(check.id, play) for play in one.plays or ("",)}]
    for one in right[:1] or answers[:1]:
        state: State = "answered" if one.at_ms - check.asked_ms <= allowed_ms else "late"
        return _with(check, state if right else "wrong-code", one)
    if check.state == "shown" and now - check.asked_ms > allowed_ms:
        return _with(check, "not-answered")
    return check


def _with(check: Check, state: State, answer: Attendance | None = None) -> Check:
    when, who = (answer.at_ms, answer.by) if answer else (None, "")
    return Check(check.id, check.asked_ms, check.by, state, when, who)


def _answers(connection: Connection, station: str, since_ms: int) -> list[Attendance]:
    """The attendances that answer a spot check, received since an instant, the earliest first."""
    entry = schema.entry
    question = select(entry.c.record).where(
        entry.c.station == station,
        schema.DEEDS,  # word for word, so that the index of them is used
        entry.c.kind == "attendance",
        entry.c.state == "accepted",
        entry.c.received_ms >= since_ms,
    )
    found = []
    for (data,) in connection.execute(question):
        try:
            record = read_record(bytes(data), "attendance")
        except Malformed:
            continue
        if isinstance(record, Attendance) and record.spot_check:
            found.append(record)
    return sorted(found, key=lambda one: one.at_ms)
