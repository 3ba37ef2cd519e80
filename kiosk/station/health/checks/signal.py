"""Sound that should be heard: a programme with sound is on, and nothing but silence goes to the device. Pure."""

from collections.abc import Iterator

from kiosk.common.messages import Message, mark
from kiosk.station.health.observation import Finding, Observation

SILENT_MS = 300_000
"""A programme may be silent for minutes; five without one sample that is not nought are told."""


def check_signal(observation: Observation, open_hours: bool) -> Iterator[Finding]:
    silent = observation.facts.get("sound.silent")
    wrong = silent if isinstance(silent, bool) and observation.sounding else None
    yield Finding(
        cause="sound-silent",
        device="sound",
        wrong=None if wrong and not open_hours else wrong,
        text=Message(mark("A programme with sound is on, and nothing is heard of it.")),
        remedy=Message(mark("Restart the PC; if it comes back, tell the town which programme was on.")),
        settle_ms=SILENT_MS,
    )
