"""What people press: one press is one press, and what it did stands in the record."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playout_room import ALL, Room, at, slot, week

from kiosk.contract.instants import to_ms
from kiosk.station.control.audit import AuditTrail
from kiosk.station.control.maintenance import MaintenanceSwitch
from kiosk.station.control.people import People
from kiosk.station.control.pin_reset import PinReset
from kiosk.station.health.events import MaintenanceSet
from kiosk.station.playout.events import MutePressed, StartPressed, StopPressed, VolumePressed
from kiosk.station.playout.volume import Hand
from kiosk.station.schedule.situation import Stop

ZONE = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    found = Room(tmp_path, week(ALL, slot("09:00:00", "09:02:00", "law")), at("09:00:00"))
    yield found
    found.close()


@pytest.fixture
def people(room: Room) -> People:
    audit = AuditTrail(room.journal, room.clock, lambda: None)
    return people_of(room, audit)


def people_of(room: Room, audit: AuditTrail) -> People:
    maintenance = MaintenanceSwitch(room.journal, room.clock, audit, lambda: None)
    return People(
        room.clock,
        room.plan,
        room.playout,
        room.journal,
        lambda: ZONE,
        audit,
        room.replan,
        lambda: None,
        maintenance,
        PinReset(room.journal, lambda: None),
    )


def actions(room: Room) -> list[str]:
    assert room.journal.settle(10)
    records = (json.loads(bytes(entry.record)) for entry in room.journal.waiting()[1])
    return [record["action"] for record in records if record["kind"] == "action"]


def test_same_press_twice_is_one_press(room: Room, people: People) -> None:
    stopped_at = room.clock.now()
    people.handle(StopPressed("A", "meeting", press="p1"))
    people.handle(StopPressed("A", "power", press="p1"))
    assert room.plan.stop_in_force() == Stop(stopped_at, None, "meeting")
    people.handle(StartPressed("A", press="p2"))
    people.handle(StopPressed("A", "meeting", press="p1"))
    assert room.plan.stop_in_force() is None, "a form that is sent again"
    for press in (VolumePressed("A", 10, "p3"), MutePressed("A", True, "p4")) * 2:
        people.handle(press)
    assert room.playout.hand is not None and (room.playout.hand.volume, room.playout.hand.muted) == (90, True)
    assert actions(room) == ["stop", "start", "volume", "mute"]


def test_presses_without_an_id_all_count(room: Room, people: People) -> None:
    people.handle(StopPressed("A", "meeting"))
    room.clock.advance(60)
    people.handle(StopPressed("A", "power"))
    assert room.plan.stop_in_force() == Stop(room.clock.now(), None, "power")
    people.handle(StartPressed("A"))
    people.handle(StartPressed("A"))
    assert actions(room) == ["stop", "stop", "start"], "nothing was stopped when Start was pressed again"


def test_what_holds_is_in_force_again_after_a_restart(room: Room, people: People) -> None:
    people.handle(StopPressed("A", "meeting"))
    people.handle(MutePressed("A", True))
    room.plan.change(stop=None)
    room.playout.set_by_hand(None)
    audit = AuditTrail(room.journal, room.clock, lambda: None)
    again = people_of(room, audit)
    again.restore()
    assert room.plan.stop_in_force() is not None and room.plan.stop_in_force().reason == "meeting"  # type: ignore[union-attr]
    midnight = at("16:00:00")
    assert room.playout.hand == Hand(None, True, midnight), "Shanghai's, in UTC"
    room.clock.advance((midnight - room.clock.now() + timedelta(seconds=1)).total_seconds())
    again.tick()
    assert room.playout.hand is None


def test_maintenance_is_begun_once_a_press_and_recorded_with_its_end(room: Room, people: People) -> None:
    until_ms = to_ms(at("10:00:00"))
    for press in ("p1", "p1", "p2"):
        people.handle(MaintenanceSet("A", until_ms, press))
    people.handle(MaintenanceSet("A", to_ms(at("08:00:00")), "p3"))
    for press in ("p4", "p5"):
        people.handle(MaintenanceSet("A", None, press))
    assert actions(room) == ["maintenance", "maintenance", "maintenance-over"]
    first = json.loads(bytes(room.journal.waiting()[1][0].record))
    assert (first["by"], first["until_ms"]) == ("A", until_ms)
