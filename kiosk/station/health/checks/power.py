"""The PC's power. Pure."""

from collections.abc import Iterator

from kiosk.common.messages import Message, mark
from kiosk.station.health.observation import Finding, Observation


def check_power(observation: Observation) -> Iterator[Finding]:
    mains = observation.facts.get("power.mains")
    yield Finding(
        cause="on-battery",
        device="ups",
        wrong=None if mains is None else mains == "battery",
        text=Message(mark("The mains are out: the PC runs on its battery.")),
        remedy=Message(mark("See whether the whole house is without power; else check the plug and the fuse.")),
        explains=("screen-unplugged", "no-sound", "screen-mode", "line-unplugged", "screen-does-not-wake"),
    )
    low = observation.facts.get("power.undervoltage")
    yield Finding(
        cause="undervoltage",
        device="pc",
        wrong=low if isinstance(low, bool) else None,
        text=Message(mark("The PC gets too little power.")),
        remedy=Message(mark("Use the power supply and the cable that belong to it, and no hub for other devices.")),
        explains=("throttled",),
    )
