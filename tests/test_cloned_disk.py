"""Two PCs with the same state folder report in turn, by the station's own journal and link, to a real town."""

import contextlib
import shutil
from pathlib import Path

import pytest
from fakes_town import TownOnTheLine, eventually
from sqlalchemy import select

from kiosk.contract.records import Action
from kiosk.contract.reports import Heartbeat
from kiosk.contract.trust import first_root
from kiosk.station.config import Fetch, Town
from kiosk.station.events import Delivered, Event, RecordForked, TownRefused
from kiosk.station.identity import load_identity
from kiosk.station.journal import DamagedJournal, Journal
from kiosk.station.library.documents import Documents
from kiosk.station.library.library import Library
from kiosk.station.link import pace
from kiosk.station.link.enrol import enrol
from kiosk.station.link.link import Link
from kiosk.station.link.station_key import signer
from kiosk.town.database import schema
from kiosk.town.ledger import queries


class Pc:
    """One of the two."""

    def __init__(self, state: Path, name: str) -> None:
        self.state, self.name, self.events = state, name, list[Event]()
        self.start()

    def start(self) -> None:
        """As the unit does at first, and after the daemon has ended."""
        state, identity = self.state, load_identity(self.state)
        self.journal = Journal(state / "journal.db", self.events.append, self.name)
        self.journal.start()
        documents = Documents(Library(state / "library"))
        settings = Town(timeout_s=5), Fetch(), signer(state), state / "photos"
        self.link = Link(identity, documents, self.journal, self.events.append, *settings)
        root = state / "library" / "trust" / "root" / "1.root.json"
        self.link.use_root(first_root(root.read_bytes(), identity.root_sha256))
        self.link.start()

    def note(self, name: str) -> None:
        self.journal.record(Action(id=name, at_ms=1, by="li", action="stop", clock="trusted"))
        assert self.journal.settle(10)

    def report(self, kind: type[Event]) -> None:  # type: ignore[valid-type]
        """Report, and wait for what comes of it."""
        self.events.clear()
        seq, digest = self.journal.head()
        self.link.report(
            Heartbeat(
                station="room-1", epoch=self.journal.epoch, sent_ms=1, nonce="", boot_id=self.name, up_ms=1,
                software="1", clock="trusted", head_seq=seq, head_hash=digest,
            )
        )  # fmt: skip
        eventually(lambda: any(isinstance(event, kind) for event in list(self.events)))  # type: ignore[arg-type]
        for event in list(self.events):
            if isinstance(event, Delivered):
                self.journal.receipts(event.receipts, event.witness, event.signed)
            if isinstance(event, RecordForked):
                with contextlib.suppress(DamagedJournal):
                    self.journal.give_up_epoch(event.witness)
        assert self.journal.settle(10)

    def close(self) -> None:
        self.link.stop()
        self.journal.stop(10)


def test_both_stories_of_a_cloned_disk_are_kept_flagged_and_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second one to report is told once that its record is not the town's; from then on both are taken."""
    monkeypatch.setattr(pace, "FIRST_BACKOFF_S", 0.02)
    town = TownOnTheLine(tmp_path / "town")
    enrol(town.url, town.add_station(), tmp_path / "a")
    first = Pc(tmp_path / "a", "a")
    first.note("common")
    first.report(Delivered)
    first.close()
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    pcs = [Pc(tmp_path / name, name) for name in ("a", "b")]
    try:
        for number in range(1, 4):
            for pc in pcs:
                pc.note(f"{pc.name}{number}")
            pcs[0].report(Delivered)
            pcs[1].report(RecordForked if number == 1 else Delivered)
            if number == 1:
                pcs[1].close()
                pcs[1].start()
                pcs[1].report(Delivered)
            assert not any(isinstance(event, RecordForked | TownRefused) for pc in pcs for event in pc.events)
    finally:
        for pc in pcs:
            pc.close()
        town.close()
    [station] = queries.stations(town.office.store)
    assert station["forked_ms"] is not None and station["forks"] == 1
    assert station["cloned_ms"] is not None and station["restarts"] == 1
    told = [row["stands"] for row in queries.forks(town.office.store, "room-1")]
    assert told == ["a1"], "what was told at its place is kept aside"
    with town.office.store.read() as connection:
        entry = schema.entry
        rows = connection.execute(select(entry.c.chain, entry.c.record_id).where(entry.c.record_id.is_not(None)))
        stored = {name: chain for chain, name in rows if not name.startswith("journal-")}
    assert stored == {"common": 1, "a1": 1, "a2": 1, "a3": 1, "b1": 2, "b2": 2, "b3": 2}
