"""The sound server of the room: PulseAudio with the card's sink and one that swallows all, and no other module later.

It loads no modules once it runs (a hostile programme could load one), so a card that comes later needs a new start:
udev's rule sees to that.
"""

import re
import secrets
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

CARD_SINK = "kiosk_card"
"""Name of the sink of the room's sound card."""
NULL_SINK = "kiosk_null"
"""Name of the sink that swallows what it is given. A programme that is on it is heard by nobody: ``sound: null``."""
COOKIE_BYTES = 256
QUESTION = ("pactl", "info")
RATE = 48_000
ASK_S = 3.0
DEVICE = re.compile(r"(\d+)-(\d+): ([^:]*):.*: playback \d")
"""A line of /proc/asound/pcm for what can play: ``00-03: HDMI 0 : HDMI 0 : playback 1``."""


class Output(NamedTuple):
    """A device of a sound card that can play."""

    card: int
    number: int
    digital: bool
    """HDMI or DisplayPort: a screen hears it, or nobody."""

    @property
    def device(self) -> str:
        """ALSA's name of it."""
        return f"hw:{self.card},{self.number}"


def outputs(pcm: str) -> list[Output]:
    """What can play, from the text of /proc/asound/pcm."""
    found = (DEVICE.match(line) for line in pcm.splitlines())
    digital = re.compile("HDMI|DisplayPort")
    return [Output(int(one[1]), int(one[2]), bool(digital.search(one[3]))) for one in found if one]


def choose(found: Iterable[Output], takes_sound: Callable[[Output], bool]) -> tuple[str, bool]:
    """The device that the room hears, and whether a screen takes it: that screen's, else an analogue one, else any.

    ``takes_sound`` says whether a screen that takes sound is connected to a digital output. "" where nothing plays.
    """
    known = list(found)
    if screen := next((one for one in known if one.digital and takes_sound(one)), None):
        return screen.device, True
    ranked = sorted(known, key=lambda one: one.digital)
    return (ranked[0].device if ranked else ""), False


def find_device(pcm: Path = Path("/proc/asound/pcm")) -> tuple[str, bool]:
    """As :func:`choose`, of this PC's cards."""
    try:
        return choose(outputs(pcm.read_text()), takes_sound)
    except OSError:
        return "", False


def takes_sound(output: Output) -> bool:
    """Whether the screen at a digital output has told its card that it takes sound (its ELD)."""
    control = f"iface=PCM,name=ELD,device={output.number}"
    command = ["amixer", f"--card={output.card}", "cget", control]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=ASK_S)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return has_eld(done.stdout)


def has_eld(said: str) -> bool:
    """Whether amixer prints an ELD, and not an empty one: ``: values=0x10,0x00,...``."""
    return bool(re.search(r"^\s*: values=0x", said, re.M))


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
