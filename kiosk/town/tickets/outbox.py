"""What people are to be told: noted in the transaction of what it is about, handed to the channels by the worker."""

import hashlib

from sqlalchemy import Connection, func, select

from kiosk.town.database.store import insert_or
from kiosk.town.tickets.schema import message

MOST_ACTIVITIES = 10
"""Activities of a room that are passed on in a day: a group's chat is for people."""
DAY_MS = 86_400_000


def note(
    connection: Connection,
    name: str,
    kind: str,
    now_ms: int,
    *,
    ticket: int | None = None,
    station: str | None = None,
    record_id: str | None = None,
) -> None:
    """Have people told. ``name`` is that of the cause: of the same name there is one message, however often noted.

    ``kind``: new, reopened, overdue, over, silent, heard, activity.
    """
    row = {"name": name, "kind": kind, "ticket": ticket, "station": station, "at_ms": now_ms, "handed_ms": None}
    row |= {"record_id": record_id}
    connection.execute(insert_or(connection, message).values(row).on_conflict_do_nothing(index_elements=["name"]))


def note_activity(connection: Connection, station: str, record_id: str, now_ms: int) -> None:
    """A room wants an activity passed on to its group's chat; more than :data:`MOST_ACTIVITIES` a day stay records."""
    mine = (message.c.kind == "activity", message.c.station == station, message.c.at_ms > now_ms - DAY_MS)
    if connection.execute(select(func.count()).where(*mine)).scalar_one() < MOST_ACTIVITIES:
        name = hashlib.sha256(f"{station}/{record_id}".encode()).hexdigest()
        note(connection, f"activity/{name}", "activity", now_ms, station=station, record_id=record_id)


def overdue_name(number: int, state: str, changed_ms: int) -> str:
    """The name of the message that a ticket is overdue in ``state``, in which it is since ``changed_ms``."""
    return f"overdue/{number}/{state}/{changed_ms}"
