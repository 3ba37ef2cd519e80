"""A real town for tests: real keys, a real SQLite file, tiny real media, a real HTTP server on loopback."""

import json
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from town.postgres import Postgres

from kiosk.town.app import create_app
from kiosk.town.town import Town, found_town, open_town


@pytest.fixture(autouse=True)
def _no_town_of_this_computer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KIOSK_TOWN_DB", raising=False)
    monkeypatch.delenv("KIOSK_TOWN", raising=False)


@pytest.fixture(scope="session")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """opening.mp4 (1.2 s with sound), rice.ts (2 s, silent track), mute.mkv (0.8 s), poster.png, opening.zh.srt."""
    folder = tmp_path_factory.mktemp("media")

    def make(name: str, *arguments: str) -> None:
        subprocess.run(["ffmpeg", "-v", "error", "-nostdin", *arguments, str(folder / name)], check=True)

    picture = ("-f", "lavfi", "-i", "testsrc=size=64x48:rate=25")
    make("opening.mp4", *picture, "-f", "lavfi", "-i", "sine=frequency=440", "-t", "1.2", "-pix_fmt", "yuv420p")
    make("rice.ts", *picture, "-f", "lavfi", "-i", "anullsrc", "-t", "2", "-c:v", "mpeg2video", "-c:a", "mp2")
    make("mute.mkv", *picture, "-t", "0.8", "-pix_fmt", "yuv420p")
    make("poster.png", *picture, "-frames:v", "1")
    (folder / "opening.zh.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\n开场\n")
    return folder


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One PostgreSQL for the whole run."""
    server = Postgres()
    yield server
    server.stop()


@pytest.fixture
def database(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, _no_town_of_this_computer: None
) -> Iterator[str]:
    """``sqlite``, or ``postgresql`` where a test is given both by :data:`BOTH`."""
    kind: str = getattr(request, "param", "sqlite")
    if kind == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        monkeypatch.setenv("KIOSK_TOWN_DB", server.new_database())
    yield kind


@pytest.fixture(scope="session")
def new_town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a town as it is founded, with its SQLite database: to found one takes ten times a copy's time."""
    folder = tmp_path_factory.mktemp("new") / "town"
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("KIOSK_TOWN_DB", raising=False)
        found_town(folder, "Fengle", town="fengle", by="test").close()
    return folder


@pytest.fixture
def office(tmp_path: Path, database: str, new_town: Path) -> Iterator[Town]:
    """A new town, Fengle."""
    folder = tmp_path / "town"
    if database == "sqlite":
        shutil.copytree(new_town, folder)
        office = open_town(folder)
    else:
        office = found_town(folder, "Fengle", town="fengle", by="test")
    yield office
    office.close()


@pytest.fixture
def source(tmp_path: Path, media: Path) -> Callable[..., Path]:
    """Writes a week's JSON beside copies of the media; changes replace its fields."""
    folder = tmp_path / "source"
    folder.mkdir()
    for file in media.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())

    def write(name: str = "week.json", **changes: Any) -> Path:
        week: dict[str, Any] = {
            "title": "第10周",
            "group": "all",
            "first_day": "2026-03-02",
            "last_day": "2026-03-08",
            "programmes": [
                {"id": "opening", "file": "opening.mp4", "title": "开场", "short": True},
                {"id": "rice", "file": "rice.ts", "title": "水稻"},
            ],
            "slots": [
                {"date": "2026-03-02", "start": "09:00:00", "end": "09:30:00", "programmes": ["opening", "rice"]},
                {"date": "2026-03-03", "start": "23:30:00", "end": "00:30:00", "programmes": ["rice"], "mode": "loop"},
            ],
            "recommended": [{"programme": "rice", "plays": 4, "first_day": "2026-03-02", "last_day": "2026-03-08"}],
            "month_plans": [{"month": "2026-03", "entries": [{"date": "2026-03-02", "title": "水稻"}]}],
        }
        path = folder / name
        path.write_text(json.dumps(week | changes, ensure_ascii=False))
        return path

    return write


class Server:
    """uvicorn in a thread, on a free port."""

    def __init__(self, folder: Path) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._server = uvicorn.Server(uvicorn.Config(create_app(folder), access_log=False, log_config=None))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True)

    def start(self) -> None:
        self._thread.start()
        until = time.monotonic() + 30
        while not self._server.started and time.monotonic() < until:
            time.sleep(0.01)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(30)
        self._socket.close()


@pytest.fixture
def server(office: Town) -> Iterator[Server]:
    """The town served over HTTP."""
    running = Server(office.folder)
    running.start()
    yield running
    running.stop()
