"""The town's spot check: its code stands on the screen for its time, and whoever types it in is in the record, once."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes import HandClock
from journal_room import opened, records
from msgspec.structs import replace
from playout_room import at, document

from kiosk.contract.instants import to_ms
from kiosk.contract.records import Attendance
from kiosk.contract.station import SpotCheck, spot_code
from kiosk.station.control.spot_check import SpotChecks
from kiosk.station.journal import Journal
from kiosk.station.record_book.events import SpotCheckAnswered

ASKED = at("09:00:00")


class Room:
    def __init__(self, journal: Journal) -> None:
        self.journal, self.clock = journal, HandClock(ASKED)
        self.play, self.screen = "play-1", True
        self.document = replace(document(), spot_check=SpotCheck(id="c1", asked_ms=to_ms(ASKED)))
        self.checks = self.made()

    def made(self) -> SpotChecks:
        return SpotChecks(
            self.journal, self.clock, lambda: self.document, lambda: self.play, lambda: self.screen, lambda: None
        )

    def answers(self) -> list[Attendance]:
        assert self.journal.settle(5)
        return [one for one in records(self.journal) if isinstance(one, Attendance)]


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    with opened(tmp_path / "journal.db") as (journal, _events):
        yield Room(journal)


def test_code_goes_by_the_check_and_the_play_and_its_answer_is_recorded_once(room: Room) -> None:
    assert room.checks.shown is None
    code = room.checks.code()
    assert code == spot_code("c1", "play-1")
    assert room.checks.shown == "c1"
    assert not room.checks.answer(SpotCheckAnswered("A", "000000"))
    assert room.checks.answer(SpotCheckAnswered("A", f" {code[:3]} {code[3:]} ", "ab" * 16))
    assert not room.checks.answer(SpotCheckAnswered("B", code))
    (found,) = room.answers()
    assert (found.by, found.plays, found.code, found.spot_check) == ("A", ("play-1",), code, "c1")
    assert (found.present, found.evidence) == (0, "spot-check")
    assert room.checks.code() == ""
    assert room.made().code() == "", "nor after a restart"


def test_code_of_the_play_before_is_taken_too(room: Room) -> None:
    before = room.checks.code()
    room.play = ""
    assert room.checks.code() == spot_code("c1", "")
    assert room.checks.answer(SpotCheckAnswered("A", before))
    assert room.answers()[0].plays == ("play-1",)


def test_after_its_time_nothing_is_shown_or_taken(room: Room) -> None:
    code = room.checks.code()
    room.clock.advance(601)
    assert room.checks.code() == ""
    assert not room.checks.answer(SpotCheckAnswered("A", code))


def test_code_that_was_never_on_a_screen_proves_nothing(room: Room) -> None:
    room.screen = False
    assert room.checks.code() == ""
    assert room.checks.shown is None
    assert not room.checks.answer(SpotCheckAnswered("A", spot_code("c1", "play-1")))
    assert room.answers() == []
