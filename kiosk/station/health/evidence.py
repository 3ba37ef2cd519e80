"""Evidence of picture and sound: what shows that the screen is lit, and where sound leads. Pure."""

from collections.abc import Mapping

from kiosk.contract.records import Evidence, SoundWent
from kiosk.contract.station import Equipment
from kiosk.station.health.events import Fact
from kiosk.station.health.observation import Observation, statuses


def screen_evidence(facts: Mapping[str, Fact], equipment: tuple[Equipment, ...]) -> Evidence:
    """``cec`` where the screen itself says that it is on, and shows no other source: then ``none`` where it is not so.
    Else ``link`` where a screen answers at a connector that the register names, or, where it names none, at any: a TV
    that is off keeps its link up, and may stand on another input.
    """
    if (power := facts.get("screen.cec")) is not None:
        return "cec" if power == "on" and not facts.get("screen.other_source") else "none"
    connected = {name for name, status in statuses(Observation(facts=facts)).items() if status == "connected"}
    named = {item.connector for item in equipment if item.connector}
    return "link" if connected & (named or connected) else "none"


def sound_sink(facts: Mapping[str, Fact]) -> SoundWent | None:
    """Where sound leads that is taken; one that is muted leads to nobody. None: not known."""
    match facts.get("sound.sink"):
        case "device":
            return "device"
        case "null" | "muted" | "astray":
            return "null"
        case "none":
            return "none"
    return None
