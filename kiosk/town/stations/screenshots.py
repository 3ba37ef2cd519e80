"""Pictures of the stations' screens: asked for by the town, and the newest of each station kept."""

from dataclasses import dataclass, field

from sqlalchemy import select

from kiosk.town.database import schema
from kiosk.town.database.store import audit, now_ms, put
from kiosk.town.stations.registry import known_station
from kiosk.town.town import Town, TownError


@dataclass(frozen=True)
class Kept:
    """The newest picture of a station. Instants are UTC milliseconds."""

    at_ms: int
    """When it was taken, by the station's clock."""
    received_ms: int
    jpeg: bytes = field(repr=False)


def request_picture(town: Town, station: str, *, by: str) -> None:
    """Have the station send a picture after its next heartbeat.

    Raises :class:`TownError` for a station that is not known, or retired.
    """
    with town.store.write() as connection:
        if known_station(connection, station).retired_ms is not None:
            raise TownError(f"station {station} is retired, and sends no pictures any more")
        put(connection, schema.picture, {"station": station, "wanted_ms": now_ms()})
        audit(connection, by, "ask-picture", station)


def is_wanted(town: Town, station: str) -> bool:
    """Whether a picture was asked for and none has come since."""
    table = schema.picture
    with town.store.read() as connection:
        return connection.execute(select(table.c.wanted_ms).where(table.c.station == station)).scalar() is not None


def keep(town: Town, station: str, at_ms: int, jpeg: bytes) -> None:
    """Keep a picture in the place of the one before. Whoever asked for one has it now."""
    with town.store.write() as connection:
        row = {"station": station, "wanted_ms": None, "at_ms": at_ms, "received_ms": now_ms(), "jpeg": jpeg}
        put(connection, schema.picture, row)


def newest(town: Town, station: str) -> Kept | None:
    """The picture of a station that came last."""
    table = schema.picture
    with town.store.read() as connection:
        row = connection.execute(select(table).where(table.c.station == station)).one_or_none()
    return None if row is None or row.jpeg is None else Kept(row.at_ms, row.received_ms, row.jpeg)
