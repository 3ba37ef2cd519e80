"""What the main loop asks of the line: what waits first, then news; at the station's own turns, as often as wanted."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fakes_town import TownOnTheLine
from link_room import newest
from playout_room import ALL, Room, at, slot, week

from kiosk.station.config import Fetch, Town
from kiosk.station.control.audit import AuditTrail
from kiosk.station.control.town import MEMORY, TownHandler
from kiosk.station.events import FetchEnded, HeartbeatAnswered, Wake
from kiosk.station.health.monitor import HealthMonitor
from kiosk.station.journal.refused import RefusedEntries
from kiosk.station.library.accepted import Accepted
from kiosk.station.library.documents import Documents
from kiosk.station.library.library import Library
from kiosk.station.library.plans import Plans
from kiosk.station.link.enrol import enrol
from kiosk.station.link.link import Link
from kiosk.station.link.news import News
from kiosk.station.link.pace import phase
from kiosk.station.overview import Overview


class Orders(Link):
    """Takes down what it is asked for."""

    asked: list[str]

    def fetch(self, standing: Any, newest: Any = None) -> None:
        self.asked.append("fetch")

    def report(self, heartbeat: Any) -> None:
        self.asked.append("report")


class Bell:
    """Takes down when it is to ring."""

    def __init__(self) -> None:
        self.rings: list[tuple[float, Wake]] = []

    def after(self, seconds: float, wake: Wake) -> None:
        self.rings.append((seconds, wake))


class Side:
    """The station's side of the line."""

    def __init__(self, folder: Path) -> None:
        town = TownOnTheLine(folder / "town")
        identity = enrol(town.url, town.add_station(), folder / "state")
        town.close()
        self.room = Room(folder / "state", week(ALL, slot("09:00:00", "09:02:00", "law")), at("08:00:00"))
        documents = Documents(Library(folder / "state/library"))
        accepted = Accepted(documents, documents.load("villages", "room-1", identity.root_sha256))
        settings = Town(), Fetch(), lambda data: "", folder / "photos"
        self.link = Orders(identity, documents, self.room.journal, lambda event: None, *settings)
        self.link.asked = []
        self.bell = Bell()
        room = self.room
        monitor, refused = HealthMonitor(room.journal, "room-1", 0), RefusedEntries(room.journal)
        news = News(room.journal, accepted)
        overview = Overview(
            "zh", identity, accepted, news, room.clock, room.journal, room.plan, room.playout, monitor, "boot-1",
            self.link, refused,
        )  # fmt: skip
        audit = AuditTrail(room.journal, room.clock, lambda: None)
        bell: Any = self.bell
        nothing: Any = None
        self.handler = TownHandler(
            identity.station, 60, accepted, news, room.plan, room.playout, room.journal, room.clock, monitor, refused,
            self.link, bell, nothing, audit, Plans(folder / "state/library"),
            heartbeat=overview.heartbeat, replan=lambda why: None, check_clock=lambda: None,
        )  # fmt: skip

    def answered(self, wait_ms: int) -> None:
        answer = newest(root=1, now_ms=self.room.clock.now_ms(), wait_ms=wait_ms)
        now = self.room.clock.monotonic()
        self.handler.handle(HeartbeatAnswered(answer, now, now))

    def turn(self) -> float:
        """When the last bell is to ring, in seconds since 1970."""
        return self.room.clock.now_ms() / 1000 + self.bell.rings[-1][0]


@pytest.fixture
def side(tmp_path: Path) -> Iterator[Side]:
    found = Side(tmp_path)
    yield found
    found.room.close()


def test_what_waits_is_asked_for_before_news(side: Side) -> None:
    side.handler.sync()
    assert side.link.asked == ["report", "fetch"]


def test_the_next_heartbeat_is_at_the_stations_own_place_of_the_interval(side: Side) -> None:
    for _ in range(3):
        side.handler.sync()
        assert side.turn() % 60 == pytest.approx(60 * phase("room-1"), abs=0.01)
        side.room.clock.advance(side.bell.rings[-1][0])
    assert side.bell.rings[-1][0] == pytest.approx(60, abs=0.01)
    assert {wake for _, wake in side.bell.rings} == {Wake("sync")}


@pytest.mark.parametrize(
    ("wait_ms", "seconds"), [(0, 60), (5_000, 60), (300_000, 300), (10**9, 3600)],
)  # fmt: skip
def test_the_town_may_want_fewer_heartbeats_and_not_more(side: Side, wait_ms: int, seconds: int) -> None:
    side.answered(wait_ms)
    side.handler.sync()
    assert side.turn() % seconds == pytest.approx(seconds * phase("room-1"), abs=0.01)
    assert seconds / 2 <= side.bell.rings[-1][0] < seconds * 1.5


def test_a_round_that_left_something_out_is_repeated_soon_and_then_less_often(side: Side) -> None:
    for interval in (2, 4, 8, 16, 32, 60, 60):
        side.handler.handle(FetchEnded(1))
        assert interval <= side.bell.rings[-1][0] < 2 * interval
    rings = len(side.bell.rings)
    side.handler.handle(FetchEnded(0, "", 3))
    assert len(side.bell.rings) == rings, "what waits for its hours is no failure"


def test_the_speed_of_the_line_outlives_a_restart(side: Side, tmp_path: Path) -> None:
    side.link.restore_speed(123_456)
    side.handler.handle(FetchEnded(0))
    assert side.room.journal.recall(MEMORY, dict) == {"bytes_per_s": 123_456}
