"""Tables for the photos that records name, and for activities that are passed on; the index of deeds has items too."""

import sqlalchemy as sa
from alembic import op

from kiosk.town.database.columns import BIG, ID, WORD, columns, of_station

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "photo",
        of_station(),
        *columns(ID, "sha256"),
        *columns(WORD, "state"),
        *columns(BIG, "named_ms"),
        *columns(BIG, "received_ms", null=True),
        *columns(sa.LargeBinary(), "jpeg", null=True),
        sa.PrimaryKeyConstraint("station", "sha256"),
        sa.Index("ix_photo_state", "station", "state", "named_ms"),
    )
    op.create_table(
        "photo_record",
        of_station(),
        *columns(ID, "sha256", "record_id"),
        *columns(ID, "fault", null=True),
        sa.PrimaryKeyConstraint("station", "sha256", "record_id"),
    )
    op.add_column("message", sa.Column("record_id", ID, nullable=True))
    deeds = sa.text("kind IN ('action', 'attendance', 'correction', 'item', 'session')")
    op.drop_index("ix_entry_deeds", "entry")
    op.create_index("ix_entry_deeds", "entry", ["station", "received_ms"], sqlite_where=deeds, postgresql_where=deeds)
