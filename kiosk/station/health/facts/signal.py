"""Whether what goes to the sound device is sound or silence: a short piece of it, as the sound server has it."""

import os

from kiosk.station.events import Fact
from kiosk.station.health.facts.commands import output
from kiosk.station.health.sound import servers

MILLISECONDS = 400
RATE = 8_000


def read_signal(sound: str) -> dict[str, Fact]:
    """``sound.silent``: whether each sample of the piece is nought. ``sound`` is the output of the settings."""
    if sound != "pulse":
        return {"sound.silent": None}
    wanted = RATE * 2 * MILLISECONDS // 1000
    said = output(
        *("sh", "-c", f'parec -d @DEFAULT_MONITOR@ --format=s16le --rate={RATE} --channels=1 --raw | head -c {wanted}'),
        environment={"PULSE_SERVER": servers(dict(os.environ))},
    )  # fmt: skip
    return {"sound.silent": None if not said or len(said) < wanted else not any(said)}
