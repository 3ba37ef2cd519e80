"""What the projector is ordered to show, and its reports. All instants are CLOCK_MONOTONIC in seconds."""

from dataclasses import dataclass

from kiosk.station.projector.messages import Cue


@dataclass(frozen=True)
class Showing:
    """One programme to be shown once. ``play`` is the as-run row's id."""

    play: str
    cue: Cue
    """Without a position, which follows from ``head`` and the instant of the cut."""
    at: float
    """When its picture is to be on the screen."""
    head: float
    """When its head was or is due; earlier than ``at`` where it is joined in progress."""
    end: float
    still: float = 0.0
    """Seconds that one picture may stand, as its file has it."""
    rest: float = 0.0
    """Seconds in which neither another picture nor any sound may come."""


@dataclass(frozen=True)
class Coming:
    """A play's first picture will come at another instant than it was cued for: it is late, or joins."""

    play: str
    at: float


@dataclass(frozen=True)
class OnScreen:
    """A play's first picture is on the screen. ``late`` and ``gap`` in seconds."""

    play: str
    at: float
    late: float
    gap: float
    video_output: str = ""


@dataclass(frozen=True)
class Position:
    """How far a play on air is. ``played`` in seconds, without the times that it stood still."""

    play: str
    at: float
    played: float
    pictures: int
    lost: int
    taken: bool | None = None
    """Whether its sound was taken by a server or device; None: not known, or it has none."""


@dataclass(frozen=True)
class OffScreen:
    """A play is over. ``cause`` says why it failed; empty where the clock or the caller ended it."""

    play: str
    at: float
    played: float
    pictures: int
    lost: int
    cause: str = ""
    screen_lost: bool = False
    """There was no screen for some of it, or all."""


@dataclass(frozen=True)
class Replaced:
    """A child was replaced at the same position."""

    play: str
    cause: str


Report = Coming | OnScreen | Position | OffScreen | Replaced
