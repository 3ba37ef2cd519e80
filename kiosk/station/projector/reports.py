"""What the projector is asked to show, and what it tells of it. All instants are CLOCK_MONOTONIC in seconds."""

from dataclasses import dataclass

from kiosk.station.projector.messages import Cue


@dataclass(frozen=True)
class Showing:
    """One programme to be shown once. ``play`` is the as-run row's id."""

    play: str
    cue: Cue
    """Without a position: that follows from ``head`` and the instant of the cut."""
    at: float
    """When its picture is to be on the screen."""
    head: float
    """When its head was or is due; earlier than ``at`` where it is joined in progress."""
    end: float


@dataclass(frozen=True)
class Coming:
    """A play's first picture is about to come at another instant than it was cued for: it is late, or joins."""

    play: str
    at: float


@dataclass(frozen=True)
class OnScreen:
    """A play's first picture is there."""

    play: str
    at: float
    late: float
    gap: float
    video_output: str = ""


@dataclass(frozen=True)
class Position:
    """How far a play on air is. ``played`` in seconds, without stand-stills."""

    play: str
    at: float
    played: float
    pictures: int
    lost: int


@dataclass(frozen=True)
class OffScreen:
    """A play is over. ``cause`` is empty where the clock or the caller ended it, else why it failed."""

    play: str
    at: float
    played: float
    pictures: int
    lost: int
    cause: str = ""


@dataclass(frozen=True)
class Replaced:
    """A child had to be replaced at the same position."""

    play: str
    cause: str


Report = Coming | OnScreen | Position | OffScreen | Replaced
