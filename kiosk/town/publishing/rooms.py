"""What the rooms hold, by their heartbeats: a town restored from an older copy has forgotten what it published since.

Versions only grow, and a room refuses one that is not above its own. A heartbeat is not signed, though: whoever has a
token could claim the highest number that there is, and none would come after it.
"""

from collections.abc import Iterator

import msgspec
from sqlalchemy import Connection, select

from kiosk.common.messages import Message, mark
from kiosk.town.database import schema
from kiosk.town.database.store import locked_station, update_station

MOST_FORGOTTEN = 1_000
"""How far above the town's counter a claim is believed: nobody publishes so often between two copies."""


class _Held(msgspec.Struct):
    playlist_version: int = 0
    urgent_version: int = 0


def newest_held(connection: Connection, counter: int) -> int:
    """The highest version of weeks and notices that a room says it holds, as far as it is believed; 0 for none."""
    versions = (version for _, _, held in _held(connection) for version in (held.playlist_version, held.urgent_version))
    return max((version for version in versions if version <= counter + MOST_FORGOTTEN), default=0)


def held_weeks(connection: Connection) -> set[int]:
    """The versions of the weeks that the rooms say they hold."""
    return {held.playlist_version for _, _, held in _held(connection) if held.playlist_version}


def forgotten(connection: Connection, group: str) -> list[Message]:
    """What to ask before a week is published for ``group``: its rooms hold weeks that this town has forgotten."""
    counter = connection.execute(select(schema.town.c.version)).scalar_one()
    rooms = [
        (name, held.playlist_version)
        for name, of_group, held in _held(connection)
        if of_group == group and counter < held.playlist_version <= counter + MOST_FORGOTTEN
    ]
    if not rooms:
        return []
    names, newest = ", ".join(name for name, _ in rooms[:5]), max(version for _, version in rooms)
    more = f" and {len(rooms) - 5} more" if len(rooms) > 5 else ""
    text = mark(
        "{rooms}: holds version {newest}, and this town knows none above {counter} (restored from an older copy?); "
        "what was published in between is not known here and is not kept: publish it once more"
    )
    return [Message(text, {"rooms": names + more, "newest": str(newest), "counter": str(counter)})]


def document_held(connection: Connection, station: str, version: int) -> int:
    """The version of its document that a station says it holds, as far as that can be believed beside the town's."""
    beat = schema.heartbeat
    found = connection.execute(select(beat.c.heartbeat).where(beat.c.station == station)).scalar()
    held = int(msgspec.json.decode(found or "{}").get("station_version", 0))
    return held if held <= version + MOST_FORGOTTEN else 0


def renew_document(connection: Connection, station: str, now_ms: int) -> int:
    """What the town tells a station has changed: its document gets the next version, which is returned.

    It is above the one that the station holds, should the database be an old copy.
    """
    row = locked_station(connection, station)
    version = int(row.document_version)
    version = max(version, document_held(connection, station, version)) + 1
    update_station(connection, station, document_version=version, document_ms=now_ms)
    return version


def _held(connection: Connection) -> Iterator[tuple[str, str, _Held]]:
    """Station, group, and what it holds, of every station that is not retired."""
    station, beat = schema.station, schema.heartbeat
    question = select(station.c.id, station.c.group_id, beat.c.heartbeat).join(beat, beat.c.station == station.c.id)
    for row in connection.execute(question.where(station.c.retired_ms.is_(None)).order_by(station.c.id)):
        yield row.id, row.group_id, msgspec.json.decode(row.heartbeat, type=_Held)
