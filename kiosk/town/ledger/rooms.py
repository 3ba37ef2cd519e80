"""The rooms as the console shows them: what each said last, its open faults and its people, all of them in one look.

Unlike ``queries.stations`` it counts nothing through the records, so that a thousand rooms take a fraction of a second.
"""

from collections import defaultdict
from typing import Any

import msgspec
from sqlalchemy import func, select

from kiosk.contract.reports import OnAir, Refusal
from kiosk.contract.station import Opening, Person
from kiosk.town.database import schema
from kiosk.town.database.store import Store
from kiosk.town.ledger.condition import MINUTE_MS, Row, judged
from kiosk.town.ledger.needs import needs_somebody


class _Settings(msgspec.Struct):
    place: str = ""
    opening: Opening = Opening()
    people: tuple[Person, ...] = ()
    filler: str = "when-present"


class _Said(msgspec.Struct):
    """What a heartbeat says, as far as it is shown; None, or empty, where it does not say."""

    software: str | None = None
    clock: str | None = None
    playlist_version: int | None = None
    urgent_version: int | None = None
    station_version: int | None = None
    waiting: int | None = None
    programmes_missing: int | None = None
    bytes_missing: int | None = None
    bytes_per_s: int | None = None
    ready_ms: int | None = None
    bytes_lacking: int | None = None
    lacking_for: str | None = None
    planned_until_ms: int | None = None
    disk_free_mb: int | None = None
    stopped: bool | None = None
    stopped_until_ms: int | None = None
    maintenance_until_ms: int | None = None
    on_air: OnAir | None = None
    screen: str | None = None
    sound: str | None = None
    sent_ms: int | None = None
    epoch: str | None = None
    head_seq: int | None = None
    open_faults: tuple[str, ...] = ()
    refusing: tuple[Refusal, ...] = ()
    refusals: tuple[Refusal, ...] = ()


_READ_SAID, _READ_SETTINGS = msgspec.json.Decoder(_Said), msgspec.json.Decoder(_Settings)
_NOTHING = _Said()


def rooms(store: Store, now_ms: int, station: str = "", *, retired: bool = False) -> list[Row]:
    """Every room, or one, judged (``condition.judged``) by the town's limit of silence, and whether it
    ``needs_somebody`` (``needs.needs_somebody``); by their ids.

    Beside the names of a heartbeat: those of ``schema.station``, ``place``, ``people``, ``filler``, ``heard_ms``,
    ``published`` (newest week of its group), ``counted``, and ``faults``: the open ones, oldest first, each with
    ``told``: whether the newest heartbeat since names the cause still (None: none has come since). ``refusing`` and
    ``refusals`` are dicts.
    """
    table, beat = schema.station, schema.heartbeat
    names = (
        *("id", "name", "group_id", "enrolled_ms", "retired_ms", "host", "forked_ms", "broken_ms", "cloned_ms"),
        *("document_version", "settings", "added_ms"),
    )
    question = (
        select(*(table.c[name] for name in names), beat.c.received_ms.label("heard_ms"), beat.c.heartbeat)
        .outerjoin(beat, beat.c.station == table.c.id)
        .where(*([table.c.id == station] if station else []))
        .where(*([] if retired or station else [table.c.retired_ms.is_(None)]))
        .order_by(table.c.id)
    )
    with store.read() as connection:
        rows = [dict(row) for row in connection.execute(question).mappings()]
        week = schema.publication
        newest = select(week.c.group_id, func.max(week.c.version)).where(week.c.group_id.is_not(None))
        published = {row[0]: row[1] for row in connection.execute(newest.group_by(week.c.group_id))}
        town = connection.execute(select(schema.town.c.version, schema.town.c.silent_minutes)).one()
        faults: dict[str, list[Row]] = defaultdict(list)
        fault = schema.fault
        opened = select(fault).where(fault.c.cleared_ms.is_(None)).order_by(fault.c.found_ms)
        for one in connection.execute(opened.where(*([fault.c.station == station] if station else []))).mappings():
            faults[one["station"]].append(dict(one))
    found = []
    for row in rows:
        of_town = {"counted": town.version, "published": published.get(row["group_id"], 0)}
        room = _room(row, faults[row["id"]]) | of_town
        room = judged(room, now_ms, town.silent_minutes * MINUTE_MS)
        found.append(room | {"needs_somebody": needs_somebody(room, now_ms)})
    return found


def _room(row: Row, faults: list[Row]) -> Row:
    settings = _READ_SETTINGS.decode(row.pop("settings"))
    told = row.pop("heartbeat")
    said = _NOTHING
    if told:
        try:
            said = _READ_SAID.decode(told)
        except msgspec.DecodeError:  # of a format that is not read here: then nothing is known
            said = _NOTHING
    values: dict[str, Any] = {name: getattr(said, name) for name in said.__struct_fields__}
    for name in ("refusing", "refusals"):
        values[name] = tuple(msgspec.structs.asdict(one) for one in values[name])
    for fault in faults:
        newer = row["heard_ms"] is not None and row["heard_ms"] > fault["received_ms"]
        fault["told"] = fault["cause"] in said.open_faults if newer else None
    about = {
        "place": settings.place,
        "people": settings.people,
        "filler": settings.filler,
        "opening": settings.opening,
        "faults": faults,
    }
    return row | values | about
