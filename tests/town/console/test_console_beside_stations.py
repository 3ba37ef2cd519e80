"""The console takes nothing from the stations: neither their threads nor the event loop; and forms with files."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest
import requests
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from town.conftest import Server
from town.console.conftest import NAME, PASSWORD, Visitor

from kiosk.town.accounts import passwords
from kiosk.town.console import site
from kiosk.town.console.desk import THREADS, Desk

MOST = 300_000


@pytest.fixture
def let_go() -> Iterator[threading.Event]:
    """Set at the end, whatever happens: what waits for it holds up the server's end."""
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def _strange_pages(monkeypatch: pytest.MonkeyPatch, let_go: threading.Event) -> None:
    """Two pages more: one that computes for ever, one that takes a file."""

    def routes(desk: Desk) -> list[Route]:
        async def slow(request: Request) -> Response:
            await desk.officer(request)
            await desk.run(let_go.wait, 20)
            return desk.to("/")

        async def take(request: Request) -> Response:
            form = await desk.form(request, most=MOST)
            told = [(name, one.name, len(one.content)) for name, files in form.files.items() for one in files]
            return Response(f"{sorted(form.every('x'))} {told}")

        return [Route("/slow", slow), Route("/take", take, methods=["POST"])]

    monkeypatch.setattr(site, "PAGES", (*site.PAGES, routes))


def in_the_background(count: int, deed: Callable[[], object]) -> list[threading.Thread]:
    threads = [threading.Thread(target=deed, daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    return threads


def slowest_answer_s(server: Server) -> float:
    """Of ten to a station, in seconds."""
    slowest = 0.0
    with requests.Session() as session:
        session.trust_env = False
        for _ in range(10):
            began = time.monotonic()
            assert session.get(f"{server.url}/healthz", timeout=10).status_code == 200
            slowest = max(slowest, time.monotonic() - began)
    return slowest


def test_station_is_answered_while_passwords_are_checked(
    server: Server, visitor: Callable[[], Visitor], monkeypatch: pytest.MonkeyPatch, let_go: threading.Event
) -> None:
    reached = threading.Event()

    def slow(_kept: object, _typed: str) -> bool:
        reached.set()
        let_go.wait(20)
        return False

    browser = visitor()
    browser.look("/login")
    monkeypatch.setattr(passwords, "fits", slow)
    threads = in_the_background(6, lambda: browser.submit("/login", name=NAME, password=PASSWORD))
    assert reached.wait(10)
    assert slowest_answer_s(server) < 2
    let_go.set()
    for thread in threads:
        thread.join(10)


@pytest.mark.usefixtures("_strange_pages")
def test_station_is_answered_while_all_threads_of_the_console_compute(
    server: Server, officer: Visitor, let_go: threading.Event
) -> None:
    threads = in_the_background(2 * THREADS, lambda: officer.get(f"{server.url}/slow", timeout=20))
    time.sleep(0.3)
    assert slowest_answer_s(server) < 2
    let_go.set()
    for thread in threads:
        thread.join(10)


@pytest.mark.usefixtures("_strange_pages")
def test_files_come_with_a_form_within_its_bound(server: Server, officer: Visitor) -> None:
    def send(size: int, token: str = "") -> requests.Response:
        files = {"book": ("计划.xlsx", b"x" * size), "none": ("", b"")}
        fields = {"token": token or officer.token, "x": ["1", "2"]}
        return officer.post(f"{server.url}/take", data=fields, files=files, timeout=20)

    assert send(200_000).text == "['1', '2'] [('book', '计划.xlsx', 200000)]"
    assert send(200_000, "wrong").status_code == 403
    assert send(MOST).status_code == 413
    assert "内容太大" in send(MOST).text
    broken = officer.post(f"{server.url}/take", data=b"x", headers={"Content-Type": "multipart/form-data"}, timeout=20)
    assert broken.status_code == 400
