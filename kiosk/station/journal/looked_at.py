"""Reads a journal while no daemon runs: what was remembered, and which plays were completed."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec
from sqlite_utils import Database

from kiosk.station.journal import queries
from kiosk.station.journal.database import connect_looking
from kiosk.station.journal.errors import UNREADABLE, named

T = TypeVar("T")


class LookedAt:
    """Reads and never writes; the same questions as to :class:`~kiosk.station.journal.journal.Journal`.

    A journal that was never begun has nothing to tell. Each question raises JournalError where it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        """Raises JournalError for what is no journal."""
        self._path = path
        self._db = Database(connect_looking(path), execute_plugins=False) if path.exists() else None

    def close(self) -> None:
        """End the connection."""
        if self._db is not None:
            self._db.conn.close()

    def recall(self, key: str, kind: type[T]) -> T | None:
        """What was remembered last under ``key``; None where that is nothing, or nothing that can be read."""
        row = self._ask(lambda db: db.execute("SELECT value FROM state WHERE key = ?", [key]).fetchone(), None)
        try:
            return msgspec.json.decode(row[0], type=kind) if row and row[0] else None
        except (msgspec.DecodeError, RecursionError):
            return None

    def completed(self, since_ms: int, until_ms: int) -> dict[str, int]:
        """Completed plays that began in [``since_ms``, ``until_ms``), by programme; practice does not count."""
        return self._ask(lambda db: queries.completed(db, since_ms, until_ms, set()), {})

    def _ask(self, read: Callable[[Database], T], nothing: T) -> T:
        try:
            return nothing if self._db is None else read(self._db)
        except (sqlite3.Error, *UNREADABLE) as error:
            raise named(self._path, error) from error
