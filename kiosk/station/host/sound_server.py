"""The sound server of the room: PulseAudio with the card's sink and one that swallows all, and no other module later.

It loads no modules once it runs (a hostile programme could load one), so a card that comes later needs a new start:
udev's rule sees to that.
"""

import os
import re
import secrets
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from kiosk.station.host.places import environment

CARD_SINK = "kiosk_card"
"""Name of the sink of the room's sound card."""
NULL_SINK = "kiosk_null"
"""Name of the sink that swallows what it is given. A programme that is on it is heard by nobody: ``sound: null``."""
COOKIE_BYTES = 256
QUESTION = ("pactl", "info")
RATE = 48_000
DEVICE = re.compile(r"(\d+)-(\d+): ([^:]*):.*: playback \d")
"""A line of /proc/asound/pcm for what can play: ``00-03: HDMI 0 : HDMI 0 : playback 1``."""


@dataclass(frozen=True)
class Output:
    """A device of a sound card that can play. ``heard``: a screen that takes sound is connected to it, as far as its
    card says so; ``digital``: HDMI or DisplayPort."""

    device: str
    name: str
    digital: bool
    heard: bool = False


def outputs(pcm: str, screens: Iterable[int] = ()) -> list[Output]:
    """What can play, from the text of /proc/asound/pcm. ``screens``: cards with a screen that takes sound."""
    found = []
    for line in pcm.splitlines():
        if match := DEVICE.match(line):
            card, number, name = int(match[1]), int(match[2]), match[3].strip()
            digital = "HDMI" in name or "DisplayPort" in name
            found.append(Output(f"hw:{card},{number}", name, digital, digital and card in screens))
    return found


def choose(found: list[Output]) -> str:
    """The device that the room hears: that of a connected screen, else an analogue one, else any; "" without one."""
    ranked = sorted(found, key=lambda one: 0 if one.heard else 1 if not one.digital else 2)
    return ranked[0].device if ranked else ""


def find_device(asound: Path = Path("/proc/asound")) -> str:
    """The device that the room hears, as the kernel describes the cards; "" where there is none."""
    try:
        pcm = (asound / "pcm").read_text()
    except OSError:
        return ""
    screens = {
        int(eld.parent.name.removeprefix("card"))
        for eld in asound.glob("card[0-9]*/eld#*")
        if re.search(r"^monitor_present\s+1$", eld.read_text(), re.M)
    }
    return choose(outputs(pcm, screens))


def script(device: str, folder: Path) -> str:
    """What the server loads at its start; its socket and cookie are in ``folder``. ``device`` is ALSA's, or ""."""
    lines = [
        f"load-module module-null-sink sink_name={NULL_SINK} rate={RATE} channels=2",
        f"set-default-sink {NULL_SINK}",
    ]
    if device:
        lines += [
            ".nofail",  # a card that cannot be opened: the programmes play on, and their rows say that nobody heard
            f"load-module module-alsa-sink sink_name={CARD_SINK} device={device} rate={RATE} channels=2",
            f"set-default-sink {CARD_SINK}",
            ".fail",
        ]
    socket = f"socket={folder / 'native'} auth-cookie={folder / 'cookie'}"
    return "\n".join([*lines, f"load-module module-native-protocol-unix {socket}", ""])


def command(start: Path) -> list[str]:
    """The server, with the file ``start`` as its script."""
    closed = ["--disallow-module-loading", "--disallow-exit", "--exit-idle-time=-1"]
    plain = ["--daemonize=no", "--use-pid-file=no", "--realtime=no", "--high-priority=no", "--log-target=stderr"]
    return ["pulseaudio", "-n", *closed, *plain, "-F", str(start)]


def write_cookie(path: Path) -> None:
    """Make the cookie where there is none; the unit's umask lets the group read it. Raises OSError."""
    if not path.exists():
        path.write_bytes(secrets.token_bytes(COOKIE_BYTES))


def default_sink() -> str:
    """The sink that programmes are on now, by its name; "" where the sound server does not answer.

    :data:`NULL_SINK` means that no sound card could be opened: nobody hears anything.
    """
    client = {**os.environ, **environment()}
    try:
        done = subprocess.run(["pactl", "get-default-sink"], env=client, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()
