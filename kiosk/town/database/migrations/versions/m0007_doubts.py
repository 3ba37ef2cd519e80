"""Tables for what speaks against a play, and for what a station was refused; indexes to find the plays beside one."""

import sqlalchemy as sa
from alembic import op

from kiosk.town.database.columns import BIG, NAME, WORD, columns, of_station, place

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "doubt",
        *place(),
        *columns(WORD, "cause"),
        *columns(NAME, "detail"),
        *columns(BIG, "found_ms"),
        sa.PrimaryKeyConstraint("station", "chain", "seq", "cause"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "complaint",
        of_station(),
        *columns(WORD, "cause"),
        *columns(BIG, "first_ms", "last_ms", "times"),
        *columns(NAME, "detail"),
        sa.PrimaryKeyConstraint("station", "cause"),
    )
    timed = sa.text("clock = 'trusted' AND actual_end_ms - actual_start_ms > 1000")
    place_of = ["station", "actual_start_ms"]
    op.create_index("ix_play_timed", "play", place_of, sqlite_where=timed, postgresql_where=timed)
    op.create_index("ix_play_boot", "play", ["station", "boot_id"])
    op.create_index("ix_programme_sha256", "programme", ["sha256"])
