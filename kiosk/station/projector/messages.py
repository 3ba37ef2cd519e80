"""What the projector and its children say to each other: JSON, one message a line, over the child's standard streams.

All instants are CLOCK_MONOTONIC in seconds, which is the same in every process of a boot.
"""

from typing import Annotated, Literal, TypeVar

import msgspec

SCREEN_GONE = 3
"""A child's return code where there is no X server, or no longer one."""


Moment = Annotated[float, msgspec.Meta(ge=0, le=1e10)]
"""Of CLOCK_MONOTONIC, in seconds. A child that a bad file has taken over must not upset the daemon's arithmetic."""
Kind = Literal["film", "sound", "still"]
Number = Annotated[int, msgspec.Meta(ge=0, le=2**31)]
MOST_WORDS = 1000
Words = Annotated[str, msgspec.Meta(max_length=MOST_WORDS)]
MAX_LINE = 1 << 20
"""The longest line that a child can have to say, in bytes: a picture is 80 kB."""


class Message(msgspec.Struct, frozen=True, kw_only=True, tag_field="say", tag=str.lower):
    """Base of both directions."""


class Cue(Message, frozen=True, kw_only=True):
    """The first line a child reads: make this programme ready, out of sight."""

    file: str
    title: str = ""
    display: str
    position_ms: int = 0
    """Where to join; 0 is the head."""
    video_output: str = ""
    sound: str = "pulse"
    hardware_decoding: bool = True
    volume: int = 100
    """In percent of the programme's own level; 0 is mute."""
    gain_db: float = 0.0
    subtitles: tuple[str, ...] = ()
    width: int = 0
    height: int = 0


class Cut(Message, frozen=True, kw_only=True):
    """Be on the screen at ``at``, fall silent at ``end``. May come again with other instants before ``at``."""

    at: float
    end: float


class Volume(Message, frozen=True, kw_only=True):
    """Set the volume, in percent; 0 is mute. Before the cut it replaces the cue's."""

    percent: int


class Leave(Message, frozen=True, kw_only=True):
    """Vanish from the screen and end."""


class Ready(Message, frozen=True, kw_only=True):
    """The picture at the wanted position is decoded and waits."""

    kind: Kind
    """``film``, ``sound`` (a title card stands for the picture) or ``still``."""
    video_output: Words
    """libVLC's module in use."""
    unconfined: Words = ""
    """What could not be done to shut the child off; empty where all was."""
    waits: bool = False
    """It is late, or joins: so that it is known before when it comes, it waits for another cut, though not for long."""


class Shown(Message, frozen=True, kw_only=True):
    """The window is on top with its picture since ``at``."""

    at: Moment


class Progress(Message, frozen=True, kw_only=True):
    """About once a second while on air. ``media_ms`` is programme time; pictures count since the cut."""

    at: Moment
    media_ms: Number
    pictures: Number
    lost: Number


class Failed(Message, frozen=True, kw_only=True):
    """The programme cannot be shown; the child ends by itself."""

    cause: Words


class Paint(Message, frozen=True, kw_only=True):
    """To the stage: show this poster (canonical JSON of ``poster.Poster``)."""

    poster: msgspec.Raw


class Grab(Message, frozen=True, kw_only=True):
    """To the stage: take a small picture of the screen."""


class Grabbed(Message, frozen=True, kw_only=True):
    """From the stage: the screen at ``at``, or why there is no picture."""

    at: Moment
    picture: bytes = b""
    """A JPEG file; on the line in base64."""
    trouble: Words = ""


class Staged(Message, frozen=True, kw_only=True):
    """From the stage: the screen is there. Size in pixels."""

    width: Number
    height: Number


ToChild = Cue | Cut | Volume | Leave
FromChild = Ready | Shown | Progress | Failed
ToStage = Paint | Grab
FromStage = Staged | Grabbed

T = TypeVar("T")


def heard(decoder: "msgspec.json.Decoder[T]", line: bytes) -> T | None:
    """The message of one line; None for what is no message."""
    try:
        return decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def line(message: Message) -> bytes:
    """The message as one line."""
    return msgspec.json.encode(message) + b"\n"
