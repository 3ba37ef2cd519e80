"""The PC: its disk and its temperature. Pure."""

from collections.abc import Iterator

from kiosk.common.messages import Message, mark
from kiosk.contract.station import Thresholds
from kiosk.station.health.observation import Finding, Observation, above, below, number_of


def check_machine(observation: Observation, thresholds: Thresholds) -> Iterator[Finding]:
    free = number_of(observation, "disk.free_mb")
    least = thresholds.disk_free_mb
    yield Finding(
        cause="disk-low",
        device="disk",
        wrong=below(free, least, least + least // 10),
        text=Message(
            mark("The disk is nearly full: {free} MB are free, {least} MB are wanted."),
            {"free": str(free), "least": str(least)},
        ),
        remedy=Message(mark("Delete files that do not belong to the kiosk, or have a larger disk put in.")),
        facts={"free_mb": str(free)},
    )
    lacking, title = observation.lacking, observation.lacking_title
    megabytes = str(-(-(lacking or 0) // 1_000_000))
    yield Finding(
        cause="programmes-do-not-fit",
        device="disk",
        wrong=None if lacking is None else lacking > 0,
        text=Message(
            mark("{title} does not fit on the disk and will not be shown; {megabytes} MB are lacking."),
            {"title": title, "megabytes": megabytes},
        ),
        remedy=Message(
            mark("Delete files that do not belong to the kiosk, have a larger disk put in, or ask the town for less.")
        ),
        facts={"title": title, "lacking_mb": megabytes},
    )
    writable = observation.facts.get("disk.writable")
    yield Finding(
        cause="disk-not-writable",
        device="disk",
        wrong=None if writable is None else not writable,
        text=Message(mark("The disk does not take any writing, so plays cannot be recorded.")),
        remedy=Message(mark("Restart the PC; if it comes back, the disk is failing and must be replaced.")),
    )
    heat = number_of(observation, "temperature.max_c")
    yield Finding(
        cause="too-hot",
        device="pc",
        wrong=above(heat, thresholds.temperature_c, thresholds.temperature_c - 5),
        text=Message(mark("The PC is too hot: {heat} °C."), {"heat": str(heat)}),
        remedy=Message(mark("Free the PC's air vents of dust and of what stands before them.")),
        facts={"temperature_c": str(heat)},
    )
