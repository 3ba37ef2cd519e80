"""Reports in: each entry of a chain is accepted, known already, or refused with a reason; none blocks another.

Three rules carry it. An entry's place is (station, chain, seq), and what stands there is never overwritten. A record
that cannot be read still takes its place, by the hash that the station gave it, so the chain goes on behind it. A
second story about the same place is a **fork**: flagged, kept aside, and nothing that is built on it is believed.
"""

import hashlib
import time
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, and_, func, insert, select, update

from kiosk.contract import records, reports
from kiosk.contract.records import Attendance, ClockRepair, Entryable, Fault, Item, Play, Session
from kiosk.contract.reports import GENESIS, Entry, Heartbeat, Receipt, Report, Witness
from kiosk.contract.wire import Malformed, encode
from kiosk.town.database import schema
from kiosk.town.database.store import Store, columns_of, insert_or, locked_station, put, update_station
from kiosk.town.intake import photos
from kiosk.town.intake.chains import chain_for, chain_of, flag_clone
from kiosk.town.intake.complaints import complain
from kiosk.town.intake.doubts import IsPublished, flag_plays
from kiosk.town.intake.duplicates import HASH, Known, Place, Row, held_at, id_of, is_held
from kiosk.town.intake.quota import Quotas
from kiosk.town.intake.rollup import Tally, too_much_to_repair
from kiosk.town.tickets.outbox import note_activity
from kiosk.town.tickets.tickets import take_fault

MOST_NAMES = 5_000
"""The most plays that the attendance in one report may name: each is a row, and a row to look up."""
MOST_PHOTOS = 500
"""The most photos that the records in one report may name; a single record names 100 at most."""
MOST_REPAIRS = 20
"""The most repairs of a clock in one report: each boot that they name has its plays timed anew."""
MOST_FORK_BYTES = 8_000_000
"""What is kept of one station's other stories, in bytes: enough to judge by. More is counted, and not kept."""
FORK_ROW_BYTES = 400
"""What a fork takes beside its record."""


class Gap(Exception):
    """A report begins behind the head of the chain; the station has to send again from ``head_seq`` + 1."""

    def __init__(self, first: int, witness: Witness) -> None:
        super().__init__(
            f"report of {witness.station}: it begins at entry {first}, the town has the chain up to {witness.seq}; "
            f"send again from {witness.seq + 1}"
        )
        self.head_seq, self.head_hash = witness.seq, witness.hash
        self.witness = witness


class TooMuch(Exception):
    """A report is too much work at once; fewer of its entries may not be."""


