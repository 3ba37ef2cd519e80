"""Start and Stop: what was pressed last, remembered over a restart; the same press twice is one press."""

import logging
from collections import deque
from datetime import datetime

import msgspec

from kiosk.contract.instants import to_ms, to_utc
from kiosk.contract.wire import Instant
from kiosk.station.events import StopPressed
from kiosk.station.journal import Journal
from kiosk.station.schedule.timetable import Stop

log = logging.getLogger(__name__)

MEMORY = "stop"


class _Kept(msgspec.Struct):
    since_ms: Instant
    until_ms: Instant | None
    reason: str


class PressIds:
    """The ids of presses that were obeyed: the same press twice is one press."""

    def __init__(self) -> None:
        self._ids: deque[str] = deque(maxlen=64)

    def seen(self, press: str) -> bool:
        """Whether this press has come before; a press without an id never has."""
        if press and press in self._ids:
            return True
        self._ids.append(press)
        return False


class StopState:
    """Whether somebody wants quiet. For the main loop only."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._presses = PressIds()
        self.now: Stop | None = _remembered(journal.recall(MEMORY))

    def press_start(self, press: str) -> bool:
        """Start. False if this press was seen already, or nothing is stopped."""
        if self._presses.seen(press) or self.now is None:
            return False
        self.now = None
        self._journal.remember(MEMORY, "")
        return True

    def press_stop(self, event: StopPressed, now: datetime) -> bool:
        """Stop, until Start or until the event's time. False if this press was seen already."""
        if self._presses.seen(event.press):
            return False
        until = to_utc(event.until_ms) if event.until_ms else None
        self.now = Stop(now, until, event.reason)
        kept = _Kept(to_ms(now), event.until_ms, event.reason)
        self._journal.remember(MEMORY, msgspec.json.encode(kept).decode())
        return True


def _remembered(text: str | None) -> Stop | None:
    if not text:
        return None
    try:
        kept = msgspec.json.decode(text, type=_Kept)
    except (msgspec.DecodeError, RecursionError):
        log.warning("what is remembered of Stop cannot be read; nothing is stopped")
        return None
    return Stop(to_utc(kept.since_ms), to_utc(kept.until_ms) if kept.until_ms else None, kept.reason)
