"""The situation in which the timetable is asked: Stop, session, what is on demand or owed, who is there. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from kiosk.contract.playlist import Programme, Urgent
from kiosk.contract.station import FillerPolicy, Opening


@dataclass(frozen=True)
class Stop:
    """Somebody has pressed Stop. In force at once, whatever the clock was set to since."""

    since: datetime
    until: datetime | None
    reason: str = ""


@dataclass(frozen=True)
class Session:
    """A Theme Party Day, meeting or lecture: its programmes one after the other, and quiet for the rest."""

    id: str
    kind: str
    start: datetime
    end: datetime
    programmes: tuple[Programme, ...]
    first: datetime | None = None
    """When the programmes begin; None: at ``start``."""
    meeting: datetime | None = None
    """Until then the programmes are shown, and from then on ``main``; None: until ``end``."""
    main: tuple[Programme, ...] = ()
    practice: bool = False


@dataclass(frozen=True)
class Demand:
    """Programmes chosen by hand, one after the other, in time that the plan leaves free."""

    id: str
    occasion: str
    start: datetime
    programmes: tuple[Programme, ...]
    practice: bool = False

    @property
    def end(self) -> datetime:
        """When the last one is over."""
        return self.start + timedelta(milliseconds=sum(one.duration_ms for one in self.programmes))


@dataclass(frozen=True)
class Presence:
    """Somebody was noticed in the room: recommended items may begin from ``since`` on, and before ``until``."""

    since: datetime
    until: datetime


@dataclass(frozen=True)
class Owed:
    """How many plays each recommended programme was still owed at the instant ``at``, when filler began anew."""

    at: datetime
    plays: tuple[tuple[str, int], ...]
    first: str | None = None
    """The item that was put on at ``at``: it goes on, though one that would go before it has been fetched since."""


@dataclass(frozen=True)
class Situation:
    """Inputs of the scheduling decision, beside the playlist and the time."""

    opening: Opening = Opening()
    clock_trusted: bool = True
    stop: Stop | None = None
    session: Session | None = None
    demand: Demand | None = None
    filler: FillerPolicy = "when-present"
    presence: Presence | None = None
    practice: bool = False
    """Whether somebody practises: filler that begins by hand is not counted."""
    urgents: tuple[Urgent, ...] = ()
    owed: Owed | None = None
    unavailable: frozenset[str] = frozenset()
    """Ids of programmes that cannot be shown: not fetched yet, or failed too often."""
