"""Keys of remotes, keypads and button boxes, on their way to the inbox."""

from dataclasses import dataclass
from typing import Literal

KeyName = Literal[
    "up", "down", "left", "right", "ok", "menu", "back", "start", "stop", "toggle", "louder", "softer", "mute", "sensor"
]
"""What a key of a remote or keypad means, whatever is printed on it; ``sensor``: a motion sensor has seen somebody."""


@dataclass(frozen=True)
class KeyPressed:
    """Somebody has pressed a key of a remote, keypad or button box, or holds it down."""

    key: KeyName
    monotonic: float
