"""Messages between the projector and its child processes: JSON, one a line, over the child's standard streams.

All instants are CLOCK_MONOTONIC in seconds, which is the same in every process of a boot.
"""

from typing import Annotated, Literal, TypeVar

import msgspec

SCREEN_GONE, SCREEN_DENIED, SCREEN_RESIZED = 3, 4, 5
"""Exit codes of a child that finds no X server, or loses it; that is not let in by it; whose screen changed its size.
Programmes know only the first."""


Moment = Annotated[float, msgspec.Meta(ge=0, le=1e10)]
"""CLOCK_MONOTONIC in seconds. Bounded: a child that a bad file has taken over must not upset the daemon."""
Kind = Literal["film", "sound", "still"]
Number = Annotated[int, msgspec.Meta(ge=0, le=2**31)]
MOST_WORDS = 1000
Words = Annotated[str, msgspec.Meta(max_length=MOST_WORDS)]
MAX_LINE = 1 << 20
"""The longest line that a child may send, in bytes: a screenshot has 80 kB."""


class Message(msgspec.Struct, frozen=True, kw_only=True, tag_field="say", tag=str.lower):
    """Base of all messages."""


class Cue(Message, frozen=True, kw_only=True):
    """To a programme's child, as its first line: prepare this programme, out of sight."""

    file: str
    title: str = ""
    display: str
    position_ms: int = 0
    """Where to begin, in ms; 0 is the head."""
    video_output: str = ""
    sound: str = "pulse"
    hardware_decoding: bool = True
    volume: int = 100
    """In percent of the programme's own level; 0 is mute."""
    gain_db: float = 0.0
    audio_track: int = 0
    """Which of the file's sound tracks is heard, from 0: the one that was measured."""
    picture_start_ms: int = 0
    """When its first picture comes, with which it begins: later than 0 where the file's sound begins first."""
    slides: bool = False
    """A picture of it stands for a second or more."""
    stands: bool = False
    """It has one picture, which stands while its sound goes on."""
    subtitles: tuple[str, ...] = ()
    width: int = 0
    height: int = 0


class Cut(Message, frozen=True, kw_only=True):
    """Be on the screen at ``at``, stop at ``end``. May come again with other instants before ``at``."""

    at: float
    end: float


class Volume(Message, frozen=True, kw_only=True):
    """Set the volume, in percent; 0 is mute. Before the cut it replaces the cue's."""

    percent: int


class Leave(Message, frozen=True, kw_only=True):
    """Leave the screen and end."""


class Ready(Message, frozen=True, kw_only=True):
    """From a programme's child: the picture at the position is decoded and waits for the cut."""

    kind: Kind
    """``film``, ``sound`` (a title card stands for the picture) or ``still``."""
    video_output: Words
    """libVLC's module in use."""
    unconfined: Words = ""
    """Which part of the sandbox could not be set up; empty where all was."""
    waits: bool = False
    """It is late, or joins: it waits a moment for another cut, so that the daemon knows beforehand when it comes."""


class Shown(Message, frozen=True, kw_only=True):
    """The programme is on the screen since ``at``."""

    at: Moment


class Progress(Message, frozen=True, kw_only=True):
    """How far the programme is, once a second on air. ``media_ms`` is programme time; pictures count since the cut.

    ``changes`` counts the reports at which the window showed another picture than at the one before: libVLC's own count
    of pictures may come late. ``sounds`` counts pieces of sound that were heard; None where that is not known.
    """

    at: Moment
    media_ms: Number
    pictures: Number
    lost: Number
    sound: Literal["taken", "none"] | None = None
    """Whether a sound server or device takes its sound now; None: not known, or it has none."""
    changes: Number = 0
    sounds: Number | None = None


class Failed(Message, frozen=True, kw_only=True):
    """The programme cannot be shown; the child ends by itself."""

    cause: Words


class Paint(Message, frozen=True, kw_only=True):
    """To the stage: show this poster (JSON of ``display.poster.Poster``)."""

    poster: msgspec.Raw
    page_ms: Number = 15_000
    """How long each of its pages is shown, in ms."""


class Overlaid(Message, frozen=True, kw_only=True):
    """To the stage: draw this over the programme (JSON of ``display.menu.Card``, ``null`` for none)."""

    card: msgspec.Raw = msgspec.Raw(b"null")
    table: bool = False
    """Bring the poster above the programme."""


class Grab(Message, frozen=True, kw_only=True):
    """To the stage: take a screenshot."""


class Grabbed(Message, frozen=True, kw_only=True):
    """From the stage: the screenshot of ``at``, or why there is none."""

    at: Moment
    picture: bytes = b""
    """A JPEG file; on the line in base64."""
    trouble: Words = ""


class Staged(Message, frozen=True, kw_only=True):
    """From the stage: the screen is there. Size in pixels."""

    width: Number
    height: Number


class Held(Message, frozen=True, kw_only=True):
    """From the stage, about once a second: the X server still answers."""


ToChild = Cue | Cut | Volume | Leave
FromChild = Ready | Shown | Progress | Failed
ToStage = Paint | Grab | Overlaid
FromStage = Staged | Held | Grabbed

T = TypeVar("T")


def parsed(decoder: "msgspec.json.Decoder[T]", line: bytes) -> T | None:
    """The message of one line; None where it is none."""
    try:
        return decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def line(message: Message) -> bytes:
    """The message as one line."""
    return msgspec.json.encode(message) + b"\n"
