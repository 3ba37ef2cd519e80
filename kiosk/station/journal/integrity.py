"""Reads a journal as the daemon does, and says what in it is not what was written: SQLite looks at its own pages only.

What is read from a damaged file has any type, and a text in it may be no text.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlite_utils import Database

from kiosk.contract.reports import chain
from kiosk.contract.wire import Count, Sha256, Version
from kiosk.station.journal.chain import hash_at, head
from kiosk.station.journal.plays import AsRun

UNREADABLE = (TypeError, ValueError, LookupError, ArithmeticError, msgspec.MsgspecError)
"""What comes of reading a row that is not what was written."""


@dataclass(frozen=True)
class EntryRow:
    """One row of ``entries``."""

    seq: Version
    hash: Sha256
    id: str
    kind: str
    record: bytes


@dataclass(frozen=True)
class RestartRow:
    """One row of ``restarts``. The hash is empty where it was lost."""

    seq: Count
    hash: str
    lost_from: Count | None
    lost_to: Count | None


@dataclass(frozen=True)
class ReceiptRow:
    """One row of ``receipts``."""

    seq: Version
    id: str
    state: str
    reason: str | None


@dataclass(frozen=True)
class DeliveryRow:
    """The row of ``delivery``; of the first version it has no instant."""

    one: int
    seq: Count
    hash: str | None
    payload: str | None
    keyid: str | None
    signature: str | None
    at_ms: int = 0


@dataclass(frozen=True)
class PrunedRow:
    """The row of ``pruned``."""

    one: int
    seq: Count
    hash: Sha256


@dataclass(frozen=True)
class WitnessRow:
    """One row of ``witnesses``."""

    seq: Count
    at_ms: int


@dataclass(frozen=True)
class StateRow:
    """One row of ``state``."""

    key: str
    value: str | None


@dataclass(frozen=True)
class MentionRow:
    """One row of ``mentions``."""

    seq: Version
    about: str


SMALL: dict[str, type] = {
    "restarts": RestartRow, "delivery": DeliveryRow, "pruned": PrunedRow, "witnesses": WitnessRow, "state": StateRow,
}  # fmt: skip
"""Tables of few rows, and what a row of each is."""
GROWING: dict[str, type] = {"receipts": ReceiptRow, "mentions": MentionRow, "plays": AsRun, "entries": EntryRow}


def fault(db: Database, *, whole: bool) -> str | None:
    """What is not what was written; None where nothing is found. Raises :data:`UNREADABLE` or an error of SQLite's.

    Looked at is what a start needs, and what the town has not countersigned, which a wrong byte would cost; or, for a
    while, the ``whole`` record.
    """
    for table, kind in (SMALL | GROWING if whole else SMALL).items():
        for row in _rows(db, table):
            msgspec.convert(row, kind)
    for row in _rows(db, "plays", "WHERE seq IS NULL"):
        msgspec.convert(row, AsRun)
    for table in ("delivery", "pruned"):
        if db.execute(f"SELECT count(*) FROM {table}").fetchone() != (1,):  # noqa: S608 - two names
            return f"table {table}"
    if db.execute("SELECT seq FROM delivery").fetchone()[0] > head(db)[0]:  # nothing would ever be delivered again
        return "the countersigned end of the record"
    seq = _broken_from(db, whole=whole)
    return None if seq is None else f"entry {seq}"


def _rows(db: Database, table: str, where: str = "") -> Iterator[dict[str, Any]]:
    found = db.execute(f"SELECT * FROM {table} {where}")  # noqa: S608 - this module's own names
    names = [column[0] for column in found.description]
    for values in found:
        yield dict(zip(names, values, strict=True))


def _broken_from(db: Database, *, whole: bool) -> int | None:
    """The first entry whose hash does not fit; None where there is none."""
    sql = "SELECT seq, hash, record FROM entries WHERE seq > ? ORDER BY seq"
    (start,) = db.execute(f"SELECT seq FROM {'pruned' if whole else 'delivery'}").fetchone()  # noqa: S608 - two names
    at, previous = start, hash_at(db, start)
    for seq, digest, record in db.execute(sql, [start]):
        before = previous if seq == at + 1 else hash_at(db, seq - 1)
        if before and chain(before, seq, record) != digest:
            return int(seq)
        at, previous = seq, digest
    return None
