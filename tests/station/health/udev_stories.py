"""Stories of devices that come and go, through the real pyudev.

Run as ``umockdev-wrapper python udev_stories.py NAME FOLDER``.

Prints what happened as JSON; ``test_udev.py`` runs it and judges. The main loop's part (DeviceChanged asks the probes,
FactsRead goes to the rules) is played by :class:`Room`.
"""

import contextlib
import json
import os
import queue
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from udev_bed import Bed
from udev_remote import plug_in, send

from kiosk.contract.station import Equipment, Thresholds
from kiosk.station.config import Keys
from kiosk.station.events import Crashed, Event
from kiosk.station.health.devices import Devices
from kiosk.station.health.events import DeviceChanged, FactsRead
from kiosk.station.health.observation import Observation
from kiosk.station.health.probes import Probes
from kiosk.station.health.rules import Cleared, Raised, RuleState, judge
from kiosk.station.host.events import KeyPressed
from kiosk.station.host.keypad import read_keys

QUIET_S = 0.5
LIMIT_S = 20.0
ENTER, UP = 28, 103


class Room:
    """What the daemon does with the events of health."""

    def __init__(self, folder: Path, equipment: tuple[Equipment, ...] = ()) -> None:
        self.inbox: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self.devices = Devices(self.inbox.put)
        self.probes = Probes(self.inbox.put, self.devices, folder, folder, every_s=3600)
        self.equipment = equipment
        self.state = RuleState()
        self.told: list[Raised | Cleared] = []
        self.changes: list[DeviceChanged] = []
        self.devices.start()
        self.probes.start()

    def settle(self, wanted: int) -> None:
        """Handle events until ``wanted`` problems have been told of, and then until all is quiet."""
        deadline = time.monotonic() + LIMIT_S
        while time.monotonic() < deadline:
            try:
                self._handle(self.inbox.get(timeout=QUIET_S))
            except queue.Empty:
                if len(self.told) >= wanted:
                    return

    def end(self) -> None:
        self.probes.stop()
        self.devices.stop()

    def _handle(self, event: Event) -> None:
        match event:
            case DeviceChanged():
                self.changes.append(event)
                self.probes.read_soon()
            case FactsRead(facts=facts):
                observation = Observation(facts=facts)
                thresholds = Thresholds(hysteresis_ms=0, disk_free_mb=0)
                self.state, told = judge(
                    self.state, observation, thresholds, self.equipment, datetime.now(UTC), open_hours=True
                )
                self.told += told
            case Crashed():
                raise RuntimeError(event.error)

    def story(self) -> dict[str, object]:
        return {
            "told": [[type(news).__name__, news.problem.cause, news.problem.device] for news in self.told],
            "changes": [[change.subsystem, change.action, change.name] for change in self.changes],
        }


def screen(folder: Path) -> dict[str, object]:
    bed = Bed()
    tv = bed.connector("HDMI-A-1", "connected")
    bed.connector("DP-1", "disconnected")
    room = Room(folder)
    room.settle(0)
    before = room.devices.connectors()
    for wanted, status in enumerate(["disconnected", "connected"], 1):
        bed.change(tv, status=f"{status}\n")
        room.settle(wanted)
    room.end()
    return room.story() | {"before": before}


def stick(folder: Path) -> dict[str, object]:
    bed = Bed()
    bed.usb("usb1", "1d6b", "0002")
    keypad = bed.usb("1-1", "046D", "c31c")
    room = Room(folder, (Equipment(id="keypad", kind="usb", name="小键盘", usb="046d:C31C"),))
    room.settle(0)
    before = sorted(room.devices.usb() or ())
    bed.remove(keypad)
    room.settle(1)
    bed.usb("1-1", "046D", "c31c")
    room.settle(2)
    room.end()
    return room.story() | {"before": before}


def other_subsystems(folder: Path) -> dict[str, object]:
    bed = Bed()
    room = Room(folder)
    room.settle(0)
    for subsystem, name in [("sound", "card1"), ("block", "sda"), ("power_supply", "ups"), ("net", "eth0")]:
        bed.add(subsystem, name, {})
    room.settle(0)
    room.end()
    return room.story()


def no_screen_at_all(folder: Path) -> dict[str, object]:
    Bed()
    room = Room(folder)
    room.settle(0)
    connectors, usb = room.devices.connectors(), room.devices.usb()
    room.end()
    return room.story() | {"connectors": connectors, "usb": usb if usb is None else sorted(usb)}


def remote(_folder: Path) -> dict[str, object]:
    """A remote whose keys are read, that is pulled out, and plugged in again."""
    bed = Bed()
    inbox: queue.SimpleQueue[Event] = queue.SimpleQueue()
    devices = Devices(inbox.put)
    devices.start()
    keypad = read_keys(inbox.put, Keys().names(), devices.inputs)
    keypad.start()
    heard: list[str] = []

    def until(count: int) -> None:
        deadline = time.monotonic() + LIMIT_S
        while len(heard) < count and time.monotonic() < deadline:
            with contextlib.suppress(queue.Empty):
                event = inbox.get(timeout=0.1)
                if isinstance(event, DeviceChanged):
                    keypad.look()
                heard.append(event.key if isinstance(event, KeyPressed) else f"{event}"[:13])

    into, paths = plug_in(bed, (ENTER, UP))
    until(2)
    send(into, UP)
    until(3)
    for path in reversed(paths):
        bed.remove(path)
    until(5)
    os.close(into)
    into, _ = plug_in(bed, (ENTER, UP))
    until(7)
    send(into, ENTER)
    until(8)
    keypad.stop()
    devices.stop()
    return {"heard": heard, "open": devices.inputs()["/dev/input/event7"][0]}


if __name__ == "__main__":
    stories = (screen, stick, other_subsystems, no_screen_at_all, remote)
    found = {story.__name__: story for story in stories}[sys.argv[1]](Path(sys.argv[2]))
    json.dump(found, sys.stdout)
