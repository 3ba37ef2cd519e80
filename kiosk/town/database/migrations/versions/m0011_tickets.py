"""Tables for tickets and their history, work on a room, pictures of faults, and messages to people."""

import sqlalchemy as sa
from alembic import op

from kiosk.town.database.columns import BIG, ID, NAME, WORD, columns, of_station

revision = "0011"
down_revision = "0010"

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    _tickets()
    _rooms()
    _messages()


def _id() -> sa.Column[int]:
    return sa.Column("id", NUMBER, primary_key=True, autoincrement=True)


def _of_ticket() -> sa.Column[int]:
    return sa.Column("ticket", NUMBER, sa.ForeignKey("ticket.id"), nullable=False, index=True)


def _tickets() -> None:
    op.create_table(
        "ticket",
        _id(),
        of_station(),
        *columns(ID, "cause"),
        *columns(NAME, "about"),
        *columns(sa.String(500), "open_key", null=True),
        *columns(NAME, "device", "by"),
        *columns(sa.Text(), "text", "remedy", "note"),
        *columns(WORD, "state"),
        *columns(NAME, "work_order", "contact"),
        *columns(BIG, "since_ms", "opened_ms", "changed_ms"),
        *columns(BIG, "recovered_ms", "said_ms", "closed_ms", null=True),
        *columns(sa.Integer(), "reopened", "version"),
        sa.UniqueConstraint("station", "open_key"),
    )
    op.create_index("ix_ticket_closed", "ticket", ["closed_ms"])
    op.create_table(
        "ticket_fault",
        of_station(),
        *columns(ID, "fault"),
        _of_ticket(),
        sa.PrimaryKeyConstraint("station", "fault"),
    )
    op.create_table(
        "ticket_step",
        _id(),
        _of_ticket(),
        *columns(BIG, "at_ms"),
        *columns(WORD, "state"),
        *columns(NAME, "who", "what"),
        *columns(sa.Text(), "detail"),
    )


def _rooms() -> None:
    op.create_table(
        "room_work",
        of_station(),
        *columns(BIG, "until_ms", "at_ms"),
        *columns(NAME, "by"),
        sa.PrimaryKeyConstraint("station"),
    )
    op.create_table(
        "fault_picture",
        of_station(),
        *columns(ID, "fault"),
        *columns(BIG, "at_ms", "received_ms"),
        *columns(sa.LargeBinary(), "jpeg"),
        sa.PrimaryKeyConstraint("station", "fault"),
    )
    op.create_table(
        "silence",
        of_station(),
        *columns(BIG, "since_ms", "found_ms"),
        sa.PrimaryKeyConstraint("station"),
    )


def _messages() -> None:
    op.create_table(
        "message",
        _id(),
        sa.Column("name", sa.String(128), nullable=False, unique=True),
        *columns(WORD, "kind"),
        sa.Column("ticket", NUMBER, sa.ForeignKey("ticket.id"), nullable=True),
        *columns(ID, "station", null=True),
        *columns(BIG, "at_ms"),
        *columns(BIG, "handed_ms", null=True),
    )
    op.create_index("ix_message_handed_ms", "message", ["handed_ms"])
    op.create_table(
        "delivery",
        sa.Column("message", NUMBER, sa.ForeignKey("message.id"), nullable=False),
        *columns(ID, "channel"),
        *columns(WORD, "state"),
        *columns(BIG, "changed_ms"),
        sa.PrimaryKeyConstraint("message", "channel"),
    )
    op.create_index("ix_delivery_state", "delivery", ["state"])
    op.create_table(
        "attempt",
        _id(),
        *columns(ID, "channel"),
        *columns(BIG, "at_ms"),
        *columns(sa.Integer(), "messages"),
        *columns(sa.Boolean(), "arrived"),
        *columns(NAME, "trouble"),
    )
    op.create_index("ix_attempt_channel", "attempt", ["channel", "at_ms"])
    op.create_table(
        "channel_state",
        sa.Column("channel", ID, primary_key=True),
        *columns(sa.Integer(), "failures"),
        *columns(BIG, "next_ms"),
        *columns(BIG, "sent_ms", null=True),
        *columns(NAME, "trouble"),
    )
