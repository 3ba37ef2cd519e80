"""A panel on loopback for each test that asks for one."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from panel_room import PIN, Browser, Room, port_of
from paper_room import PaperRoom

from kiosk.station.config import Panel as Settings
from kiosk.station.panel import pin
from kiosk.station.panel.server import Panel


@pytest.fixture
def room() -> Room:
    return Room()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state folder with a PIN in it."""
    pin.save(tmp_path, pin.choose(PIN))
    return tmp_path


@pytest.fixture
def serve(room: Room) -> Iterator[Callable[[Path], str]]:
    """Starts a panel on a state folder; answers its address."""
    panels: list[Panel] = []

    def start(folder: Path) -> str:
        panel = Panel(
            Settings(listen="127.0.0.1", port=0),
            folder,
            room.post,
            lambda: room.snapshot,
            picture=lambda: room.picture,
            examination=lambda: room.examination,
            books=getattr(room, "books", None),
        )
        panels.append(panel)
        panel.start()
        return f"http://127.0.0.1:{port_of(panel)}"

    yield start
    for panel in panels:
        panel.stop()


@pytest.fixture
def base(serve: Callable[[Path], str], state: Path) -> str:
    """The address of a panel with a PIN."""
    return serve(state)


@pytest.fixture
def administrator(base: str) -> Browser:
    """A phone that is logged in."""
    browser = Browser(base)
    assert browser.log_in().status_code == 303
    return browser


@pytest.fixture
def papers(state: Path) -> Iterator[PaperRoom]:
    """A room with a record. To be shown by ``room``, its module overrides that fixture by this one."""
    found = PaperRoom(state)
    yield found
    found.close()
