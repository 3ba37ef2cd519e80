"""The journal's file: created, migrated and looked through when it is opened; marked for the next opening."""

import fcntl
import logging
import os
import sqlite3
from pathlib import Path
from typing import TextIO

from sqlite_utils import Database

from kiosk.common.files import write_whole
from kiosk.contract import wire
from kiosk.contract.reports import Witness
from kiosk.station.journal.errors import (
    UNREADABLE,
    BusyJournal,
    DamagedJournal,
    ForeignDatabase,
    FullDisk,
    JournalError,
    NewerJournal,
    named,
    unreadable,
    unwritable,
)
from kiosk.station.journal.integrity import fault
from kiosk.station.journal.migrations import migrations, triggers, triggers_of

log = logging.getLogger(__name__)

APPLICATION_ID = 0x4B494F53
"""``KIOS`` in the SQLite header: this file is a kiosk's journal and nobody else's."""
BUSY_SECONDS = 5.0
RESERVE = 1024 * 1024
"""Laid by for a start on a full disk, in bytes: some hundred plays."""
CACHE_KB = 256
"""Pages that a connection keeps in memory, in kB. SQLite's 2 MB for each fill up as the record grows: the daemon has
four connections, and looks at the newest rows only."""
WAL_PAGES = 64
"""The write-ahead log goes back into the database from this length on: 256 kB, not SQLite's 4 MB. On a disk that fills
up, a long log could take the very room that it needs to go back."""


_TABLES = {"plays", "entries", "delivery", "state"}
"""What has these is a journal, whatever has become of the mark in its head."""


def lock(path: Path) -> TextIO:
    """Take the journal for this process, until the file given is closed. Raises a :class:`JournalError`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        held = path.with_name("journal.lock").open("a")
    except OSError as error:
        raise unwritable(path, f"cannot be created ({error}); let the kiosk's user write there") from None
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        held.close()
        raise BusyJournal(f"journal {path}: another kiosk station runs on this state; stop that one first") from None
    return held


def open_writing(path: Path) -> Database:
    """The one writing connection: the file is created or migrated. Raises a :class:`JournalError`.

    A full disk must not keep the room dark: a file beside the journal holds room enough to start, and is given up then.
    """
    reserve = _reserve(path)
    try:
        db = _open_writing(path)
    except FullDisk:
        if not reserve.exists():
            raise
        give_up_reserve(path)
        return _open_writing(path)
    if not reserve.exists():
        try:
            write_whole(reserve, bytes(RESERVE))
        except OSError as error:
            log.warning("journal: no room to lay by for a full disk: %s", error)
    return db


def give_up_reserve(path: Path) -> None:
    """Make room for what cannot wait; it is laid by again at the next opening that finds room."""
    _reserve(path).unlink(missing_ok=True)


def check_not_lost(path: Path) -> None:
    """Raises :class:`DamagedJournal` where a journal has been, for room was laid by for it, and is gone or empty.

    SQLite would make a new one there, and throw away the log of the lost one, which may hold all of it.
    """
    if _reserve(path).exists() and (not path.exists() or (path.is_file() and path.stat().st_size == 0)):
        raise DamagedJournal(f"journal {path}: it is gone or empty")


def _reserve(path: Path) -> Path:
    return path.with_name("journal.reserve")


def _open_writing(path: Path) -> Database:
    if os.path.isdir(path):  # noqa: PTH112 - False, and no error, in a folder that is closed to us
        raise JournalError(f"journal {path}: this is a folder; move it away, or set another state")
    try:
        connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    except (OSError, sqlite3.OperationalError) as error:
        raise unwritable(path, f"cannot be created ({error}); let the kiosk's user write there") from None
    try:
        return _prepare(path, connection)
    except JournalError:
        connection.close()
        raise
    except (sqlite3.Error, *UNREADABLE) as error:
        connection.close()
        raise named(path, error) from None


def connect_reading(path: Path) -> Database:
    """A connection that cannot write, for the thread that opens it."""
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_SECONDS)
    connection.isolation_level = None
    return _small(Database(connection, execute_plugins=False))


def connect_looking(path: Path) -> sqlite3.Connection:
    """A connection for a tool that looks on: at a running station's journal, a stopped one's, or a copy of one.

    Raises :class:`JournalError` for what is no journal.
    """
    try:
        with path.open("rb"):
            pass
    except IsADirectoryError:
        raise JournalError(
            f"journal {path}: this is a folder; name the file journal.db of a station's state folder"
        ) from None
    except (FileNotFoundError, NotADirectoryError):
        raise JournalError(
            f"journal {path}: there is no such file; name the journal.db of a station's state folder"
        ) from None
    except OSError as error:
        raise unreadable(path, error) from None
    # Without a log nobody has it open: read so, nothing is made beside it, where a copy's place may not take it either.
    how = "mode=ro" if path.with_name(path.name + "-wal").exists() else "mode=ro&immutable=1"
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True, timeout=BUSY_SECONDS)
    connection.isolation_level = None
    try:
        marked = connection.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID
        if not marked:
            raise ForeignDatabase(f"journal {path}: this is another program's database")
        connection.execute("SELECT 1 FROM entries LIMIT 1").fetchone()
    except (sqlite3.DatabaseError, *UNREADABLE) as error:
        connection.close()
        raise named(path, error) from None
    except JournalError:
        connection.close()
        raise
    return connection


def reconnect(path: Path) -> Database:
    """Open a journal again that was open before; never creates one. Raises :class:`sqlite3.Error`."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=BUSY_SECONDS, isolation_level=None
    )
    try:
        db = _settings(_small(Database(connection, execute_plugins=False)))
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()  # gives back room where the disk is full
    except sqlite3.Error:
        connection.close()
        raise
    return db


