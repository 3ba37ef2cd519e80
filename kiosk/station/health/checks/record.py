"""The record: damage that was found at a start. Pure."""

from collections.abc import Iterator

from kiosk.common.messages import Message, mark
from kiosk.station.health.observation import Finding, Observation

SHOWN_MS = 7 * 86_400_000
"""How long damage to the record stays a fault: a disk that is failing damages it again within a week."""


def check_record(observation: Observation, now_ms: int) -> Iterator[Finding]:
    damaged_ms, aside = observation.journal_damaged_ms, observation.journal_aside
    yield Finding(
        cause="journal-damaged",
        device="journal",
        wrong=None if damaged_ms is None else bool(damaged_ms) and now_ms - damaged_ms < SHOWN_MS,
        text=Message(
            mark("The record was damaged when the station started; what could be read was carried over. Kept: {file}"),
            {"file": aside or "-"},
        ),
        remedy=Message(mark("Tell the town. If it comes back, the disk is failing and must be replaced.")),
        facts={"file": aside, "damaged_ms": str(damaged_ms)},
        settle=False,
    )
