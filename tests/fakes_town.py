"""The real town's app on loopback, and a switch for every path that makes it misbehave as networks and towns do."""

import hashlib
import shutil
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import uvicorn
from msgspec.structs import replace
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from kiosk.contract.playlist import Playlist, Programme, Slot, Urgent
from kiosk.town.app import create_app
from kiosk.town.publishing import issue, rotation
from kiosk.town.stations import registry
from kiosk.town.town import Town, found_town, open_town

PORTAL_PAGE = b"<html><body>Welcome to the hotel. Please log in.</body></html>"


class Hanging:
    """Sends ``head`` of a body that it says is longer, then nothing more until it is let go."""

    def __init__(self, head: bytes, length: int, headers: dict[str, str] | None = None, status: int = 200) -> None:
        self.head, self.length, self.headers, self.status = head, length, headers or {}, status
        self.began = threading.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        import anyio

        await _send_head(send, self.status, {"content-length": str(self.length), **self.headers})
        await send({"type": "http.response.body", "body": self.head, "more_body": True})
        self.began.set()
        await anyio.sleep(30)


class Cut:
    """Sends ``head`` of a body that it says is longer, and hangs up."""

    def __init__(self, head: bytes, length: int, headers: dict[str, str] | None = None, status: int = 200) -> None:
        self.head, self.length, self.headers, self.status = head, length, headers or {}, status

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await _send_head(send, self.status, {"content-length": str(self.length), **self.headers})
        await send({"type": "http.response.body", "body": self.head, "more_body": False})


class Endless:
    """A body without end."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await _send_head(send, 200, {})
        for _ in range(2000):
            await send({"type": "http.response.body", "body": b"\0" * 65536, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


async def _send_head(send: Send, status: int, headers: dict[str, str]) -> None:
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})


@dataclass
class Asked:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str] = field(repr=False)


class TownOnTheLine:
    """A town with an officer's hands (:attr:`office`), on a port of its own; ``switch`` makes a path misbehave."""

    def __init__(self, folder: Path) -> None:
        self.office: Town = found_town(folder, "丰乐镇", town="fengle", root_keys=1, threshold=1, by="test")
        self.asked: list[Asked] = []
        self.switches: dict[str, list[ASGIApp | None]] = {}
        self._real = create_app(folder)
        self._port = 0
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self._folder = folder
        self.up()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def up(self) -> None:
        """Listen, on the same port as before."""
        config = uvicorn.Config(
            self._answer, host="127.0.0.1", port=self._port, log_level="critical", lifespan="off",
            timeout_graceful_shutdown=0, interface="asgi3",
        )  # fmt: skip
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        deadline = time.monotonic() + 20
        while not self._server.started:
            assert time.monotonic() < deadline, "the town does not start"
            time.sleep(0.01)
        self._port = self._server.servers[0].sockets[0].getsockname()[1]

    def down(self) -> None:
        """Be gone from the network."""
        assert self._server and self._thread
        self._server.should_exit = True
        self._server.force_exit = True
        self._thread.join(20)

    def close(self) -> None:
        self.down()
        self._real.state.town.close()
        self.office.close()

    def put_back(self, copy: Path) -> None:
        """Restore the town's folder from ``copy``, and listen again."""
        self.down()
        self._real.state.town.close()
        self.office.close()
        shutil.rmtree(self._folder)
        shutil.copytree(copy, self._folder)
        self.office, self._real = open_town(self._folder), create_app(self._folder)
        self.up()

    def switch(self, path: str, *answers: ASGIApp | None) -> None:
        """Answer requests whose path begins with ``path`` by ``answers``, one each, None being the town's own; the last
        one stays. Without answers, back to normal."""
        if answers:
            self.switches[path] = list(answers)
        else:
            self.switches.pop(path, None)

    def count(self, path: str) -> int:
        return sum(asked.path.startswith(path) for asked in self.asked)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode().lower(): value.decode() for name, value in scope["headers"]}
        self.asked.append(Asked(scope["method"], scope["path"], headers))
        app: ASGIApp | None = None
        for path, answers in self.switches.items():
            if scope["path"].startswith(path):
                app = answers.pop(0) if len(answers) > 1 else answers[0]
        await (app or self._real)(scope, receive, send)

    # --- the officer ---

    def add_station(self, station: str = "room-1", group: str = "villages") -> str:
        """Make a station known; gives its enrolment code."""
        return str(registry.add_station(self.office, station, group, f"Room {station}", None, by="test"))

    def programme(self, name: str, data: bytes, **more: Any) -> Programme:
        """Put a file up as a programme."""
        sha = hashlib.sha256(data).hexdigest()
        self.office.public.write(self.office.public.file_path(sha), data)
        values = {"title": name, "file": f"{name}.mp4", "duration_ms": 60_000} | more
        return Programme(id=name, size=len(data), sha256=sha, **values)

    def publish(self, programmes: Iterable[Programme], slots: Iterable[Slot] = (), group: str = "villages") -> Playlist:
        """Sign a week and put it up."""
        draft = Playlist(
            town="fengle", group=group, version=1, issued_ms=0, first_day="2026-03-02", last_day="2026-03-08",
            programmes=tuple(programmes), slots=tuple(slots),
        )  # fmt: skip
        return issue.issue_playlist(self.office, draft, issue.PublishTerms("test"))

    def publish_urgent(self, *notices: Urgent) -> int:
        return issue.issue_urgent(self.office, notices, issue.PublishTerms("test"))

    def rotate(self, role: str) -> int:
        """Replace the keys of a role; the old ones are revoked."""
        return rotation.rotate(self.office, role, [self.office.keys_folder], issue.PublishTerms("test")).root_version

    def metadata(self, group: str = "villages") -> bytes:
        return self.office.public.group_path(group).read_bytes()

    def signed(self, version: int, files: dict[str, Any], days: int = 90) -> bytes:
        """Targets metadata of any content, signed by the officer's key in force."""
        return self.office.signer.targets(
            version, (datetime.now(UTC) + timedelta(days=days)).replace(microsecond=0), files
        )


def notice(programme: Programme, name: str = "flood", rooms: tuple[str, ...] = ()) -> Urgent:
    return Urgent(id=name, town="fengle", title="防汛", stations=rooms, start_ms=1, end_ms=2, programmes=(programme,))


def renamed(programme: Programme, name: str) -> Programme:
    return replace(programme, id=name)


def page(body: bytes = PORTAL_PAGE, status: int = 200, **headers: str) -> Response:
    """An answer as a captive portal or a broken server gives it."""
    return Response(body, status, {name.replace("_", "-"): value for name, value in headers.items()}, "text/html")


def eventually(truth: Callable[[], object], seconds: float = 20) -> None:
    """Wait until ``truth`` holds."""
    deadline = time.monotonic() + seconds
    while not truth():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)
