"""The panel's thread: it listens, gives way, and does not die in silence."""

import socket
import threading
import time
from pathlib import Path

import pytest
from panel_room import Browser, Room, port_of

from kiosk.station.config import Panel as Settings
from kiosk.station.events import Crashed
from kiosk.station.panel.server import Panel


def panel(room: Room, state: Path, port: int = 0, retry_s: float = 0.1) -> Panel:
    return Panel(Settings(listen="127.0.0.1", port=port), state, room.post, lambda: room.snapshot, retry_s)


def test_a_port_in_use_does_not_end_the_room_and_is_tried_again(
    room: Room, state: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        found = panel(room, state, port)
        found.start()
        deadline = time.monotonic() + 20
        while "cannot listen" not in caplog.text and time.monotonic() < deadline:
            time.sleep(0.01)
    assert f"cannot listen on 127.0.0.1 port {port}" in caplog.text
    assert port_of(found) == port
    assert Browser(f"http://127.0.0.1:{port}").get().status_code == 200
    found.stop()
    assert room.posted == []


def test_stop_ends_the_thread_while_it_listens_and_while_it_waits_for_the_port(room: Room, state: Path) -> None:
    listening = panel(room, state)
    listening.start()
    waiting = panel(room, state, port_of(listening), retry_s=3600)
    waiting.start()
    waiting.stop()
    listening.stop()
    assert "panel" not in [thread.name for thread in threading.enumerate()]
    assert room.posted == []


def test_a_panel_that_ends_by_surprise_posts_crashed(room: Room, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("uvicorn.Server.run", None)
    monkeypatch.setattr("asyncio.run", lambda work: work.close())
    found = panel(room, state)
    found.start()
    deadline = time.monotonic() + 20
    while not room.posted and time.monotonic() < deadline:
        time.sleep(0.01)
    (event,) = room.posted
    assert isinstance(event, Crashed)
    assert event.thread == "panel"


def test_no_thread_beside_the_panels_own_serves_requests(room: Room, state: Path) -> None:
    found = panel(room, state)
    before = threading.active_count()
    found.start()
    browser = Browser(f"http://127.0.0.1:{port_of(found)}")
    browser.log_in()
    browser.stop()
    assert threading.active_count() == before + 1
    found.stop()


def test_a_broken_snapshot_is_one_broken_page_and_no_dead_panel(room: Room, state: Path) -> None:
    found = panel(room, state)
    found.start()
    base = f"http://127.0.0.1:{port_of(found)}"
    whole, room.snapshot = room.snapshot, None  # type: ignore[assignment]
    assert Browser(base).get().status_code == 500
    room.snapshot = whole
    assert Browser(base).get().status_code == 200
    found.stop()
    assert room.posted == []
