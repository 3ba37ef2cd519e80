"""Counts kept at intake, clocks put right, attendance, how old an entry was when it came; worked out for what is here.

Rows of before lack the monotonic time that a repair of the clock goes by: it is read from the records themselves.
"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op

from kiosk.town.database.columns import BIG, DAY, ID, NAME, WORD, columns, of_station, place

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("entry", sa.Column("age_ms", sa.BigInteger(), nullable=True))
    op.add_column("station", sa.Column("broken_ms", sa.BigInteger(), nullable=True))
    for column in (
        *columns(BIG, "started_monotonic_ms", "repaired_start_ms", "repaired_end_ms", null=True),
        *columns(DAY, "day", null=True),
        *columns(WORD, "seen", null=True),
    ):
        op.add_column("play", column)
    op.create_table(
        "clock_repair",
        *place(),
        *columns(ID, "boot_id"),
        *columns(BIG, "from_monotonic_ms", "offset_ms", "at_ms", "received_ms"),
        *columns(BIG, "to_monotonic_ms", null=True),
        *columns(WORD, "clock"),
        *columns(NAME, "by"),
        sa.PrimaryKeyConstraint("station", "boot_id", "chain", "seq"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "attendance",
        *place(),
        *columns(ID, "play"),
        *columns(BIG, "heads"),
        sa.PrimaryKeyConstraint("station", "play", "chain", "seq"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "tally",
        *columns(DAY, "day"),
        of_station(),
        *columns(ID, "programme"),
        *columns(WORD, "outcome", "seen"),
        *columns(BIG, "plays", "played_ms"),
        sa.PrimaryKeyConstraint("day", "station", "programme", "outcome", "seen"),
        sqlite_with_rowid=False,
    )
    _work_out(op.get_bind())


def _work_out(connection: sa.Connection) -> None:
    """Days, ages and counts of what was taken in before.

    No kiosk sent attendance then, and a repair did not say which stretch of a boot it meant.
    """
    for station, settings in connection.execute(sa.text("SELECT id, settings FROM station")).all():
        zone = ZoneInfo(json.loads(settings).get("opening", {}).get("time_zone", "Asia/Shanghai"))
        chain, seq = 0, 0
        while page := connection.execute(_PAGE, {"station": station, "chain": chain, "seq": seq}).mappings().all():
            chain, seq = page[-1]["chain"], page[-1]["seq"]
            changes = [_change(row, zone) for row in page]
            connection.execute(_PLAY, changes)
            connection.execute(_ENTRY, changes)
    connection.execute(_TALLY)


_PAGE = sa.text(
    """SELECT p.station, p.chain, p.seq, p.practice, p.screen_evidence, p.actual_start_ms,
               p.actual_end_ms, p.received_ms, e.record
        FROM play p JOIN entry e ON e.station = p.station AND e.chain = p.chain AND e.seq = p.seq
        WHERE p.station = :station AND (p.chain, p.seq) > (:chain, :seq) ORDER BY p.chain, p.seq LIMIT 500"""
)
_AT = "WHERE station = :station AND chain = :chain AND seq = :seq"
_PLAY = sa.text(f"UPDATE play SET started_monotonic_ms = :began, day = :day, seen = :seen {_AT}")  # noqa: S608
_ENTRY = sa.text(f"UPDATE entry SET age_ms = :age_ms {_AT}")  # noqa: S608
_TALLY = sa.text(
    """INSERT INTO tally (day, station, programme, outcome, seen, plays, played_ms)
       SELECT day, station, programme, outcome, seen, count(*), sum(played_ms)
       FROM play WHERE day IS NOT NULL GROUP BY day, station, programme, outcome, seen"""
)


def _change(row: Any, zone: ZoneInfo) -> dict[str, Any]:
    began = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=row["actual_start_ms"])
    return {
        "station": row["station"],
        "chain": row["chain"],
        "seq": row["seq"],
        "began": json.loads(bytes(row["record"]))["started_monotonic_ms"],
        "day": None if row["practice"] else began.astimezone(zone).date().isoformat(),
        "seen": "unknown" if row["screen_evidence"] == "none" else "unattended",
        "age_ms": row["received_ms"] - row["actual_end_ms"],
    }
