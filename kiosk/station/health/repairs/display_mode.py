"""A screen that came back in another mode is put into the last good one."""

from kiosk.common.messages import mark
from kiosk.station.health.facts.display_mode import set_mode
from kiosk.station.health.observation import Finding
from kiosk.station.health.repairs.host import Host
from kiosk.station.health.repairs.remedy import Remedy

REMEDY = Remedy(
    name="screen-mode",
    words=mark("Setting the screen's last good mode"),
    causes=("screen-mode",),
    most_per_hour=4,
)


def apply(host: Host, finding: Finding) -> None:
    host.order(lambda: set_mode(host.display, finding.device, finding.facts["wanted"]))
