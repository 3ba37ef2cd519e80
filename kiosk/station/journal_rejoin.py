"""After a loss the town may turn out to hold more of the chain than it was known to: a receipt was lost with the rest.

Then what was written since stands at numbers that are taken at the town. It has gone nowhere yet, and moves behind the
town's head, byte for byte, before anything is delivered; else the town would see a fork, and take nothing ever again.
"""

import logging

from sqlite_utils import Database

from kiosk.contract.records import read_record
from kiosk.contract.reports import Witness, chain
from kiosk.station.journal_chain import hash_at, head, put_entry

log = logging.getLogger(__name__)

UNSURE = "rejoin"
"""The piece of state that says so: the first number given out anew, and the last that was perhaps given out before."""
_STAYS = ("closed_play_stays", "closed_play_is_kept", "entry_is_kept")


def note_unsure(db: Database, first: int, before: int) -> None:
    """From ``first`` on numbers were given out anew, of which the town may know those up to ``before``."""
    for (earlier,) in db.execute("SELECT value FROM state WHERE key = ?", [UNSURE]).fetchall():  # not settled yet
        first, before = min(first, int(earlier.split()[0])), max(before, int(earlier.split()[1]))
    if first <= before:
        db.table("state").upsert({"key": UNSURE, "value": f"{first} {before}"}, pk="key")


def rejoin(db: Database, witness: Witness) -> None:
    """The town says where its head is: nothing is to be done, or the entries made since the loss move behind it."""
    found = db.execute("SELECT value FROM state WHERE key = ?", [UNSURE]).fetchone()
    if found is None:
        return
    first, before = map(int, found[0].split())
    db.execute("DELETE FROM state WHERE key = ?", [UNSURE])
    if first <= witness.seq <= before and hash_at(db, witness.seq) != witness.hash:
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
    for (data,) in moving:
        at, previous = head(db)
        record = read_record(data, f"entry {at + 1}")
        put_entry(db, at + 1, chain(previous, at + 1, data), data, record)
        db.execute("UPDATE plays SET seq = ? WHERE id = ?", [at + 1, record.id])
    for _, sql in stays:
        db.execute(sql)
