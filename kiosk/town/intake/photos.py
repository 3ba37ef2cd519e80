"""Photos that a room's records name: asked of the room until they have come, and kept by their SHA-256.

The town asks, and the room sends what it is asked for: neither has to remember what was under way when a line broke.
"""

import hashlib

from sqlalchemy import Connection, select, update

from kiosk.contract.picture import MAX_PHOTO, problem
from kiosk.contract.records import Attendance, Entryable, Fault, Item, Session
from kiosk.town.database.schema import photo, photo_record
from kiosk.town.database.store import Store, insert_or
from kiosk.town.tickets.pictures import put_fault_picture

ASKED_AT_ONCE = 3
"""Of 300 kB each: the records and the next heartbeat do not wait long behind them."""
MOST_OF_A_ROOM = 1_000
"""At 150 kB: 150 MB a room. A room sends a few a month."""


class NotNamed(Exception):
    """A photo that no record of the station names."""


class NotThatPhoto(ValueError):
    """Something that is not the photo of that SHA-256; the message says why."""


def named_in(record: Entryable) -> tuple[str, ...]:
    """SHA-256 of the photos that a record names."""
    if isinstance(record, Attendance | Item | Session):
        return record.photos
    return (record.picture,) if isinstance(record, Fault) and record.picture else ()


def note_named(connection: Connection, station: str, record: Entryable, now_ms: int) -> None:
    """Have the photos asked for that an accepted record names."""
    fault = record.fault if isinstance(record, Fault) else None
    for sha256 in dict.fromkeys(named_in(record)):
        key = {"station": station, "sha256": sha256}
        wanted = {**key, "state": "wanted", "named_ms": now_ms}
        connection.execute(insert_or(connection, photo).values(wanted).on_conflict_do_nothing())
        row = {**key, "record_id": record.id, "fault": fault}
        connection.execute(insert_or(connection, photo_record).values(row).on_conflict_do_nothing())


def wanted(connection: Connection, station: str) -> tuple[str, ...]:
    """The photos that the station is to send now: the newest few of those that have not come."""
    which = (photo.c.station == station, photo.c.state == "wanted")
    question = select(photo.c.sha256).where(*which).order_by(photo.c.named_ms.desc(), photo.c.sha256)
    return tuple(connection.execute(question.limit(ASKED_AT_ONCE)).scalars())


def keep(store: Store, station: str, sha256: str, jpeg: bytes, now_ms: int) -> None:
    """Keep a photo that has come; without bytes: the station does not have it. One that is kept stays as it is.

    Raises :class:`NotNamed`, :class:`NotThatPhoto`.
    """
    if jpeg and (trouble := problem(jpeg, MAX_PHOTO)):
        raise NotThatPhoto(trouble)
    if jpeg and hashlib.sha256(jpeg).hexdigest() != sha256:
        raise NotThatPhoto("the photo has another SHA-256 than the one that is told")
    place = (photo.c.station == station, photo.c.sha256 == sha256)
    with store.write() as connection:
        state = connection.execute(select(photo.c.state).where(*place)).scalar()
        if state is None:
            raise NotNamed(f"no record of station {station} names this photo")
        if state == "kept":
            return
        values = {"state": "kept" if jpeg else "gone", "received_ms": now_ms, "jpeg": jpeg or None}
        connection.execute(update(photo).where(*place).values(values))
        kept = select(photo.c.sha256).where(photo.c.station == station, photo.c.state == "kept")
        oldest = kept.order_by(photo.c.received_ms.desc(), photo.c.sha256).offset(MOST_OF_A_ROOM).limit(10)
        too_many = list(connection.execute(oldest).scalars())
        drop = update(photo).where(photo.c.station == station, photo.c.sha256.in_(too_many))
        connection.execute(drop.values(state="dropped", jpeg=None))
        of = (photo_record.c.station == station, photo_record.c.sha256 == sha256, photo_record.c.fault.is_not(None))
        for fault in connection.execute(select(photo_record.c.fault).where(*of)).scalars().all() if jpeg else ():
            put_fault_picture(connection, station, fault, now_ms, jpeg, now_ms)
