"""What the probes say becomes a fault, unless somebody works on the devices."""

from pathlib import Path
from typing import Any
from unittest.mock import Mock

from playout_room import Room, at, document

from kiosk.contract.station import Thresholds
from kiosk.station.control.audit import AuditTrail
from kiosk.station.control.equipment import AGAIN_S, Equipment
from kiosk.station.control.hand_reports import HandReports
from kiosk.station.health.checks.daemon import HANGS_S
from kiosk.station.health.events import FactsRead
from kiosk.station.health.monitor import HealthMonitor
from kiosk.station.health.observation import Observation
from kiosk.station.health.repairs.host import Host
from kiosk.station.health.repairs.repairs import Repairs


def made(
    room: Room, monitor: HealthMonitor, folder: Path, work: list[bool], reported: list[str], pictures: list[str]
) -> Equipment:
    """``work``: whether the devices are worked on, by being not empty."""
    told = document(thresholds=Thresholds(hysteresis_ms=0))
    nothing: Any = Mock()
    host = Host(folder, ":0", order=nothing, purge=nothing, fetch_again=nothing, restart_player=nothing)
    return Equipment(
        monitor, room.playout, room.clock, repairs=Repairs(room.journal), host=host,
        reports=HandReports(room.journal, room.clock, nothing, folder, nothing),
        audit=AuditTrail(room.journal, room.clock, nothing), tell_instruments=nothing, read_soon=nothing,
        read_at=nothing, look_again=nothing, refresh=nothing, document=lambda: told, observe=Observation,
        worked_on=lambda: bool(work), check_clock=nothing, report_soon=lambda: reported.append("soon"),
        picture_of=pictures.extend, confirm=nothing,
    )  # fmt: skip


def test_fault_is_found_once_the_work_on_the_devices_is_over(tmp_path: Path) -> None:
    room = Room(tmp_path, None, at("09:00:00"))
    monitor, work, reported = HealthMonitor(room.journal, "room-1", 0), [True], list[str]()
    pictures: list[str] = []
    equipment = made(room, monitor, tmp_path, work, reported, pictures)
    full = FactsRead({"disk.free_mb": 1}, room.clock.monotonic())
    equipment.handle(full)
    assert monitor.problems() == () and reported == []
    work.clear()
    equipment.handle(full)
    assert [problem.cause for problem in monitor.problems()] == ["disk-low"] and reported == ["soon"]
    assert pictures == [problem.key("room-1") for problem in monitor.problems()]
    room.close()


def test_devices_that_are_not_read_any_more_are_told_and_what_was_open_stays_so(tmp_path: Path) -> None:
    room = Room(tmp_path, None, at("09:00:00"))
    monitor = HealthMonitor(room.journal, "room-1", 0)
    equipment = made(room, monitor, tmp_path, [], [], [])

    def passes(seconds: float) -> list[str]:
        room.clock.advance(seconds)
        equipment.tick()
        return sorted(problem.cause for problem in monitor.problems())

    equipment.handle(FactsRead({"disk.free_mb": 1, "disk.writable": True}, room.clock.monotonic()))
    assert passes(HANGS_S - 1) == ["disk-low"]
    assert passes(2) == passes(AGAIN_S) == ["disk-low", "reading-hangs"]
    states = {one.cause: one.state for one in monitor.examination.items} if monitor.examination else {}
    assert (states["disk-low"], states["disk-not-writable"]) == ("wrong", "unknown"), "nobody knows whether it is right"
    equipment.handle(FactsRead({"disk.free_mb": 90_000}, room.clock.monotonic()))
    assert passes(1) == []
    room.close()
