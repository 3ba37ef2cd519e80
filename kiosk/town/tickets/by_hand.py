"""What an officer does with tickets: opens one by hand, moves one on, sets work on a room's devices."""

from typing import Any

import msgspec
from sqlalchemy import Connection, update

from kiosk.common.messages import Message, mark
from kiosk.contract.reports import RepairState
from kiosk.contract.wire import Id
from kiosk.town.database.store import locked_station, put
from kiosk.town.publishing.rooms import renew_document
from kiosk.town.tickets import tickets
from kiosk.town.tickets.life_cycle import BY_OFFICER
from kiosk.town.tickets.room import work_until
from kiosk.town.tickets.schema import room_work, ticket

MOST_TEXT, MOST_NOTE = 400, 2000
LONGEST_WORK_MS = 31 * tickets.DAY_MS

STEPS: dict[RepairState, str] = {
    "reported": mark("Opened"),
    "seen": mark("Seen"),
    "telecom-called": mark("Telecom called"),
    "repaired": mark("Repaired, as the repairer says"),
    "confirmed": mark("Confirmed by the room, as the officer was told"),
    "closed": mark("Closed"),
    "reopened": mark("Opened again"),
}
"""What an officer's step says in the history."""
AGAIN = mark("Reported once more")


class Refused(Exception):
    """What cannot be done with a ticket; ``message`` says why, for people."""

    def __init__(self, text: str, **values: str) -> None:
        super().__init__(text.format(**values))
        self.message = Message(text, values)


class Stale(Refused):
    """Somebody else has changed the ticket meanwhile."""

    def __init__(self) -> None:
        super().__init__(mark("This ticket was changed meanwhile. This is how it stands; do it again if it is right."))


def open_by_hand(
    connection: Connection, station: str, cause: str, device: str, text: str, *, who: str, now_ms: int
) -> int:
    """Open a ticket for what no kiosk has found. Returns its number; that of the open one, where there is one: what is
    written goes into its history.

    Raises :class:`Refused`.
    """
    try:
        msgspec.convert(cause, Id)
    except msgspec.ValidationError:
        raise Refused(mark("Choose what is out of order.")) from None
    room = locked_station(connection, station)
    if room is None or room.retired_ms is not None:
        raise Refused(mark("Choose a room."))
    device, text = _text(device, MOST_TEXT), _text(text, MOST_NOTE)
    if (found := tickets.open_one(connection, station, cause, device)) is not None:
        if text and text != found.text:
            tickets.step(connection, found.id, found.state, who, AGAIN, now_ms, text)
        return int(found.id)
    number = tickets.open_ticket(
        connection,
        station,
        cause,
        device,
        now_ms,
        device=device,
        by=who,
        text=text,
        remedy="",
        note="",
        since_ms=now_ms,
    )
    tickets.step(connection, number, "reported", who, STEPS["reported"], now_ms, text)
    return number


def move(
    connection: Connection,
    number: int,
    wanted: str,
    version: int,
    *,
    who: str,
    now_ms: int,
    work_order: str = "",
    contact: str = "",
    detail: str = "",
) -> None:
    """Bring a ticket to the state ``wanted``, as an officer may. ``version`` is of the ticket that the officer saw.

    Raises :class:`Stale` or :class:`Refused`.
    """
    row = _seen(connection, number, version)
    state = next((one for one in BY_OFFICER[row.state] if one == wanted), None)
    if state is None:
        raise Refused(mark("This ticket cannot be brought to that state."))
    detail, values = _text(detail, MOST_NOTE), dict[str, Any]()
    if state == "telecom-called":
        values = {"work_order": _text(work_order, MOST_TEXT), "contact": _text(contact, MOST_TEXT)}
    if state in ("closed", "confirmed") and not detail and tickets.still_found(connection, number):
        raise Refused(
            mark("The room's kiosk still finds this fault. To close the ticket all the same, write down why.")
        )
    if state == "reopened":
        room = locked_station(connection, row.station)
        if room.retired_ms is not None:
            raise Refused(mark("This room is retired."))
        if tickets.open_one(connection, row.station, row.cause, row.about) is not None:
            raise Refused(mark("There is a newer open ticket of this cause."))
        tickets.reopen(connection, row, now_ms, who, STEPS[state], detail)
        return
    if state in ("closed", "confirmed"):
        tickets.clear_by_hand(connection, number, now_ms)
    said = " ".join(word for word in (values.get("work_order", ""), values.get("contact", ""), detail) if word)
    tickets.step(connection, number, state, who, STEPS[state], now_ms, said)
    if state == "confirmed":  # the room has said so by telephone: nothing is left to do
        state, values = "closed", {"said_ms": now_ms}
        tickets.step(connection, number, state, "", STEPS[state], now_ms)
    tickets.change(connection, row, state, now_ms, **values)


def keep_note(connection: Connection, number: int, version: int, text: str, *, now_ms: int) -> None:
    """Replace the note that the room reads beside the ticket. Raises :class:`Stale` or :class:`Refused`."""
    row = _seen(connection, number, version)
    tickets.change(connection, row, row.state, now_ms, note=_text(text, MOST_TEXT))


def set_work(
    connection: Connection, station: str, until_ms: int | None, *, seen_ms: int | None, who: str, now_ms: int
) -> None:
    """Somebody works on the room's devices until ``until_ms`` (UTC), and its kiosk keeps faults quiet; None: no more.

    ``seen_ms`` is until when the officer saw that somebody works there. Raises :class:`Stale` or :class:`Refused`.
    """
    room = locked_station(connection, station)
    if room is None or room.retired_ms is not None:
        raise Refused(mark("Choose a room."))
    held = work_until(connection, station)
    if (held if held and held > now_ms else None) != seen_ms:
        raise Stale
    if until_ms is not None and not now_ms < until_ms <= now_ms + LONGEST_WORK_MS:
        raise Refused(mark("Work can be set for 31 days at most, and not for the past."))
    row = {"station": station, "until_ms": now_ms if until_ms is None else until_ms, "at_ms": now_ms, "by": who}
    put(connection, room_work, row)
    renew_document(connection, station, now_ms)


def _seen(connection: Connection, number: int, version: int) -> Any:
    """The ticket, if it is still as it was seen; held until the transaction ends."""
    row = tickets.of_number(connection, number)
    if row is None:
        raise Refused(mark("There is no such ticket."))
    locked_station(connection, row.station)
    table = ticket
    held = update(table).where(table.c.id == number, table.c.version == version).values(version=table.c.version)
    if connection.execute(held).rowcount != 1:
        raise Stale
    return tickets.of_number(connection, number)


def _text(text: str, most: int) -> str:
    return " ".join(text.replace("\0", " ").split())[:most]
