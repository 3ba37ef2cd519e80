"""What the probes say becomes a fault, unless somebody works on the devices."""

from pathlib import Path

from playout_room import Room, at, document

from kiosk.contract.station import Thresholds
from kiosk.station.control.equipment import Equipment
from kiosk.station.events import FactsRead
from kiosk.station.health.monitor import HealthMonitor
from kiosk.station.health.observation import Observation


def test_fault_is_found_once_the_work_on_the_devices_is_over(tmp_path: Path) -> None:
    room = Room(tmp_path, None, at("09:00:00"))
    monitor, work, reported = HealthMonitor(room.journal, "room-1", 0), [True], []
    told = document(thresholds=Thresholds(hysteresis_ms=0))
    equipment = Equipment(
        monitor, room.playout, room.clock, document=lambda: told, observe=Observation, worked_on=lambda: bool(work),
        check_clock=lambda: None, report_soon=lambda: reported.append("soon"),
    )  # fmt: skip
    full = FactsRead({"disk.free_mb": 1}, room.clock.monotonic())
    equipment.handle(full)
    assert monitor.problems() == () and reported == []
    work.clear()
    equipment.handle(full)
    assert [problem.cause for problem in monitor.problems()] == ["disk-low"] and reported == ["soon"]
    room.close()
