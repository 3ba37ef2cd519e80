"""E6: a state folder, or a town, put back from its own older backup. Real journals, links and towns."""

import contextlib
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from fakes_town import TownOnTheLine, eventually, page
from journal_room import START, play_once, restart
from link_room import Room, heartbeat
from msgspec.structs import replace
from sqlalchemy import select
from test_cloned_disk import Pc

from kiosk.contract.reports import GENESIS, Witness
from kiosk.station.events import Delivered, FetchEnded, RecordForked, TownRefused, TownUnreachable, WeekFound
from kiosk.station.library.accepted import Accepted
from kiosk.station.link import pace
from kiosk.station.link.enrol import enrol
from kiosk.town.database import schema
from kiosk.town.database.store import now_ms
from kiosk.town.ledger import condition, queries
from kiosk.town.publishing import rooms
from kiosk.town.stations import registry


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TownOnTheLine]:
    monkeypatch.setattr(pace, "FIRST_BACKOFF_S", 0.02)
    found = TownOnTheLine(tmp_path / "town")
    yield found
    found.close()


def plays(town: TownOnTheLine) -> list[str]:
    return [row["id"] for row in queries.plays(town.office.store)]


def show(pc: Pc, *names: str) -> None:
    for number, name in enumerate(names):
        play_once(pc.journal, name, START + 100_000 * (number + len(name) * 10))
    assert pc.journal.settle(10)


def put_back(pc: Pc, backup: Path) -> None:
    pc.close()
    shutil.rmtree(pc.state)
    shutil.copytree(backup, pc.state)
    pc.start()


def begin_anew(pc: Pc) -> None:
    """The town holds another record: the daemon ends over it, and the unit starts it again."""
    pc.report(RecordForked)
    pc.close()
    pc.start()
    pc.report(Delivered)
    assert not any(isinstance(event, RecordForked | TownRefused) for event in pc.events)
    assert pc.journal.waiting_count() == 0


def test_state_restored_from_an_older_backup_reports_again_and_nothing_counts_twice(
    town: TownOnTheLine, tmp_path: Path
) -> None:
    """What was acknowledged stays at the town; what the backup still had to deliver, and what is new, arrives once."""
    state, backup = tmp_path / "state", tmp_path / "backup"
    enrol(town.url, town.add_station(), state)
    pc = Pc(state, "pc")
    try:
        show(pc, "first")
        pc.report(Delivered)
        show(pc, "waiting")
        pc.close()
        shutil.copytree(state, backup)
        pc.start()
        show(pc, "lost-in-the-room", "this-too")
        pc.report(Delivered)
        old = pc.journal.epoch
        for times in (1, 2):  # the same backup is put back twice
            put_back(pc, backup)
            show(pc, f"new-{times}")
            begin_anew(pc)
            told = restart(pc.journal)
            assert told is not None and told.facts["epoch"] == old != pc.journal.epoch
            show(pc, f"after-{times}-after")
            pc.report(Delivered)
    finally:
        pc.close()
    everything = ["first", "waiting", "lost-in-the-room", "this-too"]
    assert plays(town) == [*everything, "new-1", "after-1-after", "new-2", "after-2-after"]
    with town.office.store.read() as connection:
        counted = connection.execute(select(schema.tally.c.plays)).scalars().all()
    assert sum(counted) == 8
    [station] = queries.stations(town.office.store)
    assert station["restarts"] == 2 and station["forks"] == 2 and station["refused"] == 0


def test_pc_enrolled_once_more_with_a_pruned_journal_delivers_on(town: TownOnTheLine, tmp_path: Path) -> None:
    """Its key was lost; what the town had countersigned was removed here long ago."""
    state = tmp_path / "state"
    enrol(town.url, town.add_station(), state)
    pc = Pc(state, "pc")
    try:
        show(pc, "old-1", "old-22")
        pc.report(Delivered)
        pc.journal.prune(0)
        assert pc.journal.settle(10) and pc.journal.waiting(after=0)[1] == ()
        pc.close()
        (state / "station.key").unlink()
        enrol(town.url, town.add_station(), state)
        pc.start()
        show(pc, "new-333")
        pc.report(Delivered)
        assert not any(isinstance(event, RecordForked | TownRefused) for event in pc.events)
    finally:
        pc.close()
    assert plays(town) == ["old-1", "old-22", "new-333"]


def test_pruned_journal_begins_anew_where_the_town_has_forgotten_what_was_removed(
    town: TownOnTheLine, tmp_path: Path
) -> None:
    """Not at the word of somebody on the line: the town signs how far it has the record, and when."""
    state = tmp_path / "state"
    enrol(town.url, town.add_station(), state)
    pc = Pc(state, "pc")
    try:
        shutil.copytree(town.office.folder, tmp_path / "backup")
        show(pc, "old-1", "old-22")
        pc.report(Delivered)
        stale = Witness(station="room-1", epoch=pc.journal.epoch, seq=0, hash=GENESIS, at_ms=pc.journal.witnessed_ms())
        others = replace(stale, station="room-2", at_ms=stale.at_ms * 2)
        pc.journal.prune(0)
        pc.close()
        with contextlib.closing(sqlite3.connect(state / "journal.db")) as journal:
            journal.execute("VACUUM")  # else what was removed is found again in the file's free pages
            journal.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        pc.start()
        show(pc, "new-4444")
        town.put_back(tmp_path / "backup")
        for said in ({}, *({"witness": town.office.signer.vouch(one)} for one in (stale, others))):
            gap = {"error": "gap", "head_seq": 0, "head_hash": GENESIS} | said
            town.switch("/v1/reports", page(msgspec.json.encode(gap), 409))
            pc.report(TownUnreachable)
            assert not any(isinstance(event, RecordForked) for event in pc.events)
            assert bool(said) == any(isinstance(event, TownRefused) for event in pc.events)
        town.switch("/v1/reports")
        begin_anew(pc)
        told = restart(pc.journal)
        assert told is not None and told.facts["lost"] == "1-2" and told.facts["entered_anew"] == "1"
    finally:
        pc.close()
    assert plays(town) == ["new-4444"]


