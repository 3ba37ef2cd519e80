"""The daemon's own memory."""

import os
from pathlib import Path

from kiosk.station.health.events import Fact


def read_daemon() -> dict[str, Fact]:
    """``daemon.memory_mb``: what it holds of the PC's memory, in MB of 2**20 bytes."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return {"daemon.memory_mb": None}
    return {"daemon.memory_mb": pages * os.sysconf("SC_PAGESIZE") // 2**20}
