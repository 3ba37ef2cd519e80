"""Tables for the months on their way from the workbook to signed weeks."""

import sqlalchemy as sa
from alembic import op

from kiosk.town.database.columns import BIG, DAY, ID, NAME, WORD, columns

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "month",
        sa.Column("id", ID, primary_key=True),
        *columns(sa.Integer(), "revision"),
        *columns(DAY, "month"),
        *columns(NAME, "file", "by"),
        *columns(BIG, "made_ms", "changed_ms"),
        *columns(BIG, "published_ms", null=True),
        *columns(sa.LargeBinary(), "sheet"),
        *columns(sa.Text(), "understood"),
    )
    op.create_table(
        "month_mend",
        sa.Column("month", ID, sa.ForeignKey("month.id"), nullable=False),
        *columns(NAME, "sheet"),
        sa.Column("row", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("column", sa.Integer, nullable=False, autoincrement=False),
        *columns(sa.Text(), "text"),
        *columns(NAME, "by"),
        *columns(BIG, "at_ms"),
        sa.PrimaryKeyConstraint("month", "sheet", "row", "column"),
    )
    op.create_table(
        "month_column",
        *columns(NAME, "who", "name"),
        *columns(WORD, "role"),
        sa.PrimaryKeyConstraint("who", "name"),
    )
    op.create_table(
        "month_title",
        sa.Column("title", NAME, primary_key=True),
        *columns(ID, "programme"),
        *columns(NAME, "by"),
        *columns(BIG, "at_ms"),
    )
    op.create_table(
        "withdrawn",
        sa.Column("sha256", ID, primary_key=True),
        *columns(NAME, "title", "by"),
        *columns(BIG, "at_ms"),
    )
