"""What the stations have reported, read back; row by row, for there may be millions."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Select, and_, func, or_, select

from kiosk.town import schema
from kiosk.town.store import Store

_SOME = 1000
"""Rows fetched at once."""

play, entry = schema.play, schema.entry


def plays(store: Store) -> Iterator[dict[str, Any]]:
    """Every play row, by station and in the order of its chain; columns as in ``schema.play``."""
    return _rows(store, select(play).order_by(play.c.station, play.c.chain, play.c.seq))


def doubts(store: Store) -> Iterator[dict[str, Any]]:
    """The stations whose record speaks against itself: since when, and how many entries of another story were kept."""
    station, fork = schema.station, schema.fork
    aside = select(func.count()).select_from(fork).where(fork.c.station == station.c.id).scalar_subquery()
    names = ("name", "chain", "head_seq", "witnessed_ms", "forked_ms", "broken_ms")
    return _rows(
        store,
        select(station.c.id.label("station"), *(station.c[name] for name in names), aside.label("forks"))
        .where(or_(station.c.forked_ms.is_not(None), station.c.broken_ms.is_not(None)))
        .order_by(station.c.id),
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
