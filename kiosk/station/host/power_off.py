"""Shuts the PC down for the night and has its clock (RTC) wake it: asked for by the daemon, done by a unit of root.

The daemon has no such right. It leaves a file with the instant of waking; ``kiosk-power-off.path`` has
``kiosk power-off`` run as root. The PC is shut down only once the alarm was read back: a PC that nothing wakes is a
dead room.
"""

import contextlib
import os
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from kiosk.common.files import write_whole
from kiosk.station.host.commands import Run, run

FILE = "power-off"
ALARM = Path("/sys/class/rtc/rtc0/wakealarm")
SOONEST_S, LATEST_S = 60, 8 * 86_400
"""Seconds from now within which the PC may be woken."""
REPORT_S = 5.0
"""Seconds that the daemon has to tell the town."""


class Refused(Exception):
    """The PC stays on, and why."""


def request(runtime: Path, wake: datetime) -> None:
    """Ask to be shut down, and woken when the system's clock shows the aware ``wake``. Raises :class:`OSError`."""
    write_whole(runtime / FILE, f"{int(wake.timestamp())}\n".encode(), 0o600, lasting=False)


def power_off(
    path: Path, now_s: float, run: Run = run, alarm: Path = ALARM, wait: Callable[[float], None] = time.sleep
) -> None:
    """Do what the file ``path`` asks for; it is removed first. Raises :class:`Refused`: the PC stays on."""
    wake_s = _take(path)
    if not now_s + SOONEST_S <= wake_s <= now_s + LATEST_S:
        raise Refused(f"{wake_s} is no instant of the coming days at which the PC could be woken")
    if run(("rtcwake", "-m", "no", "-t", str(wake_s))) is None:
        raise Refused("rtcwake cannot set the alarm of the PC's clock; switch RTC wake-up on in the PC's setup (BIOS)")
    try:
        kept = alarm.read_text(encoding="ascii").strip()
    except OSError:
        kept = ""
    if not kept:
        raise Refused(f"the alarm was not kept: {alarm} is empty; switch RTC wake-up on in the PC's setup (BIOS)")
    wait(REPORT_S)
    if run(("systemctl", "poweroff", "--no-block")) is None:
        raise Refused("systemctl poweroff failed; see journalctl -b")


def _take(path: Path) -> int:
    """The instant in the file, in seconds since 1970. The file is not root's: it is opened with care."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            return int(os.read(file, 32))
        finally:
            os.close(file)
    except (OSError, ValueError) as error:
        raise Refused(f"{path} cannot be read: {error}") from None
    finally:
        with contextlib.suppress(OSError):
            path.unlink()
