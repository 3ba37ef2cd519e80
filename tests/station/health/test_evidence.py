"""What speaks for a lit screen: a link at the connector that counts, and nothing else."""

import pytest

from kiosk.contract.station import Equipment
from kiosk.station.health.evidence import screen_evidence

TV = Equipment(id="tv", kind="screen", name="TV", connector="HDMI-A-1")


@pytest.mark.parametrize(
    ("connectors", "equipment", "evidence"),
    [
        (None, (), "none"),
        ("", (), "none"),
        ("HDMI-A-1=disconnected", (), "none"),
        ("DP-1=connected,HDMI-A-1=disconnected", (), "link"),
        ("DP-1=connected,HDMI-A-1=disconnected", (TV,), "none"),
        ("DP-1=disconnected,HDMI-A-1=connected", (TV,), "link"),
    ],
)
def test_a_link_is_evidence_where_the_screen_should_be(
    connectors: str | None, equipment: tuple[Equipment, ...], evidence: str
) -> None:
    assert screen_evidence({"screen.connectors": connectors}, equipment) == evidence
