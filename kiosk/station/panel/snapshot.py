"""What the pages show: a frozen picture of the station that the main loop replaces whole, and the panel only reads."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from kiosk.common.i18n import Language
from kiosk.contract.playlist import Playlist
from kiosk.contract.records import ClockState, Origin, SoundWent
from kiosk.contract.reports import ScreenState, TicketState
from kiosk.contract.station import StationDocument
from kiosk.station.display.marks import Mark
from kiosk.station.health.maintenance import Work
from kiosk.station.health.reported import HandReport
from kiosk.station.health.rules import Problem
from kiosk.station.journal.refused import RefusedEntry
from kiosk.station.link.progress import FetchProgress
from kiosk.station.record_book.count import Count
from kiosk.station.schedule.timetable import Explanation
from kiosk.station.sessions.seen import SessionsSeen

Shows = Literal["programme", "poster", "session", "stopped", "black", "none", "denied", "starting"]
"""What the screen shows (black: it rests; session: its title card); or why there is no screen: no X server, one that
does not let the kiosk in, not yet there."""


@dataclass(frozen=True)
class Showing:
    """A programme that is on the screen, or about to be."""

    title: str
    start: datetime
    end: datetime
    origin: Origin
    occasion: str = ""


@dataclass(frozen=True)
class Coming:
    """The next programme, and when it begins unless something happens."""

    title: str
    start: datetime


@dataclass(frozen=True)
class Row:
    """One line of today's table."""

    start: datetime
    end: datetime
    title: str
    mark: Mark


@dataclass(frozen=True)
class Stopped:
    """Somebody wanted quiet: why (a key of ``stop_reasons.REASONS``, or as typed), until when (None: until Start)."""

    reason: str
    until: datetime | None


@dataclass(frozen=True)
class Sound:
    """How loud the room is. ``volume`` in percent, as the plan has it or, until midnight, as somebody has set it."""

    volume: int = 80
    muted: bool = False
    by_hand: bool = False
    urgent: int | None = None
    """The volume of the urgent notice that is on air: it may be louder, and is never muted."""
    goes: SoundWent | Literal["off"] | None = None
    """Where it goes now; ``off``: the settings want none; None: not known."""


@dataclass(frozen=True)
class Snapshot:
    """The station at ``now``. All datetimes are aware; ``now`` has the room's time zone, in which all are shown."""

    now: datetime
    station: str
    language: Language = "zh"
    stopped: Stopped | None = None
    on_air: Showing | None = None
    """None where there is no screen, whatever the plan says."""
    starting: Showing | None = None
    """What is due, or will be within seconds, and is not on the screen yet."""
    coming: Coming | None = None
    on_start: Showing | None = None
    """What Start would put on the screen, while the room is stopped; None: the week's table."""
    why: Explanation | None = None
    """Why the plan has on the screen what it has."""
    count: Count | None = None
    """None: not known, as the clock cannot be trusted."""
    today: tuple[Row, ...] = ()
    morning: datetime | None = None
    """The next morning, as :func:`kiosk.common.opening_hours.next_morning` has it."""
    clock: ClockState = "trusted"
    waiting: int = 0
    """Records that the town has not yet acknowledged."""
    refused: tuple[RefusedEntry, ...] = ()
    """The newest records that the town would not take, newest first."""
    refused_count: int = 0
    """How many there are in all."""
    fetching: FetchProgress = FetchProgress()
    problems: tuple[Problem, ...] = ()
    """``rules.problems(state)``."""
    reports: tuple[HandReport, ...] = ()
    """Faults that somebody has reported by hand, and that are not mended."""
    picture_check: str = ""
    """The code of the test picture, while that is on the screen."""
    equipment: tuple[str, ...] = ()
    """Names of the room's devices, as the town has them."""
    known: Mapping[str, int] = field(default_factory=dict)
    """Until when (UTC milliseconds) somebody knows of a problem, by its name."""
    tickets: Mapping[str, TicketState] = field(default_factory=dict)
    """How the town's repair of a problem stands, by the problem's name."""
    other_tickets: tuple[TicketState, ...] = ()
    """The town's tickets of this room that are of no open problem, the newest first."""
    repairs_said: frozenset[str] = frozenset()
    """Faults that somebody in the room has said to be repaired; the town has not answered yet."""
    sound: Sound = Sound()
    display: ScreenState | None = "up"
    """Of the PC's screen; None: not known yet, or just being set up anew."""
    dark_until: datetime | None = None
    """Until when the screen rests and shows black, unless something comes up; None: it does not rest."""
    work: Work | None = None
    """Somebody works on the devices: faults are quiet."""
    sessions: SessionsSeen = SessionsSeen()
    document: StationDocument | None = None
    """What the town says of the room."""
    playlist: Playlist | None = None
    """The plan in force."""
    address: str = ""
    """Of the panel, as phones in the room reach it."""
    spot_check: str = ""
    """The town's spot check that the room is to answer now; empty for none."""
    pin_reset: str = ""
    """The town lets a forgotten PIN be set anew, by this value; empty: it does not."""

    @property
    def screen(self) -> bool:
        """Whether there is a screen (an X server) at all."""
        return self.display == "up"

    @property
    def shows(self) -> Shows:
        """What the screen shows, in one word: status, panel and town say the same."""
        if self.display != "up":
            return self.display or "starting"
        if self.on_air is not None:
            return "programme"
        if self.stopped is None and self.sessions.phase in ("before", "meeting"):
            return "session"
        if self.dark_until is not None:
            return "black"
        return "poster" if self.stopped is None else "stopped"
