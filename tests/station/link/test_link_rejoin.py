"""After a loss the station asks how far the town has its record before it delivers: nothing is stuck for good."""

from pathlib import Path

import pytest
from fakes_town import TownOnTheLine, eventually
from sqlalchemy import select
from test_link import Room, heartbeat

from kiosk.contract.records import Action
from kiosk.contract.reports import Report
from kiosk.station.events import Delivered, Event
from kiosk.station.journal.journal import Journal
from kiosk.station.link.link import Link
from kiosk.town.database import schema
from kiosk.town.intake import intake


@pytest.mark.parametrize("lost", ["journal.db*", "journal.*"], ids=["record", "record and all beside it"])
def test_station_whose_disk_lost_its_record_goes_on_behind_the_town_s_head(
    town: TownOnTheLine, tmp_path: Path, lost: str
) -> None:
    room = Room(town, tmp_path / "state")
    room.act("a1", "a2")
    room.report()
    eventually(room.delivered())
    room.act("a3", "a4")
    previous, entries = room.journal.waiting()
    intake.take(town.office.store, Report(station="room-1", previous=previous, entries=entries), 1)
    room.close()  # the answer never came
    for part in (tmp_path / "state").glob(lost):
        part.unlink()
    events: list[Event] = []
    journal = Journal(tmp_path / "state" / "journal.db", events.append, "boot-1")
    journal.start()
    journal.record(Action(id="new", at_ms=1, by="A", action="stop", clock="trusted"))
    assert journal.settle(10)

    def post(event: Event) -> None:
        if isinstance(event, Delivered):
            journal.receipts(event.receipts, event.witness, event.signed)
        events.append(event)

    link = Link(room.identity, room.library, journal, post, timeout_s=5)
    link.use_root(room.standing.root)
    link.start()
    link.report(heartbeat())
    eventually(lambda: not journal.unsure() and journal.waiting_count() == 0)
    link.stop()
    journal.stop(10)
    with town.office.store.read() as connection:
        rows = connection.execute(select(schema.entry.c.record_id, schema.entry.c.record).order_by(schema.entry.c.seq))
        stored = [(row[0], bytes(row[1])) for row in rows]
    assert [name for name, _ in stored if name in ("a1", "a2", "a3", "a4", "new")] == ["a1", "a2", "a3", "a4", "new"]
    assert b"journal-restarted" in stored[4][1] and len(stored) == 6
