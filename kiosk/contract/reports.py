"""What a station tells its town: the record, as a chain of entries, and the heartbeat.

An **entry** is a record that will never change. It carries the station's sequence number and a hash over its own bytes
and the hash before it, so the town, which countersigns the newest hash it has seen (:class:`Witness`), can tell whether
a record was altered, left out or forked afterwards. A later finding about a record is a new record that names it.

An **epoch** is one chain of a station's, from entry 1 on. A station whose journal was damaged begins a new one.
"""

import hashlib
from itertools import pairwise
from typing import Literal

import msgspec

from kiosk.contract.records import ClockState, Origin, SoundWent
from kiosk.contract.wire import (
    MAX_DOCUMENT,
    Count,
    Format2,
    Id,
    Instant,
    LongText,
    Malformed,
    Record,
    Sha256,
    Span,
    Text,
    Version,
    convert,
    judge_format,
    plain,
)

GENESIS = "0" * 64
"""The hash before the first entry."""
MAX_BATCH = 500
"""The most entries in one report."""


class Entry(Record, frozen=True, kw_only=True):
    """A record in the station's chain."""

    seq: Version
    """1, 2, 3, ...: without a gap."""
    hash: Sha256
    record: msgspec.Raw
    """The record's canonical JSON, kept byte for byte: the hash is over these bytes."""


class Head(Record, frozen=True, kw_only=True, tag_field="type", tag="head"):
    """What a station signs of a report: how far its chain goes, by the hash that proves every record up to there."""

    station: Id
    epoch: Id
    seq: Count
    """Of the report's last entry; 0 where it has none."""
    hash: Sha256


class Report(Format2, frozen=True, kw_only=True):
    """A batch of entries, in the order of the chain."""

    station: Id
    epoch: Id
    """Which of the station's chains this is: random, made with its journal."""
    previous: Sha256
    """The hash before the first entry of this batch."""
    entries: tuple[Entry, ...]
    signature: Text = ""
    """Ed25519 with the station's key over the canonical bytes of :func:`head_of`, in hexadecimal."""


class Receipt(Record, frozen=True, kw_only=True):
    """What became of one entry at the town."""

    seq: Count
    id: Text
    state: Literal["accepted", "duplicate", "refused"]
    reason: Text = ""


class Witness(Record, frozen=True, kw_only=True, tag_field="type", tag="witness"):
    """The town has seen this epoch of the station up to this head. Signed by the town's online key."""

    station: Id
    epoch: Id
    seq: Count
    hash: Sha256
    at_ms: Instant


class Signed(Record, frozen=True, kw_only=True):
    """Something that the town's online key vouches for."""

    payload: str
    """Canonical JSON, as text, byte for byte what was signed."""
    keyid: Text
    signature: Text
    """Ed25519 over the payload's UTF-8, in hexadecimal."""


class ReportAnswer(Format2, frozen=True, kw_only=True):
    """The town's answer to a report."""

    receipts: tuple[Receipt, ...]
    witness: Signed
    wait_ms: Span = 0
    """How long to wait before the next report."""
    photos_wanted: tuple[Sha256, ...] = ()
    """Photos that the record names and the town lacks; a few at a time."""


RepairState = Literal["reported", "seen", "telecom-called", "repaired", "confirmed", "closed", "reopened"]


class TicketState(Record, frozen=True, kw_only=True):
    """How far the repair of a fault has come at the town."""

    fault: Id
    """The fault's name; of a ticket that the town has opened itself, a name that no fault has."""
    state: RepairState
    work_order: Text = ""
    contact: Text = ""
    note: Text = ""
    changed_ms: Instant
    ticket: Count = 0
    """The town's number of the ticket; 0: not told."""
    cause: Text = ""
    """The fault's cause; of a ticket that the town has opened itself, the town's word for it."""
    device: Text = ""
    text: LongText = ""
    """What is wrong, a line a language."""


ScreenState = Literal["up", "none", "denied"]
"""Of the room's PC: it has its screen, it has none (no X server), or the X server does not let it in."""


class OnAir(Record, frozen=True, kw_only=True):
    """What the screen shows."""

    programme: Id
    title: Text
    origin: Origin
    started_ms: Instant
    ends_ms: Instant


class SessionHeld(Record, frozen=True, kw_only=True):
    """A session under way or to come; also the screen lent to another source."""

    session_kind: Text
    title: Text = ""
    start_ms: Instant
    """From when on it has the screen."""
    meeting_ms: Instant | None = None
    end_ms: Instant
    practice: bool = False


class Refusal(Record, frozen=True, kw_only=True):
    """Something of the town's that this station would not take, newest first in a heartbeat."""

    at_ms: Instant
    what: Text
    reason: Text
    cause: Text = ""
    """The word of the reason; empty: of a kiosk that does not tell it."""


