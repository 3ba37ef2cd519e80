"""The station's record: as-run rows from due to closed, the chain of entries, what the town has acknowledged of it."""

import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Concatenate, NoReturn, ParamSpec, TypeVar

import msgspec
from sqlite_utils import Database

from kiosk.common.planned import Played
from kiosk.contract.records import Entryable, Evidence, Origin, Outcome, SoundWent
from kiosk.contract.reports import MAX_BATCH, Entry, Receipt, Signed, Witness
from kiosk.station.events import Post
from kiosk.station.journal import chain
from kiosk.station.journal import plays as rows
from kiosk.station.journal import queries as reads
from kiosk.station.journal.database import connect_reading, epoch_of, lock, mark_forked, suspect
from kiosk.station.journal.errors import UNREADABLE, DamagedJournal, is_damage, named
from kiosk.station.journal.plays import AsRun, Due, Sound
from kiosk.station.journal.receipts import keep_receipts, prune
from kiosk.station.journal.recovery.salvage import open_or_salvage
from kiosk.station.journal.writer import Commit, Writer

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

MOST_PRUNED = 2_000
"""Entries that go in one transaction: what is due next waits for it."""


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000


@dataclass(frozen=True)
class _Sketch:
    """A play as far as it is counted before its row is on the disk."""

    programme: str
    practice: bool
    shown_ms: int | None = None
    end_ms: int = 0


