"""The register of stations, in parts: what the town keeps of each room; every change with who, when, what before."""

import hashlib
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, insert, select

from kiosk.contract.wire import encode
from kiosk.town.database import schema
from kiosk.town.database.store import now_ms
from kiosk.town.publishing.source import StationSource
from kiosk.town.stations.schema import register_change

PARTS: dict[str, tuple[str, ...]] = {
    "room": ("name", "group", "place", "town_name", "town_telephone", "volume", "target_clufs", "rules"),
    "people": ("people",),
    "equipment": ("equipment",),
    "hours": ("opening", "filler"),
    "limits": ("thresholds", "screen_power", "standards"),
}
"""The parts that are changed one at a time, and their fields: those of ``StationSource``, name and group."""
RETIRED = "retired"
"""The part of a change that retires a station."""


@dataclass(frozen=True)
class Registered:
    """What the register holds of one station. Instants are UTC milliseconds."""

    id: str
    name: str
    group: str
    settings: StationSource
    added_ms: int
    enrolled_ms: int | None
    retired_ms: int | None
    host: str | None
    document_version: int

    def part(self, part: str) -> dict[str, Any]:
        """The fields of a part, as plain values."""
        plain = msgspec.to_builtins(self.settings) | {"name": self.name, "group": self.group}
        return {name: plain[name] for name in fields_of(part)}

    def version(self, part: str) -> str:
        """Names the contents of a part: another one after every change of it."""
        return hashlib.sha256(_json(self.part(part)).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Change:
    """A change of one part. ``before`` and ``after`` hold the fields that differ, as plain values."""

    id: int
    station: str
    at_ms: int
    who: str
    part: str
    before: dict[str, Any]
    after: dict[str, Any]


def fields_of(part: str) -> tuple[str, ...]:
    """The fields of a part; what no part names, of a kiosk that is newer, goes with the room."""
    if part != "room":
        return PARTS[part]
    named = {name for fields in PARTS.values() for name in fields}
    return PARTS["room"] + tuple(name for name in StationSource.__struct_fields__ if name not in named)


def registered(row: Row[*tuple[Any, ...]]) -> Registered:
    """What a row of ``schema.station`` holds."""
    settings = msgspec.json.decode(row.settings, type=StationSource)
    kept = {name: getattr(row, name) for name in ("added_ms", "enrolled_ms", "retired_ms", "host", "document_version")}
    return Registered(row.id, row.name, row.group_id, settings, **kept)


def find(connection: Connection, station: str) -> Registered | None:
    """What the register holds of a station; None where there is none of this id."""
    row = connection.execute(select(schema.station).where(schema.station.c.id == station)).one_or_none()
    return None if row is None else registered(row)


def note_changes(connection: Connection, before: Registered, after: Registered, who: str) -> None:
    """Keep what a change does to each part; nothing where it does nothing. In the transaction of the change."""
    for part in PARTS:
        was, now = before.part(part), after.part(part)
        changed = [name for name in was if was[name] != now[name]]
        if changed:
            note(connection, before.id, who, part, {n: was[n] for n in changed}, {n: now[n] for n in changed})


def note(
    connection: Connection, station: str, who: str, part: str, before: dict[str, Any], after: dict[str, Any]
) -> None:
    """Keep one change."""
    row = {"station": station, "at_ms": now_ms(), "who": who, "part": part}
    connection.execute(insert(register_change).values(**row, before=_json(before), after=_json(after)))


def history(connection: Connection, station: str, part: str = "", most: int = 100) -> list[Change]:
    """The changes of a station, or of one part of it, newest first."""
    table = register_change
    question = select(table).where(table.c.station == station, *([table.c.part == part] if part else []))
    rows = connection.execute(question.order_by(table.c.at_ms.desc(), table.c.id.desc()).limit(most))
    return [
        Change(r.id, r.station, r.at_ms, r.who, r.part, msgspec.json.decode(r.before), msgspec.json.decode(r.after))
        for r in rows
    ]


def _json(value: dict[str, Any]) -> str:
    return encode(value).decode()
