"""Whether the screen obeys, and whether the PC was shut down for the night."""

from collections.abc import Iterator

from kiosk.common.messages import Message, mark
from kiosk.station.health.observation import Finding, Observation, above, number_of

TRIES = 4
"""So many looks in a row may find that a screen has not done what is wanted: it takes some seconds."""
DOES_NOT_WAKE = (
    mark("The screen was told to go on, and has not."),
    mark("Switch it on by its remote control. Check its mains, and that CEC is on in its menu."),
)
DOES_NOT_REST = (
    mark("The screen was told to rest, and is still on."),
    mark("Switch it off by its remote control. Check that CEC is on in its menu."),
)
DOES_NOT_ANSWER = (
    mark("The screen does not answer when it is told to go on or to rest."),
    mark("Check its mains, its cable, and that CEC is on in its menu. If it has no CEC, tell the town."),
)


def check_rest(observation: Observation, open_hours: bool) -> Iterator[Finding]:
    """Outside opening hours a screen without power is no fault: nobody may be there to switch it on. Nor is one that
    is not connected: that is a fault of its own."""
    wanted = observation.facts.get("screen.wanted")
    read = observation.facts.get("screen.cec") or observation.facts.get("screen.dpms")
    wrong = above(number_of(observation, "screen.tries"), TRIES, 0)
    excused = observation.facts.get("screen.connected") is False
    for cause, there, text, remedy in (
        ("screen-does-not-wake", wanted == "on" and read is not None, *DOES_NOT_WAKE),
        ("screen-does-not-rest", wanted == "rest" and read is not None, *DOES_NOT_REST),
        ("screen-does-not-answer", read is None, *DOES_NOT_ANSWER),
    ):
        found = wrong and there
        if found and (excused or (not open_hours and cause != "screen-does-not-rest")):
            found = None
        yield Finding(
            cause=cause,
            device="screen",
            wrong=found,
            text=Message(text),
            remedy=Message(remedy),
            facts={"power": str(read or "")},
        )
    yield Finding(
        cause="pc-stays-on",
        device="pc",
        wrong=observation.pc_stays_on,
        text=Message(mark("This PC was to be shut down for the night, but it ran on.")),
        remedy=Message(mark("Tell the town: wake-up by RTC alarm has to be switched on in the PC's setup (BIOS).")),
        settle=False,
    )
