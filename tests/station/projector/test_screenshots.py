"""When a picture of the screen is taken: one at a time, one a second, and never near a cut."""

from datetime import UTC, datetime

import pytest
from fakes import HandClock

from kiosk.contract.picture import MAX_PICTURE
from kiosk.station.projector.messages import Grabbed
from kiosk.station.projector.screenshots import AFTER_CUT, BEFORE_CUT, EVERY, Screenshot, Screenshots

NOW = datetime(2026, 3, 5, 9, tzinfo=UTC)
JPEG = b"\xff\xd8\xff\xe0 a picture \xff\xd9"


class FakeStage:
    """Counts the orders."""

    def __init__(self) -> None:
        self.up = True
        self.grabs = 0

    def grab(self) -> None:
        self.grabs += 1


class Room:
    def __init__(self) -> None:
        self.stage, self.clock, self.cuts = FakeStage(), HandClock(NOW), list[float]()
        self.pictures = Screenshots(self.stage, self.clock, lambda: self.cuts)  # type: ignore[arg-type]

    @property
    def now(self) -> float:
        return self.clock.monotonic()

    def ask(self) -> int:
        """Ask for a picture; how many have been ordered by now."""
        self.pictures.request(self.now)
        return self.stage.grabs

    def wait(self, seconds: float) -> int:
        self.clock.advance(seconds)
        self.pictures.tick(self.now)
        return self.stage.grabs

    def answer(self, data: bytes = JPEG, trouble: str = "") -> Screenshot | None:
        return self.pictures.receive(Grabbed(at=self.now, picture=data, trouble=trouble))


@pytest.fixture
def room() -> Room:
    return Room()


def test_nothing_is_taken_unless_somebody_asks(room: Room) -> None:
    assert room.wait(3600) == 0
    assert room.ask() == 1
    room.answer()
    assert room.wait(3600) == 1


def test_picture_carries_its_instant(room: Room) -> None:
    room.ask()
    assert room.pictures.newest is None
    picture = room.answer()
    assert picture == room.pictures.newest == Screenshot(int(NOW.timestamp() * 1000), room.now, JPEG)
    assert "picture" not in repr(picture).partition("jpeg")[2], "60 kB have no place in a log line"


def test_one_in_flight_and_one_a_second(room: Room) -> None:
    assert room.ask() == 1
    assert room.wait(5) == 1 and room.ask() == 1, "the one before has not come"
    room.answer()
    assert room.wait(0.01) == 2, "several wishes meanwhile are one"
    room.answer()
    assert room.ask() == 2
    assert room.wait(EVERY - 0.1) == 2
    assert room.wait(0.1) == 3


def test_none_is_begun_in_the_second_before_a_cut(room: Room) -> None:
    cut = room.now + 10
    room.cuts = [cut - 100, cut, cut + 50]
    assert room.ask() == 1
    room.answer()
    room.clock.advance(10 - BEFORE_CUT + 0.01)
    assert room.ask() == 1 and room.wait(0.4) == 1
    room.cuts = [cut + 50]  # the cut was made, and the next one is far
    assert room.wait(1) == 2


def test_programme_that_is_late_is_waited_for_but_not_for_ever(room: Room) -> None:
    room.cuts = [room.now]
    assert room.ask() == 0
    assert room.wait(AFTER_CUT - 0.1) == 0
    assert room.wait(0.2) == 1


def test_without_a_screen_a_wish_waits_for_it(room: Room) -> None:
    room.stage.up = False
    assert room.ask() == 0
    room.stage.up = True
    assert room.wait(1) == 1


def test_screen_that_goes_takes_its_picture_and_what_was_in_flight_along(room: Room) -> None:
    room.ask()
    room.answer()
    room.wait(2)
    assert room.ask() == 2
    room.pictures.screen_went()
    assert room.pictures.newest is None
    room.clock.advance(2)
    assert room.ask() == 3


@pytest.mark.parametrize(
    ("data", "trouble", "words"),
    [
        (b"", "the X server refused: BadMatch", "BadMatch"),
        (b"GIF89a" + bytes(50), "", "not a whole JPEG file"),
        (JPEG[:-2], "", "not a whole JPEG file"),
        (JPEG[:3] + bytes(MAX_PICTURE) + JPEG[-2:], "", "more than the 60000 allowed"),
        (b"", "", "not a whole JPEG file"),
    ],
)
def test_answer_without_a_good_picture_is_said_and_changes_nothing(
    room: Room, data: bytes, trouble: str, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    room.ask()
    good = room.answer()
    room.wait(2)
    room.ask()
    assert room.answer(data, trouble) is None
    assert room.pictures.newest == good
    assert words in caplog.text
    room.clock.advance(2)
    assert room.ask() == 3, "it can be tried again"
