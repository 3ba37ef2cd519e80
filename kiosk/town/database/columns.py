"""Columns of one kind by their names: the tables of the schema and of the migrations are written with them."""

from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, String
from sqlalchemy.types import TypeEngine

ID, NAME, WORD, DAY = String(64), String(400), String(16), String(10)
BIG = BigInteger()
"""Instants and lengths of time, in milliseconds, and what is counted."""


def columns(kind: TypeEngine[Any], *names: str, null: bool = False) -> list[Column[Any]]:
    """A column for each name; ``null`` where the value may be missing."""
    return [Column(name, kind, nullable=null) for name in names]


def of_station() -> Column[Any]:
    """The station that a row belongs to."""
    return Column("station", ID, ForeignKey("station.id"), nullable=False)


def place() -> list[Column[Any]]:
    """The place of an entry: its station, the number of the chain, the number in the chain."""
    return [of_station(), *columns(Integer(), "chain"), *columns(BIG, "seq")]
