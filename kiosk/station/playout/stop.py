"""Whether somebody has pressed Stop: remembered over a restart."""

from collections.abc import Callable
from datetime import datetime

import msgspec

from kiosk.contract.instants import to_ms, to_utc
from kiosk.contract.wire import Instant
from kiosk.station.journal import Journal
from kiosk.station.schedule.situation import Stop

MEMORY = "stop"


class _Kept(msgspec.Struct):
    since_ms: Instant
    until_ms: Instant | None
    reason: str


class StopState:
    """For the main loop only."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.now = remembered(journal.recall)
        """The Stop that was pressed last, though its time may be over; None after Start."""

    def begin(self, now: datetime, until_ms: int | None, reason: str) -> None:
        """Stop from the aware ``now`` on, until Start or until ``until_ms`` (UTC)."""
        kept = _Kept(to_ms(now), until_ms, reason)
        self.now = _stop(kept)
        self._journal.remember(MEMORY, kept)

    def end(self) -> bool:
        """Start. False if nothing is stopped."""
        if self.now is None:
            return False
        self.now = None
        self._journal.remember(MEMORY, None)
        return True


def remembered(recall: Callable[[str, type[_Kept]], _Kept | None]) -> Stop | None:
    """The Stop that was pressed last, by ``recall`` of a journal."""
    kept = recall(MEMORY, _Kept)
    return None if kept is None else _stop(kept)


def _stop(kept: _Kept) -> Stop:
    return Stop(to_utc(kept.since_ms), to_utc(kept.until_ms) if kept.until_ms else None, kept.reason)
