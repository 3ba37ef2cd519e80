"""The first tables."""

import sqlalchemy as sa
from alembic import op

from kiosk.town.database.columns import BIG, DAY, ID, NAME, WORD, columns, of_station, place

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=True),
        *columns(BIG, "at_ms"),
        *columns(NAME, "who", "subject"),
        *columns(ID, "what"),
        *columns(sa.Text(), "detail"),
    )
    op.create_table(
        "measurement",
        *columns(sa.Text(), "path", "measured"),
        *columns(BIG, "size", "mtime_ns"),
        *columns(ID, "sha256"),
        sa.PrimaryKeyConstraint("path"),
    )
    op.create_index(op.f("ix_measurement_sha256"), "measurement", ["sha256"], unique=False)
    op.create_table(
        "programme",
        *columns(ID, "id", "sha256"),
        *columns(NAME, "title", "category", "source"),
        *columns(BIG, "duration_ms", "size", "version"),
        *columns(sa.Integer(), "loudness_clufs", null=True),
        *columns(sa.Boolean(), "short"),
        sa.PrimaryKeyConstraint("id", "sha256"),
    )
    op.create_table(
        "publication",
        sa.Column("version", BIG, primary_key=True, autoincrement=False),
        *columns(ID, "group_id", null=True),
        *columns(NAME, "title", "by"),
        *columns(DAY, "first_day", "last_day", null=True),
        *columns(ID, "sha256"),
        *columns(BIG, "at_ms"),
    )
    op.create_table(
        "station",
        *columns(ID, "id", "group_id", "head_hash"),
        *columns(ID, "token_sha256", "public_key", null=True),
        *columns(NAME, "name"),
        *columns(NAME, "host", null=True),
        *columns(sa.Text(), "settings"),
        *columns(sa.Integer(), "chain"),
        *columns(BIG, "document_version", "document_ms", "head_seq", "added_ms"),
        *columns(BIG, "witnessed_ms", "enrolled_ms", "retired_ms", "forked_ms", null=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("token_sha256"),
    )
    op.create_table(
        "town",
        *columns(ID, "id"),
        *columns(NAME, "name"),
        *columns(BIG, "version", "created_ms"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "enrolment",
        *columns(ID, "secret_sha256"),
        of_station(),
        *columns(BIG, "made_ms", "expires_ms"),
        *columns(BIG, "used_ms", null=True),
        *columns(ID, "public_key", null=True),
        sa.PrimaryKeyConstraint("secret_sha256"),
    )
    op.create_table(
        "entry",
        *place(),
        *columns(ID, "hash"),
        *columns(ID, "record_id", null=True),
        *columns(sa.String(32), "kind", null=True),
        *columns(sa.LargeBinary(), "record"),
        *columns(WORD, "state"),
        *columns(NAME, "reason"),
        *columns(BIG, "received_ms"),
        sa.PrimaryKeyConstraint("station", "chain", "seq"),
        sa.UniqueConstraint("station", "record_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "fault",
        of_station(),
        *columns(ID, "fault", "cause"),
        *columns(NAME, "device", "by"),
        *columns(BIG, "found_ms", "received_ms"),
        *columns(BIG, "cleared_ms", null=True),
        *columns(WORD, "state"),
        *columns(sa.Text(), "text", "remedy"),
        sa.PrimaryKeyConstraint("station", "fault"),
    )
    op.create_table(
        "fork",
        *place(),
        *columns(ID, "hash", "record_sha256"),
        *columns(sa.LargeBinary(), "record"),
        *columns(BIG, "received_ms"),
        sa.PrimaryKeyConstraint("station", "chain", "seq", "hash", "record_sha256"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "heartbeat",
        of_station(),
        *columns(BIG, "received_ms", "sent_ms", "playlist_version", "head_seq", "waiting"),
        *columns(WORD, "clock"),
        *columns(sa.Text(), "heartbeat"),
        sa.PrimaryKeyConstraint("station"),
    )
    op.create_table(
        "play",
        *place(),
        *columns(ID, "id", "programme", "sha256", "boot_id"),
        *columns(ID, "continues", null=True),
        *columns(NAME, "title", "category", "source", "occasion", "cause"),
        *columns(WORD, "origin", "outcome", "screen_evidence", "clock"),
        *columns(BIG, "planned_start_ms", "planned_end_ms", "actual_start_ms", "actual_end_ms", "played_ms"),
        *columns(BIG, "late_ms", "gap_ms", "pictures_shown", "pictures_lost", "playlist_version", "received_ms"),
        *columns(sa.Boolean(), "muted", "practice"),
        *columns(sa.Integer(), "volume", null=True),
        sa.PrimaryKeyConstraint("station", "chain", "seq"),
        sqlite_with_rowid=False,
    )
