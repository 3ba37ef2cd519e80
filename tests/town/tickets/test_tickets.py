"""Faults that become tickets in the transaction of the report, on both databases."""

import pytest
from contract.signing import enrol_request, report
from msgspec.structs import replace
from sqlalchemy import select
from town.postgres import BOTH

from kiosk.contract.records import Fault
from kiosk.contract.reports import GENESIS, Heartbeat
from kiosk.contract.wire import encode
from kiosk.town.database import schema
from kiosk.town.intake.intake import keep_heartbeat, receive
from kiosk.town.ledger import queries
from kiosk.town.stations import registry
from kiosk.town.tickets import by_hand
from kiosk.town.tickets import tickets as tickets_module
from kiosk.town.tickets.by_hand import Refused, Stale
from kiosk.town.tickets.queries import serviceability
from kiosk.town.tickets.schema import message, silence, ticket, ticket_step
from kiosk.town.tickets.tickets import DAY_MS, REOPEN_MS, adopt

pytestmark = BOTH
NOW = 1_772_323_200_000
HOUR = 3_600_000
FOUND = Fault(
    id="r1",
    fault="screen-unplugged.1",
    cause="screen-unplugged",
    device="HDMI-A-1",
    found_ms=NOW - 60_000,
    text="屏幕没有接上。\nThe screen is not connected.",
    remedy="接好线。\nConnect it.",
)


class Room:
    """A room that reports records one after the other, and its town."""

    def __init__(self, town, name="room-1"):
        self.town, self.name, self.at_ms, self.records, self.previous = town, name, NOW, [], GENESIS

    def tell(self, *records, now_ms=None):
        self.at_ms = now_ms or self.at_ms + 1000
        named = [replace(one, id=f"{self.name}-{len(self.records) + n}") for n, one in enumerate(records)]
        sent = report(*map(encode, named), previous=self.previous, station=self.name, first=len(self.records) + 1)
        receipts, _ = receive(self.town.store, sent, self.at_ms)
        assert [one.state for one in receipts] == ["accepted"] * len(records)
        self.records += named
        self.previous = sent.entries[-1].hash

    def find(self, **changes):
        self.tell(replace(FOUND, **changes))

    def clear(self, **changes):
        self.tell(replace(FOUND, cleared_ms=self.at_ms, state="cleared", **changes))

    def say_repaired(self, fault=FOUND.fault, **changes):
        self.tell(replace(FOUND, fault=fault, state="confirmed", by="panel", **changes))


@pytest.fixture
def town(office):
    for name in ("room-1", "room-2"):
        registry.add_station(office, name, "all", f"Room {name}", None, by="test")
    return office


@pytest.fixture
def room(town):
    return Room(town)


def tickets(town):
    with town.store.read() as connection:
        return connection.execute(select(ticket).order_by(ticket.c.id)).all()


def states(town):
    return [row.state for row in tickets(town)]


def messages(town):
    with town.store.read() as connection:
        return list(connection.execute(select(message.c.name).order_by(message.c.id)).scalars())


def history(town, number):
    with town.store.read() as connection:
        question = select(ticket_step.c.state).where(ticket_step.c.ticket == number).order_by(ticket_step.c.id)
        return list(connection.execute(question).scalars())


def move(town, number, wanted, version=None, **more):
    with town.store.write() as connection:
        row = connection.execute(select(ticket).where(ticket.c.id == number)).one()
        seen = row.version if version is None else version
        by_hand.move(connection, number, wanted, seen, who="li", now_ms=NOW + HOUR, **more)


def test_a_fault_is_one_ticket_which_closes_when_the_room_finds_it_no_more(town, room):
    room.find()
    (row,) = tickets(town)
    assert (row.station, row.cause, row.device, row.state) == ("room-1", "screen-unplugged", "HDMI-A-1", "reported")
    assert (row.since_ms, row.opened_ms) == (FOUND.found_ms, room.at_ms)
    room.clear()
    assert states(town) == ["closed"]
    assert history(town, row.id) == ["reported", "closed"]
    assert messages(town) == [f"new/{row.id}", f"over/{row.id}/0"]


def test_one_ticket_for_each_cause_and_room(town, room):
    room.find()
    room.find(fault="screen-unplugged.2", device="HDMI-A-2")
    room.find(fault="no-sound.1", cause="no-sound")
    other = Room(town, "room-2")
    other.find()
    assert [(row.station, row.cause) for row in tickets(town)] == [
        ("room-1", "screen-unplugged"),
        ("room-1", "no-sound"),
        ("room-2", "screen-unplugged"),
    ]
    room.clear()
    assert states(town)[0] == "reported"  # the second screen is still out of order
    room.clear(fault="screen-unplugged.2")
    assert states(town) == ["closed", "reported", "reported"]


