"""What the projector and its children say to each other: JSON, one message a line, over the child's standard streams.

All instants are CLOCK_MONOTONIC in seconds, which is the same in every process of a boot.
"""

from typing import TypeVar

import msgspec

SCREEN_GONE = 3
"""A child's return code where there is no X server, or no longer one."""


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

    kind: str
    """``film``, ``sound`` (a title card stands for the picture) or ``still``."""
    video_output: str
    """libVLC's module in use."""
    unconfined: str = ""
    """What could not be done to shut the child off; empty where all was."""
    waits: bool = False
    """It is late, or joins: so that it is known before when it comes, it waits for another cut, though not for long."""


class Shown(Message, frozen=True, kw_only=True):
    """The window is on top with its picture since ``at``."""

    at: float


class Progress(Message, frozen=True, kw_only=True):
    """About once a second while on air. ``media_ms`` is programme time; pictures count since the cut."""

    at: float
    media_ms: int
    pictures: int
    lost: int


class Failed(Message, frozen=True, kw_only=True):
    """The programme cannot be shown; the child ends by itself."""

    cause: str


class Paint(Message, frozen=True, kw_only=True):
    """To the stage: show this poster (canonical JSON of ``poster.Poster``)."""

    poster: msgspec.Raw


class Grab(Message, frozen=True, kw_only=True):
    """To the stage: take a small picture of the screen."""


class Grabbed(Message, frozen=True, kw_only=True):
    """From the stage: the screen at ``at``, or why there is no picture."""

    at: float
    picture: bytes = b""
    """A JPEG file; on the line in base64."""
    trouble: str = ""


class Staged(Message, frozen=True, kw_only=True):
    """From the stage: the screen is there. Size in pixels."""

    width: int
    height: int


ToChild = Cue | Cut | Volume | Leave
FromChild = Ready | Shown | Progress | Failed
ToStage = Paint | Grab
FromStage = Staged | Grabbed

T = TypeVar("T")


def line(message: Message) -> bytes:
    """The message as one line."""
    return msgspec.json.encode(message) + b"\n"
