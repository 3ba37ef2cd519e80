"""What several test modules of the station stand on: a real town on loopback, and a station's link to it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes_town import TownOnTheLine
from link_room import Room


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
