"""What is remembered over a restart of sessions, of what is on demand and of practice. Pure."""

import msgspec

from kiosk.contract.playlist import Programme
from kiosk.contract.wire import Id, Instant, Text
from kiosk.station.sessions.sessions import Held


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody has chosen to see."""

    id: Id
    by: Text
    occasion: Text
    start_ms: Instant
    programmes: tuple[Programme, ...]
    members: tuple[Id, ...] = ()
    practice: bool = False


class Untold(msgspec.Struct, frozen=True):
    """Another source that was shown, and whose minutes nobody has told."""

    session: Id
    start_ms: Instant
    end_ms: Instant


class Kept(msgspec.Struct, frozen=True):
    """What is remembered over a restart."""

    held: Held | None = None
    """The session under way, or the next one."""
    later: tuple[Held, ...] = ()
    """Those behind it, by their time."""
    wanted: Wanted | None = None
    practice_until_ms: Instant = 0
    untold: tuple[Untold, ...] = ()

    @property
    def sessions(self) -> tuple[Held, ...]:
        """All of them, by their time."""
        return (*((self.held,) if self.held else ()), *self.later)
