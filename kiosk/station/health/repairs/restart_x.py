"""An X server that does not answer is started anew, by root."""

from kiosk.common.messages import mark
from kiosk.station.health.observation import Finding
from kiosk.station.health.repairs.host import Host, ask_root
from kiosk.station.health.repairs.remedy import Remedy

REMEDY = Remedy(
    name="restart-x",
    words=mark("Restart of the X server"),
    causes=("no-screen",),
    when={"screen": "none"},
    after_ms=15_000,
    most_per_hour=3,
)


def apply(host: Host, _finding: Finding) -> None:
    """Ask root's unit. Raises OSError."""
    ask_root(host.runtime, "restart-x")
