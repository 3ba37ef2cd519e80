"""Integrity check of the journal's contents: SQLite checks its own pages only.

What is read from a damaged file has any type, and a text in it may be no text.
"""

from collections.abc import Iterator
from dataclasses import make_dataclass
from typing import Any

import msgspec
from sqlite_utils import Database

from kiosk.contract.reports import chain
from kiosk.contract.wire import Count, Id, Sha256, Version
from kiosk.station.journal.chain import hash_at, head
from kiosk.station.journal.plays import AsRun


def _row(**columns: Any) -> type:
    """A class for the rows of a table, by which msgspec checks them.

    Given are the types of its columns; of a column that older versions lack, type and default.
    """
    fields = [(name, *kind) if isinstance(kind, tuple) else (name, kind) for name, kind in columns.items()]
    return make_dataclass("Row", fields, frozen=True)


SMALL: dict[str, type] = {
    "epoch": _row(one=int, epoch=Id),
    "delivery": _row(
        one=int, seq=Count, hash=str | None, payload=str | None, keyid=str | None, signature=str | None, at_ms=(int, 0)
    ),
    "pruned": _row(one=int, seq=Count, hash=Sha256),
    "witnesses": _row(seq=Count, at_ms=int),
    "state": _row(key=str, value=str | None),
}
"""Tables of few rows, and what a row of each is."""
GROWING: dict[str, type] = {
    "receipts": _row(seq=Version, id=str, state=str, reason=str | None),
    "plays": AsRun,
    "entries": _row(seq=Version, hash=Sha256, id=str, kind=str, record=bytes),
}


def fault(db: Database, *, whole: bool) -> str | None:
    """The first thing that is not what was written; None where all is right. Raises what reading a damaged row raises.

    Checked is what a start needs, and what the town has not countersigned, which a wrong byte would cost; or the
    ``whole`` record, which takes a while.
    """
    for table, kind in (SMALL | GROWING if whole else SMALL).items():
        for row in _rows(db, table):
            msgspec.convert(row, kind)
    for row in _rows(db, "plays", "WHERE seq IS NULL"):
        msgspec.convert(row, AsRun)
    for table in ("epoch", "delivery", "pruned"):
        if db.execute(f"SELECT count(*) FROM {table}").fetchone() != (1,):  # noqa: S608 - these names
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
    """The first entry that does not follow the one before it; None where there is none."""
    sql = "SELECT seq, hash, record FROM entries WHERE seq > ? ORDER BY seq"
    (start,) = db.execute(f"SELECT seq FROM {'pruned' if whole else 'delivery'}").fetchone()  # noqa: S608 - two names
    at, previous = start, hash_at(db, start)
    for seq, digest, record in db.execute(sql, [start]):
        if previous is None or seq != at + 1 or chain(previous, seq, record) != digest:
            return int(seq)
        at, previous = seq, digest
    return None
