"""What the administrator says of a repair, as the record tells it to the town; and pictures of new faults."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import msgspec
import pytest
from playout_room import Room, at, document

from kiosk.contract.records import Fault
from kiosk.contract.reports import TicketState
from kiosk.contract.station import StationDocument, Thresholds
from kiosk.station.control.audit import AuditTrail
from kiosk.station.control.fault_pictures import LATE_S, FaultPictures
from kiosk.station.control.repair_confirmed import ConfirmedRepairs
from kiosk.station.health.events import RepairConfirmed
from kiosk.station.health.monitor import HealthMonitor
from kiosk.station.health.observation import Observation
from kiosk.station.projector.screenshots import Screenshot

PRESS = RepairConfirmed("panel", "ticket.7")


class Desk:
    """A room whose town has told of tickets."""

    def __init__(self, folder: Path) -> None:
        self.room = Room(folder, None, at("09:00:00"))
        self.document: StationDocument | None = None
        self.monitor = HealthMonitor(self.room.journal, "room-1", 0)
        self.tell(
            TicketState(fault="ticket.7", state="repaired", changed_ms=1, cause="line-unpaid", text="欠费\nUnpaid")
        )
        self.repairs = self.after_restart()

    def tell(self, *tickets: TicketState) -> None:
        self.document = document(tickets=tickets, thresholds=Thresholds(hysteresis_ms=0))

    def after_restart(self) -> ConfirmedRepairs:
        audit = AuditTrail(self.room.journal, self.room.clock, Mock())
        return ConfirmedRepairs(
            "room-1", self.room.journal, self.room.clock, self.monitor, audit, lambda: self.document
        )

    def faults(self) -> list[Fault]:
        assert self.room.journal.settle(10)
        return [one for one in self.room.journal.newest_records(("fault",), 10) if isinstance(one, Fault)]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.room.close()


def test_a_repair_is_recorded_once_until_the_town_answers_also_over_a_restart(desk: Desk) -> None:
    assert desk.repairs.confirm(PRESS)
    assert not desk.repairs.confirm(PRESS)
    assert not desk.after_restart().confirm(PRESS)
    (record,) = desk.faults()
    assert (record.fault, record.cause, record.state, record.by) == ("ticket.7", "line-unpaid", "confirmed", "panel")
    assert record.cleared_ms == desk.room.clock.now_ms()
    assert desk.repairs.all_said() == {"ticket.7"}
    desk.tell(TicketState(fault="ticket.7", state="reopened", changed_ms=desk.room.clock.now_ms() + 1))
    assert desk.repairs.all_said() == frozenset()
    assert desk.repairs.confirm(PRESS)


def test_what_the_town_has_no_open_ticket_of_is_not_recorded(desk: Desk) -> None:
    for fault in ("ticket.8", "", "x" * 64):
        assert not desk.repairs.confirm(RepairConfirmed("panel", fault))
    desk.tell(TicketState(fault="ticket.7", state="closed", changed_ms=1))
    assert not desk.repairs.confirm(PRESS)
    desk.document = None
    assert not desk.repairs.confirm(PRESS)
    assert desk.faults() == []


def test_a_problem_that_is_still_found_is_not_told_as_cleared(desk: Desk) -> None:
    desk.monitor.use_facts({"disk.free_mb": 1})
    desk.monitor.judge(Observation(), desk.document, desk.room.clock.now(), desk.room.clock.monotonic())
    (problem,) = desk.monitor.problems()
    key = problem.key("room-1")
    assert desk.monitor.raised == (key,)
    desk.tell(TicketState(fault=key, state="telecom-called", changed_ms=1))
    assert desk.repairs.confirm(RepairConfirmed("panel", key))
    said = next(one for one in desk.faults() if one.state == "confirmed")
    assert (said.fault, said.cause, said.cleared_ms) == (key, "disk-low", None)


def test_a_town_that_tells_no_cause_gets_a_record_that_it_can_read(desk: Desk) -> None:
    desk.tell(TicketState(fault="f", state="repaired", changed_ms=1, cause="no such <b>"))
    assert desk.repairs.confirm(RepairConfirmed("panel", "f"))
    assert msgspec.json.decode(msgspec.json.encode(desk.faults()[0]), type=Fault).cause == "repair"


def test_new_faults_get_the_next_picture_each_and_none_that_comes_late(desk: Desk) -> None:
    sent: list[tuple[bytes, int, str]] = []
    screenshots: Any = Mock()
    clock: Any = Mock()
    clock.monotonic.return_value = 100.0
    pictures = FaultPictures(screenshots, clock, lambda *one: sent.append(one))
    shot = Screenshot(5, 100.0, b"jpeg")
    pictures.found(())
    pictures.taken(shot)
    assert sent == [] and not screenshots.request.called
    pictures.found(("a", "b"))
    screenshots.request.assert_called_once_with(100.0)
    pictures.taken(shot)
    pictures.taken(shot)
    assert sent == [(b"jpeg", 5, "a"), (b"jpeg", 5, "b")]
    pictures.found(("c",))
    clock.monotonic.return_value = 101.0 + LATE_S
    pictures.taken(shot)
    assert len(sent) == 2
