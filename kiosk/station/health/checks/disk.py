"""The disk: its space, whether it takes writing, what it says of itself and the kernel of it. Pure."""

from collections.abc import Iterator

from kiosk.common.messages import Message, mark
from kiosk.contract.station import Thresholds
from kiosk.station.health.observation import Finding, Observation, above, below, number_of


def check_disk(observation: Observation, thresholds: Thresholds) -> Iterator[Finding]:
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
        remedy=Message(mark("Tell the town: what does not belong to the kiosk has to go, or a larger disk to come.")),
        facts={"free_mb": str(free)},
        explains=("journal-trouble", "programmes-do-not-fit", "programme-missing"),
    )
    lacking, title = observation.lacking, observation.lacking_title
    megabytes = "None" if lacking is None else str(-(-lacking // 1_000_000))
    yield Finding(
        cause="programmes-do-not-fit",
        device="disk",
        wrong=None if lacking is None else lacking > 0,
        text=Message(
            mark("{title} does not fit on the disk and will not be shown; {megabytes} MB are lacking."),
            {"title": title, "megabytes": megabytes},
        ),
        remedy=Message(
            mark("Ask the town for fewer programmes. Else what does not belong to the kiosk has to go from the disk.")
        ),
        facts={"title": title, "lacking_mb": megabytes},
        explains=("programme-missing",),
    )
    writable = observation.facts.get("disk.writable")
    yield Finding(
        cause="disk-not-writable",
        device="disk",
        wrong=None if writable is None else not writable,
        text=Message(mark("The disk does not take any writing, so plays cannot be recorded.")),
        remedy=Message(mark("Restart the PC; if it comes back, the disk is failing and must be replaced.")),
        explains=("journal-trouble", "disk-errors", "programme-missing"),
    )
    said = observation.facts.get("disk.smart")
    yield Finding(
        cause="disk-failing",
        device="disk",
        wrong=said != "ok" if isinstance(said, str) else None,
        text=Message(mark("The disk says of itself that it is failing: {said}."), {"said": str(said)}),
        remedy=Message(
            mark("Tell the town: the disk has to be replaced soon. The record is there, the programmes come again.")
        ),
        facts={"smart": str(said)},
        explains=("disk-errors",),
    )
    errors = number_of(observation, "kernel.io_errors")
    yield Finding(
        cause="disk-errors",
        device="disk",
        wrong=above(errors, 0, 0),
        text=Message(
            mark("The PC could not read or write its disk {count} times within an hour."), {"count": str(errors)}
        ),
        remedy=Message(
            mark("Tell the town: the disk's cables have to be looked at; if it comes back, it must be replaced.")
        ),
        facts={"errors": str(errors)},
        settle=False,
    )
