"""Reads back what the stations have reported, row by row: there may be millions."""

from collections.abc import Iterator
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, and_, func, select

from kiosk.contract.records import Action, read_record
from kiosk.contract.station import Opening
from kiosk.contract.wire import Malformed
from kiosk.town.database import schema
from kiosk.town.database.store import Store

_SOME = 1000
"""Rows fetched at once."""
_SAID: dict[str, Any] = {
    **dict.fromkeys(("clock", "playlist_version", "waiting", "programmes_missing", "bytes_missing", "bytes_per_s")),
    **dict.fromkeys(("ready_ms", "bytes_lacking", "lacking_for", "stopped", "stopped_until_ms", "screen", "sound")),
    **dict.fromkeys(("maintenance_until_ms",)),
    **dict.fromkeys(("refusing", "open_faults"), ()),
}
"""What a heartbeat says that the ledger shows, and what stands there where it does not say."""

play, entry, doubt = schema.play, schema.entry, schema.doubt


def plays(store: Store) -> Iterator[dict[str, Any]]:
    """Every play row, by station and in the order of its chain; columns as in ``schema.play``, ``sound`` (where it
    went), and ``doubts``: the causes of :mod:`kiosk.town.intake.doubts` that speak against it, with blanks between.
    """
    against = select(func.aggregate_strings(doubt.c.cause, " ")).where(_same_place(doubt, play)).scalar_subquery()
    question = select(play, entry.c.record, func.coalesce(against, "").label("doubts"))
    question = question.join(entry, _same_place(entry, play)).order_by(play.c.station, play.c.chain, play.c.seq)
    for row in _rows(store, question):
        yield row | {"sound": _sound_of(row.pop("record"))}


def doubts(store: Store, station: str = "") -> Iterator[dict[str, Any]]:
    """What speaks against plays, of one station or of all: the play, ``cause`` and ``detail``."""
    names = ("id", "title", "actual_start_ms", "repaired_start_ms", "played_ms", "clock")
    question = (
        select(doubt, *(play.c[name] for name in names))
        .join(play, _same_place(doubt, play))
        .where(*([doubt.c.station == station] if station else []))
        .order_by(doubt.c.station, doubt.c.chain, doubt.c.seq, doubt.c.cause)
    )
    return _rows(store, question)


def stations(store: Store) -> Iterator[dict[str, Any]]:
    """Every station: how far its record is witnessed and what speaks against it, and what its last heartbeat said.

    ``head_seq`` is that of its newest chain, ``restarts`` counts how often its enrolment has begun a new epoch.
    ``refused`` counts the entries that the town would not take, ``forks`` those of another story that were set aside,
    ``repairs`` those that put its clock right, ``doubts`` what speaks against its plays, ``faults`` the open ones.
    ``published`` is the newest version of its group's weeks, ``counted`` the highest that the town has given to
    anything. ``complaints`` lists what it was refused at the door (``cause``, ``detail``, ``times``, ``first_ms``,
    ``last_ms``), ``opening`` its hours. What nobody has said is None.
    """
    complaints: dict[str, list[dict[str, Any]]] = {}
    for one in _rows(store, select(schema.complaint).order_by(schema.complaint.c.cause)):
        complaints.setdefault(one.pop("station"), []).append(one)
    published = schema.publication
    newest = select(func.max(published.c.version)).where(published.c.group_id == schema.station.c.group_id)
    station, beat, chain, every = schema.station, schema.heartbeat, schema.chain, schema.chain.alias()

    def number_of(table: Any, *which: ColumnElement[bool]) -> ColumnElement[int]:
        counted = select(func.count()).select_from(table)
        return counted.where(table.c.station == station.c.id, *which).scalar_subquery()

    names = ("id", "name", "group_id", "chain", "forked_ms", "broken_ms", "cloned_ms", "retired_ms")
    question = (
        select(
            *(station.c[name] for name in names),
            func.coalesce(chain.c.head_seq, 0).label("head_seq"),
            *(chain.c[name] for name in ("epoch", "witnessed_ms")),
            number_of(every, _restarted(every)).label("restarts"),
            beat.c.received_ms.label("heard_ms"),
            beat.c.heartbeat,
            station.c.settings,
            number_of(entry, entry.c.state == "refused").label("refused"),
            number_of(schema.fork).label("forks"),
            number_of(schema.clock_repair).label("repairs"),
            number_of(doubt).label("doubts"),
            func.coalesce(newest.scalar_subquery(), 0).label("published"),
            select(schema.town.c.version).scalar_subquery().label("counted"),
            number_of(schema.fault, schema.fault.c.cleared_ms.is_(None)).label("faults"),
        )
        .outerjoin(beat, beat.c.station == station.c.id)
        .outerjoin(chain, and_(chain.c.station == station.c.id, chain.c.chain == station.c.chain))
        .order_by(station.c.id)
    )
    for row in _rows(store, question):
        said = msgspec.json.decode(row.pop("heartbeat") or "{}")  # it may be of an earlier format
        against = {"complaints": complaints.get(row["id"], []), "opening": opening_of(row.pop("settings"))}
        yield row | {name: said.get(name, silent) for name, silent in _SAID.items()} | against


class _Settings(msgspec.Struct):
    """Of a station's settings its hours."""

    opening: Opening = Opening()


def opening_of(settings: str) -> Opening:
    """The opening hours in the column ``settings`` of a station."""
    return msgspec.json.decode(settings, type=_Settings).opening


