"""A disk that fills is rid of programmes that no week needs."""

from kiosk.common.messages import mark
from kiosk.station.health.observation import Finding
from kiosk.station.health.repairs.host import Host
from kiosk.station.health.repairs.remedy import Remedy

REMEDY = Remedy(
    name="purge",
    words=mark("Removal of programmes that nobody needs any more"),
    causes=("disk-low", "programmes-do-not-fit"),
    most_per_hour=2,
)


def apply(host: Host, _finding: Finding) -> None:
    host.purge()
