"""A table for the chains of each station: one for each enrolment and epoch. Until now a chain was an enrolment."""

import sqlalchemy as sa
from alembic import op

from kiosk.town.database.columns import BIG, ID, columns, of_station

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "chain",
        of_station(),
        *columns(sa.Integer(), "chain", "enrolment"),
        *columns(ID, "epoch", null=True),
        *columns(BIG, "head_seq"),
        *columns(ID, "head_hash"),
        *columns(BIG, "begun_ms"),
        *columns(BIG, "witnessed_ms", null=True),
        sa.PrimaryKeyConstraint("station", "chain"),
        sa.UniqueConstraint("station", "enrolment", "epoch"),
    )
    op.execute(
        """INSERT INTO chain (station, chain, enrolment, head_seq, head_hash, begun_ms, witnessed_ms)
           SELECT id, chain, chain, head_seq, head_hash, coalesce(enrolled_ms, added_ms), witnessed_ms FROM station"""
    )
    op.execute(
        """INSERT INTO chain (station, chain, enrolment, head_seq, head_hash, begun_ms, witnessed_ms)
           SELECT entry.station, entry.chain, entry.chain, entry.seq, entry.hash, first.received_ms, entry.received_ms
           FROM entry JOIN station ON station.id = entry.station
           JOIN entry AS first ON first.station = entry.station AND first.chain = entry.chain AND first.seq = 1
           WHERE entry.chain < station.chain AND entry.seq = (
               SELECT max(seq) FROM entry AS newest
               WHERE newest.station = entry.station AND newest.chain = entry.chain)"""
    )
    op.add_column("station", sa.Column("enrolment", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("station", sa.Column("cloned_ms", sa.BigInteger(), nullable=True))
    op.execute("UPDATE station SET enrolment = chain")
    for name in ("head_seq", "head_hash", "witnessed_ms"):
        op.drop_column("station", name)
