"""Tables for accounts, their sessions, and the workers of the second process."""

import sqlalchemy as sa
from alembic import op

from kiosk.town.database.columns import BIG, ID, NAME, WORD, columns

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    key = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "account",
        sa.Column("id", key, primary_key=True, autoincrement=True),
        *columns(NAME, "name"),
        sa.Column("folded", NAME, nullable=False, unique=True),
        *columns(WORD, "role"),
        *columns(NAME, "telephone"),
        *columns(sa.Text(), "password"),
        *columns(sa.Boolean(), "temporary"),
        *columns(sa.Integer(), "version"),
        *columns(BIG, "added_ms"),
        *columns(BIG, "retired_ms", null=True),
    )
    op.create_table(
        "console_session",
        sa.Column("token_sha256", ID, primary_key=True),
        sa.Column("account", key, sa.ForeignKey("account.id"), nullable=False, index=True),
        *columns(ID, "device"),
        *columns(BIG, "begun_ms", "seen_ms"),
    )
    op.create_table(
        "worker",
        sa.Column("name", ID, primary_key=True),
        *columns(BIG, "beat_ms"),
        *columns(BIG, "busy_ms", null=True),
        *columns(sa.Text(), "trouble"),
    )
