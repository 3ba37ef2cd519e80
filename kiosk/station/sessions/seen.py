"""What the pages are told of sessions, of what is on demand, of practice and of who is there. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from kiosk.contract.occasions import KINDS
from kiosk.contract.playlist import Programme
from kiosk.contract.reports import SessionHeld
from kiosk.contract.station import FillerPolicy
from kiosk.station.sessions.make_up import Missed
from kiosk.station.sessions.sessions import Held, clash

MOST_TOLD = 5
"""Sessions that a heartbeat tells of."""


@dataclass(frozen=True)
class OnDemand:
    """What somebody has chosen. All datetimes are aware."""

    id: str
    occasion: str
    titles: tuple[str, ...]
    start: datetime
    end: datetime
    cut: datetime | None = None
    """When the table goes before it, before it is over."""


@dataclass(frozen=True)
class SessionsSeen:
    """The station's sessions at one instant."""

    held: Held | None = None
    """The one under way, or the next one."""
    phase: Literal["", "waiting", "before", "meeting"] = ""
    later: tuple[Held, ...] = ()
    """Those behind it, by their time."""
    demand: OnDemand | None = None
    practice_until: datetime | None = None
    policy: FillerPolicy = "when-present"
    owed: int = 0
    """Recommended programmes that are owed plays and are here."""
    present_until: datetime | None = None
    """Until when recommended programmes may begin, as somebody was noticed; None: nobody was of late."""
    programmes: tuple[Programme, ...] = ()
    """Those of the accepted week that are here."""
    missed: tuple[Missed, ...] = ()
    made_up: tuple[str, ...] = ()
    """Ids of the programmes that were made up this week, whole."""
    members: tuple[tuple[str, str], ...] = ()
    """Ids and names of the roster."""
    free_from: datetime | None = None
    """When something on demand can begin, if the table has the screen now."""
    session_ms: int = 0
    """How long the town wants a session to last."""
    untold: tuple[tuple[str, datetime, datetime], ...] = ()
    """Other sources that were shown, and whose minutes nobody has told: the session's id, from when, to when."""

    @property
    def sessions(self) -> tuple[Held, ...]:
        """Those under way or to come, by their time."""
        return (*((self.held,) if self.held else ()), *self.later)

    @property
    def has_screen(self) -> bool:
        """Whether a session has the screen now."""
        return self.phase in ("before", "meeting")

    def is_free(self, now_ms: int) -> bool:
        """Whether a session that begins now and lasts as long as the town wants meets no other one."""
        return clash(now_ms, now_ms + self.session_ms, self.sessions) is None

    def told(self) -> tuple[SessionHeld, ...]:
        """The first few of them, for the town; none while the clock is not trusted."""
        return tuple(
            SessionHeld(
                session_kind=KINDS[one.kind], title=one.title, start_ms=one.start_ms, meeting_ms=one.meeting_ms,
                end_ms=one.end_ms, practice=one.practice,
            )
            for one in (self.sessions if self.phase else ())[:MOST_TOLD]
        )  # fmt: skip
