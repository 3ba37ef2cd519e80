"""What nobody reports: tickets that are overdue, and rooms that are silent. Noted once each, as messages."""

from sqlalchemy import Connection, delete, insert, select

from kiosk.town.database.schema import town
from kiosk.town.database.store import Store
from kiosk.town.ledger.rooms import rooms
from kiosk.town.tickets.life_cycle import Limits, due_ms
from kiosk.town.tickets.outbox import note, overdue_name
from kiosk.town.tickets.schema import message, silence, ticket

FEWEST = 3
"""Where all rooms, and at least so many, are silent, it is rather the town's own line: one message."""


def note_overdue(connection: Connection, limits: Limits, now_ms: int) -> None:
    """A message for each open ticket in whose state nobody has acted in time; one for each state."""
    for row in connection.execute(select(ticket).where(ticket.c.closed_ms.is_(None)).order_by(ticket.c.id)):
        at_ms = due_ms(row.state, row.changed_ms, limits)
        if at_ms is not None and at_ms <= now_ms:
            name = overdue_name(row.id, row.state, row.changed_ms)
            note(connection, name, "overdue", now_ms, ticket=row.id, station=row.station)


def silent_rooms(store: Store, now_ms: int) -> tuple[dict[str, int], int]:
    """The rooms that are silent, as the ledger judges them, with when they were heard last; and how many rooms there
    are. A room that was never heard is not yet set up, and a retired one says nothing any more.
    """
    heard = [row for row in rooms(store, now_ms) if row["heard_ms"] is not None]
    return {row["id"]: row["heard_ms"] for row in heard if row["silent"]}, len(heard)


def silent_minutes(connection: Connection) -> int:
    """The town's limit: how long a room may be silent in its opening hours."""
    return int(connection.execute(select(town.c.silent_minutes)).scalar_one())


def note_silence(connection: Connection, silent: dict[str, int], of: int, now_ms: int) -> None:
    """A message for each of the ``of`` rooms that has fallen silent, and one where it is heard again."""
    known = {row.station: row.found_ms for row in connection.execute(select(silence))}
    for station in known.keys() - silent.keys():
        connection.execute(delete(silence).where(silence.c.station == station))
        told = select(message.c.id).where(message.c.name == f"silent/{station}/{known[station]}")
        if connection.execute(told).first() is not None:
            note(connection, f"heard/{station}/{known[station]}", "heard", now_ms, station=station)
    new = sorted(silent.keys() - known.keys())
    for station in new:
        row = {"station": station, "since_ms": silent[station], "found_ms": now_ms}
        connection.execute(insert(silence).values(row))
    if len(silent) == of >= FEWEST and len(new) > 1:
        note(connection, f"silent/all/{now_ms}", "silent", now_ms)
        return
    for station in new:
        note(connection, f"silent/{station}/{now_ms}", "silent", now_ms, station=station)
