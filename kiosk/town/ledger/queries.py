"""What the stations have reported, read back; row by row, for there may be millions."""

from collections.abc import Iterator
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, and_, func, select

from kiosk.contract.reports import Heartbeat
from kiosk.town.database import schema
from kiosk.town.database.store import Store

_SOME = 1000
"""Rows fetched at once."""
_SAID = ("clock", "playlist_version", "waiting", "programmes_missing", "bytes_missing", "bytes_per_s", "ready_ms")
"""What a heartbeat says that the ledger shows."""

play, entry = schema.play, schema.entry


def plays(store: Store) -> Iterator[dict[str, Any]]:
    """Every play row, by station and in the order of its chain; columns as in ``schema.play``."""
    return _rows(store, select(play).order_by(play.c.station, play.c.chain, play.c.seq))


def stations(store: Store) -> Iterator[dict[str, Any]]:
    """Every station: how far its record is witnessed and what speaks against it, and what its last heartbeat said.

    ``refused`` counts the entries that the town would not take, ``forks`` those of another story that were set aside,
    ``repairs`` those that put its clock right. What nobody has said is None.
    """
    station, beat = schema.station, schema.heartbeat

    def number_of(table: Any, *which: ColumnElement[bool]) -> ColumnElement[int]:
        counted = select(func.count()).select_from(table)
        return counted.where(table.c.station == station.c.id, *which).scalar_subquery()

    names = ("id", "name", "group_id", "chain", "head_seq", "witnessed_ms", "forked_ms", "broken_ms", "retired_ms")
    question = (
        select(
            *(station.c[name] for name in names),
            beat.c.received_ms.label("heard_ms"),
            beat.c.heartbeat,
            number_of(entry, entry.c.state == "refused").label("refused"),
            number_of(schema.fork).label("forks"),
            number_of(schema.clock_repair).label("repairs"),
        )
        .outerjoin(beat, beat.c.station == station.c.id)
        .order_by(station.c.id)
    )
    for row in _rows(store, question):
        text = row.pop("heartbeat")
        said = msgspec.json.decode(text, type=Heartbeat) if text else None
        yield row | {name: getattr(said, name) if said else None for name in _SAID}


def refused(store: Store, station: str = "") -> Iterator[dict[str, Any]]:
    """Every entry that the town would not take, of one station or of all, with the reason that the station was given.

    ``record`` is the bytes as they came.
    """
    wanted = entry.c.state == "refused"
    if station:
        wanted = and_(wanted, entry.c.station == station)
    names = ("station", "chain", "seq", "received_ms", "reason", "record")
    return _rows(
        store,
        select(*(entry.c[name] for name in names)).where(wanted).order_by(entry.c.station, entry.c.chain, entry.c.seq),
    )


def forks(store: Store, station: str) -> Iterator[dict[str, Any]]:
    """The other story that a station has told: what was set aside, and beside it the id of what stands there."""
    fork = schema.fork
    place = and_(*(entry.c[name] == fork.c[name] for name in ("station", "chain", "seq")))
    names = ("chain", "seq", "hash", "record", "received_ms")
    return _rows(
        store,
        select(*(fork.c[name] for name in names), entry.c.record_id.label("stands"))
        .outerjoin(entry, place)
        .where(fork.c.station == station)
        .order_by(fork.c.chain, fork.c.seq, fork.c.received_ms),
    )


def late(store: Store, older_than_ms: int) -> Iterator[dict[str, Any]]:
    """The entries that were at least so old when the town first saw them; a play's age by its clock put right."""
    place = and_(*(entry.c[name] == play.c[name] for name in ("station", "chain", "seq")))
    age = func.coalesce(entry.c.received_ms - play.c.repaired_end_ms, entry.c.age_ms)
    names = ("station", "chain", "seq", "record_id", "kind", "received_ms")
    return _rows(
        store,
        select(*(entry.c[name] for name in names), age.label("age_ms"))
        .outerjoin(play, place)
        .where(age >= older_than_ms)
        .order_by(entry.c.station, entry.c.chain, entry.c.seq),
    )


def _rows(store: Store, question: Select[Any]) -> Iterator[dict[str, Any]]:
    with store.read() as connection:
        for row in connection.execution_options(yield_per=_SOME).execute(question).mappings():
            yield dict(row)
