"""Tables of the months: the sheets as they were uploaded, what was mended, which programme a title means."""

import sqlalchemy as sa

from kiosk.town.database.columns import BIG, DAY, ID, NAME, WORD, columns
from kiosk.town.database.schema import metadata

month = sa.Table(
    "month",
    metadata,
    sa.Column("id", ID, primary_key=True),
    *columns(sa.Integer(), "revision"),  # counts the changes: a form names the one that it was made from
    *columns(DAY, "month"),  # YYYY-MM; empty where the sheet does not say it
    *columns(NAME, "file", "by"),
    *columns(BIG, "made_ms", "changed_ms"),
    *columns(BIG, "published_ms", null=True),
    *columns(sa.LargeBinary(), "sheet"),  # byte for byte as uploaded
    *columns(sa.Text(), "understood"),  # sheets.child.SheetRead as JSON, of the sheet with its mends
)

mend = sa.Table(
    "month_mend",
    metadata,
    sa.Column("month", ID, sa.ForeignKey("month.id"), nullable=False),
    *columns(NAME, "sheet"),
    sa.Column("row", sa.Integer, nullable=False, autoincrement=False),
    sa.Column("column", sa.Integer, nullable=False, autoincrement=False),  # -1: the whole row does not count
    *columns(sa.Text(), "text"),
    *columns(NAME, "by"),
    *columns(BIG, "at_ms"),
    sa.PrimaryKeyConstraint("month", "sheet", "row", "column"),
)

# What an officer's columns are called: remembered for the next sheet.
column_name = sa.Table(
    "month_column",
    metadata,
    *columns(NAME, "who", "name"),
    *columns(WORD, "role"),
    sa.PrimaryKeyConstraint("who", "name"),
)

# Which programme a title means, as an officer confirmed it.
title = sa.Table(
    "month_title",
    metadata,
    sa.Column("title", NAME, primary_key=True),  # as months.titles.key writes it
    *columns(ID, "programme"),
    *columns(NAME, "by"),
    *columns(BIG, "at_ms"),
)

# Files that were taken back everywhere: no month is published with them again.
withdrawn = sa.Table(
    "withdrawn",
    metadata,
    sa.Column("sha256", ID, primary_key=True),
    *columns(NAME, "title", "by"),
    *columns(BIG, "at_ms"),
)