# --- the town ---


class Weeks:
    """A room that fetches and accepts weeks, and says in its heartbeats what it holds and refuses."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.accepted = Accepted(room.documents, room.documents.load("villages", "room-1", room.identity.root_sha256))

    def fetch(self) -> None:
        seen = len(self.room.events)
        self.room.fetch(self.accepted.standing(self.room.standing.now))
        for event in self.room.events[seen:]:
            if isinstance(event, WeekFound):
                self.accepted.accept_week(event)
            elif isinstance(event, TownRefused):
                self.accepted.refuse(event, 1)
            elif isinstance(event, FetchEnded):
                self.accepted.round_ended(event)

    def beat(self) -> None:
        before = self.room.town.count("/v1/heartbeat")
        held = self.accepted.playlist
        self.room.link.report(heartbeat(playlist_version=held.version if held else 0, refusing=self.accepted.refusing))
        eventually(lambda: self.room.town.count("/v1/heartbeat") > before)
        eventually(lambda: self.said()["playlist_version"] == (held.version if held else 0))

    def said(self) -> dict[str, object]:
        [row] = queries.stations(self.room.town.office.store)
        return row

    @property
    def state(self) -> str:
        """In words, without when it was heard. The room of these tests has no screen to speak of."""
        row = condition.judged(self.said() | {"screen": "up"}, now_ms(), 60_000)
        return list(condition.words(row, str))[-1]


@pytest.fixture
def weeks(town: TownOnTheLine, tmp_path: Path) -> Iterator[Weeks]:
    room = Room(town, tmp_path / "state")
    yield Weeks(room)
    room.close()


def test_town_restored_from_an_older_backup_publishes_above_what_rooms_hold(
    town: TownOnTheLine, weeks: Weeks, tmp_path: Path
) -> None:
    town.publish([])
    shutil.copytree(town.office.folder, tmp_path / "backup")
    for _ in range(2):
        town.publish([])
    weeks.fetch()
    weeks.beat()
    assert weeks.state == "ready" and weeks.said()["playlist_version"] == 3
    town.put_back(tmp_path / "backup")
    weeks.beat()
    assert weeks.state.startswith("not ready: this town's database does not know its week (the newest here is 1)")
    with town.office.store.read() as connection:
        [question] = rooms.forgotten(connection, "villages")
        assert rooms.forgotten(connection, "others") == []
    assert question.render(str).startswith("room-1: holds version 3, and this town knows none above 1")
    assert town.publish([]).version == 4
    assert weeks.state == "not ready: week 4 is published"
    weeks.fetch()
    weeks.beat()
    assert weeks.state == "ready" and weeks.said()["playlist_version"] == 4


def test_room_that_refuses_what_a_restored_town_publishes_is_not_ready(
    town: TownOnTheLine, weeks: Weeks, tmp_path: Path
) -> None:
    """Weeks are published again before any room was heard: one number lower than the room's, then its own."""
    town.publish([])
    shutil.copytree(town.office.folder, tmp_path / "backup")
    for _ in range(2):
        town.publish([])
    weeks.fetch()
    town.put_back(tmp_path / "backup")
    for version, reason in (
        (2, "it is older than what was published last"),
        (3, "it has the version of something else"),
    ):
        assert town.publish([]).version == version
        weeks.fetch()
        weeks.room.link.report(heartbeat(playlist_version=version, refusing=weeks.accepted.refusing))
        eventually(lambda told=reason: weeks.state.startswith(f"not ready: it refuses the week ({told}"))
    weeks.beat()
    assert town.publish([]).version == 4
    weeks.fetch()
    weeks.beat()
    assert weeks.state == "ready" and weeks.accepted.refusing == ()


def test_claims_of_a_stolen_token_do_not_use_up_the_versions(town: TownOnTheLine, weeks: Weeks) -> None:
    assert town.publish([]).version == 1
    for claim, next_version in ((2**53, 2), (2 + rooms.MOST_FORGOTTEN, 3 + rooms.MOST_FORGOTTEN)):
        weeks.room.link.report(heartbeat(playlist_version=claim, station_version=claim))
        eventually(lambda told=claim: weeks.said()["playlist_version"] == told)
        assert town.publish([]).version == next_version


def test_station_document_of_a_restored_town_is_above_the_one_that_the_room_holds(
    town: TownOnTheLine, weeks: Weeks, tmp_path: Path
) -> None:
    weeks.room.link.report(heartbeat(playlist_version=5, station_version=7))
    eventually(lambda: weeks.said()["playlist_version"] == 5)
    document = tmp_path / "document.json"
    document.write_text("{}")
    assert registry.set_document(town.office, "room-1", document, by="test") == 8
