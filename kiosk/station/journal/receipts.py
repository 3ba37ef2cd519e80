"""Keeps the town's receipts and countersignatures; removes old entries that it has countersigned.

Each function runs inside its caller's transaction.
"""

import logging

from sqlite_utils import Database

from kiosk.contract.reports import Receipt, Signed, Witness
from kiosk.station.journal.chain import hash_at, insert

log = logging.getLogger(__name__)

DAY_MS = 86_400_000


def keep_receipts(db: Database, receipts: tuple[Receipt, ...], witness: Witness | None, signed: Signed | None) -> None:
    """Keep what became of entries at the town; a witness of a head that we have moves the cursor of delivery there."""
    for receipt in receipts:
        row = {"seq": receipt.seq, "id": receipt.id, "state": receipt.state, "reason": receipt.reason}
        known = db.execute("SELECT id FROM entries WHERE seq = ?", [receipt.seq]).fetchone()
        if known is None or known[0] != receipt.id:
            log.warning("journal: a receipt for entry %d, %s, which is not in the chain", receipt.seq, receipt.id)
        else:
            # A duplicate says only that the reply was lost: what was said first stands.
            insert(db, "receipts", row, "OR IGNORE " if receipt.state == "duplicate" else "OR REPLACE ")
    if witness is not None and signed is not None and hash_at(db, witness.seq) == witness.hash:
        db.execute(
            "UPDATE delivery SET seq = ?, hash = ?, payload = ?, keyid = ?, signature = ?, at_ms = ?",
            [witness.seq, witness.hash, signed.payload, signed.keyid, signed.signature, witness.at_ms],
        )
        _note_witness(db, witness)


def _note_witness(db: Database, witness: Witness) -> None:
    """One a day is enough to know what the town has had for how long."""
    db.execute("DELETE FROM witnesses WHERE seq > ?", [witness.seq])  # a town restored from a copy has forgotten
    (last,) = db.execute("SELECT max(at_ms) FROM witnesses").fetchone()
    if last is None or witness.at_ms >= last + DAY_MS:
        db.table("witnesses").insert({"seq": witness.seq, "at_ms": witness.at_ms}, pk="seq", ignore=True)


def prune(db: Database, keep_ms: int, most: int) -> int:
    """Remove what the town countersigned ``keep_ms`` ago or longer, ``most`` entries at a time. Gives how many went.

    The town's clock judges, at both ends: a station whose clock is wrong must not throw its record away. The number and
    the hash of the last entry that went are kept: what is left is still a chain, and begins there.
    """
    sql = """SELECT max(witnesses.seq) FROM witnesses, delivery
             WHERE witnesses.at_ms <= delivery.at_ms - ? AND witnesses.seq <= delivery.seq"""
    (old,) = db.execute(sql, [keep_ms]).fetchone()
    (start,) = db.execute("SELECT seq FROM pruned").fetchone()
    sql = "SELECT seq, hash FROM entries WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?"
    going = db.execute(sql, [start, old or 0, most]).fetchall()
    if not going:
        return 0
    seq, digest = going[-1]
    db.execute("UPDATE pruned SET seq = ?, hash = ?", [seq, digest])
    for table in ("plays", "entries", "receipts"):
        db.execute(f"DELETE FROM {table} WHERE seq <= ?", [seq])  # noqa: S608 - the names are these
    db.execute("DELETE FROM witnesses WHERE seq < ?", [seq])
    log.info("journal: %d entries up to %d have been at the town long enough, and are removed here", len(going), seq)
    return len(going)
