"""What nobody reports: tickets that are overdue, and rooms that are silent. Noted once each, as messages."""

from sqlalchemy import Connection, delete, insert, select

from kiosk.town.database.store import Store
from kiosk.town.ledger import queries
from kiosk.town.ledger.condition import judged
from kiosk.town.tickets.life_cycle import Limits, due_ms
from kiosk.town.tickets.outbox import note
from kiosk.town.tickets.schema import message, silence, ticket

FEWEST = 3
"""Where so many rooms or more are silent all at once, it is rather the town's own line: one message."""


def note_overdue(connection: Connection, limits: Limits, now_ms: int) -> None:
    """A message for each open ticket in whose state nobody has acted in time; one for each state."""
    for row in connection.execute(select(ticket).where(ticket.c.closed_ms.is_(None)).order_by(ticket.c.id)):
        at_ms = due_ms(row.state, row.changed_ms, limits)
        if at_ms is not None and at_ms <= now_ms:
            name = f"overdue/{row.id}/{row.state}/{row.changed_ms}"
            note(connection, name, "overdue", now_ms, ticket=row.id, station=row.station)


def silent_rooms(store: Store, now_ms: int, silent_ms: int) -> tuple[dict[str, int], int]:
    """The rooms that are silent by the ledger's rule, with when they were heard last; and how many rooms there are.

    A room that was never heard is not yet set up, and a retired one says nothing any more.
    """
    rooms = [row for row in queries.stations(store) if row["retired_ms"] is None and row["heard_ms"] is not None]
    found = {row["id"]: row["heard_ms"] for row in rooms if judged(row, now_ms, silent_ms)["silent"]}
    return found, len(rooms)


def note_silence(connection: Connection, silent: dict[str, int], rooms: int, now_ms: int) -> None:
    """A message for each room that has fallen silent, and one where it is heard again; ``rooms``: all there are."""
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
    if len(new) == rooms >= FEWEST:
        note(connection, f"silent/all/{now_ms}", "silent", now_ms)
        return
    for station in new:
        note(connection, f"silent/{station}/{now_ms}", "silent", now_ms, station=station)
