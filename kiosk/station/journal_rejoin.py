"""After a loss the town may turn out to hold more of the chain than it was known to: a receipt was lost with the rest.

Then what was written since stands at numbers that are taken at the town. It has gone nowhere yet, and moves behind the
town's head, byte for byte, before anything is delivered; else the town would see a fork, and take nothing ever again.
"""

import logging
import secrets

from sqlite_utils import Database

from kiosk.contract.records import Action, read_record
from kiosk.contract.reports import Witness, chain
from kiosk.station.journal.chain import append, hash_at, head, put_entry

log = logging.getLogger(__name__)

RESTARTED = "journal-restarted"
UNSURE = "rejoin"
"""The piece of state that says so: the first number that was given out anew."""
_STAYS = ("closed_play_stays", "closed_play_is_kept", "entry_is_kept")


def restarted(at_ms: int, facts: dict[str, str]) -> Action:
    """The first new entry after a loss, which owns up to it."""
    return Action(
        id=f"journal-{secrets.token_hex(8)}",
        at_ms=at_ms,
        by="",
        action=RESTARTED,
        reason="the journal was damaged or older than its head; entries that could not be read are lost",
        facts=facts,
        clock="untrusted",
    )


def note_unsure(db: Database, first: int) -> None:
    """Numbers from ``first`` on were given out anew."""
    for (earlier,) in db.execute("SELECT value FROM state WHERE key = ?", [UNSURE]).fetchall():  # not settled yet
        first = min(first, int(earlier))
    db.table("state").upsert({"key": UNSURE, "value": str(first)}, pk="key")


def rejoin(db: Database, witness: Witness) -> None:
    """The town says where its head is: nothing is to be done, or the entries made since the loss move behind it.

    A journal that was never countersigned, of a station that the town knows, began anew from nothing.
    """
    found = db.execute("SELECT value FROM state WHERE key = ?", [UNSURE]).fetchone()
    db.execute("DELETE FROM state WHERE key = ?", [UNSURE])
    never = db.execute("SELECT 1 FROM delivery WHERE seq = 0 AND payload IS NULL").fetchone()
    if found is None and never is None:
        return
    first = int(found[0]) if found else 1
    if witness.seq >= first and hash_at(db, witness.seq) != witness.hash:
        log.warning("journal: the town has our record up to %d; entries from %d on move behind it", witness.seq, first)
        _move(db, first, witness)


def _move(db: Database, first: int, witness: Witness) -> None:
    moving = db.execute("SELECT record FROM entries WHERE seq >= ? ORDER BY seq", [first]).fetchall()
    stays = db.execute(
        f"SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name IN {_STAYS}"  # noqa: S608 - these names
    ).fetchall()
    for name, _ in stays:
        db.execute(f"DROP TRIGGER {name}")
    db.execute("UPDATE plays SET seq = NULL WHERE seq >= ?", [first])
    for table in ("entries", "mentions", "restarts"):
        db.execute(f"DELETE FROM {table} WHERE seq >= ?", [first])  # noqa: S608 - the names are these
    gap = {"seq": witness.seq, "hash": witness.hash, "lost_from": first, "lost_to": witness.seq}
    db.table("restarts").insert(gap, pk="seq")
    records = [(read_record(data, "an entry that moves"), data) for (data,) in moving]
    if not any(isinstance(record, Action) and record.action == RESTARTED for record, _ in records):
        append(db, restarted(witness.at_ms, {"lost": f"{first}-{witness.seq}"}))
    for record, data in records:
        at, previous = head(db)
        put_entry(db, at + 1, chain(previous, at + 1, data), data, record)
        db.execute("UPDATE plays SET seq = ? WHERE id = ?", [at + 1, record.id])
    for _, sql in stays:
        db.execute(sql)
