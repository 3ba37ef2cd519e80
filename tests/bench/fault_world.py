"""A room made of paper for the stories of faults: devices by umockdev, tools by what was recorded of them.

Real here: libudev, pyudev, the probes, the checks, the rules, the remedies, and a server that speaks NUT. Recorded:
pactl, xrandr, journalctl, timedatectl, smartctl, what answers on the line, and what the daemon knows of itself.
"""

import contextlib
import errno
import json
import os
import queue
import socketserver
import subprocess
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from udev_bed import Bed

from kiosk.station.events import Event
from kiosk.station.health import instruments, probes, sound
from kiosk.station.health.devices import Devices
from kiosk.station.health.events import DeviceChanged, Fact
from kiosk.station.health.facts import display_mode, kernel, line, power, signal, smart
from kiosk.station.health.repairs.host import Host

START_S = 1_772_672_400
"""2026-03-05 01:00 UTC: nine in the morning in the room."""
EVENT_S = 5.0
XRANDR = """Screen 0: minimum 320 x 200, current 1920 x 1080, maximum 16384 x 16384
HDMI-1 {state} primary {mode} (normal left inverted right x axis y axis) 1600mm x 900mm
   3840x2160     30.00 +  25.00
   1920x1080     60.00{a}  50.00
   1280x720      60.00{b}  50.00
DP-1 disconnected (normal left inverted right x axis y axis)
"""
SINK = {
    "name": "alsa_output.pci-0000_00_1f.3.hdmi-stereo", "driver": "module-alsa-card.c", "mute": False,
    "volume": {"front-left": {"value": 65536}, "front-right": {"value": 65536}}, "properties": {},
}  # fmt: skip
NULL = SINK | {"name": "null", "driver": "module-null-sink.c"}
IO_ERROR = json.dumps({"PRIORITY": "3", "MESSAGE": "I/O error, dev sda, sector 19531 op 0x0:(READ) flags 0x80700"})
OTHER_ERROR = json.dumps({"PRIORITY": "3", "MESSAGE": "Bluetooth: hci0: Opcode 0x0c03 failed: -110"})
PORTAL = (302, "http://10.0.0.1/login?from=town.example", b"")
UNPAID = (200, "", "<html><title>温馨提示</title>尊敬的用户，您的宽带已欠费停机，请及时缴费。</html>".encode("gb18030"))
SMART_OK = {"smart_status": {"passed": True}, "ata_smart_attributes": {"table": [
    {"id": 5, "name": "Reallocated_Sector_Ct", "raw": {"value": 0}}]}}  # fmt: skip
SMART_BAD = {"smart_status": {"passed": False}}
SMART_WORN = {"smart_status": {"passed": True}, "nvme_smart_health_information_log": {"critical_warning": 0,
              "percentage_used": 103}}  # fmt: skip
SMART_SECTORS = {"smart_status": {"passed": True}, "ata_smart_attributes": {"table": [
    {"id": 197, "name": "Current_Pending_Sector", "raw": {"value": 312}}]}}  # fmt: skip
STICK = {"smartctl": {"messages": [{"string": "Unknown USB bridge", "severity": "error"}]}}


