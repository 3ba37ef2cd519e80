"""Tickets: made and moved by what the rooms report, in the transaction that takes the report in.

There is one open ticket for each cause and room; what somebody reports by hand has one for each cause and device.
"""

from typing import Any

from sqlalchemy import Connection, and_, delete, func, insert, select, update

from kiosk.common.messages import mark
from kiosk.contract.records import Fault
from kiosk.contract.reports import RepairState
from kiosk.town.database import schema as town
from kiosk.town.database.store import insert_or, locked_station
from kiosk.town.publishing.rooms import renew_document
from kiosk.town.tickets.life_cycle import after_confirmation, after_fault, after_recovery
from kiosk.town.tickets.outbox import note
from kiosk.town.tickets.schema import silence, ticket, ticket_fault, ticket_step

DAY_MS = 86_400_000
REOPEN_MS = 30 * DAY_MS
"""What comes back within this after it was closed is the same ticket again."""
MOST_OPEN = 50
"""Open tickets of one room; a fault more has to wait for its own until there are fewer: a PC that was taken over could
bury all others in messages."""
MOST_ADOPTED = 200
OLDEST_MS = 366 * DAY_MS
"""A fault that was found longer ago than this was found by a wrong clock."""
OWN = "ticket."
"""Before the number of a ticket that the town has opened itself: by that name the room knows it."""

KIOSK = mark("The room's kiosk")
FOUND = mark("Found by the room's kiosk")
SAID = mark("Reported by hand")
CAME_BACK = mark("The fault has come back")
GONE = mark("The room's kiosk finds it no more")
CONFIRMED = mark("The room says that it is repaired")
RETIRED = mark("Closed: the room is retired")
REPLACED = mark("The PC was replaced: whether the fault is still there is not known until the new one has looked")
DISPUTED = mark("The room says that it is repaired, and its kiosk still finds the fault")

Row = Any


def take_fault(connection: Connection, station: str, fault: Fault, now_ms: int) -> None:
    """Make or move the ticket that a room's record of a fault belongs to. After the fault itself is written."""
    if fault.state == "confirmed":
        _confirmed(connection, station, fault, now_ms)
    elif fault.cleared_ms is not None:
        _recovered(connection, station, fault, now_ms)
    else:
        _found(connection, station, fault, now_ms)


def adopt(connection: Connection, now_ms: int) -> int:
    """Make tickets of open faults that have none, as those that came before there were tickets, or when there were too
    many of the room; how many, :data:`MOST_ADOPTED` at once."""
    fault = town.fault
    linked = and_(ticket_fault.c.station == fault.c.station, ticket_fault.c.fault == fault.c.fault)
    full = select(ticket.c.station).where(ticket.c.open_key.is_not(None)).group_by(ticket.c.station)
    full = full.having(func.count() >= MOST_OPEN)
    question = select(fault).outerjoin(ticket_fault, linked).where(fault.c.station.not_in(full))
    question = question.where(fault.c.cleared_ms.is_(None), ticket_fault.c.ticket.is_(None))
    rows = connection.execute(question.order_by(fault.c.found_ms, fault.c.station).limit(MOST_ADOPTED)).all()
    for row in rows:
        names = ("fault", "cause", "device", "found_ms", "text", "remedy", "by")
        locked_station(connection, row.station)
        record = Fault(id="adopted", **{name: getattr(row, name) for name in names})
        _found(connection, row.station, record, now_ms)
    return len(rows)


def open_ticket(connection: Connection, station: str, cause: str, about: str, now_ms: int, **values: Any) -> int:
    """A new ticket; its number. Where there is an open one (:func:`open_one`), the database refuses it.

    ``values`` are its columns device, by, text, remedy, note, since_ms.
    """
    row: dict[str, Any] = {"station": station, "cause": cause, "about": about, "open_key": open_key(cause, about)}
    row |= {
        "state": "reported",
        "work_order": "",
        "contact": "",
        "opened_ms": now_ms,
        "changed_ms": now_ms,
        "reopened": 0,
        "version": 1,
    }
    made = connection.execute(insert(ticket).values(row | values)).inserted_primary_key
    assert made is not None  # noqa: S101 - both databases tell it
    number = int(made[0])
    note(connection, f"new/{number}", "new", now_ms, ticket=number, station=station)
    renew_document(connection, station, now_ms)
    return number


