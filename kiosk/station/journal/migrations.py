"""The journal's tables, version by version, and the triggers that keep what is written from being changed."""

import secrets
from functools import cache

from sqlite_utils import Database, Migrations

from kiosk.contract.reports import GENESIS

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
    """What speaks for a picture on the screen; how long what the town has is kept."""
    db.table("plays").add_column("screen_evidence", str)
    db.table("witnesses").create({"seq": int, "at_ms": int}, pk="seq", not_null={"at_ms"}, strict=True)
    db.table("delivery").add_column("at_ms", int, not_null_default=0)
    db.execute("UPDATE delivery SET at_ms = coalesce(json_extract(payload, '$.at_ms'), 0) WHERE json_valid(payload)")
    db.execute("INSERT INTO witnesses (seq, at_ms) SELECT seq, at_ms FROM delivery WHERE seq > 0 AND at_ms > 0")
    db.table("pruned").create({"one": int, "seq": int, "hash": str}, pk="one", not_null={"seq", "hash"}, strict=True)
    db.table("pruned").insert({"one": 1, "seq": 0, "hash": GENESIS})
    for name in ("closed_play_is_kept", "entry_is_kept"):
        db.execute(f"DROP TRIGGER {name}")
    for trigger in _KEPT_UNTIL_PRUNED:
        db.execute(trigger)


@migrations()
def m003_an_epoch(db: Database) -> None:
    """The journal's epoch. A chain has no gap: there are no places any more where it goes on after a loss.

    A countersignature of before names no epoch, and counts no more; the next report brings another.
    """
    db.table("epoch").create({"one": int, "epoch": str}, pk="one", not_null={"epoch"}, strict=True)
    db.table("epoch").insert({"one": 1, "epoch": secrets.token_hex(16)})
    db.execute("UPDATE delivery SET payload = NULL, keyid = NULL, signature = NULL")
    db.execute("DROP TRIGGER chain_has_no_gap")
    db.execute("DROP TABLE restarts")
    db.execute("DROP TABLE IF EXISTS mentions")
    for trigger in (*_EPOCH_STAYS, _FOLLOWS_THE_HEAD):
        db.execute(trigger)


@migrations()
def m004_where_sound_went(db: Database) -> None:
    """Where the sound of each play went."""
    db.table("plays").add_column("sound", str)


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
_EPOCH_STAYS = (
    """CREATE TRIGGER epoch_stays BEFORE UPDATE ON epoch
       BEGIN SELECT RAISE(ABORT, 'the epoch of a journal never changes'); END""",
    """CREATE TRIGGER epoch_is_kept BEFORE DELETE ON epoch
       BEGIN SELECT RAISE(ABORT, 'the epoch of a journal never changes'); END""",
)
_FOLLOWS_THE_HEAD = """CREATE TRIGGER chain_has_no_gap BEFORE INSERT ON entries
       WHEN NEW.seq <> 1 + max(coalesce((SELECT max(seq) FROM entries), 0), (SELECT seq FROM pruned))
       BEGIN SELECT RAISE(ABORT, 'an entry follows the head of the chain'); END"""
