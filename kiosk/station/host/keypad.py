"""Keys of remotes, keypads and button boxes: read from the kernel's input devices in one thread. The only evdev user.

A device is read as long as it is there; one that is plugged in later is found when udev tells of it, and at the latest
:data:`LOOK_EVERY` seconds after. What a key means is in the settings.
"""

import contextlib
import logging
import os
import select
import struct
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from kiosk.station.events import Post
from kiosk.station.host.events import KeyName, KeyPressed
from kiosk.station.service.threads import spawn

log = logging.getLogger(__name__)

LOOK_EVERY = 10.0
"""Seconds between two looks for devices, where nothing is told of them."""
EVENT = struct.Struct("@llHHi")
"""The kernel's ``struct input_event``: time (two longs), type, code, value."""
EV_KEY = 1
PRESSED, REPEATED = 1, 2
"""Values of a key's event; 0 is released."""
AGAIN: frozenset[KeyName] = frozenset({"up", "down", "left", "right", "louder", "softer"})
"""Keys that go on while they are held ..."""
AGAIN_S = 0.12
"""... no faster than this."""


@dataclass(frozen=True)
class InputDevice:
    """An input device as udev has it: its node, its name, and the codes of the keys that it has."""

    node: str
    name: str
    keys: frozenset[int]


def codes_of(settings: Mapping[KeyName, Iterable[str]]) -> tuple[dict[int, KeyName], list[str]]:
    """What each key code means by the ``settings`` (names such as ``KEY_OK``); and the names that nobody knows."""
    from evdev import ecodes  # only where keys are read

    found: dict[int, KeyName] = {}
    unknown: list[str] = []
    for key, names in settings.items():
        for name in names:
            code = ecodes.ecodes.get(name)
            if isinstance(code, int):
                found[code] = key
            else:
                unknown.append(name)
    return found, unknown


def read_keys(
    post: Post,
    settings: Mapping[KeyName, Iterable[str]],
    inputs: Callable[[], Mapping[str, tuple[str, frozenset[int]]]],
) -> "Keypad":
    """The reader of what ``inputs`` lists, by node: name and key codes. A name of the ``settings`` that is no key of
    the kernel's is logged, and left out."""
    keys, unknown = codes_of(settings)
    if unknown:
        log.error("[keys]: no key is called %s; evtest says which name a key has", ", ".join(unknown))
    return Keypad(post, lambda: [InputDevice(node, name, has) for node, (name, has) in inputs().items()], keys)


class Keypad:
    """The thread that reads the keys. A device that cannot be read is named in the log once, and tried again."""

    def __init__(self, post: Post, devices: Callable[[], Iterable[InputDevice]], keys: Mapping[int, KeyName]) -> None:
        """``devices`` lists what is plugged in now; it is called in the thread."""
        self._post, self._devices, self._keys = post, devices, keys
        self._open: dict[int, InputDevice] = {}
        self._rest: dict[int, bytes] = {}
        """The beginning of an event whose end has not come."""
        self._silent: set[str] = set()
        """Nodes that could not be opened, as was logged."""
        self._pressed_at: dict[KeyName, float] = {}
        self._wake_reader, self._wake_writer = -1, -1
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to read, in the thread."""
        self._wake_reader, self._wake_writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._thread = spawn("keys", self._read, self._post)

    def look(self) -> None:
        """A device has come or gone: look for it now."""
        if self._thread is not None:
            with contextlib.suppress(BlockingIOError):  # it has been told often enough
                os.write(self._wake_writer, b"?")

    def stop(self) -> None:
        """End the thread; waits until it has ended."""
        if self._thread is None:
            return
        os.write(self._wake_writer, b".")
        self._thread.join()
        self._thread = None
        for descriptor in (self._wake_reader, self._wake_writer):
            os.close(descriptor)

    def _read(self) -> None:
        try:
            self._find()
            looked_at, told = time.monotonic(), b""
            while b"." not in told:
                ready, _, _ = select.select([self._wake_reader, *self._open], [], [], LOOK_EVERY)
                told = os.read(self._wake_reader, 4096) if self._wake_reader in ready else b""
                for descriptor in ready:
                    if descriptor != self._wake_reader:
                        self._take(descriptor)
                if told or time.monotonic() - looked_at >= LOOK_EVERY:
                    self._find()
                    looked_at = time.monotonic()
        finally:
            for descriptor in list(self._open):
                self._close(descriptor)

    def _find(self) -> None:
        """Open what has come, close what has gone."""
        there = {device.node: device for device in self._devices() if device.keys & self._keys.keys()}
        for descriptor, device in list(self._open.items()):
            if there.get(device.node) != device:
                self._close(descriptor)
        known = {device.node for device in self._open.values()}
        for node, device in there.items():
            if node not in known:
                self._try(node, device)
        self._silent &= there.keys()

    def _try(self, node: str, device: InputDevice) -> None:
        try:
            descriptor = os.open(node, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            if node not in self._silent:
                log.warning(
                    "the keys of %s (%s) cannot be read: %s; is the kiosk's user in the group input?",
                    device.name, node, error.strerror,
                )  # fmt: skip
            self._silent.add(node)
            return
        self._silent.discard(node)
        self._open[descriptor], self._rest[descriptor] = device, b""
        log.info("keys are read from %s (%s)", device.name, node)

    def _close(self, descriptor: int) -> None:
        device = self._open.pop(descriptor)
        del self._rest[descriptor]
        os.close(descriptor)
        log.info("keys are no longer read from %s (%s)", device.name, device.node)

    def _take(self, descriptor: int) -> None:
        """Read what a device has to say."""
        try:
            data = os.read(descriptor, EVENT.size * 64)
        except BlockingIOError:
            return
        except OSError:  # ENODEV: it was pulled out
            data = b""
        if not data:
            self._close(descriptor)
            return
        data = self._rest[descriptor] + data
        whole = len(data) - len(data) % EVENT.size
        self._rest[descriptor] = data[whole:]
        for _, _, kind, code, value in EVENT.iter_unpack(data[:whole]):
            if kind == EV_KEY and value in (PRESSED, REPEATED) and code in self._keys:
                self._press(self._keys[code], value == REPEATED)

    def _press(self, key: KeyName, again: bool) -> None:
        now = time.monotonic()
        if again and (key not in AGAIN or now - self._pressed_at.get(key, 0.0) < AGAIN_S):
            return
        self._pressed_at[key] = now
        self._post(KeyPressed(key, now))
