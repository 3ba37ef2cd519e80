"""Every message that crosses threads on its way to the inbox. Frozen; posting one is all that a thread may do.

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
from kiosk.station.projector.messages import FromChild, FromStage
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


# --- health ---


Fact = str | int | bool | None
"""What a probe reads. None: the machine does not say, or has no such thing; the rules then neither raise nor clear."""


@dataclass(frozen=True)
class FactsRead:
    """The probes have read the devices, beginning at ``monotonic``. Keys are fact names (``disk.free_mb``)."""

    facts: Mapping[str, Fact]
    monotonic: float


@dataclass(frozen=True)
class DeviceChanged:
    """udev reports a change; the probes are asked to look."""

    subsystem: str
    action: str
    name: str


@dataclass(frozen=True)
class CheckAgain:
    """Somebody has mended something: the problem of this name (``cause/device``) is to be looked at now."""

    by: str
    problem: str


@dataclass(frozen=True)
class KnownSet:
    """Somebody knows of a problem and wants to hear no more of it until ``until_ms`` (UTC); 0: wants to again."""

    by: str
    problem: str
    until_ms: int


@dataclass(frozen=True)
class RepairConfirmed:
    """Somebody says that what the town's ticket of this fault is about is repaired."""

    by: str
    fault: str
    """As the station document names it."""


@dataclass(frozen=True)
class FaultReported:
    """Somebody reports a fault by hand: of which device, what is seen, answers to questions, and the SHA-256 of a
    photo (empty for none)."""

    by: str
    device: str
    text: str
    facts: Mapping[str, str]
    picture: str = ""
    press: str = ""


@dataclass(frozen=True)
class FaultMended:
    """Somebody says that a fault reported by hand is mended."""

    by: str
    fault: str
    press: str = ""


# --- people ---


@dataclass(frozen=True)
class StartPressed:
    """Somebody wants the timetable to run."""

    by: str
    press: str = ""
    """The id of the press: the same press twice is one press."""


@dataclass(frozen=True)
class StopPressed:
    """Somebody wants quiet, until Start or until ``until_ms``."""

    by: str
    reason: str
    until_ms: int | None = None
    press: str = ""


@dataclass(frozen=True)
class VolumePressed:
    """Somebody wants it louder or softer, by so many percent points."""

    by: str
    change: int
    press: str = ""


@dataclass(frozen=True)
class MutePressed:
    """Somebody wants no sound, or wants it back."""

    by: str
    muted: bool
    press: str = ""


@dataclass(frozen=True)
class MaintenanceSet:
    """Somebody works on the room's devices until ``until_ms`` (UTC); None: no more."""

    by: str
    until_ms: int | None
    press: str = ""


KeyName = Literal[
    "up", "down", "left", "right", "ok", "menu", "back", "start", "stop", "toggle", "louder", "softer", "mute", "sensor"
]
"""What a key of a remote or keypad means, whatever is printed on it; ``sensor``: a motion sensor has seen somebody."""


@dataclass(frozen=True)
class KeyPressed:
    """Somebody has pressed a key of a remote, keypad or button box, or holds it down."""

    key: KeyName
    monotonic: float


@dataclass(frozen=True)
class PictureCheckSet:
    """Somebody who does not see the screen wants the test picture on it, or wants it gone."""

    by: str
    on: bool
    press: str = ""


@dataclass(frozen=True)
class BookWritten:
    """Somebody has typed a row into a record book (``record_book.register``)."""

    by: str
    book: str
    values: Mapping[str, str]
    press: str = ""


@dataclass(frozen=True)
class BookCorrected:
    """Somebody says what columns of a typed row, or of an attendance, ought to read, and why."""

    by: str
    entry: str
    values: Mapping[str, str]
    reason: str
    press: str = ""


@dataclass(frozen=True)
class AttendanceTaken:
    """Somebody says who was there, for some plays."""

    by: str
    plays: tuple[str, ...]
    expected: int
    present: int
    on_leave: int
    others: int
    members: tuple[str, ...] = ()
    """Ids of people of the roster."""
    remark: str = ""
    photos: tuple[str, ...] = ()
    """Of the signed sheet: the SHA-256 of files that the panel has kept."""
    press: str = ""


@dataclass(frozen=True)
class ItemWritten:
    """Somebody has written a weekly item, a result or a request, or has posted the plan."""

    by: str
    item: Literal["weekly", "result", "request", "posting"]
    title: str
    text: str = ""
    category: str = ""
    programme: str | None = None
    households: int = 0
    area: str = ""
    photos: tuple[str, ...] = ()
    """The SHA-256 of files that the panel has kept."""
    press: str = ""


@dataclass(frozen=True)
class SpotCheckAnswered:
    """Somebody has typed in the code of the town's spot check, as it stands on the room's screen."""

    by: str
    code: str
    press: str = ""


@dataclass(frozen=True)
class FormKept:
    """Somebody has brought the county's own form for a book, or has said which of its columns are which."""

    by: str
    book: str
    kept: bytes
    """A ``record_book.forms.KeptForm`` as it is kept; empty: it is given up."""
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
    FactsRead
    | JournalTrouble
    | JournalRecovered
    | CheckAgain
    | KnownSet
    | RepairConfirmed
    | FaultReported
    | FaultMended
)
FromPeople = AdministratorSet | StartPressed | StopPressed | VolumePressed | MutePressed | MaintenanceSet
FromKeys = KeyPressed | PictureCheckSet
FromBooks = SpotCheckAnswered | BookWritten | BookCorrected | AttendanceTaken | ItemWritten | FormKept
Event = (
    Wake | Quit | Crashed | FromScreen | FromTown | FromEquipment | DeviceChanged
    | FromPeople | FromKeys | FromBooks | FromSessions | PictureAsked | ClockDeclared
)  # fmt: skip
"""Everything that can come into the inbox; each of the unions goes to a handler of its own."""

Post = Callable[[Event], None]
"""How a thread reaches the inbox."""
