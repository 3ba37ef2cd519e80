"""News that the town has told of and that do not come: since when, over restarts, and what the room says of it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fakes_town import TownOnTheLine, eventually, page
from link_room import Room, newest

from kiosk.common.i18n import translator
from kiosk.station.events import HeartbeatAnswered, StationFound, WeekFound
from kiosk.station.health.monitor import HealthMonitor
from kiosk.station.health.observation import Observation
from kiosk.station.journal import Journal
from kiosk.station.library.accepted import Accepted
from kiosk.station.link.news import News

DAY_MS = 86_400_000
NOW_MS = 1_772_413_200_000


class Held:
    """What a station holds."""

    def __init__(self, **versions: int) -> None:
        self.newest = newest(**versions)

    def is_behind(self, told: Any) -> bool:
        names = [f"{what}_version" for what in ("root", "playlist", "urgent", "station")]
        return any(getattr(told, name) > getattr(self.newest, name) for name in names)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    found = Journal(tmp_path / "journal.db", lambda event: None, "boot-1")
    found.start()
    yield found
    found.stop(10)


def news(journal: Journal, held: Held) -> News:
    accepted: Any = held
    return News(journal, accepted)


def test_c4_since_when_is_by_the_towns_clock_and_outlives_a_night(journal: Journal) -> None:
    held = Held(root=1, playlist=1)
    found = news(journal, held)
    assert (found.behind_ms(newest(root=1, playlist=1, now_ms=NOW_MS)), found.behind_since_ms) == (0, 0)
    assert found.behind_ms(newest(root=1, playlist=2, now_ms=NOW_MS)) == 0
    assert found.behind_since_ms == NOW_MS
    assert journal.settle(10)
    again = news(journal, held)
    assert again.behind_since_ms == NOW_MS
    assert again.behind_ms(newest(root=1, playlist=3, now_ms=NOW_MS + DAY_MS)) == DAY_MS, "a newer one is no excuse"
    held.newest = newest(root=1, playlist=2)
    later = NOW_MS + DAY_MS + 1
    assert again.behind_ms(newest(root=1, playlist=3, now_ms=later)) == 0, "what was told of first has come"
    assert again.behind_since_ms == later
    held.newest = newest(root=1, playlist=3)
    assert again.behind_ms(newest(root=1, playlist=3, now_ms=later)) == 0 and again.behind_since_ms == 0
    assert journal.settle(10)
    assert news(journal, held).behind_since_ms == 0


def test_c4_news_that_the_town_takes_back_are_none(journal: Journal) -> None:
    """Such as those of a group that the station has left."""
    found = news(journal, Held(root=1, playlist=5))
    found.behind_ms(newest(root=1, playlist=7, now_ms=NOW_MS))
    assert found.behind_ms(newest(root=1, playlist=5, now_ms=NOW_MS + DAY_MS)) == 0
    assert found.behind_since_ms == 0


@pytest.mark.parametrize(("behind_ms", "found"), [(DAY_MS - 1, []), (DAY_MS, ["freeze"])])
def test_c4_after_a_day_it_is_a_fault_until_the_news_have_come(
    journal: Journal, behind_ms: int, found: list[str]
) -> None:
    monitor = HealthMonitor(journal, "room-1", 0)
    now = datetime(2026, 3, 5, 9, tzinfo=UTC)

    def faults() -> list[str]:
        monitor.judge(Observation(clock="untrusted"), None, now, 0.0)
        return [problem.cause for problem in monitor.problems()]

    assert faults() == [], "before the first answer nobody knows"
    monitor.town_heard(behind_ms)
    assert faults() == found
    for problem in monitor.problems():
        texts = [problem.text, problem.remedy]
        assert all(one.render(translator("zh")) != one.render(translator("en")) for one in texts)
    monitor.town_silent(0.0)
    assert faults() == found, "silence takes nothing back"
    monitor.town_heard(0)
    assert faults() == []


def test_c4_line_that_lets_heartbeats_through_and_holds_the_week_back_is_noticed(
    town: TownOnTheLine, room: Room
) -> None:
    shelf = room.documents.load("villages", "room-1", room.identity.root_sha256)
    accepted = Accepted(room.documents, shelf)
    found = News(room.journal, accepted)
    film = town.programme("rice", b"rice")
    town.publish([film])
    old = town.metadata()
    town.publish([film])
    town.switch("/v1/groups/", page(old))
    room.fetch()
    assert accepted.accept_week(room.of(WeekFound)[0]) and accepted.accept_document(room.of(StationFound)[0])
    assert accepted.playlist and accepted.playlist.version == 1
    room.report()
    eventually(lambda: room.of(HeartbeatAnswered))
    answer = room.of(HeartbeatAnswered)[0].answer
    assert found.behind_ms(answer) == 0
    assert found.behind_since_ms == answer.now_ms, "it is told of version 2"
