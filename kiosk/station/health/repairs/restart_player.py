"""A player that should sound and does not is replaced, at the same place of the programme."""

from kiosk.common.messages import mark
from kiosk.station.health.observation import Finding
from kiosk.station.health.repairs.host import Host
from kiosk.station.health.repairs.remedy import Remedy

REMEDY = Remedy(
    name="restart-player",
    words=mark("Restart of the player"),
    causes=("sound-silent",),
    after_ms=240_000,
    helps_within_ms=60_000,
    most_per_hour=1,
)


def apply(host: Host, _finding: Finding) -> None:
    host.restart_player("nothing but silence came from it")