def test_what_comes_back_within_a_month_is_the_same_ticket_and_is_told_once_a_day(town, room):
    room.find()
    for n in range(2, 5):
        room.clear(fault=f"screen-unplugged.{n - 1}")
        room.find(fault=f"screen-unplugged.{n}")
    (row,) = tickets(town)
    assert (row.state, row.reopened) == ("reopened", 3)
    assert [name for name in messages(town) if name.startswith("reopened")] == [f"reopened/{row.id}/{NOW // DAY_MS}"]
    room.clear(fault="screen-unplugged.4")
    room.tell(replace(FOUND, fault="screen-unplugged.5"), now_ms=NOW + REOPEN_MS + DAY_MS)
    assert states(town) == ["closed", "reported"]


def test_after_the_telecom_was_called_the_room_confirms_the_repair(town, room):
    room.find()
    number = tickets(town)[0].id
    move(town, number, "seen")
    move(town, number, "telecom-called", work_order="7788", contact="王师傅 138")
    assert registry.document(town, "room-1").tickets[0].work_order == "7788"
    room.clear()
    (told,) = registry.document(town, "room-1").tickets
    assert (told.state, told.fault, told.ticket) == ("repaired", FOUND.fault, number)
    room.say_repaired(cleared_ms=NOW)
    assert states(town) == ["closed"]
    assert history(town, number) == ["reported", "seen", "telecom-called", "repaired", "confirmed", "closed"]
    assert [(one["fault"], one["cleared_ms"] is None) for one in queries.faults(town.store, cleared=True)] == [
        (FOUND.fault, False)
    ]


def test_a_repair_that_the_kiosk_does_not_find_is_not_closed_and_the_fault_stays_open(town, room):
    room.find()
    room.say_repaired()
    assert states(town) == ["repaired"]
    assert [one["fault"] for one in queries.faults(town.store)] == [FOUND.fault]
    room.clear()
    assert states(town) == ["closed"]


def test_a_room_confirms_its_own_tickets_only(town, room):
    room.find()
    number = tickets(town)[0].id
    other = Room(town, "room-2")
    for name in (FOUND.fault, f"ticket.{number}", "ticket.99999999999999999999", "ticket.", "ticket.x"):
        other.say_repaired(name)
    assert states(town) == ["reported"]
    assert [one["fault"] for one in queries.faults(town.store)] == [FOUND.fault]


def test_a_ticket_of_the_towns_own_is_told_to_the_room_and_confirmed_by_it(town, room):
    with town.store.write() as connection:
        number = by_hand.open_by_hand(connection, "room-1", "line-unpaid", "", "since May", who="li", now_ms=NOW)
        again = by_hand.open_by_hand(connection, "room-1", "line-unpaid", "", "again", who="wang", now_ms=NOW)
    assert again == number
    (told,) = registry.document(town, "room-1").tickets
    assert (told.fault, told.cause, told.text) == (
        f"ticket.{number}",
        "line-unpaid",
        "欠费停机: since May\nLine unpaid: since May",
    )
    room.say_repaired(told.fault, cause="line-unpaid")
    assert states(town) == ["closed"]
    assert list(queries.faults(town.store, cleared=True)) == []


def test_what_a_person_reports_is_a_ticket_for_each_device_and_over_when_a_person_says_so(town, room):
    room.find(fault="h1", cause="by-hand", device="projector", by="panel")
    room.find(fault="h2", cause="by-hand", device="chair", by="panel")
    assert [row.device for row in tickets(town)] == ["projector", "chair"]
    room.say_repaired("h1", cause="by-hand")
    assert states(town) == ["closed", "reported"]
    assert [one["fault"] for one in queries.faults(town.store)] == ["h2"]
    move(town, tickets(town)[1].id, "closed")
    assert list(queries.faults(town.store)) == []


def test_the_document_of_a_room_gets_a_new_version_with_each_move_and_the_same_bytes_for_one(town, room):
    before = registry.document_version(town, "room-1")
    room.find()
    after = registry.document_version(town, "room-1")
    assert after == before + 1
    assert registry.document(town, "room-1") == registry.document(town, "room-1")
    move(town, tickets(town)[0].id, "seen")
    assert registry.document_version(town, "room-1") == after + 1
    assert registry.document_version(town, "room-2") == before


