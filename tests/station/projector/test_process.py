"""The daemon's end of a child: what a child that its file has taken over can do to the daemon by what it says."""

import time
from functools import partial
from pathlib import Path

import pytest

from kiosk.station.events import ChildGone, ChildSaid, Event
from kiosk.station.projector.messages import SCREEN_GONE, Cue, FromChild, Leave, Progress, Shown
from kiosk.station.projector.process import MOST_LINES, Process
from kiosk.station.projector.projector import ATTEMPTS, SCREENLESS, Projector
from kiosk.station.projector.reports import OffScreen, OnScreen, Position, Replaced, Report, Showing
from kiosk.station.projector.stage import Stage

FLOOD = """
import sys
while True:
    sys.stdout.write('{"say":"progress","at":1,"media_ms":1,"pictures":1,"lost":0}\\n' * 1000)
"""


def test_child_that_would_fill_the_inbox_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "flood.py").write_text(FLOOD)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    events: list[Event] = []
    made = partial(ChildSaid, "flood"), partial(ChildGone, "flood")
    child = Process("flood", "flood", events.append, FromChild, *made)  # type: ignore[arg-type]
    deadline = time.monotonic() + 30
    while not (events and isinstance(events[-1], ChildGone)):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert len(events) == MOST_LINES
    while not child._orders.closed:
        time.sleep(0.01)
    child.send(Leave())  # lost, and no error


class Idle:
    """A child that does nothing."""

    def __init__(self, *_: object, folder: Path) -> None:
        folder.rmdir()

    def send(self, _order: object) -> None: ...

    def kill(self) -> None: ...

    def memory_mb(self) -> int:
        return 1


def test_player_or_stage_that_cannot_be_started_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    projector, stage = Projector(lambda event: None, runtime=tmp_path), Stage(":7", lambda event: None)
    for module in ("projector", "stage"):
        monkeypatch.setattr(f"kiosk.station.projector.{module}.Process", refuse)
    projector.screen_came(1000)
    projector.cue(Showing("a", Cue(file="/a", display=":0"), 1001, 1001, 2000), 1000)
    assert projector.tick(1002) == []
    assert list(tmp_path.iterdir()) == []
    stage.tick(1000)
    monkeypatch.setattr("kiosk.station.projector.projector.Process", Idle)
    assert projector.tick(1003) == []
    [shown] = projector.handle(ChildSaid("a.3", Shown(at=1004)), 1004)
    assert isinstance(shown, OnScreen)
    started = list[float]()
    monkeypatch.setattr("kiosk.station.projector.stage.Process", lambda *_: started.append(1))
    stage.tick(1000.5)
    assert started == []
    stage.tick(1001)
    assert started == [1]


def test_file_that_says_that_there_is_no_screen_is_not_believed_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kiosk.station.projector.projector.Process", Idle)
    projector, reports = Projector(lambda event: None), list[Report]()
    projector.screen_came(1000)
    projector.cue(Showing("a", Cue(file="/a", display=":0"), 1001, 1001, 2000), 1000)
    for attempt in range(1, SCREENLESS + ATTEMPTS + 1):
        assert projector.plays == {"a"}
        reports += projector.handle(ChildGone(f"a.{attempt}", SCREEN_GONE), 1001 + attempt)
        reports += projector.tick(1001 + attempt)
    assert isinstance(reports[-1], OffScreen) and reports[-1].cause == "the player ended with 3"
    assert projector.plays == frozenset()


def test_instants_that_a_child_makes_up_are_held_within_the_time_that_it_was_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("kiosk.station.projector.projector.Process", Idle)
    projector = Projector(lambda event: None)
    projector.screen_came(1000)
    projector.cue(Showing("a", Cue(file="/a", display=":0"), 1001, 1001, 2000), 1000)
    [shown] = projector.handle(ChildSaid("a.1", Shown(at=1)), 1010)
    assert isinstance(shown, OnScreen) and shown.at == 1000, "it was not there an hour ago"
    [position] = projector.handle(ChildSaid("a.1", Progress(at=1e9, media_ms=1, pictures=1, lost=0)), 1011)
    assert isinstance(position, Position) and (position.at, position.played) == (1011, 11)
    assert projector.tick(1020) == [Replaced("a", "the player hangs")], "its word of the future counts for nothing"
    [over] = projector.drop("a", 1020)
    assert isinstance(over, OffScreen) and over.played == 11
