"""Fixtures of the station's tests: a town on loopback, a station's link to it, a projector on a screen."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes_town import TownOnTheLine
from link_room import Room
from rig import Rig
from screen import POSTER, Sampler, XServer, children_of, kill_all


@pytest.fixture
def town(tmp_path: Path) -> Iterator[TownOnTheLine]:
    """A town that can be made to answer badly."""
    found = TownOnTheLine(tmp_path / "town")
    yield found
    found.close()


@pytest.fixture
def room(town: TownOnTheLine, tmp_path: Path) -> Iterator[Room]:
    """A station without its main loop, enrolled with the town."""
    found = Room(town, tmp_path / "state")
    yield found
    found.close()


@pytest.fixture
def rig(screen: XServer, sampler: Sampler) -> Iterator[Rig]:
    """A projector with its stage: the poster is on the screen, no programme is."""
    rig = Rig(screen)
    rig.until(lambda: rig.stage.up)
    rig.until(lambda: sampler.seen[-1].programme == POSTER)
    yield rig
    rig.close()
    rig.until(lambda: screen.windows() == 0)


@pytest.fixture(autouse=True)
def _no_player_left_behind() -> Iterator[None]:
    """A test that fails half-way must not fail the next one by its child processes."""
    yield
    kill_all(children_of(os.getpid()))
