"""What the town has refused a station at its door, for the ledger: how often, since when, and why."""

from threading import Lock

from sqlalchemy import Connection

from kiosk.town.database import schema
from kiosk.town.database.store import Store, insert_or

WRITE_EVERY_MS = 60_000
"""Whoever is refused a thousand times a minute must not have the database written as often."""


def complain(connection: Connection, station: str, cause: str, detail: str, times: int, now_ms: int) -> None:
    """Add ``times`` to what stands of this station and cause."""
    table = schema.complaint
    row = {"station": station, "cause": cause, "first_ms": now_ms, "last_ms": now_ms, "times": times}
    new = insert_or(connection, table).values(row | {"detail": detail[:400]})
    change = {"times": table.c.times + new.excluded.times, "last_ms": now_ms, "detail": new.excluded.detail}
    connection.execute(new.on_conflict_do_update(index_elements=table.primary_key, set_=change))


class Complaints:
    """Counts refusals in memory, and writes them down once a minute at most. For any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._counted: dict[tuple[str, str], tuple[int, int]] = {}
        """For each station and cause: when it was last written down, and how many came since."""

    def note(self, store: Store, station: str, cause: str, detail: str, now_ms: int) -> None:
        """A station was refused something."""
        with self._lock:
            written_ms, times = self._counted.get((station, cause), (0, 0))
            due = now_ms - written_ms >= WRITE_EVERY_MS
            self._counted[station, cause] = (now_ms, 0) if due else (written_ms, times + 1)
        if due:
            with store.write() as connection:
                complain(connection, station, cause, detail, times + 1, now_ms)
