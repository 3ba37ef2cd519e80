"""Volume and mute set by hand: in force instead of the plan's until the end of the local day, over a restart too."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from kiosk.contract.instants import to_ms, to_utc
from kiosk.contract.records import Origin
from kiosk.contract.wire import Instant, Percent
from kiosk.station.journal import Journal
from kiosk.station.playout.events import MutePressed, VolumePressed

MEMORY = "volume"


@dataclass(frozen=True)
class Level:
    """How loud a programme is: ``volume`` in percent of its own level, and whether it is kept silent all the same."""

    volume: int
    muted: bool = False

    @property
    def heard(self) -> int:
        """The volume that the player is told, in percent: 0 where it is muted."""
        return 0 if self.muted else self.volume

    @property
    def silent(self) -> bool:
        """Whether nothing of it is heard, for whichever reason."""
        return self.heard == 0


@dataclass(frozen=True)
class Hand:
    """What somebody has set. ``volume`` is None where only mute was pressed; it holds until the aware ``until``."""

    volume: int | None
    muted: bool
    until: datetime


class _Kept(msgspec.Struct):
    volume: Percent | None
    muted: bool
    until_ms: Instant


def in_force(planned: int, hand: Hand | None, origin: Origin) -> Level:
    """How loud a programme is for which the plan says ``planned``. An urgent notice is never softer, nor muted."""
    volume = planned if hand is None or hand.volume is None else hand.volume
    if origin == "urgent":
        return Level(max(planned, volume))
    return Level(volume, hand is not None and hand.muted)


def end_of_day(now: datetime, zone: ZoneInfo) -> datetime:
    """The midnight that ends the local day of ``now``, in UTC as all instants are."""
    tomorrow = now.astimezone(zone).date() + timedelta(days=1)
    return to_utc(to_ms(datetime.combine(tomorrow, time(), zone)))


class HandVolume:
    """What somebody has set of volume and mute. For the main loop only."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        kept = journal.recall(MEMORY, _Kept)
        self.now = None if kept is None else Hand(kept.volume, kept.muted, to_utc(kept.until_ms))
        """What is in force; None: the plan. Right only after :meth:`expire`."""

    def press(self, event: VolumePressed | MutePressed, planned: int, now: datetime, zone: ZoneInfo) -> bool:
        """Louder, softer, mute or sound on. False if this press changes nothing.

        ``planned`` is what the first step begins at, in percent. Louder ends a mute, as on every television.
        """
        volume, muted = (self.now.volume, self.now.muted) if self.now else (None, False)
        match event:
            case MutePressed():
                wanted = volume, event.muted
            case VolumePressed(change=change):
                level = planned if volume is None else volume
                louder = min(max(level + change, 0), 100)
                wanted = (volume if louder == level else louder), muted and change < 0
        if wanted == (volume, muted):
            return False
        self._keep(None if wanted == (None, False) else Hand(*wanted, until=end_of_day(now, zone)))
        return True

    def expire(self, now: datetime, zone: ZoneInfo) -> bool:
        """Give the volume back to the plan where its time is over. True if that has just happened.

        A clock that was set back must not keep it for longer than to the end of the day that it is now.
        """
        if self.now is None:
            return False
        if self.now.until <= now:
            self._keep(None)
            return True
        last = end_of_day(now, zone)
        if self.now.until > last:
            self._keep(Hand(self.now.volume, self.now.muted, last))
        return False

    def clock_set(self, now: datetime, zone: ZoneInfo) -> None:
        """The clock was put right: what was in force goes on to the end of the day that it really is."""
        if self.now is not None:
            self._keep(Hand(self.now.volume, self.now.muted, end_of_day(now, zone)))

    def _keep(self, hand: Hand | None) -> None:
        self.now = hand
        kept = _Kept(hand.volume, hand.muted, to_ms(hand.until)) if hand else None
        self._journal.remember(MEMORY, kept)
