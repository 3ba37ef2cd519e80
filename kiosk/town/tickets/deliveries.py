"""The way of a message to a channel: handed over, sent with others that wait, tried again, given up. Each try is kept.

A message arrives once. Where the process ends between the sending and the note of it, nobody knows whether it has:
it is sent once more then, never a third time. A far end that takes a message and says nothing is tried again, too.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, and_, delete, func, select, update

from kiosk.town.database import schema as town
from kiosk.town.database.store import insert_or, put
from kiosk.town.tickets.outbox import note, overdue_name
from kiosk.town.tickets.schema import attempt, channel_state, delivery, message, silence, ticket

MINUTE_MS = 60_000
FIRST_WAIT_MS, LONGEST_WAIT_MS = MINUTE_MS, 60 * MINUTE_MS
"""After the first failure of a channel, doubled with each one that follows."""
GIVE_UP_MS = 3 * 24 * 60 * MINUTE_MS
"""A message that could not be sent for so long is not sent any more."""
OPEN = ("waiting", "sending", "again")
"""States of what is still to be told; the last two while it is being sent, for the first time and once more."""
KEPT_ATTEMPTS = 500
"""Of each channel, the newest."""

Row = dict[str, Any]


def is_new(connection: Connection) -> bool:
    """Whether there is a message that no channel has been given."""
    return connection.execute(select(message.c.id).where(message.c.handed_ms.is_(None)).limit(1)).first() is not None


def is_waiting(connection: Connection, channel: str, now_ms: int) -> bool:
    """Whether the channel has something to tell, and may be tried."""
    held = select(channel_state.c.channel).where(channel_state.c.channel == channel, channel_state.c.next_ms > now_ms)
    which = (delivery.c.channel == channel, delivery.c.state.in_(OPEN))
    if connection.execute(held).first() is not None:
        return False
    return connection.execute(select(delivery.c.message).where(*which).limit(1)).first() is not None


def hand_over(connection: Connection, channels: Iterable[str], now_ms: int) -> int:
    """Give each new message to every channel; how many there were."""
    new = list(connection.execute(select(message.c.id).where(message.c.handed_ms.is_(None))).scalars())
    rows = [
        {"message": one, "channel": name, "state": "waiting", "changed_ms": now_ms} for one in new for name in channels
    ]
    if rows:
        connection.execute(insert_or(connection, delivery).on_conflict_do_nothing(), rows)
    connection.execute(update(message).where(message.c.id.in_(new)).values(handed_ms=now_ms))
    return len(new)


def test_message(connection: Connection, channel: str, now_ms: int) -> None:
    """A message to this channel alone; the channel is tried at once."""
    note(connection, f"test/{channel}/{now_ms}", "test", now_ms)
    made = connection.execute(select(message.c.id).where(message.c.name == f"test/{channel}/{now_ms}")).scalar_one()
    connection.execute(update(message).where(message.c.id == made).values(handed_ms=now_ms))
    row = {"message": made, "channel": channel, "state": "waiting", "changed_ms": now_ms}
    put(connection, delivery, row)
    connection.execute(update(channel_state).where(channel_state.c.channel == channel).values(next_ms=0))


def due(connection: Connection, channel: str, now_ms: int, *, quiet: bool) -> list[Row]:
    """What the channel is to tell now, oldest first; in quiet hours tests alone. What is no longer true is dropped, and
    of what was twice being sent when the process ended nobody will know whether it arrived."""
    rows = [dict(row) for row in connection.execute(_waiting(channel)).mappings()]
    unknown = [row for row in rows if row["sending"] == "again"]
    _settle(connection, channel, unknown, "unknown", now_ms)
    rows = [row for row in rows if row not in unknown]
    if quiet:
        rows = [row for row in rows if row["kind"] == "test"]
    old = [row for row in rows if row["at_ms"] < now_ms - GIVE_UP_MS]
    _settle(connection, channel, old, "failed", now_ms)
    rows = [row for row in rows if row not in old]
    stale = [row for row in rows if not _still_true(connection, channel, row)]
    _settle(connection, channel, stale, "dropped", now_ms)
    return [row for row in rows if row not in stale]


def begin(connection: Connection, channel: str, rows: list[Row], now_ms: int) -> None:
    """These are being sent from now on, until :func:`tried`."""
    for state, following in (("waiting", "sending"), ("sending", "again")):
        _settle(connection, channel, [row for row in rows if row["sending"] == state], following, now_ms)


def tried(connection: Connection, channel: str, rows: list[Row], trouble: str, now_ms: int) -> None:
    """The channel was tried with these; ``trouble`` is empty where they arrived."""
    line = {
        "channel": channel,
        "at_ms": now_ms,
        "messages": len(rows),
        "arrived": not trouble,
        "trouble": trouble[:400],
    }
    connection.execute(attempt.insert().values(line))
    before = connection.execute(select(channel_state).where(channel_state.c.channel == channel)).one_or_none()
    failures = (before.failures if before else 0) + 1 if trouble else 0
    wait_ms = min(FIRST_WAIT_MS << min(failures - 1, 10), LONGEST_WAIT_MS) if failures else 0
    row: dict[str, Any] = {
        "channel": channel,
        "failures": failures,
        "next_ms": now_ms + wait_ms,
        "trouble": trouble[:400],
    }
    row["sent_ms"] = (before.sent_ms if before else None) if trouble else now_ms
    put(connection, channel_state, row)
    _settle(connection, channel, rows, "waiting" if trouble else "sent", now_ms)
    newest = select(attempt.c.id).where(attempt.c.channel == channel).order_by(attempt.c.id.desc()).limit(KEPT_ATTEMPTS)
    least = connection.execute(select(func.min(newest.subquery().c.id))).scalar()
    if least is not None:
        connection.execute(delete(attempt).where(attempt.c.channel == channel, attempt.c.id < least))


def forget_channel(connection: Connection, channel: str) -> None:
    """A channel was removed: what waits for it is dropped."""
    which = (delivery.c.channel == channel, delivery.c.state.in_(OPEN))
    connection.execute(update(delivery).where(*which).values(state="dropped"))
    connection.execute(delete(channel_state).where(channel_state.c.channel == channel))


def standing(connection: Connection) -> dict[str, Row]:
    """How each channel stands, by its id: failures (in a row), next_ms, sent_ms, trouble; and ``waiting``, messages."""
    count = select(delivery.c.channel, func.count().label("waiting")).where(delivery.c.state.in_(OPEN))
    waiting = {row.channel: row.waiting for row in connection.execute(count.group_by(delivery.c.channel))}
    blank = {"failures": 0, "next_ms": 0, "sent_ms": None, "trouble": ""}
    found = {row["channel"]: dict(row) for row in connection.execute(select(channel_state)).mappings()}
    return {name: blank | found.get(name, {}) | {"waiting": waiting.get(name, 0)} for name in {*found, *waiting}}


def attempts(connection: Connection, most: int = 50) -> list[Row]:
    """The newest tries of all channels, newest first."""
    question = select(attempt).order_by(attempt.c.id.desc()).limit(most)
    return [dict(row) for row in connection.execute(question).mappings()]


def _waiting(channel: str) -> Any:
    room = town.station
    names = ("cause", "device", "state", "changed_ms", "closed_ms", "since_ms")
    return (
        select(
            *(message.c[name] for name in ("id", "name", "kind", "at_ms", "station")),
            delivery.c.state.label("sending"),
            ticket.c.id.label("number"),
            *(ticket.c[name] for name in names),
            room.c.name.label("room"),
            silence.c.since_ms.label("heard_ms"),
            silence.c.found_ms,
        )
        .join(delivery, delivery.c.message == message.c.id)
        .outerjoin(ticket, ticket.c.id == message.c.ticket)
        .outerjoin(room, room.c.id == message.c.station)
        .outerjoin(silence, silence.c.station == message.c.station)
        .where(delivery.c.channel == channel, delivery.c.state.in_(OPEN))
        .order_by(message.c.id)
    )


def _still_true(connection: Connection, channel: str, row: Row) -> bool:
    """Whether it is still worth telling: what is over by now is not, nor that something is over of which this channel
    has told nothing."""
    match row["kind"]:
        case "new" | "reopened":
            return row["closed_ms"] is None
        case "overdue":
            return str(row["name"]) == overdue_name(row["number"], row["state"], row["changed_ms"])
        case "over":
            about = and_(message.c.ticket == row["number"], message.c.kind != "over")
            is_over = row["closed_ms"] is not None or row["state"] == "repaired"
            return is_over and _sent(connection, channel, about)
        case "silent":
            return row["station"] is None or row["name"] == f"silent/{row['station']}/{row['found_ms']}"
        case "heard":
            return _sent(connection, channel, message.c.name == row["name"].replace("heard/", "silent/", 1))
    return True


def _sent(connection: Connection, channel: str, about: Any) -> bool:
    question = select(delivery.c.message).join(message, message.c.id == delivery.c.message)
    question = question.where(about, delivery.c.channel == channel, delivery.c.state.in_(("sent", "unknown"))).limit(1)
    return connection.execute(question).first() is not None


def _settle(connection: Connection, channel: str, rows: list[Row], state: str, now_ms: int) -> None:
    ids = [row["id"] for row in rows]
    if ids:
        which = (delivery.c.channel == channel, delivery.c.message.in_(ids))
        connection.execute(update(delivery).where(*which).values(state=state, changed_ms=now_ms))
