"""Fixtures that several rooms share: a real X screen, what it shows, and clips to show on it."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import browser
import pytest
from playwright.sync_api import Browser
from screen import CLIPS, Sampler, XServer

from kiosk.demo.testcard import make

SCREENS = {"screen", "display", "own"}
"""Fixtures that give one."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what waits for a screen, and so for a clock: all else can run beside it."""
    for item in items:
        if SCREENS & set(getattr(item, "fixturenames", ())):
            item.add_marker("screen")


@pytest.fixture(scope="session")
def screen() -> Iterator[XServer]:
    """One Xvfb for the whole run."""
    server = XServer()
    yield server
    server.stop()


@pytest.fixture
def sampler(screen: XServer) -> Iterator[Sampler]:
    """Watches the screen during one test."""
    watching = Sampler(screen.name)
    yield watching
    watching.stop()


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Gives the file of a clip of ``screen.CLIPS`` by its name; all are made at once, as a test's clock may run."""
    folder = tmp_path_factory.mktemp("clips")
    files = {name: make(clip, folder) for name, clip in CLIPS.items()}
    return files.__getitem__


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser process for the tests of a module."""
    with browser.chromium() as started:
        yield started


@pytest.fixture(scope="session", autouse=True)
def _runtime_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Libraries of the children ask for one and complain where it is missing."""
    if "XDG_RUNTIME_DIR" in os.environ:
        yield
        return
    os.environ["XDG_RUNTIME_DIR"] = str(tmp_path_factory.mktemp("runtime"))
    yield
    del os.environ["XDG_RUNTIME_DIR"]


@pytest.fixture
def no_libseccomp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes that are started from now on find no libseccomp; they say so, with the database's address if they know
    one."""
    (tmp_path / "sitecustomize.py").write_text(
        "import ctypes, os\nreal = ctypes.CDLL\n"
        "def cdll(name, *a, **k):\n"
        "    if name and 'seccomp' in name: raise OSError(2, os.getenv('KIOSK_TOWN_DB', 'none'))\n"
        "    return real(name, *a, **k)\nctypes.CDLL = cdll\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("KIOSK_TOWN_DB", "postgresql+psycopg://town:secret@localhost/town")
