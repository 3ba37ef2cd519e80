"""After damage: what the broken file still proves is carried over row by row, and the chain goes on.

The chain must not start again from nothing: the town would see a fork, which is what a forger leaves behind. So an
entry keeps its number and its hash wherever the chain can be followed to it; what is missing is noted as lost where the
town has countersigned it, for then the town holds it, and the chain goes on behind the gap. From the first gap that the
town may not hold, numbers cannot be kept: the first new entry, an :class:`Action` ``journal-restarted``, owns up to
that, and what can be read of later entries is entered anew behind it, byte for byte: their ids make that harmless.
"""

import logging
import secrets
import sqlite3
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from sqlite_utils import Database

from kiosk.contract import wire
from kiosk.contract.records import Action, Entryable, Play, read_record
from kiosk.contract.reports import GENESIS, chain
from kiosk.station.journal_aside import aside_name, exchange, fresh_beside
from kiosk.station.journal_chain import append, hash_at, head, put_entry
from kiosk.station.journal_finds import Finds, readable, record_of, row_of
from kiosk.station.journal_heads import Head, Heads
from kiosk.station.journal_schema import named, open_writing

log = logging.getLogger(__name__)


@dataclass
class Loss:
    """What could not be carried over, and what had to be entered anew."""

    places: list[tuple[int, int]] = field(default_factory=list)
    """Numbers of lost entries, from and to."""
    anew: list[tuple[Entryable, bytes]] = field(default_factory=list)
    """Records whose old places cannot be kept."""


def salvage(journal: Path, stamp: str, known: Heads, now_ms: int) -> Action:
    """Make a new journal of what the broken one holds, and put it in its place; the broken one is set aside.

    Gives the record that owns up to it. Raises a :class:`JournalError` where there is no room to do it in.
    """
    aside = aside_name(journal, stamp)
    db = open_writing(fresh_beside(journal))
    try:
        with db.atomic():
            finds = Finds(db, journal)
            loss = _rebuild(finds, known)
            record = _own_up(db, known, loss, aside, now_ms)
            for late, data in loss.anew:
                append(db, late, data)
            _carry_plays(finds)
            _carry_rest(finds)
        db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    except sqlite3.Error as error:
        raise named(journal, error) from None
    finally:
        db.conn.close()
    exchange(journal, aside)
    return record


def go_on(db: Database, known: Heads, now_ms: int) -> Action | None:
    """Continue a sound chain that is older than it should be; None where it is not."""
    newest, _ = head(db)
    if newest >= known.newest[0]:
        return None
    with db.atomic():
        _bridge(db, known.witnessed, newest + 1, known.newest[0])
        return _own_up(db, known, Loss([(newest + 1, known.newest[0])]), None, now_ms)


# --- entries ---


def _rebuild(finds: Finds, known: Heads) -> Loss:
    """Put the chain together again, from where the record begins to as far as it goes."""
    db, loss = finds.db, Loss()
    witnessed = _witnessed(finds, known.witnessed)
    heads = {known.newest, known.witnessed, witnessed}
    start = _begin(finds, witnessed)
    at, previous = start
    gaps = {int(row["lost_from"]): row for row in finds.small("restarts") if row["lost_from"] is not None}
    while True:
        seq = at + 1
        if (gap := gaps.get(seq)) is not None and int(gap["seq"]) > at:
            db.table("restarts").insert(gap, pk="seq")
            at, previous = int(gap["seq"]), gap["hash"]
        elif (found := _follow(finds, seq, previous, heads, seq > witnessed[0])) is not None:
            put_entry(db, seq, *found)
            at, previous = seq, found[0]
        elif seq <= witnessed[0]:
            at, previous = _leave_out(finds, seq, witnessed)
            loss.places.append((seq, at))
        else:
            break
    _gather_late(finds, at, known.newest[0], loss)
    return loss


def _witnessed(finds: Finds, beside: Head) -> Head:
    """The newest entry that the town is known to hold."""
    rows = [(int(row["seq"]), str(row["hash"])) for row in finds.small("delivery") if row["hash"]]
    return max([*rows, beside], key=lambda found: found[0])


def _begin(finds: Finds, witnessed: Head) -> Head:
    """Where the record begins, and how far the town has it: before anything else is written."""
    pruned = [(int(row["seq"]), str(row["hash"])) for row in finds.small("pruned")]
    start = pruned[0] if pruned else (0, GENESIS)
    cursor = max(witnessed, start, key=lambda found: found[0])
    finds.db.execute("UPDATE delivery SET seq = ?, hash = ?", cursor)
    finds.db.execute("UPDATE pruned SET seq = ?, hash = ?", start)
    return start


def _follow(finds: Finds, seq: int, previous: str, heads: set[Head], ours: bool) -> tuple[str, bytes, Entryable] | None:
    """Hash, bytes and record of entry ``seq``. Behind a gap, where ``previous`` is not known, what leads on counts.

    Of what is ``ours`` alone, not the town's yet, the row of a play is believed without any other proof.
    """
    options = finds.at(seq)
    if previous:
        if (found := finds.following(seq, previous)) is not None:
            record = readable(found[1], seq)
            return (*found, record) if record else None
        for play in finds.closed(seq):  # the row of a play says all that its entry did
            data = wire.encode(play)
            digest = chain(previous, seq, data)
            named_so = digest in {option[0] for option in options} or (seq, digest) in heads
            alone = ours and not (options or finds.at(seq + 1))
            if named_so or alone or finds.following(seq + 1, digest):
                return digest, data, play
        return None
    for digest, data in options:
        proved = (seq, digest) in heads or finds.following(seq + 1, digest)
        if (proved or not finds.at(seq + 1)) and (record := readable(data, seq)):
            return digest, data, record
    return None