def test_two_officers_do_not_move_a_ticket_past_each_other(town, room):
    room.find()
    row = tickets(town)[0]
    move(town, row.id, "seen", row.version)
    with pytest.raises(Stale, match="changed meanwhile"):
        move(town, row.id, "telecom-called", row.version)
    with pytest.raises(Refused, match="no such ticket"), town.store.write() as connection:
        by_hand.move(connection, 4711, "seen", 1, who="li", now_ms=NOW)
    with pytest.raises(Refused, match="cannot be brought"):
        move(town, row.id, "reported")


def test_an_officer_closes_what_the_kiosk_still_finds_only_with_a_reason(town, room):
    room.find()
    number = tickets(town)[0].id
    with pytest.raises(Refused, match="still finds"):
        move(town, number, "closed")
    move(town, number, "closed", detail="the screen went to the school")
    assert states(town) == ["closed"]
    with town.store.write() as connection:
        assert adopt(connection, NOW) == 0  # it is not made anew
    move(town, number, "reopened", detail="it came back")
    assert states(town) == ["reopened"]


def test_faults_of_the_time_before_there_were_tickets_become_tickets(town, room):
    with town.store.write() as connection:
        row = {"station": "room-1", "fault": "f", "cause": "no-sound", "device": "card", "by": "", "found_ms": NOW}
        row |= {"received_ms": NOW, "cleared_ms": None, "state": "reported", "text": "t", "remedy": "r"}
        connection.execute(schema.fault.insert().values(row))
        assert adopt(connection, NOW) == 1
        assert adopt(connection, NOW) == 0
    assert [(one.cause, one.state) for one in tickets(town)] == [("no-sound", "reported")]


def test_room_that_reports_fault_after_fault_buries_no_other_room(town, room, monkeypatch):
    """A PC that was taken over; an honest room's further faults have tickets once there are fewer."""
    monkeypatch.setattr(tickets_module, "MOST_OPEN", 2)
    monkeypatch.setattr(tickets_module, "MOST_ADOPTED", 1)
    for n in range(4):
        room.find(fault=f"made-up.{n}", cause=f"made-up-{n}")
    Room(town, "room-2").find(found_ms=NOW - 1)
    assert [(row.station, row.cause) for row in tickets(town)] == [
        ("room-1", "made-up-0"),
        ("room-1", "made-up-1"),
        ("room-2", "screen-unplugged"),
    ]
    with town.store.write() as connection:
        assert adopt(connection, NOW) == 0
    room.clear(fault="made-up.0", cause="made-up-0")
    with town.store.write() as connection:
        assert adopt(connection, NOW) == 1
    assert [row.cause for row in tickets(town) if row.station == "room-1" and row.state != "closed"] == [
        "made-up-1",
        "made-up-2",
    ]


def test_a_clock_that_was_wrong_does_not_make_a_ticket_old(town, room):
    room.find(found_ms=86_400_000)
    room.find(fault="x", cause="no-sound", found_ms=NOW * 2)
    assert [row.since_ms for row in tickets(town)] == [row.opened_ms for row in tickets(town)]


def test_raised_and_cleared_while_the_line_was_down_is_a_closed_ticket(town, room):
    room.tell(FOUND, replace(FOUND, cleared_ms=NOW, state="cleared"))
    assert states(town) == ["closed"]
    room.tell(
        replace(FOUND, fault="b"),
        replace(FOUND, fault="b", cleared_ms=NOW, state="cleared"),
        replace(FOUND, fault="c"),
    )
    assert states(town) == ["reopened"]


def test_work_on_a_room_is_told_by_its_document_and_has_limits(town, room):
    until = NOW + 4 * HOUR
    with town.store.write() as connection:
        by_hand.set_work(connection, "room-1", until, seen_ms=None, who="li", now_ms=NOW)
    assert registry.document(town, "room-1").maintenance_until_ms == until
    for wrong in (NOW, NOW + 400 * DAY_MS):
        with pytest.raises(Refused, match="31 days"), town.store.write() as connection:
            by_hand.set_work(connection, "room-1", wrong, seen_ms=until, who="li", now_ms=NOW)
    with town.store.write() as connection:
        by_hand.set_work(connection, "room-1", None, seen_ms=until, who="li", now_ms=NOW)
    assert registry.document(town, "room-1").maintenance_until_ms == NOW


def test_a_retired_room_gets_no_ticket_by_hand(town):
    registry.retire(town, "room-2", by="test")
    for name in ("room-2", "ghost", ""):
        with pytest.raises(Refused, match="Choose a room"), town.store.write() as connection:
            by_hand.open_by_hand(connection, name, "lightning", "", "", who="li", now_ms=NOW)
    with pytest.raises(Refused, match="Choose what"), town.store.write() as connection:
        by_hand.open_by_hand(connection, "room-1", "<script>", "", "", who="li", now_ms=NOW)