def restarts(store: Store, station: str = "") -> Iterator[dict[str, Any]]:
    """Every epoch that a station began after another one of the same enrolment, of one station or of all.

    ``facts`` is what its first entry says of the damage; empty where that does not tell of a restart. ``held_seq`` is
    how far the town has the chain before it.
    """
    chain, before = schema.chain, schema.chain.alias()
    first = and_(entry.c.station == chain.c.station, entry.c.chain == chain.c.chain, entry.c.seq == 1)
    earlier = and_(before.c.station == chain.c.station, before.c.chain == chain.c.chain - 1)
    question = (
        select(
            *(chain.c[name] for name in ("station", "chain", "epoch", "begun_ms")),
            before.c.head_seq.label("held_seq"),
            entry.c.record,
        )
        .join(before, earlier)
        .outerjoin(entry, first)
        .where(_restarted(chain), *([chain.c.station == station] if station else []))
        .order_by(chain.c.station, chain.c.chain)
    )
    for row in _rows(store, question):
        yield row | {"facts": _restart_facts(row.pop("record"))}


def refused(store: Store, station: str = "") -> Iterator[dict[str, Any]]:
    """Every entry that the town would not take, of one station or of all, with the reason that the station was given.

    ``record`` is the bytes as they came.
    """
    wanted = entry.c.state == "refused"
    if station:
        wanted = and_(wanted, entry.c.station == station)
    names = ("station", "chain", "seq", "received_ms", "reason", "record")
    return _rows(
        store,
        select(*(entry.c[name] for name in names)).where(wanted).order_by(entry.c.station, entry.c.chain, entry.c.seq),
    )


def forks(store: Store, station: str) -> Iterator[dict[str, Any]]:
    """The other story that a station has told: what was set aside, and beside it the id of what stands there."""
    fork = schema.fork
    place = and_(*(entry.c[name] == fork.c[name] for name in ("station", "chain", "seq")))
    names = ("chain", "seq", "hash", "record", "received_ms")
    return _rows(
        store,
        select(*(fork.c[name] for name in names), entry.c.record_id.label("stands"))
        .outerjoin(entry, place)
        .where(fork.c.station == station)
        .order_by(fork.c.chain, fork.c.seq, fork.c.received_ms),
    )


def late(store: Store, older_than_ms: int) -> Iterator[dict[str, Any]]:
    """The entries that were at least so old when the town first saw them; a play's age by its clock put right."""
    place = and_(*(entry.c[name] == play.c[name] for name in ("station", "chain", "seq")))
    age = func.coalesce(entry.c.received_ms - play.c.repaired_end_ms, entry.c.age_ms)
    names = ("station", "chain", "seq", "record_id", "kind", "received_ms")
    return _rows(
        store,
        select(*(entry.c[name] for name in names), age.label("age_ms"))
        .outerjoin(play, place)
        .where(age >= older_than_ms)
        .order_by(entry.c.station, entry.c.chain, entry.c.seq),
    )


def _same_place(one: Any, other: Any) -> ColumnElement[bool]:
    return and_(*(one.c[name] == other.c[name] for name in ("station", "chain", "seq")))


def faults(store: Store, station: str = "", *, cleared: bool = False) -> Iterator[dict[str, Any]]:
    """The open faults of one station or of all, oldest first; with ``cleared`` those too that are over.

    ``told``: whether the station's newest heartbeat since still names the cause; None where none has come since.
    """
    fault, beat = schema.fault, schema.heartbeat
    names = ("station", "fault", "cause", "device", "by", "found_ms", "received_ms", "cleared_ms", "state")
    question = (
        select(
            *(fault.c[name] for name in (*names, "text", "remedy")),
            beat.c.heartbeat,
            beat.c.received_ms.label("heard_ms"),
        )
        .outerjoin(beat, beat.c.station == fault.c.station)
        .where(*([fault.c.station == station] if station else []))
        .where(*([] if cleared else [fault.c.cleared_ms.is_(None)]))
        .order_by(fault.c.station, fault.c.found_ms, fault.c.fault)
    )
    for row in _rows(store, question):
        said, heard_ms = msgspec.json.decode(row.pop("heartbeat") or "{}"), row.pop("heard_ms")
        newer = heard_ms is not None and heard_ms > row["received_ms"]
        yield row | {"told": row["cause"] in said.get("open_faults", ()) if newer else None}


class _Sound(msgspec.Struct):
    """Of a play's record where its sound went."""

    sound: str | None = None


def _sound_of(record: bytes) -> str | None:
    try:
        return msgspec.json.decode(bytes(record), type=_Sound).sound
    except msgspec.DecodeError:
        return None


def _restarted(chain: Any) -> ColumnElement[bool]:
    """Whether a chain follows another one of the same enrolment."""
    earlier = schema.chain.alias()
    same = and_(earlier.c.station == chain.c.station, earlier.c.enrolment == chain.c.enrolment)
    return select(1).select_from(earlier).where(same, earlier.c.chain < chain.c.chain).correlate(chain).exists()


def _restart_facts(data: bytes | None) -> dict[str, str]:
    try:
        record = read_record(bytes(data or b""), "entry 1")
    except Malformed:
        return {}
    return record.facts if isinstance(record, Action) and record.action == "journal-restarted" else {}


def _rows(store: Store, question: Select[Any]) -> Iterator[dict[str, Any]]:
    with store.read() as connection:
        for row in connection.execution_options(yield_per=_SOME).execute(question).mappings():
            yield dict(row)
