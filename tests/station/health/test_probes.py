"""The probes on the real machine."""

import errno
import os
import queue
import threading
from pathlib import Path

import pytest
from fake_tv import Tv

from kiosk.station.events import Crashed, Event
from kiosk.station.health import probes
from kiosk.station.health.devices import Devices
from kiosk.station.health.events import FactsRead
from kiosk.station.health.probes import Probes
from kiosk.station.host.screen_power import Want


class NoDevices:
    """A machine that does not say what is plugged in."""

    def connectors(self) -> dict[str, str] | None:
        return None

    def usb(self) -> frozenset[str] | None:
        return None


class BrokenDevices(NoDevices):
    def usb(self) -> frozenset[str] | None:
        raise RuntimeError("a mistake of ours")


def started(folder: Path, devices: NoDevices, every_s: float = 3600) -> tuple[Probes, "queue.SimpleQueue[Event]"]:
    inbox: queue.SimpleQueue[Event] = queue.SimpleQueue()
    found = Probes(inbox.put, devices, folder, folder, every_s)
    found.start()
    return found, inbox


def test_screen_is_switched_at_each_reading_and_what_it_answers_is_a_fact(tmp_path: Path) -> None:
    inbox: queue.SimpleQueue[Event] = queue.SimpleQueue()
    tv = Tv()
    power = tv.power()
    running = Probes(inbox.put, NoDevices(), tmp_path, tmp_path, 3600, more=power.keep)
    running.start()
    inbox.get(timeout=20)
    power.want(Want(False, "cec"))
    running.read_soon()
    read = inbox.get(timeout=20)
    running.stop()
    assert isinstance(read, FactsRead)
    assert (read.facts["screen.cec"], read.facts["disk.writable"]) == ("standby", True)


def test_facts_are_read_at_once_again_when_asked_and_every_interval(tmp_path: Path) -> None:
    running, inbox = started(tmp_path, NoDevices())
    first = inbox.get(timeout=20)
    running.read_soon()
    second = inbox.get(timeout=20)
    running.stop()
    assert isinstance(first, FactsRead)
    assert isinstance(second, FactsRead)
    assert second.monotonic > first.monotonic
    running, inbox = started(tmp_path, NoDevices(), every_s=0.05)
    assert [type(inbox.get(timeout=20)) for _ in range(3)] == [FactsRead] * 3
    running.stop()
    assert "probes" not in [thread.name for thread in threading.enumerate()]


def test_every_fact_has_its_name_and_kind(tmp_path: Path) -> None:
    facts = probes.read(NoDevices(), tmp_path, tmp_path)
    assert list(facts) == [
        "screen.connectors",
        "screen.connected",
        "usb.present",
        "sound.sink",
        "memory.available_mb",
        "temperature.max_c",
        "clock.synchronised",
        "disk.free_mb",
        "disk.writable",
    ]
    assert isinstance(facts["disk.free_mb"], int)
    assert facts["disk.writable"] is True
    assert isinstance(facts["memory.available_mb"], int)
    assert list(tmp_path.iterdir()) == [], "the probe file is gone again"


def test_a_probe_that_fails_by_our_mistake_ends_the_daemon_and_not_in_silence(tmp_path: Path) -> None:
    _, inbox = started(tmp_path, BrokenDevices())
    assert inbox.get(timeout=20) == Crashed("probes", "RuntimeError('a mistake of ours')")


def test_screen_facts_name_each_connector_and_leave_out_what_does_not_say() -> None:
    assert probes.screen({"HDMI-A-1": "connected", "DP-1": "disconnected", "VGA-1": "unknown"}) == {
        "screen.connectors": "DP-1=disconnected,HDMI-A-1=connected",
        "screen.connected": True,
    }
    assert probes.screen({"DP-1": "disconnected"})["screen.connected"] is False
    assert probes.screen(None) == probes.screen({"VGA-1": "unknown"})
    assert probes.screen(None)["screen.connected"] is None


@pytest.mark.parametrize(
    "said", [b"MemAvailable:\n", b"MemAvailable: much kB\n", b"MemAvailable: %s kB\n" % (b"9" * 5000), b"\xff"]
)
def test_a_kernel_that_says_nonsense_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: bytes) -> None:
    (tmp_path / "meminfo").write_bytes(said)
    monkeypatch.setattr(probes, "Path", lambda place: tmp_path / Path(place).name)
    assert probes.memory() == {"memory.available_mb": None}


def test_a_folder_that_takes_no_writing_is_not_writable(tmp_path: Path) -> None:
    assert probes.writable(tmp_path / "gone") is False


@pytest.mark.parametrize(("number", "wanted"), [(errno.ENOSPC, None), (errno.EIO, False), (errno.EROFS, False)])
def test_only_fsync_tells_and_a_full_disk_is_not_a_broken_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, wanted: bool | None
) -> None:
    def fails(fd: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fails)
    assert probes.writable(tmp_path) is wanted


def test_a_machine_without_timedatectl_does_not_know_its_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert probes.clock() == {"clock.synchronised": None}


@pytest.mark.parametrize(("says", "wanted"), [("yes", True), ("no", False), ("", None)])
def test_the_clock_is_what_timedatectl_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str, wanted: bool | None
) -> None:
    tool = tmp_path / "timedatectl"
    tool.write_text(f"#!/bin/sh\necho {says}\n", encoding="ascii")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert probes.clock() == {"clock.synchronised": wanted}


def test_devices_start_and_stop_on_this_machine_whatever_it_has(tmp_path: Path) -> None:
    events: list[Event] = []
    devices = Devices(events.append)
    assert devices.usb() is None, "not started: not known"
    devices.start()
    assert isinstance(devices.connectors(), dict | None)
    assert isinstance(devices.usb(), frozenset | None)
    devices.stop()
    assert "udev" not in [thread.name for thread in threading.enumerate()]
    assert not any(isinstance(event, Crashed) for event in events)


def test_devices_without_a_netlink_socket_are_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_: object) -> None:
        raise OSError("Could not create udev monitor")

    monkeypatch.setattr("pyudev.Monitor.from_netlink", refuses)
    devices = Devices(lambda event: None)
    devices.start()
    devices.connectors()
    devices.stop()