class Journal:
    """One journal file. Commits are queued for the writing thread, in order, and return at once; reads may come from
    any thread. All instants are UTC milliseconds."""

    def __init__(self, path: Path, post: Post, boot_id: str, now_ms: Callable[[], int] = _wall_ms) -> None:
        """Open or create, migrate, and close the rows that an unexpected end left open.

        A damaged file does not stop the room: it is set aside, and a new epoch begins. Raises :class:`ReadOnlyJournal`,
        :class:`FullDisk`, :class:`BusyJournal`, :class:`ForeignDatabase` or :class:`NewerJournal`.
        """
        self._path = path
        self._lock = lock(path)
        try:
            try:
                db = self._begin(boot_id, now_ms)
            except DamagedJournal as error:  # found where a quick look does not go: the next one is thorough
                log.warning("%s; opened once more", error)
                db = self._begin(boot_id, now_ms)
        except BaseException:
            self._lock.close()
            raise
        self._open: dict[str, _Sketch] = {}
        self._closing: dict[str, _Sketch] = {}
        self._readers = threading.local()
        self._writer = Writer(path, db, post)

    def _begin(self, boot_id: str, now_ms: Callable[[], int]) -> Database:
        """The writing connection, after what is first read and written through it."""
        db = open_or_salvage(self._path, now_ms)
        try:
            with db.atomic():
                self.interrupted_at_boot: tuple[AsRun, ...] = rows.close_left_open(db, boot_id, now_ms())
            self.epoch = epoch_of(db)
            self._state = {row["key"]: row["value"] for row in db.table("state").rows}
        except (sqlite3.Error, *UNREADABLE) as error:
            db.conn.close()
            found = named(self._path, error)
            if isinstance(found, DamagedJournal):
                suspect(self._path)
            raise found from error
        return db

    def start(self) -> None:
        """Start the writing thread."""
        self._writer.start()

    def settle(self, timeout: float) -> bool:
        """Wait up to ``timeout`` seconds until everything so far is on the disk; tells whether it is."""
        return self._writer.settle(timeout)

    def stop(self, timeout: float) -> None:
        """Write what waits, for at most ``timeout`` seconds, and end."""
        if (reader := getattr(self._readers, "db", None)) is not None:  # the last to close puts the log back
            reader.conn.close()
            self._readers.db = None
        if lost := self._writer.stop(timeout):
            log.error("journal: ended with %d commits not written", lost)
        self._lock.close()

    # --- commits ---

    def due(self, row: Due) -> None:
        """A play is about to be cut to. Committed before the cut."""
        self._open[row.id] = _Sketch(row.programme.id, row.practice)
        self._put(f"due {row.id}", rows.add_due, row)

    def expect(self, play: str, at_ms: int) -> None:
        """The first picture will be on the screen at ``at_ms``, and not when it was planned: it is joined, or late.

        Should all end before it is known to be there, the row says so.
        """
        self._put(f"expect {play}", rows.mark_expected, play, at_ms)

    def shown(
        self,
        play: str,
        at_ms: int,
        monotonic_ms: int,
        late_ms: int,
        gap_ms: int,
        video_output: str,
        sound: Sound | None = None,
        evidence: Evidence = "none",
    ) -> None:
        """The first picture was on the screen at ``at_ms``, ``monotonic_ms`` on this boot's CLOCK_MONOTONIC.

        ``sound`` is how loud it was then, where that can differ from what the due row says; ``evidence`` what speaks
        for the screen being on. A later, lesser ``evidence`` (:meth:`checkpoint`, :meth:`close`) takes its place.
        """
        if play in self._open:
            self._open[play] = replace(self._open[play], shown_ms=at_ms)
        cut = partial(rows.mark_shown, late_ms=late_ms, gap_ms=gap_ms, video_output=video_output, sound=sound)
        self._put(f"shown {play}", partial(cut, evidence=evidence), play, at_ms, monotonic_ms)

    def checkpoint(
        self,
        play: str,
        at_ms: int,
        played_ms: int,
        pictures: int,
        lost: int,
        evidence: Evidence | None = None,
        went: SoundWent | None = None,
    ) -> None:
        """How far the play has come, and where its sound ``went``. Dropped first when commits cannot be written for
        long."""
        what = f"check-point {play}"
        self._put(what, rows.mark_point, play, at_ms, played_ms, pictures, lost, evidence, went, droppable=True)

    def close(
        self,
        play: str,
        at_ms: int,
        played_ms: int,
        outcome: Outcome,
        cause: str,
        pictures: int,
        lost: int,
        evidence: Evidence | None = None,
        went: SoundWent | None = None,
    ) -> None:
        """The play is over. Its row takes sequence and hash, and never changes again."""
        sketch = self._open.pop(play, None)
        if sketch and outcome == "completed":
            self._closing[play] = replace(sketch, end_ms=at_ms)
        write = partial(rows.close_play, play=play, at_ms=at_ms, played_ms=played_ms, outcome=outcome, cause=cause)
        self._seal(f"close {play}", partial(write, pictures=pictures, lost=lost, evidence=evidence, went=went), play)

    def forget(self, play: str) -> None:
        """Remove a due row whose cue was cancelled before its cut: it never was a play."""
        self._open.pop(play, None)
        self._put(f"forget {play}", rows.forget_play, play)

    def record(self, record: Entryable) -> None:
        """Append a record to the chain; one with an id that stands there already changes nothing.

        Raises :class:`~kiosk.contract.wire.Malformed`, at once, for a record that the town would refuse for its form.
        """
        chain.valid(record)
        self._seal(f"record {record.id}", partial(chain.append, record=record))

    def receipts(self, receipts: tuple[Receipt, ...], witness: Witness | None, signed: Signed | None) -> None:
        """Keep what became of entries at the town; a verified witness moves the cursor of delivery to its head.

        Receipts that came by stick have no witness: they are kept, and the cursor stays.
        """
        self._seal("receipts", partial(keep_receipts, receipts=receipts, witness=witness, signed=signed))

    def give_up_epoch(self, witness: Witness) -> NoReturn:
        """The town has another record than this, or wants what was removed here: the next start begins a new epoch.

        Raises :class:`DamagedJournal`, over which the daemon ends.
        """
        mark_forked(self._path, witness)
        raise DamagedJournal(
            f"journal {self._path}: the town has countersigned another record at entry {witness.seq}, or wants what "
            "follows it and was removed here"
        )

    def remember(self, key: str, value: object) -> None:
        """Keep a small piece of state (whether Stop is on, what is known of the clock) over a restart, as JSON.

        None forgets it. What stands there already is not written again.
        """
        text = "" if value is None else msgspec.json.encode(value).decode()
        if text != self._state.get(key, ""):
            self._state[key] = text
            self._put(f"state {key}", _keep_state, key, text)

    def prune(self, keep_days: int) -> None:
        """Remove what the town has had for ``keep_days``, some of it at a time; what it has not is never touched."""
        keep_ms = keep_days * 86_400_000
        self._put("prune", prune, keep_ms, MOST_PRUNED)

    # --- reads ---

    def recall(self, key: str, kind: type[T]) -> T | None:
        """What was remembered last under ``key``, on the disk yet or not.

        None where that is nothing, or nothing that can be read: another version or a failing disk wrote it.
        """
        text = self._state.get(key)
        try:
            return msgspec.json.decode(text, type=kind) if text else None
        except (msgspec.DecodeError, RecursionError) as error:
            log.warning("journal: what is remembered as %r cannot be read (%s); it is forgotten", key, error)
            return None

    def waiting(self, limit: int = MAX_BATCH, after: int | None = None) -> tuple[str, tuple[Entry, ...]]:
        """Entries to deliver, behind the cursor or behind entry ``after``, and the hash before the first of them.

        At most ``limit`` entries and about half a megabyte.
        """
        return self._ask(reads.waiting, self.delivered() if after is None else after, limit)

    def waiting_count(self) -> int:
        """Entries that the town has not countersigned yet."""
        return self._ask(reads.number, "SELECT count(*) FROM entries WHERE seq > (SELECT seq FROM delivery)")

    def delivered(self) -> int:
        """The newest entry that the town has countersigned; 0 for none."""
        return self._ask(reads.number, "SELECT seq FROM delivery")

    def witnessed_ms(self) -> int:
        """When the town countersigned that, by its own clock; 0 for never."""
        return self._ask(reads.number, "SELECT coalesce(at_ms, 0) FROM delivery")

    def refused(self) -> tuple[Receipt, ...]:
        """Entries that the town would not take, with its reasons: set aside, they block nothing."""
        return self._ask(reads.refused)

    def head(self) -> tuple[int, str]:
        """Sequence number and hash of the newest entry on the disk."""
        return self._ask(chain.head)

    def hash_at(self, seq: int) -> str | None:
        """The hash of an entry, or None where this journal does not hold it."""
        return self._ask(chain.hash_at, seq)

    def completed(self, since_ms: int, until_ms: int) -> dict[str, int]:
        """Completed plays that began in [``since_ms``, ``until_ms``), by programme; practice does not count.

        Plays closed a moment ago count whether or not their rows are on the disk yet.
        """
        fresh = dict(self._closing)  # taken before the database is read: a row that lands meanwhile counts once
        counts = self._ask(reads.completed, since_ms, until_ms, set(fresh))
        for sketch in fresh.values():
            if not sketch.practice and sketch.shown_ms is not None and since_ms <= sketch.shown_ms < until_ms:
                counts[sketch.programme] = counts.get(sketch.programme, 0) + 1
        return counts

    def plays(self, since_ms: int) -> list[AsRun]:
        """The rows planned or shown from ``since_ms`` on, in order, open ones too."""
        return self._ask(reads.plays, since_ms)

    def newest_records(self, kinds: tuple[str, ...], most: int) -> list[Entryable]:
        """The records of these kinds (``action``, ``fault``) among the newest ``most`` entries, in their order."""
        return self._ask(reads.newest_records, kinds, most)

    def pruned_up_to_ms(self) -> int:
        """Where the record begins now that old plays were removed: when its first play was planned; 0 where it is
        still whole, or has no play."""
        return self._ask(reads.number, reads.FIRST_KEPT)

    def played(self, since_ms: int, until_ms: int) -> list[Played]:
        """The rows of slots and urgent notices of [``since_ms``, ``until_ms``), as they are compared with the plan."""
        return self._ask(reads.played, since_ms, until_ms)

    def last_shown(self, since_ms: int) -> dict[str, int]:
        """When each programme was shown last from ``since_ms`` on, by its id; practice does not count."""
        return self._ask(reads.last_shown, since_ms)

    def was_shown(self, origin: Origin, since_ms: int, until_ms: int) -> bool:
        """Whether anything was seen of a play of that origin planned to begin in [``since_ms``, ``until_ms``)."""
        return self._ask(reads.was_shown, origin, since_ms, until_ms)

    def _ask(self, read: Callable[Concatenate[Database, P], T], *args: P.args, **more: P.kwargs) -> T:
        try:
            return read(self._db(), *args, **more)
        except (sqlite3.Error, *UNREADABLE) as error:
            if not is_damage(error):
                raise
            suspect(self._path)  # the daemon ends over it, and the next start salvages
            raise named(self._path, error) from error

    def _db(self) -> Database:
        db: Database | None = getattr(self._readers, "db", None)
        if db is None:
            db = self._readers.db = connect_reading(self._path)
        return db

    def _put(self, what: str, write: Callable[..., Any], *args: object, droppable: bool = False) -> None:
        self._writer.put(Commit(what, lambda db: write(db, *args), droppable))

    def _seal(self, what: str, write: Callable[[Database], object], play: str = "") -> None:
        self._writer.put(Commit(what, write, then=lambda: self._closing.pop(play, None)))


def _keep_state(db: Database, key: str, value: str) -> None:
    db.table("state").upsert({"key": key, "value": value}, pk="key")
