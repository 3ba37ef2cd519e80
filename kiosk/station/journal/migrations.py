"""The journal's tables, version by version, and the triggers that keep what is written from being changed."""

import contextlib
from functools import cache

from sqlite_utils import Database, Migrations

from kiosk.contract.records import read_record
from kiosk.contract.reports import GENESIS
from kiosk.contract.wire import Malformed
from kiosk.station.journal.chain import mentioned

migrations = Migrations("kiosk-journal")


@migrations()
def m001_the_record(db: Database) -> None:
    """As-run rows, the chain of entries, receipts, and where delivery stands."""
    db.table("plays").create(
        {
            "id": str, "playlist_version": int, "programme": str, "title": str, "sha256": str, "category": str,
            "source": str, "origin": str, "occasion": str, "planned_start_ms": int, "planned_end_ms": int,
            "continues": str, "muted": int, "volume": int, "clock": str, "boot_id": str, "practice": int,
            "shown_ms": int, "started_monotonic_ms": int, "late_ms": int, "gap_ms": int, "video_output": str,
            "last_ms": int, "played_ms": int, "pictures_shown": int, "pictures_lost": int,
            "end_ms": int, "outcome": str, "cause": str, "seq": int,
        },
        pk="id",
        defaults={"played_ms": 0, "pictures_shown": 0, "pictures_lost": 0},
        strict=True,
    )  # fmt: skip
    db.table("plays").create_index(["shown_ms"])
    db.table("plays").create_index(["seq"], unique=True)
    db.table("entries").create(
        {"seq": int, "hash": str, "id": str, "kind": str, "record": bytes},
        pk="seq",
        not_null={"hash", "id", "kind", "record"},
        strict=True,
    )
    db.table("entries").create_index(["id"], unique=True)
    db.table("restarts").create(
        {"seq": int, "hash": str, "lost_from": int, "lost_to": int}, pk="seq", not_null={"hash"}, strict=True
    )
    db.table("receipts").create(
        {"seq": int, "id": str, "state": str, "reason": str}, pk="seq", not_null={"id", "state"}, strict=True
    )
    db.table("delivery").create(
        {"one": int, "seq": int, "hash": str, "payload": str, "keyid": str, "signature": str}, pk="one", strict=True
    )
    db.table("delivery").insert({"one": 1, "seq": 0})
    db.table("state").create({"key": str, "value": str}, pk="key", strict=True)
    for trigger in (*_CLOSED, *_KEPT_FOR_GOOD, _NO_GAP):
        db.execute(trigger)


@migrations()
def m002_kept_for_years(db: Database) -> None:
    """What speaks for a picture on the screen; which records name a play; how long what the town has is kept."""
    db.table("plays").add_column("screen_evidence", str)
    db.table("mentions").create({"seq": int, "about": str}, pk=("seq", "about"), strict=True)
    db.table("mentions").create_index(["about"])
    sql = "SELECT seq, record FROM entries WHERE kind IN ('attendance', 'correction', 'clock-repair')"
    for seq, data in db.execute(sql).fetchall():
        with contextlib.suppress(Malformed):  # a damaged one keeps nobody from starting
            for name in mentioned(read_record(data, f"entry {seq}")):
                db.table("mentions").insert({"seq": seq, "about": name}, pk=("seq", "about"))
    db.table("witnesses").create({"seq": int, "at_ms": int}, pk="seq", not_null={"at_ms"}, strict=True)
    db.table("delivery").add_column("at_ms", int, not_null_default=0)
    db.execute("UPDATE delivery SET at_ms = coalesce(json_extract(payload, '$.at_ms'), 0) WHERE json_valid(payload)")
    db.execute("INSERT INTO witnesses (seq, at_ms) SELECT seq, at_ms FROM delivery WHERE seq > 0 AND at_ms > 0")
    db.table("pruned").create({"one": int, "seq": int, "hash": str}, pk="one", not_null={"seq", "hash"}, strict=True)
    db.table("pruned").insert({"one": 1, "seq": 0, "hash": GENESIS})
    for name in ("closed_play_is_kept", "entry_is_kept", "chain_has_no_gap"):
        db.execute(f"DROP TRIGGER {name}")
    for trigger in (*_KEPT_UNTIL_PRUNED, _NO_GAP_BEHIND_THE_PRUNED):
        db.execute(trigger)


