"""Tables for the stations' ledger: published weeks, changes of the register, spot checks; the limit of silence."""

import sqlalchemy as sa
from alembic import op

from kiosk.town.database.columns import BIG, ID, NAME, columns, of_station

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column("town", sa.Column("silent_minutes", sa.Integer(), nullable=False, server_default="10"))
    op.create_table(
        "plan",
        sa.Column("version", BIG, primary_key=True, autoincrement=False),
        *columns(ID, "group_id"),
        *columns(sa.LargeBinary(), "playlist"),
    )
    deeds = sa.text("kind IN ('action', 'attendance', 'session')")
    place_of = ["station", "received_ms"]
    op.create_index("ix_entry_deeds", "entry", place_of, sqlite_where=deeds, postgresql_where=deeds)
    op.create_table(
        "register_change",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
        of_station(),
        *columns(BIG, "at_ms"),
        *columns(NAME, "who"),
        *columns(ID, "part"),
        *columns(sa.Text(), "before", "after"),
        sa.Index("ix_register_change_station", "station", "at_ms"),
    )
    op.create_table(
        "spot_check",
        sa.Column("id", ID, primary_key=True),
        of_station(),
        *columns(BIG, "asked_ms"),
        *columns(NAME, "by"),
        sa.Index("ix_spot_check_station", "station", "asked_ms"),
    )
