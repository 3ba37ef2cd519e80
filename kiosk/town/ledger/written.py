"""What people in a room have written: sessions, attendance, items, each with its photos and as corrected since."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, select

from kiosk.contract.records import Attendance, Correction, Entryable, Item, Session, read_record
from kiosk.contract.wire import Malformed
from kiosk.town.database import schema
from kiosk.town.database.schema import photo

MOST = 200
KINDS = ("attendance", "correction", "item", "session")

PhotoState = Literal["wanted", "kept", "gone", "dropped"]


@dataclass(frozen=True)
class Written:
    """One record. ``at_ms``: what it is about, or when it was written, by the station's clock."""

    record: Session | Attendance | Item
    at_ms: int
    photos: tuple[tuple[str, PhotoState], ...]
    """SHA-256 and how each stands here."""
    corrected: tuple[Correction, ...]
    """Oldest first; ``record`` has their values."""


def written(connection: Connection, station: str, since_ms: int, until_ms: int) -> list[Written]:
    """What the room has written about or at a time, newest first; the first :data:`MOST`. Answers to a spot check stand
    there only with a photo."""
    found: dict[str, Session | Attendance | Item] = {}
    corrections: dict[str, list[Correction]] = {}
    for record in _records(connection, station, since_ms):
        if isinstance(record, Correction):
            if record.corrects in found:
                corrections.setdefault(record.corrects, []).append(record)
        elif isinstance(record, Session | Attendance | Item) and since_ms <= _at_ms(record) < until_ms:
            found[record.id] = record
    told = (one for one in found.values() if one.photos or not isinstance(one, Attendance) or not one.spot_check)
    newest = sorted(told, key=lambda one: -_at_ms(one))[:MOST]
    states = _states(connection, station, {name for one in newest for name in one.photos})
    listed = []
    for one in newest:
        of_it = tuple(corrections.get(one.id, ()))
        photos = tuple((name, states[name]) for name in one.photos if name in states)
        listed.append(Written(_as_corrected(one, of_it), _at_ms(one), photos, of_it))
    return listed


def photo_of(connection: Connection, station: str, sha256: str) -> bytes | None:
    """A photo that has come; a JPEG file."""
    which = (photo.c.station == station, photo.c.sha256 == sha256)
    found: bytes | None = connection.execute(select(photo.c.jpeg).where(*which)).scalar()
    return found


def _records(connection: Connection, station: str, since_ms: int) -> Iterator[Entryable]:
    """Those received since an instant, in the order of the chain."""
    entry = schema.entry
    question = select(entry.c.record, entry.c.chain, entry.c.seq).where(
        entry.c.station == station,
        schema.DEEDS,  # word for word, so that the index of them is used
        entry.c.kind.in_(KINDS),
        entry.c.state == "accepted",
        entry.c.received_ms >= since_ms,
    )
    for row in sorted(connection.execute(question), key=lambda row: (row.chain, row.seq)):
        try:
            yield read_record(bytes(row.record), "record")
        except Malformed:
            continue


def _at_ms(record: Session | Attendance | Item) -> int:
    return record.start_ms if isinstance(record, Session) else record.at_ms


def _states(connection: Connection, station: str, names: set[str]) -> dict[str, PhotoState]:
    question = select(photo.c.sha256, photo.c.state).where(photo.c.station == station, photo.c.sha256.in_(names))
    return {row.sha256: row.state for row in connection.execute(question)}


def _as_corrected(
    record: Session | Attendance | Item, corrections: tuple[Correction, ...]
) -> Session | Attendance | Item:
    """With the values of the corrections; one that fits no field of the record changes nothing."""
    values: dict[str, Any] = msgspec.to_builtins(record)
    for one in corrections:
        if one.field not in ("id", "photos") and isinstance(values.get(one.field), int | str):
            number = isinstance(values[one.field], int) and one.value.isdecimal()
            changed = values | {one.field: int(one.value) if number else one.value}
            try:
                msgspec.convert(changed, type(record))
            except msgspec.ValidationError:
                continue
            values = changed
    return msgspec.convert(values, type(record))
