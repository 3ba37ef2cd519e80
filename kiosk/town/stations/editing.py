"""Changes of the register by officers, a part at a time: never over what another officer has changed meanwhile."""

from typing import Any

import msgspec
from sqlalchemy import select

from kiosk.common.messages import Sentence, mark
from kiosk.contract.station import StationDocument, check
from kiosk.contract.wire import encode
from kiosk.town.database import schema
from kiosk.town.database.store import audit, now_ms, update_station
from kiosk.town.publishing.source import StationSource
from kiosk.town.stations.register import Change, Registered, fields_of, find, history, note_changes, registered
from kiosk.town.stations.registry import known_station, next_document
from kiosk.town.town import Town, TownError, check_id


class Overtaken(Exception):
    """Somebody else has changed the part since the form was opened. Nothing is written."""

    def __init__(self, now: Registered, last: Change | None) -> None:
        super().__init__(f"station {now.id} was changed meanwhile")
        self.now, self.last = now, last


def change_part(town: Town, station: str, part: str, typed: dict[str, Any], version: str, *, by: str) -> bool:
    """Change a part of what the town keeps of a station, if it still is of ``version``; gives whether anything changed.

    Fields that ``typed`` leaves out stay. Raises :class:`Overtaken`, or :class:`TownError` with what is wrong.
    """
    with town.store.write() as connection:
        row = known_station(connection, station)
        before = registered(row)
        if row.retired_ms is not None:
            text = mark("station {station} is retired; its register is not changed any more")
            raise TownError(Sentence(text, station=station))
        if before.version(part) != version:
            raise Overtaken(before, next(iter(history(connection, station, part, 1)), None))
        after = _changed(before, part, typed)
        if after == before:
            return False
        document = next_document(connection, row)
        update_station(
            connection, station, name=after.name, group_id=after.group, settings=encode(after.settings).decode(),
            document_version=document, document_ms=now_ms(),
        )  # fmt: skip
        note_changes(connection, before, after, by)
        audit(connection, by, "station-register", station, f"{part}, document version {document}")
    return True


def change_everywhere(town: Town, station: str, part: str, *, by: str) -> int:
    """Give every other station of its group the same as ``station`` in a part; gives how many were changed.

    For opening hours and thresholds, which a town sets for all. Each change stands in the history of its station.
    """
    with town.store.read() as connection:
        source = find(connection, station)
        if source is None:
            raise TownError(f"station {station} is not known")
        table = schema.station
        others = select(table).where(
            table.c.group_id == source.group, table.c.id != station, table.c.retired_ms.is_(None)
        )
        rooms = [registered(row) for row in connection.execute(others)]
    values = source.part(part)
    return sum(_follow(town, one, part, values, by) for one in rooms)


def _follow(town: Town, station: Registered, part: str, values: dict[str, Any], by: str) -> bool:
    """Whatever another officer does at the same moment comes before or after it, and stands in the history."""
    while True:
        try:
            return change_part(town, station.id, part, values, station.version(part), by=by)
        except Overtaken as error:
            station = error.now


def _changed(before: Registered, part: str, typed: dict[str, Any]) -> Registered:
    """Raises :class:`TownError`."""
    merged = _merged(before.part(part), {name: typed[name] for name in fields_of(part) if name in typed})
    name, group = merged.pop("name", before.name), merged.pop("group", before.group)
    check_id("group", group)
    try:
        settings = msgspec.convert(msgspec.to_builtins(before.settings) | merged, StationSource)
    except msgspec.ValidationError as error:
        text = mark("something that was typed cannot be kept as it is; look at it once more ({why})")
        raise TownError(Sentence(text, why=str(error))) from None
    about = {"town": "town", "station": before.id, "group": group, "version": 1, "issued_ms": 0, "name": name}
    if problems := check(StationDocument(**msgspec.structs.asdict(settings), **about)):
        raise TownError(problems[0])
    kept = (before.added_ms, before.enrolled_ms, before.retired_ms, before.host, before.document_version)
    return Registered(before.id, name, group, settings, *kept)


def _merged(before: Any, typed: Any) -> Any:
    """``typed`` with what a form does not show: fields of objects, and of the objects of a list that have an id."""
    if isinstance(before, dict) and isinstance(typed, dict):
        return before | {name: _merged(before.get(name), value) for name, value in typed.items()}
    if isinstance(before, list | tuple) and isinstance(typed, list):
        known = {one["id"]: one for one in before if isinstance(one, dict) and "id" in one}
        return [_merged(known.get(one.get("id")), one) if isinstance(one, dict) else one for one in typed]
    return typed