def triggers_of(db: Database) -> dict[str, str]:
    """The text of each trigger, by its name."""
    return dict(db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall())


@cache
def triggers() -> dict[str, str]:
    """What a journal that this version makes has of them; in an older one they may be spelt otherwise."""
    db = Database(memory=True, execute_plugins=False)
    migrations.apply(db)
    return triggers_of(db)


_CLOSED = (
    """CREATE TRIGGER closed_play_stays BEFORE UPDATE ON plays WHEN OLD.seq IS NOT NULL
       BEGIN SELECT RAISE(ABORT, 'a closed play never changes'); END""",
    """CREATE TRIGGER entry_stays BEFORE UPDATE ON entries
       BEGIN SELECT RAISE(ABORT, 'an entry never changes'); END""",
)
_KEPT_FOR_GOOD = (
    """CREATE TRIGGER closed_play_is_kept BEFORE DELETE ON plays WHEN OLD.seq IS NOT NULL
       BEGIN SELECT RAISE(ABORT, 'a closed play is never removed'); END""",
    """CREATE TRIGGER entry_is_kept BEFORE DELETE ON entries
       BEGIN SELECT RAISE(ABORT, 'an entry is never removed'); END""",
)
_NO_GAP = """CREATE TRIGGER chain_has_no_gap BEFORE INSERT ON entries
       WHEN NEW.seq <> 1 + max(coalesce((SELECT max(seq) FROM entries), 0),
                               coalesce((SELECT max(seq) FROM restarts), 0))
       BEGIN SELECT RAISE(ABORT, 'an entry follows the head of the chain'); END"""
_KEPT_UNTIL_PRUNED = (
    """CREATE TRIGGER closed_play_is_not_replaced BEFORE INSERT ON plays
       WHEN EXISTS (SELECT 1 FROM plays WHERE id = NEW.id AND seq IS NOT NULL)
       BEGIN SELECT RAISE(IGNORE); END""",
    """CREATE TRIGGER closed_play_is_kept BEFORE DELETE ON plays
       WHEN OLD.seq > (SELECT seq FROM pruned)
       BEGIN SELECT RAISE(ABORT, 'a closed play is never removed before its time'); END""",
    """CREATE TRIGGER entry_is_kept BEFORE DELETE ON entries
       WHEN OLD.seq > (SELECT seq FROM pruned)
       BEGIN SELECT RAISE(ABORT, 'an entry is never removed before its time'); END""",
    """CREATE TRIGGER only_the_delivered_is_pruned BEFORE UPDATE ON pruned
       WHEN NEW.seq < OLD.seq OR NEW.seq > (SELECT seq FROM delivery)
       BEGIN SELECT RAISE(ABORT, 'only what the town has countersigned is ever removed'); END""",
    """CREATE TRIGGER what_was_pruned_is_remembered BEFORE DELETE ON pruned
       BEGIN SELECT RAISE(ABORT, 'where the record begins is never forgotten'); END""",
)
_NO_GAP_BEHIND_THE_PRUNED = """CREATE TRIGGER chain_has_no_gap BEFORE INSERT ON entries
       WHEN NEW.seq <> 1 + max(coalesce((SELECT max(seq) FROM entries), 0),
                               coalesce((SELECT max(seq) FROM restarts), 0),
                               (SELECT seq FROM pruned))
       BEGIN SELECT RAISE(ABORT, 'an entry follows the head of the chain'); END"""
