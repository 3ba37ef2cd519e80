"""What a room's screen showed when a fault was found: one picture a fault, the newest of each room kept."""

from sqlalchemy import Connection, delete, select

from kiosk.town.database.store import Store, put
from kiosk.town.tickets.schema import fault_picture

MOST_OF_A_ROOM = 50
"""At 60 kB: 3 MB a room."""


def keep_fault_picture(store: Store, station: str, fault: str, at_ms: int, jpeg: bytes, now_ms: int) -> None:
    """Keep it beside the fault of this name, which may be reported later."""
    with store.write() as connection:
        put_fault_picture(connection, station, fault, at_ms, jpeg, now_ms)


def put_fault_picture(connection: Connection, station: str, fault: str, at_ms: int, jpeg: bytes, now_ms: int) -> None:
    """As :func:`keep_fault_picture`, in the transaction of the connection."""
    table = fault_picture
    row = {"station": station, "fault": fault, "at_ms": at_ms, "received_ms": now_ms, "jpeg": jpeg}
    put(connection, table, row)
    mine = select(table.c.fault).where(table.c.station == station)
    newest = mine.order_by(table.c.received_ms.desc(), table.c.fault).limit(MOST_OF_A_ROOM)
    connection.execute(delete(table).where(table.c.station == station, table.c.fault.not_in(newest)))
