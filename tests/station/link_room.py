"""A station's link and what stands behind it, without the main loop."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from fakes_town import TownOnTheLine, eventually

from kiosk.contract.playlist import Programme
from kiosk.contract.records import Action
from kiosk.contract.reports import Heartbeat, HeartbeatAnswer
from kiosk.contract.trust import Pinned
from kiosk.station.config import Fetch, Town
from kiosk.station.events import Crashed, Delivered, Event, FetchEnded, TownUnreachable
from kiosk.station.journal import Journal
from kiosk.station.library.accepted import Standing
from kiosk.station.library.documents import Documents
from kiosk.station.library.library import Library
from kiosk.station.link.enrol import enrol
from kiosk.station.link.link import Link
from kiosk.station.link.station_key import signer

E = TypeVar("E")


class Room:
    """A station's link and what stands behind it, without the main loop: events are gathered."""

    def __init__(self, town: TownOnTheLine, state: Path, fetch: Fetch | None = None) -> None:
        self.town = town
        self.identity = enrol(town.url, town.add_station(), state)
        town.asked.clear()
        self.library = Library(state / "library")
        self.documents = Documents(self.library)
        self.events: list[Event] = []
        self.journal = Journal(state / "journal.db", self.events.append, "boot-1")
        self.journal.start()
        settings = Town(timeout_s=5), fetch or Fetch(), signer(state), state / "photos"
        self.link = Link(self.identity, self.documents, self.journal, self.post, *settings)
        root = self.documents.load("villages", "room-1", self.identity.root_sha256).root
        assert root is not None
        self.standing = Standing(root, now=datetime.now(UTC), keep=frozenset())
        self.link.use_root(root)
        self.link.start()

    def post(self, event: Event) -> None:
        """What the main loop would do with it."""
        if isinstance(event, Delivered):
            self.journal.receipts(event.receipts, event.witness, event.signed)
        self.events.append(event)

    def close(self) -> None:
        self.link.stop()
        self.journal.stop(10)
        assert [event for event in self.events if isinstance(event, Crashed)] == []

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    def fetch(self, standing: Standing | None = None, newest: HeartbeatAnswer | None = None) -> FetchEnded:
        """One round, to its end."""
        before = len(self.of(FetchEnded))
        self.link.fetch(standing or self.standing, newest)
        eventually(lambda: len(self.of(FetchEnded)) > before, 60)
        return self.of(FetchEnded)[-1]

    def fetch_file(self, programme: Programme) -> FetchEnded:
        """One round that wants a file and nothing else."""
        return self.fetch(self.wanting(programme), nothing_new())

    def wanting(self, *programmes: Programme) -> Standing:
        pins = tuple(Pinned(programme.size, programme.sha256) for programme in programmes)
        return Standing(self.standing.root, wanted=pins, now=self.standing.now, keep=frozenset())

    def report(self) -> None:
        self.link.report(heartbeat())

    def act(self, *names: str) -> None:
        for name in names:
            self.journal.record(Action(id=name, at_ms=1, by="A", action="stop", clock="trusted"))
        assert self.journal.settle(10)

    def fails_again(self) -> None:
        before = len(self.of(TownUnreachable))
        eventually(lambda: len(self.of(TownUnreachable)) > before)

    def delivered(self) -> Callable[[], bool]:
        return lambda: self.journal.waiting_count() == 0


def heartbeat(**more: object) -> Heartbeat:
    values = {
        "station": "room-1", "epoch": "epoch-1", "sent_ms": 1_000_000, "nonce": "asked-by-the-app",
        "boot_id": "boot-1", "up_ms": 5, "software": "kiosk test", "clock": "trusted",
    }  # fmt: skip
    return Heartbeat(**(values | more))  # type: ignore[arg-type]


def newest(root: int = 0, playlist: int = 0, urgent: int = 0, station: int = 0, **more: int) -> HeartbeatAnswer:
    """What the town says is newest."""
    values = {"root_version": root, "playlist_version": playlist, "urgent_version": urgent, "station_version": station}
    return HeartbeatAnswer(nonce="n", **({"now_ms": 1_772_413_200_000} | values | more))


def nothing_new() -> HeartbeatAnswer:
    return newest()
