"""Tables of the library of programmes, its subtitles, jobs and uploads."""

import sqlalchemy as sa
from alembic import op

from kiosk.town.database.columns import BIG, ID, NAME, WORD, columns

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "library",
        sa.Column("id", ID, primary_key=True),
        *columns(NAME, "title", "title_key", "category", "source"),
        *columns(sa.Boolean(), "short"),
        *columns(WORD, "state"),
        *columns(NAME, "upload_name"),
        *columns(ID, "upload_sha256", "sha256", null=True),
        *columns(BIG, "size", "duration_ms", null=True),
        *columns(sa.Text(), "measured", null=True),
        *columns(sa.Text(), "changes"),
        *columns(sa.Text(), "cause", null=True),
        *columns(BIG, "added_ms", "changed_ms"),
        *columns(NAME, "by"),
        *columns(sa.Integer(), "version"),
    )
    for name in ("title_key", "sha256", "upload_sha256"):
        op.create_index(f"ix_library_{name}", "library", [name])
    op.create_table(
        "library_subtitle",
        sa.Column("programme", ID, sa.ForeignKey("library.id"), nullable=False),
        *columns(ID, "language"),
        *columns(NAME, "file"),
        *columns(BIG, "size"),
        sa.PrimaryKeyConstraint("programme", "language"),
    )
    op.create_table(
        "job",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("programme", ID, sa.ForeignKey("library.id"), nullable=False),
        *columns(WORD, "state", "step"),
        *columns(sa.Integer(), "permille", "tries"),
        *columns(BIG, "made_ms"),
        *columns(BIG, "started_ms", "ended_ms", null=True),
    )
    op.create_index("ix_job_programme", "job", ["programme"])
    op.create_table(
        "upload",
        sa.Column("id", ID, primary_key=True),
        *columns(NAME, "name", "by"),
        *columns(ID, "mark"),
        *columns(BIG, "size", "made_ms", "last_ms"),
    )