class Heartbeat(Format2, frozen=True, kw_only=True):
    """A station's sign of life, and the question for news."""

    station: Id
    epoch: Id
    sent_ms: Instant
    nonce: Text
    """Random; the town's signed answer must carry it."""
    boot_id: Id
    up_ms: Span
    software: Text
    root_version: Count = 0
    playlist_version: Count = 0
    urgent_version: Count = 0
    station_version: Count = 0
    clock: ClockState
    stopped: bool = False
    stopped_until_ms: Instant | None = None
    """While it is stopped: until when; 0: until somebody presses Start; None: not told."""
    maintenance_until_ms: Instant | None = None
    """Somebody works on the room's devices until then, and faults are quiet; None: nobody does, or it is not told."""
    on_air: OnAir | None = None
    """None also where there is no screen, whatever the plan says."""
    screen: ScreenState | None = None
    sound: SoundWent | None = None
    """Where sound goes now; None: not known."""
    head_seq: Count = 0
    head_hash: Sha256 = GENESIS
    waiting: Count = 0
    """Entries not yet receipted."""
    programmes_missing: Count = 0
    bytes_missing: Count = 0
    """Of those programmes, what is still to come."""
    bytes_per_s: Count = 0
    """The speed of the line, as measured when programmes were fetched; 0: not known."""
    ready_ms: Instant = 0
    """When all will be here at that speed, in the hours in which it may be fetched; 0: not known, or all is here."""
    bytes_lacking: Count = 0
    """How much room the disk lacks for what is missing; 0: all fits. Then ``ready_ms`` is 0."""
    lacking_for: Text = ""
    """Title of the first programme that does not fit."""
    planned_until_ms: Instant = 0
    disk_free_mb: Count = 0
    open_faults: tuple[Text, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    behind_since_ms: Instant = 0
    """Since when, by the town's clock, it has been told of news that it does not hold yet; 0: it holds all."""
    refusing: tuple[Refusal, ...] = ()
    """What the town offers at present and the station does not take, newest first."""
    spot_check: Id | None = None
    """The newest spot check whose code it has put on the screen; None: none, or it cannot."""
    sessions: tuple[SessionHeld, ...] = ()
    """Those under way or to come, the soonest first; the first few."""


class HeartbeatAnswer(Format2, frozen=True, kw_only=True, tag_field="type", tag="heartbeat-answer"):
    """The town's time and the newest version of everything. Signed as one by the town's online key."""

    nonce: Text
    """As the heartbeat had it."""
    now_ms: Instant
    """The town's clock."""
    root_version: Count
    playlist_version: Count
    """Of the station's group; 0: none."""
    urgent_version: Count
    station_version: Count
    wait_ms: Span = 0
    """How long to wait at least before the next heartbeat; 0: as the station is set. At most an hour is heeded."""
    picture_wanted: bool = False
    """Whether somebody at the town waits for a picture of the screen."""
    photos_wanted: tuple[Sha256, ...] = ()
    """As in :class:`ReportAnswer`: asked for again until they have come."""
    passes_on: bool = False
    """Whether the town passes an activity of this room on to the group's chat robot, where the room wants it."""


def read_report(data: bytes) -> Report:
    """Read a report, its envelope strictly and its records as the bytes they are: a bad record blocks no other.

    Each record is judged on its own by :func:`read_record`. Raises :class:`Malformed` for a fault in the envelope.
    """
    if len(data) > MAX_DOCUMENT:
        raise Malformed(f"report: {len(data)} bytes is more than the {MAX_DOCUMENT} allowed; send fewer entries")
    try:
        judge_format(msgspec.json.decode(data, type=_Format).format, Report, "report")
        report = msgspec.json.decode(data, type=Report)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Malformed(f"report: {error}") from None
    except RecursionError:
        raise Malformed("report: nested too deeply") from None
    if len(report.entries) > MAX_BATCH:  # before anything that looks at each of them
        raise Malformed(f"report: {len(report.entries)} entries; a report holds at most {MAX_BATCH}")
    convert(plain(_envelope(data, report.entries), "report"), _Envelope, "report")
    for earlier, later in pairwise(report.entries):
        if later.seq != earlier.seq + 1:
            raise Malformed(f"report: entry {later.seq} follows entry {earlier.seq}; send them in order, without a gap")
    return report


class _Format(msgspec.Struct):
    """Of a report its format version alone, which is judged before anything else."""

    format: object = None


class _Envelope(Format2, frozen=True, kw_only=True):
    """A report without its records, to judge the rest of it."""

    station: Id
    epoch: Id
    previous: Sha256
    signature: Text = ""


def _envelope(data: bytes, entries: tuple[Entry, ...]) -> bytes:
    """The report with ``0`` in the place of each record.

    From the first key that somebody has written otherwise (``"r\\u0065cord"``) the rest stays as it is, and is judged
    with the envelope: to look for each of 500 such keys to the end of 4 MB takes seconds.
    """
    pieces: list[bytes] = []
    at = 0
    for entry in entries:
        record = bytes(entry.record)
        if not record.startswith(b"{"):
            continue
        key = data.find(b'"record"', at)
        start = data.find(record, key) if key >= 0 else -1
        if start < 0:
            break
        pieces += (data[at:start], b"0")
        at = start + len(record)
    return b"".join((*pieces, data[at:]))


def head_of(report: Report) -> Head:
    """What the station signs of ``report``."""
    last = report.entries[-1] if report.entries else None
    seq, digest = (last.seq, last.hash) if last else (0, report.previous)
    return Head(station=report.station, epoch=report.epoch, seq=seq, hash=digest)


def chain(previous: str, seq: int, record: bytes) -> str:
    """The hash of an entry: SHA-256 over previous hash, sequence number and record, a line feed between each.

    ``previous`` is 64 hexadecimal digits, ``seq`` is written in decimal, ``record`` is canonical JSON.
    """
    return hashlib.sha256(b"%s\n%d\n%s" % (previous.encode(), seq, record)).hexdigest()
