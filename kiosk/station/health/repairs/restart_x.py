"""An X server that does not answer, or does not let the kiosk in, is started anew, by root.

It makes its cookie anew at its start, for the name that the PC has by then.
"""

from kiosk.common.messages import mark
from kiosk.station.health.observation import Finding
from kiosk.station.health.repairs.host import Host, ask_root
from kiosk.station.health.repairs.remedy import Remedy

REMEDY = Remedy(
    name="restart-x",
    words=mark("Restart of the X server"),
    causes=("no-screen",),
    after_ms=15_000,
    most_per_hour=3,
)


def apply(host: Host, _finding: Finding) -> None:
    """Ask root's unit. Raises OSError."""
    ask_root(host.runtime, "restart-x")
