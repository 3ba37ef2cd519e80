"""Sound that goes to a sink that nobody hears is led to the sound device, where there is one."""

from kiosk.common.messages import mark
from kiosk.station.health.observation import Finding
from kiosk.station.health.repairs.host import Host
from kiosk.station.health.repairs.remedy import Remedy
from kiosk.station.health.sound import use_device

REMEDY = Remedy(
    name="find-sink",
    words=mark("Looking for the sound device"),
    causes=("no-sound",),
    when={"sink": "astray"},
    most_per_hour=6,
)


def apply(host: Host, _finding: Finding) -> None:
    host.order(use_device)
