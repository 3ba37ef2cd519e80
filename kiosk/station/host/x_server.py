"""The X server of the room's screen: its command line, and the cookie that lets its clients in."""

import secrets
import socket
import struct
from pathlib import Path

from kiosk.common.files import write_whole

PROGRAM = "/usr/lib/xorg/Xorg"
"""Not /usr/bin/Xorg, which may be a wrapper that wants to become root."""
TERMINAL = "vt7"
CONFIG = Path(__file__).parents[3] / "systemd/xorg.conf"
COOKIE_NAME = b"MIT-MAGIC-COOKIE-1"
FAMILY_LOCAL, FAMILY_WILD = 256, 65535
QUESTION = ("xset", "q")


def command(display: str, folder: Path) -> list[str]:
    """The server for ``display``, such as ``:0``, with its log and cookie in ``folder``."""
    server = [PROGRAM, display.partition(".")[0], TERMINAL, "-config", str(CONFIG), "-auth", str(folder / "authority")]
    # With -noreset the screen lives on while no client is there; -keeptty: the terminal is the unit's.
    looks = ["-nolisten", "tcp", "-nocursor", "-noreset", "-keeptty", "-s", "0"]
    return [*server, *looks, "-logfile", str(folder / "Xorg.log")]


def write_authority(path: Path) -> None:
    """Make the file with the cookie, or make it anew with the cookie that it holds. Raises OSError.

    One entry is for python-xlib, which looks for this computer's name; one for libX11, whatever the name is.
    """
    cookie = _cookie_in(path) or secrets.token_bytes(16)
    entries = ((FAMILY_LOCAL, socket.gethostname().encode()), (FAMILY_WILD, b""))
    write_whole(path, b"".join(_entry(family, name, cookie) for family, name in entries), 0o600, lasting=False)


def _entry(family: int, address: bytes, cookie: bytes) -> bytes:
    """As in Xau(3): for every display of that address."""
    fields = (address, b"", COOKIE_NAME, cookie)
    return struct.pack(">H", family) + b"".join(struct.pack(">H", len(field)) + field for field in fields)


def _cookie_in(path: Path) -> bytes:
    """The cookie at the end of the file; empty where there is none."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return b""
    return data[-16:] if data[-18:-16] == struct.pack(">H", 16) else b""
