"""Reads the machine's facts, on its own thread: a slow disk must not hold up the main loop."""

import errno
import logging
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from kiosk.station.events import Post
from kiosk.station.health.devices import Devices
from kiosk.station.health.events import Fact, FactsRead
from kiosk.station.health.sound import read_sink
from kiosk.station.service.threads import spawn

log = logging.getLogger(__name__)

PROBE_FILE = ".probe"
MEGABYTE = 2**20
TIMEDATECTL_S = 10


class Probes:
    """Reads every ``every_s`` seconds, and at once when :meth:`read_soon` is called; posts :class:`FactsRead`.

    ``state`` is the folder that holds the journal (probed by writing), ``library`` the one that holds the programmes
    (measured for free space).
    """

    def __init__(
        self,
        post: Post,
        devices: Devices,
        state: Path,
        library: Path,
        every_s: float,
        sound: str = "none",
        more: Callable[[], Mapping[str, Fact]] = dict,
    ) -> None:
        """``sound`` is the output of the settings; ``more`` reads what other instruments say."""
        self._post = post
        self._devices = devices
        self._state = state
        self._library = library
        self._every_s = every_s
        self._sound, self._more = sound, more
        self._wanted, self._stopping = threading.Event(), False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Read once now, then go on."""
        self._thread = spawn("probes", self._run, self._post)

    def stop(self, wait_s: float = 5) -> None:
        """End the thread. A probe that hangs on a dead disk is left behind after ``wait_s``."""
        self._stopping = True
        self._wanted.set()
        if self._thread is not None:
            self._thread.join(wait_s)

    def read_soon(self) -> None:
        """Read soon. Requests that come while a reading is under way are answered by one more reading."""
        self._wanted.set()

    def _run(self) -> None:
        while True:
            self._wanted.clear()
            if self._stopping:
                return
            began = time.monotonic()
            facts = read(self._devices, self._state, self._library, self._sound)
            self._post(FactsRead({**facts, **self._more()}, began))
            self._wanted.wait(self._every_s)


def read(devices: Devices, state: Path, library: Path, output: str = "none") -> Mapping[str, Fact]:
    """All facts, by name. One that cannot be read is None, and says why in the log."""
    facts = screen(devices.connectors()) | usb(devices.usb()) | sound(output) | memory() | temperature() | clock()
    return facts | disk(state, library)  # last: it is the one that can hang


def screen(connectors: Mapping[str, str] | None) -> dict[str, Fact]:
    """``screen.connectors`` (``DP-1=disconnected,HDMI-A-1=connected``) and whether any has a screen."""
    known = {name: status for name, status in (connectors or {}).items() if status in ("connected", "disconnected")}
    return {
        "screen.connectors": ",".join(f"{name}={known[name]}" for name in sorted(known)) if known else None,
        "screen.connected": "connected" in known.values() if known else None,
    }


def usb(present: frozenset[str] | None) -> dict[str, Fact]:
    """``usb.present``: ``046d:c31c,1d6b:0002``."""
    return {"usb.present": None if present is None else ",".join(sorted(present))}


def sound(output: str) -> dict[str, Fact]:
    """``sound.sink``, as :func:`read_sink`."""
    return {"sound.sink": read_sink(output)}


def memory() -> dict[str, Fact]:
    """``memory.available_mb``, as the kernel estimates it."""
    with _tolerant("memory"):
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return {"memory.available_mb": int(line.split()[1]) * 1024 // MEGABYTE}
    return {"memory.available_mb": None}


def temperature() -> dict[str, Fact]:
    """``temperature.max_c``: the hottest thermal zone, in whole degrees Celsius."""
    hottest: int | None = None
    for zone in Path("/sys/class/thermal").glob("thermal_zone*/temp"):
        with _tolerant(f"temperature of {zone.parent.name}"):
            degrees = int(zone.read_text(encoding="ascii")) // 1000
            if -40 < degrees < 150:  # a zone without a sensor says something like -274
                hottest = degrees if hottest is None else max(hottest, degrees)
    return {"temperature.max_c": hottest}


def clock() -> dict[str, Fact]:
    """``clock.synchronised``, as systemd says: adjtimex(2) is forbidden to a hardened unit (ProtectClock)."""
    with _tolerant("clock"):
        answer = subprocess.run(
            ["timedatectl", "show", "-p", "NTPSynchronized", "--value"],
            capture_output=True,
            text=True,
            timeout=TIMEDATECTL_S,
            check=False,
        ).stdout.strip()
        if answer in ("yes", "no"):
            return {"clock.synchronised": answer == "yes"}
    return {"clock.synchronised": None}


def disk(state: Path, library: Path) -> dict[str, Fact]:
    """``disk.free_mb`` of the library and ``disk.writable`` of the state folder."""
    free: int | None = None
    with _tolerant("disk space"):
        free = shutil.disk_usage(library).free // MEGABYTE
    return {"disk.free_mb": free, "disk.writable": writable(state)}


def writable(folder: Path) -> bool | None:
    """Whether a file can be written and reaches the disk.

    Only a write with fsync tells: after ``errors=remount-ro`` mountinfo and statvfs still say that all is well. A full
    disk says nothing about writing (None); its free space does.
    """
    probe = folder / PROBE_FILE
    try:
        with probe.open("wb") as file:
            file.write(b"written to see whether the disk still takes it\n")
            file.flush()
            os.fsync(file.fileno())
        probe.unlink()
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return None
        log.warning("cannot write to %s: %s", folder, error)
        return False
    return True


@contextmanager
def _tolerant(what: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, IndexError, subprocess.SubprocessError) as error:
        log.debug("cannot read the %s: %s", what, error)
