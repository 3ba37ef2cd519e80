"""The writing thread: what is done once for many commits is done before all is settled, and never long after."""

from pathlib import Path

import pytest
from sqlite_utils import Database

from kiosk.station.journal_schema import open_writing
from kiosk.station.journal_writer import MOST_UNNOTED, Commit, Writer


@pytest.fixture
def writer(tmp_path: Path) -> Writer:
    return Writer(tmp_path / "journal.db", open_writing(tmp_path / "journal.db"), lambda event: None)


def remember(number: int, rested: list[int]) -> Commit:
    def write(db: Database) -> None:
        db.execute("INSERT OR REPLACE INTO state (key, value) VALUES ('n', ?)", [str(number)])

    return Commit(f"n {number}", write, then=lambda _: rested.append(-number))


def test_rest_comes_once_for_many_commits_and_before_all_is_settled(writer: Writer) -> None:
    seen: list[int] = []

    def rest(db: Database) -> None:
        (value,) = db.execute("SELECT value FROM state WHERE key = 'n'").fetchone()
        seen.append(int(value))

    writer.rest = rest
    for number in range(1, 3 * MOST_UNNOTED + 6):
        writer.put(remember(number, seen))
    writer.start()
    assert writer.settle(20)
    assert [one for one in seen if one > 0] == [MOST_UNNOTED, 2 * MOST_UNNOTED, 3 * MOST_UNNOTED, 3 * MOST_UNNOTED + 5]
    assert [-one for one in seen if one < 0] == list(range(1, 3 * MOST_UNNOTED + 6))
    writer.put(remember(1000, seen))
    assert writer.settle(20) and seen[-1] == 1000
    assert writer.stop(5) == 0


def test_commits_that_seal_nothing_bring_no_rest(writer: Writer) -> None:
    seen: list[int] = []
    writer.rest = lambda db: seen.append(1)
    writer.put(Commit("nothing", lambda db: None))
    writer.start()
    assert writer.settle(20) and seen == []
    assert writer.stop(5) == 0
