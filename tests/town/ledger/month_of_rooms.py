"""Rooms with a month of rows for tests and measurements: weeks published, accepted, played, reported, and not."""

import itertools
import json
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from contract.signing import chain
from sqlalchemy import insert, update

from kiosk.contract.instants import local_ms
from kiosk.contract.playlist import Playlist, Programme, Slot
from kiosk.contract.records import Action, Play
from kiosk.contract.reports import GENESIS, Heartbeat
from kiosk.contract.wire import Record, encode
from kiosk.town.database import schema
from kiosk.town.database.store import columns_of
from kiosk.town.intake import intake
from kiosk.town.publishing.issue import PublishTerms, issue_playlist
from kiosk.town.stations import registry
from kiosk.town.town import Town

ZONE = ZoneInfo("Asia/Shanghai")
MINUTE = 60_000
TITLES = {"rice": "水稻病虫害防治", "law": "民法典", "party": "党史故事", "health": "高血压"}
OPEN = {"week": [[{"start": "08:30:00", "end": "17:30:00"}]] * 7}


def document(tmp_path: Path, number: int) -> Path:
    """The register of a room: an administrator with a telephone, and hours."""
    path = tmp_path / f"room-{number}.json"
    person = {"id": "a", "name": f"管理员{number}", "post": "A", "telephone": f"1380000{number:04}"}
    path.write_text(json.dumps({"place": "村部", "people": [person], "opening": OPEN}, ensure_ascii=False))
    return path


def publish(town: Town, first: date, days: int = 28) -> Playlist:
    """A plan of ``days`` days with two slots a day of two programmes of 20 minutes each."""
    programmes = tuple(
        Programme(id=name, title=title, file="a.mp4", duration_ms=20 * MINUTE, size=1, sha256=f"{n:064x}")
        for n, (name, title) in enumerate(TITLES.items(), 1)
    )
    slots = [
        Slot(date=(first + timedelta(days=n)).isoformat(), start=f"{start}:00", end=f"{end}:00", programmes=names)
        for n in range(days)
        for start, end, names in (("09:00", "09:40", ("rice", "law")), ("15:00", "15:40", ("party", "health")))
    ]
    draft = Playlist(
        town=town.id, group="all", version=1, issued_ms=0, title="计划", first_day=first.isoformat(),
        last_day=(first + timedelta(days=days - 1)).isoformat(), programmes=programmes, slots=tuple(slots),
    )  # fmt: skip
    return issue_playlist(town, draft, PublishTerms("test"))


def at(day: date, clock: str) -> int:
    return local_ms(day, time.fromisoformat(clock), ZONE)


def play(programme: str, planned_ms: int, *, late_ms: int = 0, minutes: float = 20, **more: Any) -> Play:
    start = planned_ms + late_ms
    length = round(minutes * MINUTE)
    values: dict[str, Any] = {
        "id": f"{programme}-{start}", "playlist_version": 1, "programme": programme, "title": TITLES[programme],
        "sha256": f"{[*TITLES].index(programme) + 1:064x}", "origin": "slot", "planned_start_ms": planned_ms,
        "planned_end_ms": planned_ms + 20 * MINUTE, "actual_start_ms": start, "actual_end_ms": start + length,
        "played_ms": length, "outcome": "completed", "clock": "trusted", "boot_id": "b", "started_monotonic_ms": start,
    }  # fmt: skip
    return Play(**values | more)


def accepted(week: Playlist, at_ms: int) -> Action:
    return Action(
        id=f"accepted-{week.version}", at_ms=at_ms, by="town", action="week-accepted",
        facts={"version": str(week.version)}, clock="trusted",
    )  # fmt: skip


def month_of_plays(first: date, days: int) -> Iterable[Play]:
    """All that :func:`publish` plans, on time."""
    for n, (start, names) in itertools.product(
        range(days), (("09:00", ("rice", "law")), ("15:00", ("party", "health")))
    ):
        for m, name in enumerate(names):
            yield play(name, at(first + timedelta(days=n), start) + m * 20 * MINUTE)


def report(town: Town, station: str, records: Iterable[Record], now_ms: int) -> tuple[int, str]:
    """Put the records into the town's tables as the intake does, in one go; gives the head of the chain."""
    entries, plays, head = [], [], (0, GENESIS)
    for seq, record in enumerate(records, 1):
        data = encode(record)
        head = (seq, chain(head[1], seq, data))
        where = {"station": station, "chain": 1, "seq": seq}
        kind = type(record).__struct_config__.tag
        end = intake._end_ms(record)  # type: ignore[arg-type]
        entries.append(
            {**where, "hash": head[1], "record": data, "received_ms": now_ms, "record_id": record.id, "kind": kind,  # type: ignore[attr-defined]
             "state": "accepted", "reason": "", "age_ms": now_ms - end}
        )  # fmt: skip
        if isinstance(record, Play):
            day = datetime.fromtimestamp(record.actual_start_ms / 1000, ZONE).date().isoformat()
            more = {
                "received_ms": now_ms,
                "day": day,
                "seen": "unknown",
                "repaired_start_ms": None,
                "repaired_end_ms": None,
            }
            plays.append({**where, **columns_of(schema.play, record), **more})
    with town.store.write() as connection:
        if entries:
            connection.execute(insert(schema.entry), entries)
        if plays:
            connection.execute(insert(schema.play), plays)
        row = {
            "station": station,
            "chain": 1,
            "enrolment": 1,
            "epoch": "epoch-1",
            "head_seq": head[0],
            "head_hash": head[1],
        }
        connection.execute(insert(schema.chain).values(**row, begun_ms=now_ms, witnessed_ms=now_ms))
        connection.execute(
            update(schema.station).where(schema.station.c.id == station).values(chain=1, enrolled_ms=now_ms)
        )
    return head


def heard(town: Town, station: str, at_ms: int, **more: Any) -> None:
    values: dict[str, Any] = {
        "station": station, "epoch": "epoch-1", "sent_ms": at_ms, "nonce": "n", "boot_id": "b", "up_ms": 1,
        "software": "0.1.0", "clock": "trusted", "screen": "up", "sound": "device", "disk_free_mb": 41_234,
    }  # fmt: skip
    intake.keep_heartbeat(town.store, Heartbeat(**values | more), at_ms)


def room(town: Town, tmp_path: Path, number: int, records: Iterable[Record], now_ms: int, **beat: Any) -> str:
    """A room with its record, heard a minute ago."""
    station = f"room-{number}"
    registry.add_station(town, station, "all", f"{number}号站", document(tmp_path, number), by="test")
    seq, head = report(town, station, records, now_ms)
    heard(town, station, now_ms - MINUTE, **{"head_seq": seq, "head_hash": head} | beat)
    return station