def open_one(connection: Connection, station: str, cause: str, about: str) -> Row:
    """The open ticket of this cause; None where there is none."""
    which = (ticket.c.station == station, ticket.c.open_key == open_key(cause, about))
    return connection.execute(select(ticket).where(*which)).first()


def open_key(cause: str, about: str) -> str:
    """What only one open ticket of a room has."""
    return f"{cause}/{about}"[:500]


def step(
    connection: Connection, number: int, state: RepairState, who: str, what: str, now_ms: int, detail: str = ""
) -> None:
    """A line in the ticket's history. ``who`` and ``what`` may be texts to translate."""
    row = {"ticket": number, "at_ms": now_ms, "state": state, "who": who[:400], "what": what, "detail": detail}
    connection.execute(insert(ticket_step).values(row))


def change(connection: Connection, row: Row, state: RepairState, now_ms: int, **values: Any) -> None:
    """Bring a ticket to ``state``; the room is told by its document. A closed ticket is never open, and vice versa."""
    is_closed = state == "closed"
    values |= {"state": state, "version": ticket.c.version + 1}
    if state != row.state:
        values |= {"changed_ms": now_ms}
    values |= {
        "closed_ms": (row.closed_ms or now_ms) if is_closed else None,
        "open_key": None if is_closed else open_key(row.cause, row.about),
    }
    connection.execute(update(ticket).where(ticket.c.id == row.id).values(values))
    renew_document(connection, row.station, now_ms)


def room_retired(connection: Connection, station: str, who: str, now_ms: int) -> None:
    """A room is given up: nobody repairs it any more, and nobody waits to hear of it."""
    for row in connection.execute(
        select(ticket).where(ticket.c.station == station, ticket.c.closed_ms.is_(None))
    ).all():
        step(connection, row.id, "closed", who, RETIRED, now_ms)
        change(connection, row, "closed", now_ms)
    connection.execute(delete(silence).where(silence.c.station == station))


def pc_replaced(connection: Connection, station: str, now_ms: int) -> None:
    """Another PC stands in the room: what the old one found, nobody measures any more. What is still so the new one
    finds itself, and its fault joins the same ticket."""
    fault = town.fault
    which = (fault.c.station == station, fault.c.by == "", fault.c.cleared_ms.is_(None))
    connection.execute(update(fault).where(*which).values(cleared_ms=now_ms, state="replaced"))
    for row in connection.execute(
        select(ticket).where(ticket.c.station == station, ticket.c.closed_ms.is_(None))
    ).all():
        if not row.by:
            step(connection, row.id, row.state, "", REPLACED, now_ms)
            change(connection, row, row.state, now_ms)


def _open_ones(connection: Connection, station: str) -> list[Row]:
    return list(connection.execute(select(ticket).where(ticket.c.station == station, ticket.c.closed_ms.is_(None))))


def still_found(connection: Connection, number: int) -> bool:
    """Whether the room's kiosk itself still finds what the ticket is about."""
    return _open_faults(connection, number, town.fault.c.by == "") > 0


def clear_by_hand(connection: Connection, number: int, now_ms: int) -> None:
    """What people of the room have reported is over with the ticket: no kiosk measures it."""
    fault, names = town.fault, select(ticket_fault.c.fault).where(ticket_fault.c.ticket == number)
    station = select(ticket.c.station).where(ticket.c.id == number).scalar_subquery()
    which = (fault.c.station == station, fault.c.fault.in_(names), fault.c.by != "", fault.c.cleared_ms.is_(None))
    connection.execute(update(fault).where(*which).values(cleared_ms=now_ms, state="confirmed"))


def _found(connection: Connection, station: str, fault: Fault, now_ms: int) -> None:
    about = fault.device if fault.by else ""
    newest = {"device": fault.device, "text": fault.text, "remedy": fault.remedy}
    since_ms = fault.found_ms if now_ms - OLDEST_MS <= fault.found_ms <= now_ms else now_ms
    row = open_one(connection, station, fault.cause, about) or _of_fault(connection, station, fault.fault)
    row = row or _closed_lately(connection, station, fault.cause, about, now_ms)
    if row is None:
        is_open = (ticket.c.station == station, ticket.c.open_key.is_not(None))
        if connection.execute(select(func.count()).where(*is_open)).scalar_one() >= MOST_OPEN:
            return
        number = open_ticket(
            connection, station, fault.cause, about, now_ms, **newest, since_ms=since_ms, by=fault.by, note=""
        )
        _link(connection, station, fault.fault, number)
        what, who = (SAID, fault.by) if fault.by else (FOUND, KIOSK)
        step(connection, number, "reported", who, what, now_ms, fault.tried)
        return
    _link(connection, station, fault.fault, row.id)
    state = after_fault(row.state)
    if state == row.state:
        change(connection, row, state, now_ms, **newest)
        return
    reopen(connection, row, now_ms, KIOSK, CAME_BACK, since_ms=since_ms, **newest)


