"""A table for the newest picture of each station's screen, and for whether one is wanted."""

import sqlalchemy as sa
from alembic import op

from kiosk.town.database.columns import BIG, columns, of_station

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "picture",
        of_station(),
        *columns(BIG, "wanted_ms", "at_ms", "received_ms", null=True),
        *columns(sa.LargeBinary(), "jpeg", null=True),
        sa.PrimaryKeyConstraint("station"),
    )
