"""Tables of the stations' register: who changed what of it, and when a room was asked to prove that it is seen."""

import sqlalchemy as sa

from kiosk.town.database.columns import BIG, ID, NAME, columns, of_station
from kiosk.town.database.schema import metadata

register_change = sa.Table(
    "register_change",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    of_station(),
    *columns(BIG, "at_ms"),
    *columns(NAME, "who"),
    *columns(ID, "part"),  # of register.PARTS
    *columns(sa.Text(), "before", "after"),  # as JSON
    sa.Index("ix_register_change_station", "station", "at_ms"),
)

spot_check = sa.Table(
    "spot_check",
    metadata,
    sa.Column("id", ID, primary_key=True),
    of_station(),
    *columns(BIG, "asked_ms"),
    *columns(NAME, "by"),
    sa.Index("ix_spot_check_station", "station", "asked_ms"),
)