@dataclass
class _Batch:
    """What one report adds, gathered before it is written."""

    receipts: list[Receipt] = field(default_factory=list)
    entries: list[dict[str, Any]] = field(default_factory=list)
    plays: list[dict[str, Any]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    with_photos: list[Entryable] = field(default_factory=list)
    activities: list[str] = field(default_factory=list)
    """Ids of items that are to be passed on."""
    repairs: list[tuple[Place, ClockRepair]] = field(default_factory=list)
    attendances: list[tuple[Place, Attendance]] = field(default_factory=list)
    broken: bool = False
    """A record did not fit its hash."""
    forks: list[dict[str, Any]] = field(default_factory=list)


def receive(
    store: Store,
    report: Report,
    now_ms: int,
    quotas: Quotas | None = None,
    is_published: IsPublished = lambda sha256: False,
) -> tuple[tuple[Receipt, ...], Witness]:
    """Take a report in, in one transaction. Gives a receipt for each entry, and what the town is now witness of.

    ``quotas`` are charged with what it costs; ``is_published`` knows of files that the database does not. Raises
    :class:`Gap`, :class:`TooMuch` or :class:`OverQuota`, each with nothing taken; a gap is where entries between the
    town's head and the report are missing.
    """
    began = 0.0
    try:
        with store.write() as connection:
            began = time.monotonic()
            return _receive(connection, report, now_ms, quotas, is_published)
    finally:
        if quotas is not None and began:
            quotas.spend(report.station, "writer", time.monotonic() - began)


def _receive(
    connection: Connection, report: Report, now_ms: int, quotas: Quotas | None, is_published: IsPublished
) -> tuple[tuple[Receipt, ...], Witness]:
    station = locked_station(connection, report.station)
    chain = chain_for(connection, station, report, now_ms)
    if report.entries and report.entries[0].seq > chain.head_seq + 1:
        head = {"seq": chain.head_seq, "hash": chain.head_hash}
        raise Gap(report.entries[0].seq, Witness(station=station.id, epoch=report.epoch, at_ms=now_ms, **head))
    flag_clone(connection, station, chain, now_ms)
    batch = _judge(connection, chain, report, now_ms)
    _limit(batch)
    if quotas is not None and batch.forks:
        quotas.take(station.id, "fork-bytes", _fork_bytes(batch))
    _write(connection, station, batch, now_ms)
    flag_plays(connection, batch.plays, is_published, now_ms)
    head = batch.entries[-1] if batch.entries else {"seq": chain.head_seq, "hash": chain.head_hash}
    table = schema.chain
    place = and_(table.c.station == station.id, table.c.chain == chain.chain)
    values = {"head_seq": head["seq"], "head_hash": head["hash"], "witnessed_ms": now_ms}
    connection.execute(update(table).where(place).values(values))
    forked_ms = station.forked_ms or (now_ms if batch.forks else None)
    broken_ms = station.broken_ms or (now_ms if batch.broken else None)
    update_station(connection, station.id, forked_ms=forked_ms, broken_ms=broken_ms)
    witness = Witness(station=station.id, epoch=report.epoch, seq=head["seq"], hash=head["hash"], at_ms=now_ms)
    return tuple(batch.receipts), witness


def keep_heartbeat(store: Store, beat: Heartbeat, now_ms: int) -> None:
    """Keep a station's latest heartbeat.

    Where its head is another than the town has at that place, there is a fork before any record tells: two PCs with
    the same state folder show at their first heartbeats. So does an older epoch beside a newer one.
    """
    row = columns_of(schema.heartbeat, beat) | {"received_ms": now_ms, "heartbeat": encode(beat).decode()}
    with store.write() as connection:
        put(connection, schema.heartbeat, row)
        station = connection.execute(select(schema.station).where(schema.station.c.id == beat.station)).one()
        if (chain := chain_of(connection, station, beat.epoch)) is None:
            return
        flag_clone(connection, station, chain, now_ms)
        entry = schema.entry
        place = and_(entry.c.station == station.id, entry.c.chain == chain.chain, entry.c.seq == beat.head_seq)
        held = connection.execute(select(entry.c.hash).where(place)).scalar()
        if held not in (None, beat.head_hash) and station.forked_ms is None:
            update_station(connection, station.id, forked_ms=now_ms)


def _judge(connection: Connection, chain: Row, report: Report, now_ms: int) -> _Batch:
    batch = _Batch()
    if not report.entries:
        return batch
    held = held_at(connection, chain, report)
    known = Known(connection, chain.station, report.entries)
    first = report.entries[0].seq
    before = held[first - 1].hash if first - 1 in held else GENESIS
    forked = report.previous != before
    previous = report.previous
    for entry in report.entries:
        stands = held.get(entry.seq)
        forked = forked or (stands is not None and stands.hash != entry.hash)
        data = bytes(entry.record)
        if forked or (stands is not None and not is_held(connection, chain, stands, previous, data)):
            receipt = _set_aside(batch, chain, entry, data, now_ms)
        elif stands is None:
            receipt = _judge_entry(connection, batch, chain, previous, entry, data, known, now_ms)
        elif stands.state == "refused":
            receipt = _refuse(entry, data, stands.reason)
        else:
            receipt = Receipt(seq=entry.seq, id=id_of(data), state="duplicate")
        batch.receipts.append(receipt)
        previous = entry.hash
    return batch


def _judge_entry(
    connection: Connection,
    batch: _Batch,
    chain: Row,
    previous: str,
    entry: Entry,
    data: bytes,
    known: Known,
    now_ms: int,
) -> Receipt:
    """Judge a new entry, put its row into the batch, and give its receipt."""
    where = {"station": chain.station, "chain": chain.chain, "seq": entry.seq}
    row = {**where, "hash": entry.hash, "record": data, "received_ms": now_ms}
    row |= {"record_id": None, "kind": None, "state": "refused", "reason": "", "age_ms": None}  # until it is judged
    batch.entries.append(row)
    if reports.chain(previous, entry.seq, data) != entry.hash:
        row["reason"] = f"{HASH} the record is not the one that the entry's hash was made over"
        batch.broken = True
        return _refuse(entry, data, row["reason"])
    try:
        record = records.read_record(data, f"entry {entry.seq}")
    except Malformed as error:
        row["reason"] = f"malformed: {error}"[:400]
        return _refuse(entry, data, row["reason"])
    row["kind"] = type(record).__struct_config__.tag
    if (same := known.same(record.id, data)) is not None:
        if same:
            row["state"] = "duplicate"
            return Receipt(seq=entry.seq, id=record.id, state="duplicate")
        row["reason"] = f"id: another record has the id {record.id} already"
        return _refuse(entry, data, row["reason"])
    if isinstance(record, ClockRepair) and (told := too_much_to_repair(connection, chain.station, record.boot_id)):
        row["reason"] = f"too-much: {told}; set the times right by corrections"
        return _refuse(entry, data, row["reason"])
    row["record_id"], row["state"], row["age_ms"] = record.id, "accepted", now_ms - _end_ms(record)
    _add_record(batch, record, where, now_ms)
    return Receipt(seq=entry.seq, id=record.id, state="accepted")


def _add_record(batch: _Batch, record: Entryable, where: Place, now_ms: int) -> None:
    if photos.named_in(record):
        batch.with_photos.append(record)
    if isinstance(record, Play):
        batch.plays.append({**where, **columns_of(schema.play, record), "received_ms": now_ms})
    elif isinstance(record, Fault):
        batch.faults.append(record)
    elif isinstance(record, ClockRepair):
        batch.repairs.append((where, record))
    elif isinstance(record, Item) and record.item_kind == "activity":
        batch.activities.append(record.id)
    elif isinstance(record, Attendance):
        batch.attendances.append((where, record))


def _end_ms(record: Entryable) -> int:
    """When what the record tells of was over, by the times in it."""
    if isinstance(record, Play):
        return record.actual_end_ms
    if isinstance(record, Session):
        return record.end_ms
    if isinstance(record, Fault):
        return record.found_ms if record.cleared_ms is None else record.cleared_ms
    return record.at_ms


def _write(connection: Connection, station: Row, batch: _Batch, now_ms: int) -> None:
    if batch.entries:
        connection.execute(insert(schema.entry), batch.entries)
    Tally(connection, station).add(batch.plays, batch.repairs, batch.attendances, now_ms)
    for record in batch.with_photos:
        photos.note_named(connection, station.id, record, now_ms)
    for record_id in batch.activities:
        note_activity(connection, station.id, record_id, now_ms)
    for fault in batch.faults:  # raising and clearing are two records of one fault: the row shows how it stands
        _write_fault(connection, station.id, fault, now_ms)
        take_fault(connection, station.id, fault, now_ms)
    if batch.forks:
        _keep_forks(connection, station.id, batch, now_ms)


def _write_fault(connection: Connection, station: str, fault: Fault, now_ms: int) -> None:
    table = schema.fault
    if fault.state == "confirmed":  # what somebody says of the repair; what the kiosk finds stays as it was
        place = and_(table.c.station == station, table.c.fault == fault.fault)
        connection.execute(update(table).where(place).values(state="confirmed"))
        return
    row = columns_of(table, fault) | {"station": station, "received_ms": now_ms}
    put(connection, table, row, lasting=("received_ms",))


def _keep_forks(connection: Connection, station: str, batch: _Batch, now_ms: int) -> None:
    """Keep the other story, up to :data:`MOST_FORK_BYTES`; the same one is offered until its receipt has arrived."""
    table = schema.fork
    size = func.sum(func.length(table.c.record) + FORK_ROW_BYTES)
    held = connection.execute(select(func.coalesce(size, 0)).where(table.c.station == station)).scalar_one()
    if held + _fork_bytes(batch) > MOST_FORK_BYTES:
        detail = f"{held} bytes of its other stories are kept; what it has told since is not"
        complain(connection, station, "fork-store", detail, len(batch.forks), now_ms)
        return
    connection.execute(insert_or(connection, table).on_conflict_do_nothing(), batch.forks)


def _fork_bytes(batch: _Batch) -> int:
    return sum(len(row["record"]) + FORK_ROW_BYTES for row in batch.forks)


def _limit(batch: _Batch) -> None:
    """Raises :class:`TooMuch`. A single record is never too much: its lists have limits of their own."""
    names = sum(len(attendance.plays) for _, attendance in batch.attendances)
    told = f"names {names} plays" if names > MOST_NAMES else ""
    pictured = sum(len(photos.named_in(record)) for record in batch.with_photos)
    if pictured > MOST_PHOTOS:
        told = f"names {pictured} photos"
    if len(batch.repairs) > MOST_REPAIRS:
        told = f"repairs the clock {len(batch.repairs)} times"
    if told:
        raise TooMuch(f"report: it {told}; send fewer entries at a time")


def _set_aside(batch: _Batch, chain: Row, entry: Entry, data: bytes, now_ms: int) -> Receipt:
    """Keep an entry of another story beside the one that stands; gives its receipt."""
    batch.forks.append(
        {
            "station": chain.station,
            "chain": chain.chain,
            "seq": entry.seq,
            "hash": entry.hash,
            "record_sha256": hashlib.sha256(data).hexdigest(),
            "record": data,
            "received_ms": now_ms,
        }
    )
    return _refuse(entry, data, "fork")


def _refuse(entry: Entry, data: bytes, reason: str) -> Receipt:
    return Receipt(seq=entry.seq, id=id_of(data), state="refused", reason=reason)
