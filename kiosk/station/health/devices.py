"""Devices by udev: screen connectors, USB devices, and an event for every change. The only user of pyudev."""

import contextlib
import logging
import os
import select
import threading
from pathlib import Path

import pyudev

from kiosk.station.events import Post
from kiosk.station.health.events import DeviceChanged
from kiosk.station.service.threads import spawn

log = logging.getLogger(__name__)

SUBSYSTEMS = ("drm", "usb", "sound", "block", "power_supply", "thermal", "input")
MAX_ERRORS = 10
"""Failed reads in a row after which the monitor is broken, and no longer just overrun."""


class Devices:
    """Watches udev in a thread of its own and answers what is plugged in now.

    A machine without udev (a container) is no reason to end: its devices are then *unknown* (None), and stay so.
    """

    def __init__(self, post: Post) -> None:
        self._post = post
        self._context: pyudev.Context | None = None
        self._monitor: pyudev.Monitor | None = None
        self._thread: threading.Thread | None = None
        self._stop_reader, self._stop_writer = -1, -1

    def start(self) -> None:
        """Begin to watch. Devices that are plugged in already are not posted: call :meth:`connectors`, :meth:`usb`."""
        try:
            self._context = pyudev.Context()
            self._monitor = pyudev.Monitor.from_netlink(self._context)
            for subsystem in SUBSYSTEMS:
                self._monitor.filter_by(subsystem)
            # Bound here and not in the thread: whoever asks after start() must not miss what changes after the answer.
            self._monitor.start()
        except (OSError, ImportError) as error:
            log.warning("no word from udev, so device changes are seen only at the next probe: %s", error)
            return
        if not Path("/run/udev/control").exists():
            log.warning("udevd is not running, so device changes are seen only at the next probe")
        self._stop_reader, self._stop_writer = os.pipe2(os.O_CLOEXEC)
        self._thread = spawn("udev", self._watch, self._post)

    def stop(self) -> None:
        """End the thread; waits until it has ended."""
        if self._thread is None:
            return
        os.write(self._stop_writer, b".")
        self._thread.join()
        os.close(self._stop_reader)
        os.close(self._stop_writer)
        self._thread = None

    def connectors(self) -> dict[str, str] | None:
        """Status (``connected``, ``disconnected``, ``unknown``) by DRM connector (``HDMI-A-1``).

        None where the machine has no connector (a virtual screen) or does not say.
        """
        found: dict[str, str] = {}
        for device in self._list("drm"):
            card, _, connector = str(device.sys_name).partition("-")
            if card.startswith("card") and connector and not connector.startswith("Writeback"):
                status = self._attribute(device, "status")
                if status is not None:
                    found[connector] = status
        return found or None

    def usb(self) -> frozenset[str] | None:
        """What is on the USB, as ``vendor:product`` in lower-case hexadecimal; None where that cannot be known."""
        if self._context is None or not Path("/sys/bus/usb").exists():
            return None
        found: set[str] = set()
        for device in self._list("usb", DEVTYPE="usb_device"):
            vendor, product = (self._attribute(device, name) for name in ("idVendor", "idProduct"))
            if vendor and product:
                found.add(f"{vendor}:{product}".lower())
        return frozenset(found)

    def inputs(self) -> dict[str, tuple[str, frozenset[int]]]:
        """The input devices that have keys: by their node (``/dev/input/event3``) name and key codes. For any thread:
        it asks through a context of its own."""
        try:
            devices = list(pyudev.Context().list_devices(subsystem="input"))
        except (OSError, ImportError):
            return {}
        found: dict[str, tuple[str, frozenset[int]]] = {}
        for device in devices:
            node, parent = device.device_node, device.parent
            if node and parent is not None and str(device.sys_name).startswith("event"):
                keys = _bits(self._attribute(parent, "capabilities/key") or "")
                if keys:
                    found[str(node)] = (self._attribute(parent, "name") or str(device.sys_name), keys)
        return found

    def _list(self, subsystem: str, **properties: str) -> list[pyudev.Device]:
        """The devices as they are now: new objects each time, since a Device caches what it has read."""
        if self._context is None:
            return []
        try:
            return list(self._context.list_devices(subsystem=subsystem, **properties))
        except OSError as error:
            log.warning("cannot list the %s devices: %s", subsystem, error)
            return []

    @staticmethod
    def _attribute(device: pyudev.Device, name: str) -> str | None:
        try:
            return str(device.attributes.asstring(name)).strip()
        except (KeyError, OSError, UnicodeDecodeError):  # gone between listing and reading
            return None

    def _watch(self) -> None:
        assert self._monitor is not None  # noqa: S101 -- start() has made it
        poll = select.poll()
        poll.register(self._stop_reader, select.POLLIN)
        poll.register(self._monitor.fileno(), select.POLLIN)
        errors = 0
        while all(fd != self._stop_reader for fd, _ in poll.poll()):
            try:
                device = self._monitor.poll(0)
            except OSError as error:  # the kernel's buffer ran over: something changed, nobody knows what
                errors += 1
                if errors >= MAX_ERRORS:
                    raise
                log.warning("lost word from udev: %s", error)
                self._post(DeviceChanged("udev", "lost", ""))
                continue
            errors = 0
            if device is not None:
                self._post(DeviceChanged(str(device.subsystem), str(device.action), str(device.sys_name)))


def _bits(words: str) -> frozenset[int]:
    """The numbers of the bits that are set in a mask as sysfs writes it: words in hexadecimal, the highest first."""
    found: set[int] = set()
    for n, word in enumerate(reversed(words.split())):
        with contextlib.suppress(ValueError):
            found.update(64 * n + bit for bit in range(64) if int(word, 16) >> bit & 1)
    return frozenset(found)
