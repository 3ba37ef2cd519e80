"""What a room is told in its document of its tickets, and of work on its devices."""

from typing import Any

from sqlalchemy import Connection, select

from kiosk.common.i18n import LANGUAGES, translator
from kiosk.contract.reports import TicketState
from kiosk.town.tickets.causes import title
from kiosk.town.tickets.schema import room_work, ticket, ticket_fault
from kiosk.town.tickets.tickets import OWN

MOST_OPEN, MOST_CLOSED = 40, 5
"""Tickets in a document; the newest."""


def ticket_states(connection: Connection, station: str) -> tuple[TicketState, ...]:
    """The room's open tickets, and those closed last; a ticket of several faults once for each.

    It depends on nothing but the tables: the same version of a document has the same bytes.
    """
    mine = select(ticket).where(ticket.c.station == station)
    open_ones = mine.where(ticket.c.closed_ms.is_(None)).order_by(ticket.c.id.desc()).limit(MOST_OPEN)
    closed = mine.where(ticket.c.closed_ms.is_not(None)).order_by(ticket.c.closed_ms.desc(), ticket.c.id.desc())
    rows = [*connection.execute(open_ones), *connection.execute(closed.limit(MOST_CLOSED))]
    wanted = [row.id for row in rows]
    links = select(ticket_fault).where(ticket_fault.c.ticket.in_(wanted)).order_by(ticket_fault.c.fault)
    faults: dict[int, list[str]] = {}
    for link in connection.execute(links):
        faults.setdefault(link.ticket, []).append(link.fault)
    return tuple(
        TicketState(
            fault=fault,
            state=row.state,
            work_order=row.work_order,
            contact=row.contact,
            note=row.note[:400],
            changed_ms=row.changed_ms,
            ticket=row.id,
            cause=row.cause,
            device=row.device,
            text=row.text if faults.get(row.id) else _own_text(row),
        )
        for row in rows
        for fault in faults.get(row.id, [f"{OWN}{row.id}"])[-MOST_CLOSED:]
    )


def _own_text(row: Any) -> str:
    """What the town has opened a ticket for, a line a language."""
    return "\n".join(": ".join(filter(None, (translator(one)(title(row.cause)), row.text))) for one in LANGUAGES)


def work_until(connection: Connection, station: str) -> int | None:
    """Until when the town says that somebody works on the room's devices (UTC); it may be over. None: it never did."""
    found: int | None = connection.execute(select(room_work.c.until_ms).where(room_work.c.station == station)).scalar()
    return found
