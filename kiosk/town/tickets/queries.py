"""Reads tickets back: the list, one with its history, and how many rooms are in order."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, func, or_, select

from kiosk.town.database import schema as town
from kiosk.town.tickets.causes import PLAN
from kiosk.town.tickets.life_cycle import Limits, due_ms
from kiosk.town.tickets.schema import fault_picture, room_work, silence, ticket, ticket_fault, ticket_step
from kiosk.town.tickets.tickets import DAY_MS, still_found

Row = dict[str, Any]
MOST_LISTED = 500


def open_tickets(connection: Connection, now_ms: int, limits: Limits, station: str = "") -> list[Row]:
    """The open tickets, those that wait for the officer first, then the oldest; as :func:`listed`."""
    rank = case({"reported": 0, "reopened": 0, "repaired": 2}, value=ticket.c.state, else_=1)
    question = _tickets(station).where(ticket.c.closed_ms.is_(None)).order_by(rank, ticket.c.since_ms, ticket.c.id)
    return [_shown(row, now_ms, limits) for row in connection.execute(question.limit(MOST_LISTED)).mappings()]


def closed_tickets(connection: Connection, now_ms: int, limits: Limits, station: str = "", most: int = 50) -> list[Row]:
    """The tickets that were closed last, the newest first."""
    question = _tickets(station).where(ticket.c.closed_ms.is_not(None)).order_by(ticket.c.closed_ms.desc())
    return [_shown(row, now_ms, limits) for row in connection.execute(question.limit(most)).mappings()]


def one_ticket(connection: Connection, number: int, now_ms: int, limits: Limits) -> Row | None:
    """A ticket with its ``steps``, oldest first, ``still_found``, ``settings`` (the room's document, as JSON) and
    ``picture_ms``, when the room's screen was taken at the fault (None: no picture)."""
    row = connection.execute(_tickets().where(ticket.c.id == number)).mappings().one_or_none()
    if row is None:
        return None
    steps = select(ticket_step).where(ticket_step.c.ticket == number).order_by(ticket_step.c.id)
    settings = select(town.station.c.settings).where(town.station.c.id == row["station"])
    return _shown(row, now_ms, limits) | {
        "steps": [dict(step) for step in connection.execute(steps).mappings()],
        "still_found": still_found(connection, number),
        "settings": connection.execute(settings).scalar_one(),
        "picture_ms": connection.execute(_pictures(number, fault_picture.c.at_ms)).scalar(),
    }


def picture_of(connection: Connection, number: int) -> bytes | None:
    """What the room's screen showed when the ticket's newest fault was found; a JPEG."""
    found: bytes | None = connection.execute(_pictures(number, fault_picture.c.jpeg)).scalar()
    return found


@dataclass(frozen=True)
class Serviceability:
    """How many rooms are in order (完好率). A silent room is neither in order nor out of it: nobody knows."""

    rooms: int
    out_of_order: int
    silent: int
    month_percent: float | None
    """Of the last 30 days of all rooms, the share without a fault of a device; None: there was no room."""

    @property
    def in_order(self) -> int:
        """Rooms that are heard and have no ticket of a device that is open, or only such as the room finds no more."""
        return self.rooms - self.out_of_order - self.silent

    @property
    def percent(self) -> float | None:
        """Rooms in order of all rooms; None where there is none."""
        return 100 * self.in_order / self.rooms if self.rooms else None


def serviceability(connection: Connection, now_ms: int, days: int = 30) -> Serviceability:
    """The rate of all rooms that have ever been heard and are not retired."""
    heard = select(town.heartbeat.c.station).join(town.station, town.station.c.id == town.heartbeat.c.station)
    question = heard.add_columns(town.station.c.enrolled_ms).where(town.station.c.retired_ms.is_(None))
    rooms = {row.station: row.enrolled_ms for row in connection.execute(question)}
    begin_ms = now_ms - days * DAY_MS
    of_device = and_(ticket.c.cause.not_in(PLAN), ticket.c.station.in_(list(rooms)))
    late = or_(ticket.c.closed_ms.is_(None), ticket.c.closed_ms > begin_ms)
    spans: dict[str, list[tuple[int, int]]] = {}
    broken = set()
    for row in connection.execute(select(ticket).where(of_device, late)):
        if row.closed_ms is None and row.recovered_ms is None:
            broken.add(row.station)
        end_ms = row.recovered_ms or row.closed_ms or now_ms
        spans.setdefault(row.station, []).append((max(row.since_ms, begin_ms), end_ms))
    silent = set(connection.execute(select(silence.c.station)).scalars()) & rooms.keys()
    whole: int = sum(now_ms - max(begin_ms, enrolled or begin_ms) for enrolled in rooms.values())
    lost: int = sum(_covered(of_room) for of_room in spans.values())
    month = 100 * max(0.0, 1 - lost / whole) if whole > 0 else None
    return Serviceability(len(rooms), len(broken), len(silent - broken), month)


def works(connection: Connection, now_ms: int) -> dict[str, Row]:
    """On which rooms the town says that somebody works now: ``until_ms``, ``by``, by the station."""
    question = select(room_work).where(room_work.c.until_ms > now_ms)
    return {row["station"]: dict(row) for row in connection.execute(question).mappings()}


def _covered(spans: list[tuple[int, int]]) -> int:
    """The length of the union of spans."""
    covered = reached = 0
    for begin, end in sorted(spans):
        covered += max(0, end - max(begin, reached))
        reached = max(reached, end)
    return covered


def _tickets(station: str = "") -> Any:
    names = ("name", "group_id", "retired_ms")
    question = select(ticket, *(town.station.c[name].label(f"room_{name}") for name in names))
    question = question.join(town.station, town.station.c.id == ticket.c.station)
    return question.where(ticket.c.station == station) if station else question


def _shown(row: Any, now_ms: int, limits: Limits) -> Row:
    """The row with ``days`` (that it was or is open, whole ones since the fault) and ``overdue``."""
    end_ms = row["closed_ms"] or now_ms
    at_ms = due_ms(row["state"], row["changed_ms"], limits)
    return dict(row) | {
        "days": max(0, end_ms - row["since_ms"]) // DAY_MS,
        "overdue": at_ms is not None and at_ms <= now_ms,
    }


def _pictures(number: int, column: ColumnElement[Any]) -> Any:
    place = and_(ticket_fault.c.station == fault_picture.c.station, ticket_fault.c.fault == fault_picture.c.fault)
    question = select(column).select_from(fault_picture).join(ticket_fault, place)
    newest = func.coalesce(fault_picture.c.received_ms, 0).desc()
    return question.where(ticket_fault.c.ticket == number).order_by(newest).limit(1)
