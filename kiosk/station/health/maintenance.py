"""Whether somebody works on the room's devices, and until when: faults are quiet meanwhile. It ends by itself."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from kiosk.contract.instants import to_ms, to_utc
from kiosk.contract.station import StationDocument
from kiosk.contract.wire import Instant, Text
from kiosk.station.health.events import MaintenanceSet
from kiosk.station.journal import Journal
from kiosk.station.service import word_left

MEMORY = "maintenance"
FILE = "maintenance.json"
MOST = timedelta(days=7)
"""The longest maintenance: longer ones begin anew."""


@dataclass(frozen=True)
class Work:
    """Somebody works on the devices, until the aware ``until``."""

    until: datetime
    by_town: bool = False
    """Only the town's document says so; nobody in the room can end it."""


class _Kept(msgspec.Struct):
    since_ms: Instant
    until_ms: Instant


class _Word(msgspec.Struct):
    by: Text
    until_ms: Instant | None


class Maintenance:
    """What somebody has said in the room, kept over a restart, and what the town's document says.

    For the main loop only. ``monotonic`` is in seconds: a clock that is set back makes no maintenance longer.
    """

    def __init__(self, journal: Journal, now: datetime, monotonic: float) -> None:
        self._journal = journal
        self._until: datetime | None = None
        self._deadline = 0.0
        kept = journal.recall(MEMORY, _Kept)
        if kept is not None:
            whole = timedelta(milliseconds=kept.until_ms - kept.since_ms)
            self._hold(to_utc(kept.until_ms), min(to_utc(kept.until_ms) - now, whole), monotonic)

    def begin(self, until_ms: int, now: datetime, monotonic: float) -> datetime | None:
        """Somebody works on the devices until ``until_ms`` (UTC), at most :data:`MOST`. Returns until when; None where
        that is over."""
        until = min(to_utc(until_ms), now + MOST)
        if until <= now:
            return None
        self._journal.remember(MEMORY, _Kept(to_ms(now), to_ms(until)))
        self._hold(until, until - now, monotonic)
        return until

    def end(self) -> bool:
        """Nobody does any more. False where nobody in the room had said so."""
        if self._until is None:
            return False
        self._until = None
        self._journal.remember(MEMORY, None)
        return True

    def work(self, document: StationDocument | None, now: datetime, monotonic: float, trusted: bool) -> Work | None:
        """The work under way. The town's word counts while the clock can be ``trusted``."""
        if self._until is not None and (now >= self._until or monotonic >= self._deadline):
            self.end()
        town_ms = document.maintenance_until_ms if document and trusted else None
        town = to_utc(town_ms) if town_ms is not None and town_ms > to_ms(now) else None
        if self._until is None:
            return Work(town, by_town=True) if town else None
        return Work(max(self._until, town) if town else self._until)

    def _hold(self, until: datetime, length: timedelta, monotonic: float) -> None:
        self._until, self._deadline = until, monotonic + length.total_seconds()


def leave(state: Path, by: str, until_ms: int | None) -> None:
    """Leave a file for the daemon: ``by`` works on the devices until ``until_ms`` (UTC); None: no more. Raises
    :class:`OSError`."""
    word_left.leave(state / FILE, _Word(by, until_ms))


def collect(state: Path) -> MaintenanceSet | None:
    """What was left since the last call; its file is removed."""
    word = word_left.collect(state / FILE, _Word, "kiosk maintenance")
    return None if word is None else MaintenanceSet(word.by, word.until_ms)
