"""Continuations: which row a play takes up again that was cut short, and how much of it was shown before."""

from kiosk.station.journal import Journal
from kiosk.station.playout.plan import Key

MOST = 8
"""How many are remembered beside their rows."""


class Continuations:
    """For the main loop only."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._fresh: dict[Key, tuple[str, int]] = {}
        """Those whose rows may not be on the disk yet."""

    def remember(self, key: Key, play: str, shown_ms: int) -> None:
        """A play was interrupted or stopped; ``shown_ms`` of the showing have been seen so far."""
        self._fresh.pop(key, None)
        self._fresh[key] = play, shown_ms
        while len(self._fresh) > MOST:
            del self._fresh[next(iter(self._fresh))]

    def before(self, key: Key) -> tuple[str | None, int]:
        """The row of the same showing that was cut short last; and what was shown of the showing, in ms."""
        if (fresh := self._fresh.get(key)) is not None:
            return fresh
        name, sha256, start, origin = key
        rows = [
            row
            for row in self._journal.plays(start - 1000)
            if (row.programme, row.sha256, row.planned_start_ms, row.origin) == (name, sha256, start, origin)
            and row.outcome in ("interrupted", "stopped")
        ]
        if not rows:
            return None, 0
        last = max(rows, key=lambda row: row.seq or 0)  # by when it was closed: one never shown has no other order
        return last.id, sum(row.played_ms for row in rows)
