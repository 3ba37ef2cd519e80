"""Whether the screen obeys, and whether the PC was shut down for the night."""

from collections.abc import Iterator

from kiosk.common.messages import Message, mark
from kiosk.station.health.observation import Finding, Observation, number_of

TRIES = 5
"""Looks in a row at a screen that does not do what is wanted."""


def check_rest(observation: Observation, open_hours: bool) -> Iterator[Finding]:
    """Outside opening hours a screen without power is no fault: nobody may be there to switch it on."""
    facts, tries = observation.facts, number_of(observation, "screen.tries")
    wanted, read = facts.get("screen.wanted"), facts.get("screen.cec") or facts.get("screen.dpms")
    off = None if tries is None or wanted is None else tries >= TRIES and wanted == "on"
    yield Finding(
        cause="screen-does-not-wake",
        device="screen",
        wrong=None if off and not open_hours else off,
        text=Message(mark("The screen was told to go on, and has not.")),
        remedy=Message(mark("Switch it on by its remote control. Check its mains, and that CEC is on in its menu.")),
        facts={"screen": str(read or "")},
    )
    yield Finding(
        cause="screen-does-not-rest",
        device="screen",
        wrong=None if tries is None or wanted is None else tries >= TRIES and wanted == "rest" and read == "on",
        text=Message(mark("The screen was told to rest, and is still on.")),
        remedy=Message(mark("Switch it off by its remote control. Check that CEC is on in its menu.")),
    )
    yield Finding(
        cause="pc-stays-on",
        device="pc",
        wrong=observation.pc_stays_on,
        text=Message(mark("This PC was to be shut down for the night, but it ran on.")),
        remedy=Message(
            mark("Switch wake-up by RTC alarm on in the PC's setup (BIOS); the system's journal says more.")
        ),
        settle=False,
    )
