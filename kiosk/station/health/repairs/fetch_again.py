"""A programme that is to begin soon and is not here is asked for again, and the plan looked at anew."""

from kiosk.common.messages import mark
from kiosk.station.health.observation import Finding
from kiosk.station.health.repairs.host import Host
from kiosk.station.health.repairs.remedy import Remedy

REMEDY = Remedy(
    name="fetch-again",
    words=mark("Asking the town again for what is missing"),
    causes=("programme-missing",),
    most_per_hour=4,
)


def apply(host: Host, _finding: Finding) -> None:
    host.fetch_again()
