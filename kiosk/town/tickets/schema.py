"""The tables of tickets, of work on a room, and of messages about them."""

import sqlalchemy as sa

from kiosk.town.database.columns import BIG, ID, NAME, WORD, columns, of_station
from kiosk.town.database.schema import metadata

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _numbered(name: str = "id") -> sa.Column[int]:
    return sa.Column(name, NUMBER, primary_key=True, autoincrement=True)


ticket = sa.Table(
    "ticket",
    metadata,
    _numbered(),
    of_station(),
    *columns(ID, "cause"),
    *columns(NAME, "about"),  # device of a ticket by hand; empty where the room's kiosk found it: one for each cause
    *columns(sa.String(500), "open_key", null=True),  # cause and about while it is open, NULL once it is closed
    *columns(NAME, "device", "by"),  # by: who reported it by hand; empty where the room's kiosk found it
    *columns(sa.Text(), "text", "remedy", "note"),
    *columns(WORD, "state"),
    *columns(NAME, "work_order", "contact"),
    *columns(BIG, "since_ms", "opened_ms", "changed_ms"),  # since_ms: of the fault; opened_ms: when the town knew
    *columns(BIG, "recovered_ms", "said_ms", "closed_ms", null=True),  # said_ms: when the room said "repaired"
    *columns(sa.Integer(), "reopened", "version"),
    sa.UniqueConstraint("station", "open_key"),
    sa.Index("ix_ticket_closed", "closed_ms"),
)

# Which faults of a room a ticket is about: the room knows them by these names.
ticket_fault = sa.Table(
    "ticket_fault",
    metadata,
    of_station(),
    *columns(ID, "fault"),
    sa.Column("ticket", NUMBER, sa.ForeignKey("ticket.id"), nullable=False, index=True),
    sa.PrimaryKeyConstraint("station", "fault"),
)

ticket_step = sa.Table(
    "ticket_step",
    metadata,
    _numbered(),
    sa.Column("ticket", NUMBER, sa.ForeignKey("ticket.id"), nullable=False, index=True),
    *columns(BIG, "at_ms"),
    *columns(WORD, "state"),
    *columns(NAME, "who", "what"),  # what: a text to translate
    *columns(sa.Text(), "detail"),
)

# Somebody works on a room's devices until then; its kiosk keeps faults quiet.
room_work = sa.Table(
    "room_work",
    metadata,
    of_station(),
    *columns(BIG, "until_ms", "at_ms"),
    *columns(NAME, "by"),
    sa.PrimaryKeyConstraint("station"),
)

fault_picture = sa.Table(
    "fault_picture",
    metadata,
    of_station(),
    *columns(ID, "fault"),
    *columns(BIG, "at_ms", "received_ms"),
    *columns(sa.LargeBinary(), "jpeg"),
    sa.PrimaryKeyConstraint("station", "fault"),
)

# A room that the town does not hear; the row goes when it is heard again.
silence = sa.Table(
    "silence",
    metadata,
    of_station(),
    *columns(BIG, "since_ms", "found_ms"),
    sa.PrimaryKeyConstraint("station"),
)

# What people are to be told; written in the transaction of what it is about.
message = sa.Table(
    "message",
    metadata,
    _numbered(),
    sa.Column("name", sa.String(128), nullable=False, unique=True),  # one message for each cause: the same name once
    *columns(WORD, "kind"),  # new, reopened, overdue, over, silent, heard, test
    sa.Column("ticket", NUMBER, sa.ForeignKey("ticket.id"), nullable=True),
    *columns(ID, "station", null=True),
    *columns(BIG, "at_ms"),
    *columns(BIG, "handed_ms", null=True),  # when it was handed to the channels; NULL: not yet
    sa.Index("ix_message_handed_ms", "handed_ms"),
)

delivery = sa.Table(
    "delivery",
    metadata,
    sa.Column("message", NUMBER, sa.ForeignKey("message.id"), nullable=False),
    *columns(ID, "channel"),
    # waiting, sending, again (sending, once more), sent, dropped (no longer true), failed (given up), unknown
    *columns(WORD, "state"),
    *columns(BIG, "changed_ms"),
    sa.PrimaryKeyConstraint("message", "channel"),
    sa.Index("ix_delivery_state", "state"),
)

attempt = sa.Table(
    "attempt",
    metadata,
    _numbered(),
    *columns(ID, "channel"),
    *columns(BIG, "at_ms"),
    *columns(sa.Integer(), "messages"),
    *columns(sa.Boolean(), "arrived"),
    *columns(NAME, "trouble"),
    sa.Index("ix_attempt_channel", "channel", "at_ms"),
)

# How a channel stands: it is tried again at next_ms.
channel_state = sa.Table(
    "channel_state",
    metadata,
    sa.Column("channel", ID, primary_key=True),
    *columns(sa.Integer(), "failures"),  # in a row
    *columns(BIG, "next_ms"),
    *columns(BIG, "sent_ms", null=True),
    *columns(NAME, "trouble"),
)
