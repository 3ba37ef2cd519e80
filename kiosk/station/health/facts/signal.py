"""Whether what goes to the sound device is sound or silence: a short piece of it, as the sound server has it."""

import os

from kiosk.common.programs import output
from kiosk.station.health.events import Fact
from kiosk.station.health.sound import servers

MILLISECONDS = 400
RATE = 8_000
WAITS_S = 3
"""A sink may hand on what it plays in pieces of two seconds."""
LEAST = 800
"""Bytes, a twentieth of a second, that tell."""


def read_signal(sound: str) -> dict[str, Fact]:
    """``sound.silent``: whether each sample of the piece is nought. ``sound`` is the output of the settings."""
    if sound != "pulse":
        return {"sound.silent": None}
    wanted = RATE * 2 * MILLISECONDS // 1000
    record = f"parec -d @DEFAULT_MONITOR@ --format=s16le --rate={RATE} --channels=1 --raw --latency-msec=100"
    server = {"PULSE_SERVER": servers(os.environ)}
    # A sink that stands still gives nothing, and a recorder that waits for it must not stay behind.
    said = output("sh", "-c", f"timeout {WAITS_S} {record} | head -c {wanted}", environment=server)
    return {"sound.silent": None if not said or len(said) < LEAST else not any(said)}
