"""What the probes say becomes a fault, unless somebody works on the devices."""

from pathlib import Path
from typing import Any
from unittest.mock import Mock

from playout_room import Room, at, document

from kiosk.contract.station import Thresholds
from kiosk.station.control.audit import AuditTrail
from kiosk.station.control.equipment import Equipment
from kiosk.station.control.hand_reports import HandReports
from kiosk.station.health.events import FactsRead
from kiosk.station.health.monitor import HealthMonitor
from kiosk.station.health.observation import Observation
from kiosk.station.health.repairs.host import Host
from kiosk.station.health.repairs.repairs import Repairs


def test_fault_is_found_once_the_work_on_the_devices_is_over(tmp_path: Path) -> None:
    room = Room(tmp_path, None, at("09:00:00"))
    monitor, work, reported = HealthMonitor(room.journal, "room-1", 0), [True], []
    pictures: list[str] = []
    told = document(thresholds=Thresholds(hysteresis_ms=0))
    nothing: Any = Mock()
    host = Host(tmp_path, ":0", order=nothing, purge=nothing, fetch_again=nothing, restart_player=nothing)
    equipment = Equipment(
        monitor, room.playout, room.clock, repairs=Repairs(room.journal), host=host,
        reports=HandReports(room.journal, room.clock, nothing, tmp_path, nothing),
        audit=AuditTrail(room.journal, room.clock, nothing), tell_instruments=nothing, read_soon=nothing,
        read_at=nothing, look_again=nothing, refresh=nothing, document=lambda: told, observe=Observation,
        worked_on=lambda: bool(work), check_clock=nothing, report_soon=lambda: reported.append("soon"),
        picture_of=pictures.extend, confirm=nothing,
    )  # fmt: skip
    full = FactsRead({"disk.free_mb": 1}, room.clock.monotonic())
    equipment.handle(full)
    assert monitor.problems() == () and reported == []
    work.clear()
    equipment.handle(full)
    assert [problem.cause for problem in monitor.problems()] == ["disk-low"] and reported == ["soon"]
    assert pictures == [problem.key("room-1") for problem in monitor.problems()]
    room.close()
