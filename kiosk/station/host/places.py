"""Where the room's X server and sound server let their clients in, as the units have it."""

from pathlib import Path

X_AUTHORITY = Path("/run/kiosk-x/authority")
"""The X server's cookie, for its own user, who is the daemon's."""
SOUND_SOCKET = Path("/run/kiosk-sound/native")
SOUND_COOKIE = Path("/run/kiosk-sound/cookie")
"""The sound server's cookie, for the group kiosk-sound."""


def environment() -> dict[str, str]:
    """What a client of both servers has in its environment."""
    return {
        "XAUTHORITY": str(X_AUTHORITY),
        "PULSE_SERVER": f"unix:{SOUND_SOCKET}",
        "PULSE_COOKIE": str(SOUND_COOKIE),
    }