def test_a_room_that_is_retired_has_no_open_ticket_and_nobody_hears_that_it_is_heard_again(town, room):
    room.find()
    with town.store.write() as connection:
        connection.execute(silence.insert().values(station="room-1", since_ms=NOW, found_ms=NOW))
    registry.retire(town, "room-1", by="li")
    assert states(town) == ["closed"]
    with town.store.read() as connection:
        (last,) = connection.execute(select(ticket_step).order_by(ticket_step.c.id.desc()).limit(1)).all()
        assert (last.who, last.what) == ("li", "Closed: the room is retired")
        assert connection.execute(select(silence)).all() == []
    (row,) = tickets(town)
    with pytest.raises(Refused, match="retired"), town.store.write() as connection:
        by_hand.move(connection, row.id, "reopened", row.version, who="li", now_ms=NOW)


def test_another_pc_does_not_know_what_the_old_one_found(town, room):
    for name in ("room-1", "room-1-new"):
        code = registry.add_station(town, "room-1", "all", "", None, by="test")
        registry.enrol(town, enrol_request(code.secret, name))
        if name == "room-1":
            room.find()
            room.find(fault="by-hand.1", cause="reported", by="老周", device="桌子")
            registry.enrol(town, enrol_request(code.secret, name))
            assert len(open_faults(town)) == 2, "the same PC, after a lost answer"
    assert [row.fault for row in open_faults(town)] == ["by-hand.1"]
    found, said = tickets(town)
    assert (found.state, said.state) == ("reported", "reported")
    with town.store.write() as connection:
        by_hand.move(connection, found.id, "closed", found.version, who="li", now_ms=NOW)  # no reason is asked for


def open_faults(town):
    table = schema.fault
    with town.store.read() as connection:
        return connection.execute(select(table).where(table.c.cleared_ms.is_(None)).order_by(table.c.fault)).all()


def test_a_version_that_the_room_holds_already_is_passed_over(town, room):
    beat = {"station": "room-1", "epoch": "epoch-1", "sent_ms": 1, "nonce": "n", "boot_id": "b", "up_ms": 1}
    keep_heartbeat(town.store, Heartbeat(**beat, software="1", clock="trusted", station_version=9), NOW)
    room.find()
    assert registry.document_version(town, "room-1") == 10


def rate(town, at_ms):
    with town.store.read() as connection:
        return serviceability(connection, at_ms)


def test_the_serviceability_rate_knows_no_more_than_the_town_does(town, room):
    assert rate(town, NOW).percent is None  # no room has ever been heard
    beat = {"epoch": "epoch-1", "sent_ms": 1, "nonce": "n", "boot_id": "b", "up_ms": 1, "software": "1"}
    for name in ("room-1", "room-2"):
        keep_heartbeat(town.store, Heartbeat(station=name, **beat, clock="trusted"), NOW)
    assert (rate(town, NOW).percent, rate(town, NOW).month_percent) == (100, 100)
    room.find(fault="p", cause="plan-running-out", found_ms=NOW - 60_000)
    assert rate(town, room.at_ms).percent == 100  # no device is out of order
    room.tell(replace(FOUND, found_ms=NOW), now_ms=NOW + HOUR)
    assert (rate(town, room.at_ms).in_order, rate(town, room.at_ms).out_of_order) == (1, 1)
    number = next(row.id for row in tickets(town) if row.cause == "screen-unplugged")
    move(town, number, "repaired")
    assert rate(town, room.at_ms).out_of_order == 1  # somebody says so; the room's kiosk still finds it
    room.clear()
    assert rate(town, room.at_ms).out_of_order == 0
    with town.store.write() as connection:
        connection.execute(silence.insert().values(station="room-2", since_ms=NOW, found_ms=NOW))
    found = rate(town, NOW + 30 * DAY_MS)
    assert (found.rooms, found.in_order, found.silent) == (2, 1, 1)
    assert found.month_percent == pytest.approx(100 * (1 - (HOUR + 1000) / (60 * DAY_MS)), abs=0.01)


def test_spans_that_overlap_count_once(town, room):
    keep_heartbeat(
        town.store,
        Heartbeat(
            station="room-1", epoch="e", sent_ms=1, nonce="n", boot_id="b", up_ms=1, software="1", clock="trusted"
        ),
        NOW,
    )
    room.find(found_ms=NOW)
    room.find(fault="b", cause="no-sound", found_ms=NOW)
    assert rate(town, NOW + 3 * DAY_MS).month_percent == pytest.approx(90, abs=0.1)
