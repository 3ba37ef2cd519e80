"""D6: a row says where its sound went, no better than is known; and why a play was not seen."""

import pytest

from kiosk.station.playout.heard import Heard
from kiosk.station.playout.outcome import NO_SCREEN, SCREEN_LOST, outcome_at_end


@pytest.mark.parametrize(
    ("reports", "went"),
    [
        ([(True, "device")] * 20, "device"),
        ([(True, "device")] * 19 + [(False, "device")], "device"),  # a second of twenty
        ([(True, "device")] * 8 + [(False, "device")] * 2, "none"),
        ([(True, "device")] * 8 + [(True, "null")] * 2, "null"),
        ([(True, "null")] * 8 + [(False, "null")] * 2, "none"),
        ([(True, "device")] * 8 + [(True, None)] * 2, None),
        ([(True, "none")] * 5, None),  # taken by a server that the probe does not find: not known
        ([(False, None)], "none"),
        ([(None, "device")] * 9, None),  # it has no sound
        ([(None, "device")] * 9 + [(True, "device")], "device"),  # its sound begins late
        ([], None),
    ],
)
def test_d6_row_says_the_worst_that_lasted(reports: list[tuple[bool | None, str | None]], went: str | None) -> None:
    heard = Heard()
    for taken, sink in reports:
        heard.add(taken, sink)  # type: ignore[arg-type]
    assert heard.went() == went


@pytest.mark.parametrize(
    ("played", "shown", "joined", "failure", "lost", "outcome"),
    [
        (60_000, True, False, "", True, ("completed", "")),
        (20_000, True, False, "", True, ("interrupted", SCREEN_LOST)),
        (20_000, True, True, "", True, ("interrupted", SCREEN_LOST)),
        (0, False, False, "", True, ("failed", NO_SCREEN)),
        (0, False, False, "it cannot be decoded", True, ("failed", "it cannot be decoded")),
        (20_000, True, False, "", False, ("interrupted", "cut by the plan")),
        (20_000, True, True, "", False, ("interrupted", "joined in progress")),
        (0, False, False, "", False, ("failed", "it was not ready in time")),
    ],
)
def test_d6_screen_that_is_lost_is_no_fault_of_the_file(
    played: int, shown: bool, joined: bool, failure: str, lost: bool, outcome: tuple[str, str]
) -> None:
    found = outcome_at_end(
        60_000, played, shown=shown, joined=joined, late_ms=0, failure=failure, screen_lost=lost
    )  # fmt: skip
    assert found == outcome
