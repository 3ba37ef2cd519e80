"""Looks up which entries and records of a report the town already has.

No record is read but one at a time: a station that has sent many large ones must not be able to have them all in memory
at once.
"""

from typing import Any

import msgspec
import sqlalchemy
from sqlalchemy import Connection, select

from kiosk.contract import reports
from kiosk.contract.reports import Entry, Report
from kiosk.town.database import schema

HASH = "hash:"
"""Begins the reason of a record that does not fit its hash."""

Row = sqlalchemy.Row[*tuple[Any, ...]]
Place = dict[str, Any]
"""``station``, ``chain`` and ``seq`` of an entry."""


def held_at(connection: Connection, chain: Row, report: Report) -> dict[int, Row]:
    """What the town has at the places of the report, and at the one before it."""
    table = schema.entry
    first, last = report.entries[0].seq, report.entries[-1].seq
    rows = connection.execute(
        select(table.c.seq, table.c.hash, table.c.state, table.c.reason)
        .where(table.c.station == chain.station, table.c.chain == chain.chain)
        .where(table.c.seq.between(first - 1, last))
    )
    return {row.seq: row for row in rows}


def is_held(connection: Connection, chain: Row, stands: Row, previous: str, data: bytes) -> bool:
    """Whether ``data`` is what the town has there, the hashes being the same."""
    if not stands.reason.startswith(HASH):  # what is held fits the hash: then so must this
        return bool(reports.chain(previous, stands.seq, data) == stands.hash)
    return _record(connection, chain.station, chain.chain, stands.seq) == data


def _record(connection: Connection, station: str, chain: int, seq: int) -> bytes:
    table = schema.entry
    place = table.c.station == station, table.c.chain == chain, table.c.seq == seq
    return bytes(connection.execute(select(table.c.record).where(*place)).scalar_one())


class Known:
    """The records of this station, of any of its chains, that have the ids that a report names."""

    def __init__(self, connection: Connection, station: str, entries: tuple[Entry, ...]) -> None:
        table = schema.entry
        ids = {name for entry in entries if (name := id_of(bytes(entry.record)))}
        rows = connection.execute(
            select(table.c.record_id, table.c.chain, table.c.seq).where(
                table.c.station == station, table.c.record_id.in_(ids)
            )
        )
        self._connection, self._station = connection, station
        self._held = {row.record_id: (row.chain, row.seq) for row in rows}
        self._new: dict[str, bytes] = {}

    def same(self, name: str, data: bytes) -> bool | None:
        """Whether the record that has this id is ``data``; None where none has it, and this one has it from now on."""
        if (place := self._held.get(name)) is not None:
            return _record(self._connection, self._station, *place) == data
        if name in self._new:
            return self._new[name] == data
        self._new[name] = data
        return None


class _Named(msgspec.Struct):
    id: str = ""


def id_of(data: bytes) -> str:
    """The id that a record claims, as far as it can be read; for receipts, which name it."""
    try:
        name = msgspec.json.decode(data, type=_Named).id
    except (ValueError, RecursionError):
        return ""
    return name if len(name) <= 64 and name.isprintable() else ""