def suspect(path: Path) -> None:
    """Have the journal looked through thoroughly at its next opening: something of it could not be read or written."""
    try:
        _suspect(path).touch()
    except OSError as error:
        log.warning("journal: cannot be marked as suspect: %s", error)


def mark_forked(path: Path, witness: Witness) -> None:
    """Have the journal set aside at its next opening: ``witness``, of its own epoch, is of another story."""
    try:
        write_whole(_suspect(path), wire.encode(witness))
    except OSError as error:
        log.warning("journal: cannot be marked as forked: %s", error)


def forked_by(path: Path) -> Witness | None:
    """The countersignature that :func:`mark_forked` marked the journal with."""
    try:
        return wire.decode(_suspect(path).read_bytes(), Witness, "mark of a fork")
    except (OSError, wire.Malformed):
        return None


def epoch_of(db: Database) -> str:
    """The name of the chain that the journal holds."""
    return str(db.execute("SELECT epoch FROM epoch").fetchone()[0])


def _suspect(path: Path) -> Path:
    return path.with_name("journal.suspect")


def _prepare(path: Path, connection: sqlite3.Connection) -> Database:
    db = _small(Database(connection, execute_plugins=False))
    tables = set(db.table_names())
    marked = connection.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID
    if not marked and tables >= _TABLES:
        raise DamagedJournal(f"journal {path}: the database is damaged (its head does not say that it is a journal)")
    if tables and not marked:
        raise ForeignDatabase(f"journal {path}: this is another program's database; move it away, or set another state")
    suspect = _suspect(path).exists()
    (state,) = connection.execute(f"PRAGMA {'integrity_check' if suspect else 'quick_check'}(1)").fetchone()
    if state != "ok":
        raise DamagedJournal(f"journal {path}: the database is damaged ({state})")
    if tables and not _head_allows_writing(path):
        raise DamagedJournal(f"journal {path}: the database is damaged (its head says that a later SQLite wrote it)")
    known = {migration.name for migration in migrations.pending(Database(memory=True, execute_plugins=False))}
    applied = {done.name for done in migrations.applied(db)}
    if newer := sorted(applied - known):
        if not known <= applied:
            raise DamagedJournal(f"journal {path}: the database is damaged (it has {', '.join(newer)})")
        raise NewerJournal(
            f"journal {path}: written by a later kiosk (it has {', '.join(newer)}); install that version again"
        )
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    _settings(db)
    if "restarts" in tables and db.execute("SELECT 1 FROM restarts").fetchone():
        raise DamagedJournal(f"journal {path}: its chain has gaps, as an older kiosk left it after damage")
    migrations.apply(db)
    if (told := forked_by(path)) is not None and told.epoch == epoch_of(db):
        raise DamagedJournal(f"journal {path}: the town's record of this room parts from it at {told.seq}")
    _read_triggers(db)
    if suspect and triggers_of(db) != triggers():
        raise DamagedJournal(f"journal {path}: the database is damaged (its triggers are not those that were made)")
    with db.atomic():  # a file without write permission opens all the same: only a write tells
        db.execute("UPDATE delivery SET seq = seq")
    path.chmod(0o600)
    if wrong := fault(db, whole=suspect):
        raise DamagedJournal(f"journal {path}: {wrong} is not the one that was written")
    _suspect(path).unlink(missing_ok=True)
    return db


def _read_triggers(db: Database) -> None:
    """SQLite reads them only when they are needed, and with a wrong one nothing could ever be written: have it now."""
    for table in ("plays", "entries", "pruned"):
        for how in ("INSERT INTO {} DEFAULT VALUES", "UPDATE {} SET seq = 1", "DELETE FROM {}"):
            db.execute("EXPLAIN " + how.format(table)).fetchall()


def _head_allows_writing(path: Path) -> bool:
    """Of a file with another number there, SQLite says only that it is read-only."""
    with path.open("rb") as file:
        return file.read(19)[18:] in (b"", b"\1", b"\2")


def _small(db: Database) -> Database:
    db.conn.execute(f"PRAGMA cache_size = -{CACHE_KB}")
    return db


def _settings(db: Database) -> Database:
    db.conn.execute("PRAGMA journal_mode = WAL").fetchone()
    db.conn.execute("PRAGMA synchronous = FULL")
    db.conn.execute(f"PRAGMA wal_autocheckpoint = {WAL_PAGES}").fetchone()
    return db