class World:
    """The room at one moment; a story's steps change it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.now_s = folder, 0.0
        self.inbox: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self.look_soon, self.open = False, True
        self.ups = Ups()
        self.observed: dict[str, Any] = {
            "screen": "up", "sound_wanted": True, "child_restarts": 0, "poster_fails": False, "inbox": 0,
            "card_fails": False, "ntp_overruled": False, "unread_s": 0,
            "journal_trouble": "", "journal_damaged_ms": 0, "link_down_since_ms": 0, "behind_ms": 0,
            "plan_until_ms": (START_S + 9 * 86_400) * 1000, "refused": "", "clock": "trusted", "lacking": 0,
            "missing_soon": "", "sounding": True,
        }  # fmt: skip
        self.mode, self.takes_mode = "1920x1080", True
        self.sinks: list[dict[str, Any]] = [SINK, NULL]
        self.default, self.stays_muted, self.server = str(SINK["name"]), False, True
        self.signal = b"\x00\x01" * 3200
        self.journal = OTHER_ERROR
        self.free_mb, self.purgeable_mb, self.fsync_error = 50_000, 0, 0
        self.synchronised = True
        self.resolves, self.reachable, self.delay_s = True, True, 0.04
        self.answers: tuple[int, str, bytes] | None = None
        self.curable: set[str] = {"restart-x", "restart-sound"}
        self.restarts: list[str] = []
        self.memory_kb, self.own_pages = 3_000_000, 30_000
        self._build()

    def _build(self) -> None:
        self.bed = bed = Bed()
        self.tv = bed.connector("HDMI-A-1", "connected")
        bed.connector("DP-1", "disconnected")
        bed.usb("usb1", "1d6b", "0002")
        self.keypad: str | None = bed.usb("1-1", "046d", "c31c")
        self.card: str | None = bed.add("sound", "card0", {})
        self.zone = bed.add("thermal", "thermal_zone0", {"temp": "51000\n"})
        self.mains = bed.add("power_supply", "AC", {"type": "Mains\n", "online": "1\n"})
        self.volts = bed.add("hwmon", "hwmon0", {"in0_lcrit_alarm": "0\n"})
        self.nic = bed.add("net", "eth0", {"carrier": "1\n"}, parent=bed.add("pci", "0000:02:00.0", {}))
        device = bed.root / self.nic.lstrip("/") / "device"
        if not device.exists():
            device.symlink_to("../..")
        self.proc = bed.root / "proc"
        (self.proc / "self").mkdir(parents=True, exist_ok=True)
        counts = bed.root / "sys/devices/system/cpu/cpu0/thermal_throttle"
        counts.mkdir(parents=True)
        self.throttle = counts / "core_throttle_count"
        self.throttle.write_text("0\n")
        self.smart = self.folder / "smart"
        self.smart.mkdir()
        self.report(SMART_OK)
        self.runtime = self.folder / "run"
        self.runtime.mkdir()
        self._record()
        self.devices = Devices(self.inbox.put)
        self.devices.start()
        self.instruments = instruments.Instruments(":0", "pulse", "https://town.example")

    # --- what the tools say ---

    def _record(self) -> None:
        display_mode.output = self._xrandr  # type: ignore[assignment]
        kernel.output = lambda *_, **__: self.journal.encode()
        signal.output = lambda *_, **__: self.signal
        sound._pactl = self._pactl
        sound._run = self._set_sink
        line.Line._resolves = lambda _: self.resolves
        line.Line._connect = lambda own: self._connect(own)
        line.Line._who_answers = lambda own: self.answers and line.who(*self.answers, own._host)
        reads_smart, reads_mains = smart.read_smart, power.read_mains
        instruments.read_smart = lambda: reads_smart(self.smart)
        instruments.read_mains = lambda: reads_mains(ups_at=self.ups.at)
        instruments.read_daemon = lambda: {"daemon.memory_mb": self.own_pages * 4096 // 2**20}
        instruments.time = SimpleNamespace(monotonic=lambda: self.now_s)
        probes.clock = lambda: {"clock.synchronised": self.synchronised}
        probes.memory = lambda: {"memory.available_mb": self.memory_kb // 1024}
        probes.shutil = SimpleNamespace(disk_usage=lambda _: SimpleNamespace(free=self.free_mb * 2**20))

        def fsync(_fd: int) -> None:
            if self.fsync_error:
                raise OSError(self.fsync_error, os.strerror(self.fsync_error))

        os.fsync = fsync

    def _xrandr(self, *words: str, **_: Any) -> bytes | None:
        if self.observed["screen"] != "up":
            return None
        if "--mode" in words:
            if self.takes_mode:
                self.mode = words[-1]
            return b""
        mode = "" if self.mode == "off" else f"{self.mode}+0+0"
        marks = {"a": "*" if self.mode == "1920x1080" else " ", "b": "*" if self.mode == "1280x720" else " "}
        return XRANDR.format(state=self._link(), mode=mode, **marks).encode()

    def _link(self) -> str:
        return (self.bed.root / self.tv.lstrip("/") / "status").read_text().strip()

    def _pactl(self, _environment: Any, _more: Any, *words: str) -> Any:
        if not self.server:
            raise subprocess.CalledProcessError(1, "pactl")
        if words == ("info",):
            return {"default_sink_name": self.default}
        return self.sinks if words == ("list", "sinks") else []

    def _set_sink(self, *words: str, **_: Any) -> bytes:
        if words[1] == "set-sink-mute" and not self.stays_muted:
            self.mute(False)
        if words[1] == "set-default-sink":
            self.default = words[2]
        return b""

    def _connect(self, own: line.Line) -> bool:
        if self.reachable:
            own._delays = deque(line.without_outage(own._delays), line.LOOKS)
        own._delays.append(self.delay_s if self.reachable else None)
        return self.reachable

    # --- what happens in the room ---

    def plug_tv(self, status: str) -> None:
        self._event(lambda: self.bed.change(self.tv, status=f"{status}\n"))

    def pull_keypad(self) -> None:
        assert self.keypad
        path, self.keypad = self.keypad, None
        self._event(lambda: self.bed.remove(path))

    def put_keypad(self) -> None:
        self._event(lambda: setattr(self, "keypad", self.bed.usb("1-1", "046d", "c31c")))

    def plug_stick(self) -> None:
        self._event(lambda: self.bed.usb("1-2", "0781", "5567"))

    def pull_card(self) -> None:
        assert self.card
        path, self.card = self.card, None
        self.sinks, self.default = [NULL], "null"
        self._event(lambda: self.bed.remove(path))

    def put_card(self) -> None:
        """It comes back; the sound server takes it up when its unit is started anew, or when it is led there."""
        self.sinks = [SINK, NULL]
        self._event(lambda: setattr(self, "card", self.bed.add("sound", "card0", {})))

    def mute(self, muted: bool) -> None:
        self.sinks = [SINK | {"mute": muted}, NULL]

    def heat(self, degrees: int) -> None:
        self._write(self.zone, "temp", f"{degrees * 1000}\n")

    def supply(self, online: bool) -> None:
        self._event(lambda: self.bed.change(self.mains, online=f"{int(online)}\n"))

    def alarm(self, low: bool) -> None:
        self._write(self.volts, "in0_lcrit_alarm", f"{int(low)}\n")

    def cable(self, there: bool) -> None:
        self._write(self.nic, "carrier", f"{int(there)}\n")

    def report(self, said: object) -> None:
        (self.smart / "sda.json").write_text(json.dumps(said))

    def know(self, **observed: Any) -> None:
        """What the daemon knows of itself at once, and looks at its devices for."""
        self.observed |= observed
        self.look_soon = True

    def silent_town(self, since_s: float | None) -> None:
        self.observed["link_down_since_ms"] = 0 if since_s is None else round((START_S + since_s) * 1000)

    # --- the daemon ---

    def read(self) -> dict[str, Fact]:
        """All facts, as the probes' thread reads them."""
        self.instruments.expect(bool(self.observed["link_down_since_ms"]), bool(self.observed["sounding"]))
        facts = probes.read(self.devices, self.folder, self.folder, "pulse")
        return {**facts, **self.instruments.read()}

    def host(self) -> Host:
        return Host(
            self.runtime, ":0", order=self.instruments.order, purge=self._purge, fetch_again=lambda: None,
            restart_player=lambda _: setattr(self, "signal", b"\x00\x01" * 3200),
        )  # fmt: skip

    def root(self) -> None:
        """What root's path units do when they find their file."""
        for name in ("restart-x", "restart-sound"):
            if (self.runtime / name).exists():
                (self.runtime / name).unlink()
                self.restarts.append(name)
                if name in self.curable and name == "restart-x":
                    self.know(screen="up")
                elif name in self.curable:
                    self.server, self.look_soon = True, True

    def _purge(self) -> None:
        self.free_mb, self.purgeable_mb = self.free_mb + self.purgeable_mb, 0

    def _event(self, change: Callable[[], object]) -> None:
        """A real uevent: it must have come through libudev before the story goes on."""
        with contextlib.suppress(queue.Empty):
            while True:
                self.inbox.get_nowait()
        change()
        assert isinstance(self.inbox.get(timeout=EVENT_S), DeviceChanged)
        self.look_soon = True

    def _write(self, path: str, name: str, value: str) -> None:
        """An attribute that changes without an event."""
        self.bed._lib.umockdev_testbed_set_attribute(self.bed._bed, path.encode(), name.encode(), value.encode())


class Ups:
    """A server that speaks NUT's protocol as far as upsc(8) asks it: its answers are recorded."""

    def __init__(self) -> None:
        self.status = ""
        own = self

        class Answer(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                for asked in self.rfile:
                    self.wfile.write(own.answer(asked.decode().strip()).encode())

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Answer)
        self._server.daemon_threads = True
        self.at: tuple[str, int] = ("127.0.0.1", self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def answer(self, asked: str) -> str:
        if not self.status:
            return "BEGIN LIST UPS\nEND LIST UPS\n"
        if asked == "LIST UPS":
            return 'BEGIN LIST UPS\nUPS apc "APC Back-UPS"\nEND LIST UPS\n'
        return f'VAR apc ups.status "{self.status}"\n'


READ_ONLY, BROKEN, FULL = errno.EROFS, errno.EIO, errno.ENOSPC
