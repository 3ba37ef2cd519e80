"""A column for the token that a station was given anew, and has not used yet."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("station", sa.Column("pending_sha256", sa.String(length=64), nullable=True))
    op.create_index(op.f("ix_station_pending_sha256"), "station", ["pending_sha256"], unique=True)
