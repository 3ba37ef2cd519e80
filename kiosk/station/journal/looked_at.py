"""A journal that is looked at while no daemon writes it: what was remembered, and which plays were completed."""

from pathlib import Path
from typing import TypeVar

import msgspec
from sqlite_utils import Database

from kiosk.station.journal import queries
from kiosk.station.journal.database import connect_looking

T = TypeVar("T")


class LookedAt:
    """Reads and never writes; as :class:`~kiosk.station.journal.journal.Journal` does, the same questions."""

    def __init__(self, path: Path) -> None:
        """A journal that was never begun has nothing to tell. Raises JournalError for what is no journal."""
        self._db = Database(connect_looking(path), execute_plugins=False) if path.exists() else None

    def close(self) -> None:
        """End the connection."""
        if self._db is not None:
            self._db.conn.close()

    def recall(self, key: str, kind: type[T]) -> T | None:
        """What was remembered last under ``key``; None where that is nothing, or nothing that can be read."""
        if self._db is None:
            return None
        row = self._db.execute("SELECT value FROM state WHERE key = ?", [key]).fetchone()
        try:
            return msgspec.json.decode(row[0], type=kind) if row and row[0] else None
        except (msgspec.DecodeError, RecursionError):
            return None

    def completed(self, since_ms: int, until_ms: int) -> dict[str, int]:
        """Completed plays that began in [``since_ms``, ``until_ms``), by programme; practice does not count."""
        return {} if self._db is None else queries.completed(self._db, since_ms, until_ms, set())
