"""What may be wrong with a journal: the errors of its opening, and how they are told from what SQLite says."""

import contextlib
import os
import pwd
import sqlite3
from pathlib import Path

import msgspec

UNREADABLE = (TypeError, ValueError, LookupError, ArithmeticError, msgspec.MsgspecError)
"""What Python raises over a row that is not what was written."""


class JournalError(Exception):
    """The journal cannot be opened; the message says why, and what to do."""


class ReadOnlyJournal(JournalError):
    """The file, its folder or the file system takes no writes."""


class BusyJournal(JournalError):
    """Another process has the journal open: two stations would close each other's plays."""


class FullDisk(ReadOnlyJournal):
    """There is no room left to write in, or the disk fails: SQLite does not always tell which."""


class DamagedJournal(JournalError):
    """The file is not a database, or one that is broken."""


class ForeignDatabase(JournalError):
    """The file is a sound database of another program."""


class NewerJournal(JournalError):
    """The file was written by a later version of the kiosk."""


def is_damage(error: Exception) -> bool:
    """Whether the file itself is broken, and no waiting will mend it: SQLite says so, or gives what was never put in.

    That a text is no UTF-8 is told by Python's module and not by SQLite, so by words and without a code.
    """
    if not isinstance(error, sqlite3.Error):
        return isinstance(error, UNREADABLE)
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB) or "decode to UTF-8" in str(error)


_HINDERED = {
    sqlite3.SQLITE_PERM, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_NOLFS,
    sqlite3.SQLITE_AUTH,
}  # fmt: skip
"""What SQLite says where something stands in the way of a file that may be sound."""


def named(path: Path, error: Exception) -> JournalError:
    """The error of a journal that could not be opened or salvaged, in words that a person can act on.

    Where nothing stood in the way, the file is not as the journal's own statements need it.
    """
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if not is_damage(error) and code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR) and not _takes_no_writing(path):
        return FullDisk(f"journal {path}: the disk is full, or fails ({error}); free some room, or look after the disk")
    if not is_damage(error) and code in {*_HINDERED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}:
        return unwritable(path, f"cannot be written ({error}); let the kiosk's user write the file and its folder")
    return DamagedJournal(f"journal {path}: not a database, or a damaged one ({error})")


def unreadable(path: Path, error: OSError) -> JournalError:
    """The error of a journal that this user cannot read."""
    if not isinstance(error, PermissionError):
        return JournalError(f"journal {path}: cannot be read ({error.strerror}); look after the disk, or read a copy")
    owner = "root"
    for place in (path, *path.parents):
        with contextlib.suppress(OSError, KeyError):
            owner = pwd.getpwuid(place.stat().st_uid).pw_name
            break
    also = "" if owner == "root" else f", or as {owner}, whose it is"
    return JournalError(f"journal {path}: this user may not read it; run this as root{also}")


def unwritable(path: Path, why: str) -> ReadOnlyJournal:
    """The error of a journal that cannot be written because of ``why``; or of its disk, where no permission helps."""
    if _takes_no_writing(path):
        why = (
            "the disk takes no writing (its file system is mounted read-only, as Linux does with a disk that fails); "
            "see what the kernel says of the disk (dmesg), have it checked, and mount it for writing again"
        )
    return ReadOnlyJournal(f"journal {path}: {why}")


def _takes_no_writing(path: Path) -> bool:
    for folder in path.absolute().parents:
        with contextlib.suppress(OSError):  # it may not be there yet, or be closed to us
            return bool(os.statvfs(folder).f_flag & os.ST_RDONLY)
    return False
