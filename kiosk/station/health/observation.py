"""What is known of the room at one moment, and what a check finds in it. Pure."""

from collections.abc import Mapping

import msgspec

from kiosk.common.messages import Message
from kiosk.contract.records import ClockState, SoundWent
from kiosk.contract.reports import ScreenState
from kiosk.station.health.events import Fact


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the room at one moment. None is unknown."""

    facts: Mapping[str, Fact] = {}
    """As read by the probes; see ``probes.py`` for the names."""
    unread_s: int | None = None
    """For how many seconds the devices have not been read."""
    child_restarts: int | None = None
    """Players that had to be replaced in the last hour."""
    poster_fails: bool | None = None
    """Whether a plain page stands in the place of the poster, which cannot be drawn."""
    card_fails: bool | None = None
    """Whether what is to be drawn over the programme is left out, as it cannot be drawn."""
    screen: ScreenState | None = None
    """Of the PC."""
    sound: SoundWent | None = None
    """Where sound goes."""
    sound_wanted: bool = True
    """Whether the PC is set up to sound at all."""
    inbox: int | None = None
    """Events waiting."""
    journal_trouble: str | None = None
    """What the journal says while it cannot write; empty when it can."""
    journal_damaged_ms: int | None = None
    """When the journal was last found damaged; 0 where it never was."""
    journal_aside: str = ""
    """Under what name the damaged one is kept."""
    link_down_since_ms: int | None = None
    """Since when the town has not answered; 0 while it does."""
    behind_ms: int | None = None
    """For how long the town has told of news that have not come; 0 where all has."""
    plan_until_ms: int | None = None
    """Where the accepted weeks end; 0 where there is none."""
    refused: str | None = None
    """Why the newest week that was offered was refused; empty once one is accepted."""
    clock: ClockState | None = None
    pc_stays_on: bool | None = None
    """Whether the PC ran on when it was last to be shut down for the night."""
    clock_doubtful: bool = False
    """Whether NTP gives another time than is known."""
    ntp_overruled: bool | None = None
    """Whether it does, and the town or a person has said which one is right."""
    lacking: int | None = None
    """Bytes that the disk lacks for the programmes that are to come; 0 where they fit."""
    lacking_title: str = ""
    """Of the first one that does not fit."""
    modes: Mapping[str, str] = {}
    """The last good mode by output of the graphics card, as remembered."""
    had_line: bool = True
    """Whether the PC has ever had a line: a room that is served by stick lacks none."""
    missing_soon: str | None = None
    """Title of the first programme that is to begin soon and is not here; empty where all are."""
    sounding: bool | None = None
    """Whether a programme with sound is on and not muted."""
    lent: bool = False
    """Whether the screen is lent to another source: it may be unplugged, or on another input."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What one check says about one device."""

    cause: str
    device: str
    wrong: bool | None
    """None where the check cannot tell."""
    text: Message
    remedy: Message
    facts: dict[str, str] = {}
    settle: bool = True
    """Whether the hysteresis applies; not where the observation itself looks back over a time."""
    settle_ms: int = 0
    """The least hysteresis, where the town's is too short for this check."""
    explains: tuple[str, ...] = ()
    """Causes that are no faults of their own while this one is wrong: a dead screen is not also dead sound."""


def statuses(observation: Observation) -> dict[str, str]:
    """``connected`` or ``disconnected`` by DRM connector; empty where the machine does not say."""
    listed = observation.facts.get("screen.connectors")
    if not isinstance(listed, str):
        return {}
    return dict(pair.split("=", 1) for pair in listed.split(",") if "=" in pair)


def number_of(observation: Observation, name: str) -> int | None:
    found = observation.facts.get(name)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def above(found: int | None, wrong_above: int, right_up_to: int) -> bool | None:
    """Wrong above one threshold, right at or below the other, unknown in the dead band between."""
    if found is None or right_up_to < found <= wrong_above:
        return None
    return found > wrong_above


def below(found: int | None, wrong_below: int, right_from: int) -> bool | None:
    """Wrong below one threshold, right at or above the other, unknown in the dead band between."""
    return None if found is None else above(-found, -wrong_below, -right_from)


def modes_of(observation: Observation) -> dict[str, str]:
    """``1920x1080 of 1920x1080`` by connected output: the mode in force (``off``: none) and the screen's own wish."""
    listed = observation.facts.get("screen.modes")
    if not isinstance(listed, str):
        return {}
    return dict(pair.split("=", 1) for pair in listed.split(",") if "=" in pair)
