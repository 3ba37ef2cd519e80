"""Where the town has countersigned another record than the station's, the station begins a new epoch, once."""

from pathlib import Path

import msgspec
import pytest
from fakes_town import TownOnTheLine, eventually
from journal_room import records, restart
from link_room import Room
from sqlalchemy import select

from kiosk.contract.records import Action
from kiosk.contract.reports import GENESIS, Entry, Report, ReportAnswer, Witness, chain
from kiosk.contract.wire import encode
from kiosk.station.config import Fetch, Town
from kiosk.station.events import Delivered, RecordForked, TownRefused
from kiosk.station.journal import DamagedJournal, Journal
from kiosk.station.link.link import Link
from kiosk.station.link.station_key import signer
from kiosk.town.database import schema
from kiosk.town.intake import intake
from kiosk.town.ledger import queries


def start_anew(room: Room, state: Path) -> None:
    """What the unit does after the daemon has ended."""
    room.link.stop()
    room.journal.stop(10)
    room.journal = Journal(state / "journal.db", room.events.append, "boot-1")
    room.journal.start()
    settings = Town(timeout_s=5), Fetch(), signer(state), state / "photos"
    room.link = Link(room.identity, room.documents, room.journal, room.post, *settings)
    room.link.use_root(room.standing.root)
    room.link.start()


def of_another_pc(town: TownOnTheLine, epoch: str, count: int) -> None:
    """Another PC with the same state has reported first."""
    entries, previous = [], GENESIS
    for seq in range(1, count + 1):
        other = encode(Action(id=f"other{seq}", at_ms=1, by="B", action="stop", clock="trusted"))
        previous = chain(previous, seq, other)
        entries.append(Entry(seq=seq, hash=previous, record=msgspec.Raw(other)))
    report = Report(station="room-1", epoch=epoch, previous=GENESIS, entries=tuple(entries))
    intake.receive(town.office.store, report, 1)


def stored(town: TownOnTheLine) -> list[tuple[int, str]]:
    table = schema.entry
    with town.office.store.read() as connection:
        rows = connection.execute(select(table.c.chain, table.c.record_id).order_by(table.c.chain, table.c.seq))
        return [(row.chain, row.record_id) for row in rows]


@pytest.mark.parametrize("count", [1, 3], ids=["at our place", "beyond our head"])
def test_a_record_beside_which_the_town_holds_another_begins_a_new_epoch(
    town: TownOnTheLine, room: Room, tmp_path: Path, count: int
) -> None:
    old = room.journal.epoch
    of_another_pc(town, old, count)
    room.act("a1")
    room.report()
    eventually(lambda: room.of(RecordForked))
    assert [refused.reason for refused in room.of(TownRefused)][:1] == ["fork"]
    assert room.of(Delivered) == [] and room.journal.waiting_count() == 1
    witness = room.of(RecordForked)[0].witness
    assert (witness.epoch, witness.seq) == (old, count)
    with pytest.raises(DamagedJournal):
        room.journal.give_up_epoch(witness)
    start_anew(room, tmp_path / "state")
    told = restart(room.journal)
    assert told is not None and told.facts["epoch"] == old != room.journal.epoch
    assert (told.facts["witnessed_seq"], told.facts["witnessed_hash"]) == (str(count), witness.hash)
    room.events.clear()
    room.act("a2")
    room.report()
    eventually(room.delivered())
    assert room.of(RecordForked) == [] and room.of(TownRefused) == []
    others = [(1, f"other{seq}") for seq in range(1, count + 1)]
    assert stored(town) == [*others, (2, told.id), (2, "a1"), (2, "a2")]
    [station] = queries.stations(town.office.store)
    assert (station["restarts"], station["cloned_ms"]) == (1, None)
    assert station["forked_ms"] is not None and station["forks"] == 1, "an auditor sees that there were two stories"


def test_a_journal_begun_anew_after_damage_is_delivered_whole_and_counts_once(
    town: TownOnTheLine, room: Room, tmp_path: Path
) -> None:
    room.act("a1", "a2")
    room.report()
    eventually(room.delivered())
    path = tmp_path / "state" / "journal.db"
    room.link.stop()
    room.journal.stop(10)
    with path.open("r+b") as file:
        file.write(b"\0" * 100)
    start_anew(room, tmp_path / "state")
    room.act("a3")
    room.report()
    eventually(room.delivered())
    told = records(room.journal)[0].id
    assert stored(town) == [(1, "a1"), (1, "a2"), (2, told), (2, None), (2, None), (2, "a3")]
    assert room.of(TownRefused) == []
    [one] = queries.restarts(town.office.store)
    assert one["held_seq"] == 2 and "lost" not in one["facts"]


def test_a_countersignature_of_another_epoch_is_refused_and_ends_nothing(town: TownOnTheLine, room: Room) -> None:
    root = room.standing.root
    delivery = room.link._delivery
    answers = []
    for epoch, seq in (("another", 1), (room.journal.epoch, 3)):
        witness = Witness(station="room-1", epoch=epoch, seq=seq, hash="ab" * 32, at_ms=1)
        answers.append(ReportAnswer(receipts=(), witness=town.office.signer.vouch(witness)))
    assert delivery._witness(answers[0], root, 0) is None
    assert room.of(RecordForked) == [] and room.of(TownRefused)[-1].reason == "wrong-station"
    assert delivery._witness(answers[1], root, 4) is not None, "older than what was sent: an old answer, come again"
    assert room.of(RecordForked) == []
    assert delivery._witness(answers[1], root, 3) is None
    assert len(room.of(RecordForked)) == 1