def reopen(connection: Connection, row: Row, now_ms: int, who: str, what: str, detail: str = "", **values: Any) -> None:
    """A ticket that was over is not. ``values`` are columns that change with it."""
    fresh = {"reopened": row.reopened + 1, "recovered_ms": None, "said_ms": None}
    change(connection, row, "reopened", now_ms, **fresh | values)
    step(connection, row.id, "reopened", who, what, now_ms, detail)
    name = f"reopened/{row.id}/{now_ms // DAY_MS}"  # what comes and goes is told once a day
    note(connection, name, "reopened", now_ms, ticket=row.id, station=row.station)


def _recovered(connection: Connection, station: str, fault: Fault, now_ms: int) -> None:
    row = _of_fault(connection, station, fault.fault)
    if row is None or row.state == "closed" or _open_faults(connection, row.id):
        return
    state = after_recovery(row.state)
    change(connection, row, state, now_ms, recovered_ms=fault.cleared_ms)
    step(connection, row.id, state, KIOSK, GONE, now_ms)
    note(connection, f"over/{row.id}/{row.reopened}", "over", now_ms, ticket=row.id, station=station)


def _confirmed(connection: Connection, station: str, fault: Fault, now_ms: int) -> None:
    """Somebody of the room has said that it is repaired."""
    row = _of_fault(connection, station, fault.fault)
    if row is None and fault.fault.startswith(OWN) and fault.fault.removeprefix(OWN).isdigit():
        row = of_number(connection, int(fault.fault.removeprefix(OWN)))
    if row is None or row.station != station or row.state == "closed":
        return
    clear_by_hand(connection, row.id, now_ms)
    found = still_found(connection, row.id)
    state = after_confirmation(row.state, still_found=found)
    step(connection, row.id, "confirmed", fault.by or KIOSK, DISPUTED if found else CONFIRMED, now_ms)
    if state == "closed":
        step(connection, row.id, "closed", "", "", now_ms)
        note(connection, f"over/{row.id}/{row.reopened}", "over", now_ms, ticket=row.id, station=station)
    change(connection, row, state, now_ms, said_ms=now_ms)


def of_number(connection: Connection, number: int) -> Row:
    """The ticket of this number; None where there is none."""
    if not 0 < number < 2**63:
        return None
    return connection.execute(select(ticket).where(ticket.c.id == number)).first()


def _of_fault(connection: Connection, station: str, fault: str) -> Row:
    place = and_(ticket_fault.c.station == station, ticket_fault.c.fault == fault)
    return connection.execute(
        select(ticket).join(ticket_fault, ticket_fault.c.ticket == ticket.c.id).where(place)
    ).first()


def _closed_lately(connection: Connection, station: str, cause: str, about: str, now_ms: int) -> Row:
    which = (ticket.c.station == station, ticket.c.cause == cause, ticket.c.about == about)
    question = select(ticket).where(*which, ticket.c.closed_ms > now_ms - REOPEN_MS)
    return connection.execute(question.order_by(ticket.c.closed_ms.desc(), ticket.c.id.desc()).limit(1)).first()


def _link(connection: Connection, station: str, fault: str, number: int) -> None:
    row = {"station": station, "fault": fault, "ticket": number}
    new = insert_or(connection, ticket_fault).values(row)
    change = {"ticket": number}
    connection.execute(new.on_conflict_do_update(index_elements=ticket_fault.primary_key, set_=change))


def _open_faults(connection: Connection, number: int, *which: Any) -> int:
    fault = town.fault
    same = and_(fault.c.station == ticket_fault.c.station, fault.c.fault == ticket_fault.c.fault)
    question = select(func.count()).select_from(ticket_fault).join(fault, same)
    question = question.where(ticket_fault.c.ticket == number, fault.c.cleared_ms.is_(None), *which)
    return int(connection.execute(question).scalar_one())
