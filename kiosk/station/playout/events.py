"""Orders of people to what is on the screen, on their way to the inbox: Start, Stop, volume."""

from dataclasses import dataclass


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
