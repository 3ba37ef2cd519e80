"""What people are to be told: noted in the transaction of what it is about, handed to the channels by the worker."""

from sqlalchemy import Connection

from kiosk.town.database.store import insert_or
from kiosk.town.tickets.schema import message


def note(
    connection: Connection, name: str, kind: str, now_ms: int, *, ticket: int | None = None, station: str | None = None
) -> None:
    """Have people told. ``name`` is that of the cause: of the same name there is one message, however often noted.

    ``kind``: new, reopened, overdue, over, silent, heard.
    """
    row = {"name": name, "kind": kind, "ticket": ticket, "station": station, "at_ms": now_ms, "handed_ms": None}
    connection.execute(insert_or(connection, message).values(row).on_conflict_do_nothing(index_elements=["name"]))


def overdue_name(number: int, state: str, changed_ms: int) -> str:
    """The name of the message that a ticket is overdue in ``state``, in which it is since ``changed_ms``."""
    return f"overdue/{number}/{state}/{changed_ms}"
