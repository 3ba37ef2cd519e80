"""When each worker was heard of last, and what troubles it: written by the second process, read by the console."""

from typing import Any

import msgspec
from sqlalchemy import Connection, delete, select

from kiosk.town.database.store import put
from kiosk.town.work.schema import worker

PROCESS = "work"
"""The name under which the process itself beats."""
EVERY_S = 20
"""Between two beats."""
SILENT_MS = 5 * 60_000
"""So long without a beat is silence."""


class Beat(msgspec.Struct, frozen=True, kw_only=True):
    """The last beat of a worker. ``busy_ms``: when the step under way began; ``trouble``: why the last one failed."""

    name: str
    beat_ms: int
    busy_ms: int | None = None
    trouble: str = ""


def keep(connection: Connection, beats: list[Beat]) -> None:
    """Replace all beats by these."""
    connection.execute(delete(worker).where(worker.c.name.not_in([beat.name for beat in beats])))
    for beat in beats:
        put(connection, worker, msgspec.to_builtins(beat))


def read(connection: Connection) -> dict[str, Beat]:
    """The last beats by name; empty where the process has never run."""
    return {row.name: _beat(row) for row in connection.execute(select(worker))}


def _beat(row: Any) -> Beat:
    return Beat(**{name: getattr(row, name) for name in Beat.__struct_fields__})
