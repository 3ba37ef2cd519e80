"""What a service tells systemd: ready, alive, stopping; and which boot this is (sd_notify(3), without its library)."""

import logging
import os
import socket
import sys
from pathlib import Path

from kiosk.common.programs import output
from kiosk.common.terminal import escape, escape_lines

log = logging.getLogger(__name__)

READY = "READY=1"
STOPPING = "STOPPING=1"
WATCHDOG = "WATCHDOG=1"
REFUSED = "cannot start: "
UNIT = "kiosk-station.service"


def notify(*lines: str) -> bool:
    """Tell the service manager, for instance ``notify(READY, status("poster"))``; False if there is none to hear it.

    Never raises: a lost message must not stop the picture, and a lost WATCHDOG=1 shows by itself.
    """
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return False
    if address.startswith("@"):  # the abstract namespace
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as out:
            out.sendto("\n".join(lines).encode(), address)
    except OSError as error:
        log.warning("cannot tell systemd %s: %s", lines[0].partition("=")[0], error)
        return False
    return True


def status(text: str) -> str:
    """The line that ``systemctl status`` shows."""
    return "STATUS=" + escape(" ".join(text.split()))


def refuse(why: str) -> None:
    """Say why the daemon does not start: on standard error, and to systemd, which keeps it until the next start."""
    sys.stderr.write(f"kiosk station: {escape_lines(why)}\n")
    notify(status(REFUSED + why))


def refusal() -> str:
    """Why the daemon of this PC did not start, as :func:`refuse` has said it; empty where it has not."""
    said = output("systemctl", "show", "--property=StatusText", "--value", UNIT) or b""
    head, told, why = said.decode(errors="replace").strip().partition(REFUSED)
    return why if told and not head else ""


def patience(seconds: int) -> str:
    """The line that asks for so much more time to start."""
    return f"EXTEND_TIMEOUT_USEC={seconds * 1_000_000}"


def watchdog_interval() -> float | None:
    """Seconds between two WATCHDOG=1: half of what the unit allows. ``None`` if nobody watches this process."""
    if os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None  # inherited from the daemon that started us
    allowed = os.environ.get("WATCHDOG_USEC", "")
    return int(allowed) / 2_000_000 if allowed.isdecimal() and int(allowed) else None


def boot_id() -> str:
    """The kernel's random name of this boot, as rows of the record carry it."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