def _leave_out(finds: Finds, seq: int, witnessed: Head) -> Head:
    """Pass over what cannot be read from ``seq`` on, but is at the town. Gives the last number so lost."""
    row = {"seq": seq, "hash": "", "lost_from": seq, "lost_to": seq}
    for digest, _ in finds.at(seq):  # its hash may be right though its record is not
        if finds.following(seq + 1, digest) or (seq, digest) == witnessed:
            row["hash"] = digest
            break
    else:
        later = finds.after(seq)
        last = witnessed[0] if later is None or later > witnessed[0] else later - 1
        row |= {"seq": last, "hash": witnessed[1] if last == witnessed[0] else "", "lost_to": last}
    finds.db.table("restarts").insert(row, pk="seq")
    return int(str(row["seq"])), str(row["hash"])


def _bridge(db: Database, witnessed: Head, lost_from: int, lost_to: int) -> None:
    """Go on behind what the town has countersigned, if this chain does not come so far."""
    seq, digest = witnessed
    if head(db)[0] < seq:
        row = {"seq": seq, "hash": digest, "lost_from": lost_from, "lost_to": lost_to}
        db.table("restarts").insert(row, pk="seq")
    if hash_at(db, seq) == digest:
        db.execute("UPDATE delivery SET seq = max(seq, ?)", [seq])


def _gather_late(finds: Finds, at: int, newest: int, loss: Loss) -> None:
    """Records behind the end of the chain: those that can be read, and are what was written, are entered anew."""
    late: dict[int, tuple[Entryable, bytes]] = {}
    for seq, digest, data in finds.behind(at):
        before = [found for found, _ in finds.at(seq - 1)]
        wrong = before and not any(chain(found, seq, data) == digest for found in before)
        if not wrong and seq not in late and (record := readable(data, seq)):
            late[seq] = record, data
    for row in finds.rows("seq > ?", at):
        if row.seq is not None and row.seq not in late:
            play = record_of(row)
            late[row.seq] = play, wire.encode(play)
    loss.anew = [late[seq] for seq in sorted(late)]
    loss.places += [(seq, seq) for seq in range(at + 1, max([newest, *late]) + 1) if seq not in late]


# --- what depends on them ---


def _carry_plays(finds: Finds) -> None:
    """The row of every play in the chain, the rows whose entries only the town has, and what was open."""
    db = finds.db
    plays = db.execute("SELECT seq, record FROM entries WHERE kind = 'play'").fetchall()
    for seq, data in plays:
        play = read_record(data, f"entry {seq}")
        assert isinstance(play, Play)  # noqa: S101
        same = (row for row in finds.rows("id = ? AND seq IS NOT NULL", play.id) if record_of(row) == play)
        row = next(same, None) or row_of(play, seq)
        db.table("plays").insert(asdict(row) | {"seq": seq}, pk="id")
    for gap in db.table("restarts").rows:
        for row in finds.rows("seq BETWEEN ? AND ?", gap["lost_from"], gap["seq"]):
            db.table("plays").insert(asdict(row), pk="id", ignore=True)
    # A cue that was cancelled leaves its row in old states of a page: what was never shown counts from the tables only.
    for row in finds.rows("seq IS NULL AND (sure OR last_ms > 0)"):
        db.table("plays").insert(asdict(row), pk="id", ignore=True)


def _carry_rest(finds: Finds) -> None:
    """Receipts and the countersignature, as far as they fit the chain; what was remembered."""
    db = finds.db
    for row in finds.small("receipts"):
        if (row["id"],) == db.execute("SELECT id FROM entries WHERE seq = ?", [row["seq"]]).fetchone():
            db.table("receipts").insert(row, pk="seq", ignore=True)
    for row in finds.small("witnesses"):
        db.table("witnesses").insert(row, pk="seq", ignore=True)
    for row in finds.small("delivery"):
        if row["hash"] and hash_at(db, row["seq"]) == row["hash"] and row["seq"] >= _cursor(db):
            db.table("delivery").upsert(row, pk="one")
    for row in finds.small("state"):
        db.table("state").upsert(row, pk="key")


def _cursor(db: Database) -> int:
    return int(db.execute("SELECT seq FROM delivery").fetchone()[0])


def _own_up(db: Database, known: Heads, loss: Loss, aside: Path | None, now_ms: int) -> Action:
    """The first new entry."""
    facts: dict[str, str] = {}
    if loss.places:
        facts |= {"lost_from": str(loss.places[0][0]), "lost_to": str(loss.places[-1][1])}
        facts["lost"] = " ".join(f"{a}-{b}" if a < b else f"{a}" for a, b in _joined(loss.places))[:400]
    if loss.anew:
        facts["entered_anew"] = str(len(loss.anew))
    if aside is not None:
        facts["set_aside"] = aside.name
    record = Action(
        id=f"journal-{secrets.token_hex(8)}",
        at_ms=now_ms,
        by="",
        action="journal-restarted",
        reason="the journal was damaged or older than its head; entries that could not be read are lost",
        facts=facts | ({"countersigned": str(known.witnessed[0])} if known.witnessed[0] else {}),
        clock="untrusted",
    )
    append(db, record)
    return record


def _joined(places: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for first, last in places:
        if found and found[-1][1] == first - 1:
            found[-1] = found[-1][0], last
        else:
            found.append((first, last))
    return found
