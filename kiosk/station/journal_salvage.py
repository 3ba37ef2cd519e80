"""After damage: the broken file is set aside, what its chain still proves is carried over, the chain goes on.

The chain must not start again from nothing: the town would see a fork, which is what a forger leaves behind. A side
file, ``journal.head``, therefore keeps the newest entry and the newest one that the town has countersigned. When fewer
entries can be read than the side file knows of, the chain goes on from the last readable one, or, where the town has
witnessed more, from the witnessed head; the first new entry, an :class:`Action` ``journal-restarted``, owns up to it.
"""

import json
import logging
import os
import secrets
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from kiosk.contract.records import Action
from kiosk.contract.reports import GENESIS, chain
from kiosk.station.journal_chain import append, hash_at, head
from kiosk.station.journal_schema import ReadOnlyJournal, connect_reading

log = logging.getLogger(__name__)

Head = tuple[int, str]


@dataclass(frozen=True)
class Heads:
    """The newest entry, and the newest one that the town has countersigned: sequence number and hash."""

    newest: Head = (0, GENESIS)
    witnessed: Head = (0, GENESIS)


def heads_beside(journal: Path) -> Heads:
    """What the side file says; nothing where it is missing or broken."""
    try:
        found = json.loads(_side(journal).read_bytes())
        return Heads(*((int(found[name]["seq"]), str(found[name]["hash"])) for name in ("newest", "witnessed")))
    except (OSError, ValueError, KeyError, TypeError):
        return Heads()


def note_heads(journal: Path, db: Database) -> None:
    """Bring the side file up to date. A failure is logged only: the journal itself is whole."""
    witnessed = int(db.execute("SELECT seq FROM delivery").fetchone()[0])
    heads = {"newest": head(db), "witnessed": (witnessed, hash_at(db, witnessed) or GENESIS)}
    text = json.dumps({name: {"seq": seq, "hash": digest} for name, (seq, digest) in heads.items()})
    side, fresh = _side(journal), journal.with_name("journal.head.new")
    try:
        with fresh.open("w") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(side)
    except OSError as error:
        log.warning("journal: %s not written: %s", side.name, error)


def set_aside(journal: Path, stamp: str) -> Path:
    """Move a broken journal out of the way, with its write-ahead log; it may still be of use to a person."""
    aside = journal.with_name(f"{journal.name}.corrupt-{stamp}")
    try:
        for ending in ("-wal", "-shm", ""):
            part = journal.with_name(journal.name + ending)
            if part.exists():
                part.rename(aside.with_name(aside.name + ending))
    except OSError as error:
        raise ReadOnlyJournal(
            f"journal {journal}: damaged, and cannot be set aside ({error}); let the kiosk's user write in its folder"
        ) from None
    return aside


def carry_over(aside: Path, db: Database) -> None:
    """Copy what the broken file still holds: entries from the front as long as the chain is whole, and their rows."""
    try:
        broken = connect_reading(aside)
    except sqlite3.Error:
        return
    with db.atomic():
        whole = True
        for restart in _rows(broken, "restarts"):
            if whole := whole and _copy_chain(broken, db, int(restart["lost_from"])):
                db.table("restarts").insert(restart, pk="seq")
        if whole:
            _copy_chain(broken, db, None)
        newest, _ = head(db)
        for row in _rows(broken, "plays"):
            if row["seq"] is None or row["seq"] <= newest:
                db.table("plays").insert(row, pk="id", ignore=True)
        for row in _rows(broken, "receipts"):
            if row["seq"] <= newest:
                db.table("receipts").insert(row, pk="seq", ignore=True)
        for row in _rows(broken, "delivery"):
            if row["seq"] <= newest:
                db.table("delivery").upsert(row, pk="one")
        for row in _rows(broken, "state"):
            db.table("state").upsert(row, pk="key")
    broken.conn.close()


def go_on(db: Database, known: Heads, aside: Path | None, now_ms: int) -> Action | None:
    """Continue a chain that has lost entries; gives the record that owns up to it, or None where nothing was lost."""
    newest, _ = head(db)
    if newest >= known.newest[0] and aside is None:
        return None
    lost = {"lost_from": str(newest + 1), "lost_to": str(known.newest[0])} if newest < known.newest[0] else {}
    seq, digest = known.witnessed
    with db.atomic():
        if newest < seq:
            row = {"seq": seq, "hash": digest, "lost_from": newest + 1, "lost_to": known.newest[0]}
            db.table("restarts").insert(row, pk="seq")
        if hash_at(db, seq) == digest:
            db.execute("UPDATE delivery SET seq = max(seq, ?)", [seq])
        record = Action(
            id=f"journal-{secrets.token_hex(8)}",
            at_ms=now_ms,
            by="",
            action="journal-restarted",
            reason="the journal was damaged or older than its head; entries that could not be read are lost",
            facts=lost | ({"set_aside": aside.name} if aside else {}),
            clock="untrusted",
        )
        append(db, record)
    return record


def _copy_chain(broken: Database, db: Database, before: int | None) -> bool:
    """Copy the entries that follow the head, up to but without entry ``before``; tells whether the chain is whole."""
    at, previous = head(db)
    for row in _rows(broken, "entries", "seq > ?", at):
        seq, data = row["seq"], row["record"]
        if seq == before:
            return True
        if seq != at + 1 or chain(previous, seq, data) != row["hash"]:
            log.error("journal: the chain set aside breaks at entry %s; the rest is not carried over", seq)
            return False
        db.table("entries").insert(row, pk="seq")
        at, previous = seq, row["hash"]
    return before is None or at + 1 == before


def _rows(broken: Database, table: str, where: str | None = None, *args: int) -> Iterator[dict[str, Any]]:
    """Rows of a broken table in their order, as many as can be read."""
    try:
        yield from broken.table(table).rows_where(where, args, order_by="rowid")
    except sqlite3.Error as error:
        log.warning("journal: table %s set aside cannot be read further: %s", table, error)


def _side(journal: Path) -> Path:
    return journal.with_name("journal.head")
