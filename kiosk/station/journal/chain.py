"""The chain of entries: each follows the head, with a hash over its own bytes and the hash before it.

Each function runs inside its caller's transaction.
"""

import logging
from typing import Any, get_args

import msgspec
from sqlite_utils import Database

from kiosk.contract import wire
from kiosk.contract.records import Entryable
from kiosk.contract.reports import GENESIS, Entry, chain

log = logging.getLogger(__name__)

RESTARTED = "journal-restarted"
"""The action of the first entry of a new epoch, after damage."""
_PLACES = ("entries", "pruned")
"""Tables that hold a number and a hash of the chain: its entries, and the last one that was removed before them."""


def append(db: Database, record: Entryable, data: bytes | None = None) -> int:
    """Put a record at the head of the chain and give its sequence number; one that stands there already stays.

    ``data`` is the record byte for byte, where it was written before.
    """
    for (seq,) in db.execute("SELECT seq FROM entries WHERE id = ?", [record.id]):
        log.warning("journal: record %s stands in the chain already, as entry %d", record.id, seq)
        return int(seq)
    seq, previous = head(db)
    data = wire.encode(record) if data is None else data
    digest, kind = chain(previous, seq + 1, data), str(type(record).__struct_config__.tag)
    insert(db, "entries", {"seq": seq + 1, "hash": digest, "id": record.id, "kind": kind, "record": data})
    return seq + 1


def insert(db: Database, table: str, row: dict[str, Any], how: str = "") -> None:
    """Plainly: sqlite-utils looks the table up five times first, which costs as much as the commit."""
    sql = f"INSERT {how}INTO {table} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})"  # noqa: S608 - own names
    db.execute(sql, list(row.values()))


def head(db: Database) -> tuple[int, str]:
    """Sequence number and hash of the newest entry; 0 and :data:`GENESIS` before the first."""
    sql = " UNION ALL ".join(f"SELECT seq, hash FROM {table}" for table in _PLACES)  # noqa: S608 - this module's own
    found = db.execute(f"{sql} ORDER BY seq DESC LIMIT 1").fetchone()
    return (int(found[0]), str(found[1])) if found else (0, GENESIS)


def hash_at(db: Database, seq: int) -> str | None:
    """The hash of entry ``seq``, or None where this journal does not hold it."""
    if seq == 0:
        return GENESIS
    sql = " UNION ALL ".join(f"SELECT hash FROM {table} WHERE seq = ?" for table in _PLACES)  # noqa: S608 - ditto
    found = db.execute(sql, [seq] * len(_PLACES)).fetchone()
    return str(found[0]) if found and found[0] else None


def valid(record: Entryable) -> None:
    """Raises :class:`wire.Malformed` where the town would refuse the record for its form."""
    if not isinstance(record, get_args(Entryable)):
        raise wire.Malformed(f"{type(record).__name__} is not a record of the chain")
    wire.decode(wire.encode(record), type(record), f"record {record.id}")


def entry_of(row: Any) -> Entry:
    """An entry from its columns seq, hash and record."""
    return Entry(seq=row[0], hash=row[1], record=msgspec.Raw(row[2]))
