"""What the stations have reported, read back."""

from typing import Any

from sqlalchemy import select

from kiosk.town import schema
from kiosk.town.store import Store


def plays(store: Store) -> list[dict[str, Any]]:
    """Every play row, by station and in the order of its chain; columns as in ``schema.play``."""
    table = schema.play
    with store.read() as connection:
        rows = connection.execute(select(table).order_by(table.c.station, table.c.chain, table.c.seq))
        return [dict(row) for row in rows.mappings()]
