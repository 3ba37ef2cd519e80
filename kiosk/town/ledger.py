"""What the stations have reported, read back."""

from typing import Any

import msgspec
from sqlalchemy import func, select

from kiosk.contract.reports import Heartbeat
from kiosk.town import schema
from kiosk.town.store import Store


def plays(store: Store) -> list[dict[str, Any]]:
    """Every play row, by station and in the order of its chain; columns as in ``schema.play``."""
    table = schema.play
    with store.read() as connection:
        rows = connection.execute(select(table).order_by(table.c.station, table.c.chain, table.c.seq))
        return [dict(row) for row in rows.mappings()]


def refused(store: Store, station: str = "") -> list[dict[str, Any]]:
    """Every entry that the town would not take, of one station or of all, with the reason that the station was given.

    By station and in the order of its chain; ``record`` is the bytes as they came, read leniently as text.
    """
    table = schema.entry
    wanted = select(table).where(table.c.state == "refused").order_by(table.c.station, table.c.chain, table.c.seq)
    if station:
        wanted = wanted.where(table.c.station == station)
    columns = ("station", "chain", "seq", "received_ms", "reason")
    with store.read() as connection:
        return [
            {**{name: row[name] for name in columns}, "record": bytes(row["record"]).decode("utf-8", "replace")}
            for row in connection.execute(wanted).mappings()
        ]


def stations(store: Store) -> list[dict[str, Any]]:
    """Every station that is not retired, by id: what its last heartbeat said, and how much of its record was refused.

    ``heard_ms`` is 0 for one that was never heard, and the rest of it is what a heartbeat leaves out.
    """
    station, beat, entry = schema.station, schema.heartbeat, schema.entry
    rows = select(
        station.c.id, station.c.name, station.c.group_id, station.c.forked_ms, beat.c.received_ms, beat.c.heartbeat
    )
    rows = rows.outerjoin(beat, beat.c.station == station.c.id).where(station.c.retired_ms.is_(None))
    counts = select(entry.c.station, func.count()).where(entry.c.state == "refused").group_by(entry.c.station)
    with store.read() as connection:
        refusals: dict[str, int] = {row[0]: row[1] for row in connection.execute(counts)}
        found = connection.execute(rows.order_by(station.c.id)).all()
    return [_station(row, refusals.get(row.id, 0)) for row in found]


def _station(row: Any, refused: int) -> dict[str, Any]:
    said = msgspec.json.decode(row.heartbeat, type=Heartbeat) if row.heartbeat else None
    names = ("clock", "playlist_version", "waiting", "programmes_missing", "bytes_missing", "bytes_per_s", "ready_ms")
    return {
        "station": row.id,
        "name": row.name,
        "group": row.group_id,
        "heard_ms": row.received_ms or 0,
        **{name: getattr(said, name) if said else None for name in names},
        "refused": refused,
        "forked": row.forked_ms is not None,
    }
