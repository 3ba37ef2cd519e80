"""A table for the newest picture of each station's screen, and for whether one is wanted."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "picture",
        sa.Column("station", sa.String(length=64), nullable=False),
        sa.Column("wanted_ms", sa.BigInteger(), nullable=True),
        sa.Column("at_ms", sa.BigInteger(), nullable=True),
        sa.Column("received_ms", sa.BigInteger(), nullable=True),
        sa.Column("jpeg", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["station"], ["station.id"], name=op.f("fk_picture_station")),
        sa.PrimaryKeyConstraint("station", name=op.f("pk_picture")),
    )
