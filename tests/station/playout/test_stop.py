"""Stop is remembered over a restart."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec import Raw

from kiosk.contract.instants import to_ms
from kiosk.station.journal import Journal
from kiosk.station.playout.stop import MEMORY, StopState
from kiosk.station.schedule.situation import Stop

NOW = datetime(2026, 3, 5, 9, tzinfo=UTC)
LATER = NOW + timedelta(hours=2)

Restart = Callable[[], StopState]


@pytest.fixture
def restart(tmp_path: Path) -> Iterator[Restart]:
    journals: list[Journal] = []

    def begin() -> StopState:
        end()
        journals.append(Journal(tmp_path / "journal.db", lambda event: None, "boot-1"))
        journals[-1].start()
        return StopState(journals[-1])

    def end() -> None:
        while journals:
            journals.pop().stop(10)

    yield begin
    end()


def test_start_where_nothing_is_stopped_is_nothing(restart: Restart) -> None:
    assert not restart().end()


def test_stop_that_follows_a_stop_takes_its_place(restart: Restart) -> None:
    stop = restart()
    stop.begin(NOW, None, "meeting")
    stop.begin(LATER, None, "power")
    assert stop.now == Stop(LATER, None, "power")


@pytest.mark.parametrize("until", [None, LATER])
def test_stop_outlives_a_restart(restart: Restart, until: datetime | None) -> None:
    restart().begin(NOW, to_ms(until) if until else None, "farm-season")
    stop = restart()
    assert stop.now == Stop(NOW, until, "farm-season")
    assert stop.end()
    assert restart().now is None


def test_memory_that_cannot_be_read_is_no_stop_and_no_crash(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.db", lambda event: None, "boot-1")
    journal.start()
    no_instant = '{"since_ms": 100000000000000000, "until_ms": null, "reason": ""}'
    nested = '{"x": ' + "[" * 100_000
    for text in ("nonsense", "{}", "[1]", '{"since_ms": "early", "until_ms": null, "reason": ""}', no_instant, nested):
        journal.remember(MEMORY, Raw(text.encode()))
        assert StopState(journal).now is None
    journal.stop(10)
