"""Every message that crosses threads on its way to the inbox. Frozen; posting one is all that a thread may do.

What people press and write, what keys and probes say, is in the modules ``events`` of the rooms that it concerns.
``monotonic`` is CLOCK_MONOTONIC in seconds (``time.monotonic()``); instants ending in ``_ms`` are UTC milliseconds.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from tuf.api.metadata import Root

from kiosk.contract.playlist import Playlist, Urgent
from kiosk.contract.reports import HeartbeatAnswer, Receipt, Signed, Witness
from kiosk.contract.station import StationDocument
from kiosk.contract.trust import Index
from kiosk.station.health.events import (
    CheckAgain,
    DeviceChanged,
    FactsRead,
    FaultMended,
    FaultReported,
    KnownSet,
    MaintenanceSet,
    RepairConfirmed,
)
from kiosk.station.host.events import KeyPressed
from kiosk.station.playout.events import MutePressed, StartPressed, StopPressed, VolumePressed
from kiosk.station.projector.messages import FromChild, FromStage
from kiosk.station.record_book.events import FromBooks
from kiosk.station.sessions.events import FromSessions

Reason = Literal["change", "sync", "report", "purge", "look"]


@dataclass(frozen=True)
class Wake:
    """A timer has rung: for a change in the timetable, a round with the town, a report to it, to clear away, or to
    look at the devices."""

    why: Reason


@dataclass(frozen=True)
class Quit:
    """The daemon is asked to end."""

    signal: str


@dataclass(frozen=True)
class Crashed:
    """A thread has ended by surprise; the daemon must not live on without it."""

    thread: str
    error: str


# --- the child processes: what they say is in projector.messages ---


@dataclass(frozen=True)
class ChildSaid:
    """A message of a programme's child."""

    child: str
    """The play's id, a dot, and the number of its attempt."""
    message: FromChild


@dataclass(frozen=True)
class ChildGone:
    """The child's process has ended."""

    child: str
    returncode: int


@dataclass(frozen=True)
class StageSaid:
    """A message of the stage (X screen and poster)."""

    message: FromStage


@dataclass(frozen=True)
class StageGone:
    """The stage's process has ended: the X server went away, or there is none yet (``messages.SCREEN_GONE``)."""

    returncode: int


# --- the link to the town ---


@dataclass(frozen=True)
class RootFound:
    """The root that follows the one before it; ``data`` are its bytes, verified."""

    root: Root
    data: bytes


@dataclass(frozen=True)
class WeekFound:
    """A new playlist, verified. ``metadata`` and ``data`` are the bytes to keep."""

    index: Index
    metadata: bytes
    playlist: Playlist
    data: bytes


@dataclass(frozen=True)
class UrgentFound:
    """The urgent notices for this station as they stand now, verified; ``files`` maps SHA-256 to a notice's bytes."""

    index: Index
    metadata: bytes
    notices: tuple[Urgent, ...]
    files: Mapping[str, bytes]


@dataclass(frozen=True)
class StationFound:
    """A new station document, verified."""

    document: StationDocument
    signed: Signed


@dataclass(frozen=True)
class TrustMoved:
    """The town's root has moved on; with it comes what was found in the same round and verified under the newest."""

    roots: tuple[RootFound, ...]
    """One version after the other; at least one."""
    week: WeekFound | None = None
    urgent: UrgentFound | None = None
    station: StationFound | None = None

    @property
    def root(self) -> Root:
        """The newest."""
        return self.roots[-1].root


@dataclass(frozen=True)
class ProgrammeArrived:
    """A file is in the library under its SHA-256."""

    sha256: str


@dataclass(frozen=True)
class FetchEnded:
    """The fetch round is over. ``missing`` files could not be had and are asked for again soon; ``later`` files wait
    for the hours in which programmes may be fetched."""

    missing: int
    error: str = ""
    later: int = 0


@dataclass(frozen=True)
class TownRefused:
    """Something that the town (or one who poses as the town) offered was not believed."""

    what: str
    reason: str
    message: str


@dataclass(frozen=True)
class HeartbeatAnswered:
    """The town has answered the heartbeat sent at ``sent_monotonic``; verified."""

    answer: HeartbeatAnswer
    sent_monotonic: float
    received_monotonic: float


@dataclass(frozen=True)
class Delivered:
    """Receipts for a report, and the town's verified countersignature of the chain's head."""

    receipts: tuple[Receipt, ...]
    witness: Witness
    signed: Signed


@dataclass(frozen=True)
class RecordForked:
    """The town has countersigned, for this journal's epoch, a head that the journal does not hold, or one before what
    it has removed; verified."""

    witness: Witness


@dataclass(frozen=True)
class TownUnreachable:
    """A report or heartbeat did not get through. ``remedy`` tells whether a person has to act (a revoked token)."""

    what: str
    error: str
    remedy: str = ""


# --- the journal ---


@dataclass(frozen=True)
class JournalTrouble:
    """The journal could not write; it holds ``waiting`` commits in memory and tries again."""

    error: str
    waiting: int


@dataclass(frozen=True)
class JournalRecovered:
    """The journal writes again."""


# --- people ---


@dataclass(frozen=True)
class PictureCheckSet:
    """Somebody who does not see the screen wants the test picture on it, or wants it gone."""

    by: str
    on: bool
    press: str = ""


@dataclass(frozen=True)
class AdministratorSet:
    """An administrator was named, given another PIN, taken out, or has paired a phone; the panel has kept it."""

    by: str
    action: Literal["administrator-named", "pin-reset", "administrator-out", "phone-paired"]
    name: str
    press: str = ""
    reset: str = ""
    """The town's ``pin_reset`` that was used for it."""


@dataclass(frozen=True)
class PictureAsked:
    """Somebody wants to see what is on the screen."""

    by: str


@dataclass(frozen=True)
class ClockDeclared:
    """A named administrator says that it was ``wall_ms`` at the instant ``monotonic``."""

    by: str
    wall_ms: int
    monotonic: float
    press: str = ""
    """Of a page's button: the same press twice is one."""


FromScreen = ChildSaid | ChildGone | StageSaid | StageGone
FromTown = (
    TrustMoved | WeekFound | UrgentFound | StationFound | ProgrammeArrived | FetchEnded
    | TownRefused | HeartbeatAnswered | Delivered | RecordForked | TownUnreachable
)  # fmt: skip
FromEquipment = (
    FactsRead | DeviceChanged | JournalTrouble | JournalRecovered | CheckAgain | KnownSet
    | RepairConfirmed | FaultReported | FaultMended
)  # fmt: skip
Pressed = AdministratorSet | StartPressed | StopPressed | VolumePressed | MutePressed | MaintenanceSet
FromKeys = KeyPressed | PictureCheckSet
FromPeople = Pressed | FromKeys | FromBooks | FromSessions
Event = (
    Wake | Quit | Crashed | FromScreen | FromTown | FromEquipment | FromPeople | PictureAsked | ClockDeclared
)  # fmt: skip
"""Everything that can come into the inbox; each of the unions goes to a handler of its own."""

Post = Callable[[Event], None]
"""How a thread reaches the inbox."""
