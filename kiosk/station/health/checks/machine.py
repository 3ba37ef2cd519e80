"""The PC: its temperature and its memory. Pure."""

from collections.abc import Iterator

from kiosk.common.messages import Message, mark
from kiosk.contract.station import Thresholds
from kiosk.station.health.observation import Finding, Observation, above, below, number_of

MEMORY_MB = 100
"""Less leaves no room for the next programme's player."""
SLOWED_MS = 600_000
"""A processor that is slowed down now and then is no fault."""


def check_machine(observation: Observation, thresholds: Thresholds) -> Iterator[Finding]:
    heat = number_of(observation, "temperature.max_c")
    yield Finding(
        cause="too-hot",
        device="pc",
        wrong=above(heat, thresholds.temperature_c, thresholds.temperature_c - 5),
        text=Message(mark("The PC is too hot: {heat} °C."), {"heat": str(heat)}),
        remedy=Message(mark("Free the PC's air vents of dust and of what stands before them.")),
        facts={"temperature_c": str(heat)},
        explains=("throttled",),
    )
    slowed = observation.facts.get("cpu.throttled")
    yield Finding(
        cause="throttled",
        device="pc",
        wrong=slowed if isinstance(slowed, bool) else None,
        text=Message(mark("The PC slows itself down: it is too hot, or gets too little power.")),
        remedy=Message(mark("Free the PC's air vents of dust; use the power supply that belongs to it.")),
        settle_ms=SLOWED_MS,
    )
    available = number_of(observation, "memory.available_mb")
    yield Finding(
        cause="memory-low",
        device="pc",
        wrong=below(available, MEMORY_MB, MEMORY_MB * 2),
        text=Message(mark("The PC has hardly any memory left: {free} MB."), {"free": str(available)}),
        remedy=Message(mark("Restart the PC; if it comes back, tell the town: it needs more memory.")),
        facts={"available_mb": str(available)},
        explains=("child-restarts", "inbox-long"),
    )
