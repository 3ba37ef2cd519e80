"""Where the room's X server and sound server let their clients in, as the units have it."""

import os
from pathlib import Path

SCREEN, SOUND = Path("/run/kiosk-x"), Path("/run/kiosk-sound")
"""The runtime folders of kiosk-x.service and kiosk-sound.service."""


def environment(screen: Path = SCREEN, sound: Path = SOUND) -> dict[str, str]:
    """What a client of both servers has in its environment, as kiosk-station.service has it."""
    return {
        "XAUTHORITY": str(screen / "authority"),
        "PULSE_SERVER": f"unix:{sound / 'native'}",
        "PULSE_COOKIE": str(sound / "cookie"),
    }


def own_folder(usual: Path) -> Path:
    """The runtime folder that systemd has made for this process; ``usual`` without systemd."""
    return Path(os.environ.get("RUNTIME_DIRECTORY") or usual)
