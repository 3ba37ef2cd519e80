"""A sound device that somebody has muted at the PC sounds again: the volume of the room is the panel's matter."""

from kiosk.common.messages import mark
from kiosk.station.health.observation import Finding
from kiosk.station.health.repairs.host import Host
from kiosk.station.health.repairs.remedy import Remedy
from kiosk.station.health.sound import unmute

REMEDY = Remedy(
    name="unmute",
    words=mark("Un-muting of the sound device"),
    causes=("no-sound",),
    when={"sink": "muted"},
    most_per_hour=6,
)


def apply(host: Host, _finding: Finding) -> None:
    host.order(unmute)
