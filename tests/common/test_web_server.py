"""The budget of a web server: who is accepted, who has to go, and how long a client may take."""

import asyncio
import contextlib
import http.client
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from kiosk.common.web import read_body
from kiosk.common.web_server import LEAST_AGE_S, Door, Limits, make_server

LIMITS = Limits(most=8, per_address=4, head_s=0.5, gap_s=0.5)


async def short(_request: Request) -> Response:
    return PlainTextResponse("here")


async def sized(request: Request) -> Response:
    return PlainTextResponse(str(len(await read_body(request, 1000))))


async def long(_request: Request) -> Response:
    return PlainTextResponse("x" * (32 << 20))


@contextlib.contextmanager
def served(limits: Limits = LIMITS) -> Iterator[Door]:
    app = Starlette(routes=[Route("/", short), Route("/", sized, methods=["POST"]), Route("/long", long)])
    with Door("test", "127.0.0.1", 0, limits) as door:
        server = make_server(app, door, lifespan=False, stop_s=1)
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[door])))
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield door
        finally:
            server.should_exit = True
            thread.join(10)


def connect(port: int, address: str = "127.0.0.1", sends: bytes = b"") -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=5, source_address=(address, 0))
    connection.sendall(sends)
    return connection


def ends_after(connection: socket.socket) -> float:
    """Seconds until the server ends the connection."""
    began = time.monotonic()
    with contextlib.suppress(ConnectionResetError):
        while connection.recv(1 << 20):
            pass
    return time.monotonic() - began


def is_open(connection: socket.socket) -> bool:
    connection.settimeout(0.2)
    try:
        return bool(connection.recv(1, socket.MSG_PEEK))
    except TimeoutError:
        return True
    except ConnectionResetError:
        return False


def page(port: int, address: str) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2, source_address=(address, 0))
    with contextlib.closing(connection):
        connection.request("GET", "/")
        return connection.getresponse().read()


def is_served(port: int, address: str) -> bool:
    try:
        return page(port, address) == b"here"
    except OSError:
        return False


@pytest.mark.parametrize(
    "sends",
    [b"", b"GET / HT", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc"],
    ids=["idle", "half a head", "half a body"],
)
def test_a1_client_that_stands_still_is_ended(sends: bytes) -> None:
    with served() as door, connect(door.port, sends=sends) as connection:
        assert 0.3 < ends_after(connection) < 2


def test_a1_body_that_is_cut_off_is_no_failure_to_be_logged(caplog: pytest.LogCaptureFixture) -> None:
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc"
    with served() as door:
        connect(door.port, sends=head).close()
        with connect(door.port, sends=head) as slow:
            ends_after(slow)
        assert page(door.port, "127.0.0.1") == b"here"
    assert caplog.text == ""


def test_a1_head_in_drops_has_its_time_as_a_whole() -> None:
    with served() as door, connect(door.port) as connection:
        began = time.monotonic()
        with contextlib.suppress(OSError):
            while time.monotonic() - began < 4:
                connection.sendall(b"G")
                time.sleep(0.1)
        assert time.monotonic() - began < 2


def test_a1_body_that_comes_piece_by_piece_is_taken() -> None:
    with served() as door, connect(door.port, sends=b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\n") as slow:
        for _ in range(8):
            time.sleep(0.15)
            slow.sendall(b"x")
        assert b"content-length: 1" in slow.recv(1000)


def test_a1_client_that_does_not_receive_is_ended() -> None:
    with served() as door, connect(door.port, sends=b"GET /long HTTP/1.1\r\nHost: x\r\n\r\n") as deaf:
        deadline = time.monotonic() + 10
        while is_established(deaf):
            assert time.monotonic() < deadline
            time.sleep(0.1)


def is_established(connection: socket.socket) -> bool:
    """Whether the other end of ``connection``, in this process too, is still open."""
    mine = f"0100007F:{connection.getsockname()[1]:04X}"
    rows = [line.split() for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()]
    return any(row[2] == mine and row[3] == "01" for row in rows)


def test_a1_one_address_has_no_more_than_its_share() -> None:
    limits = Limits(8, 4, 5.0, 5.0)
    with served(limits) as door, contextlib.ExitStack() as stack:
        held = [stack.enter_context(connect(door.port, "127.0.0.2")) for _ in range(6)]
        assert [is_open(one) for one in held] == [True] * 4 + [False] * 2
        assert page(door.port, "127.0.0.3") == b"here"


def test_a1_full_house_makes_room_for_an_address_that_has_fewer_connections() -> None:
    limits = Limits(8, 4, 5.0, 5.0)
    with served(limits) as door, contextlib.ExitStack() as stack:
        held = [stack.enter_context(connect(door.port, f"127.0.0.{n}")) for n in (2, 2, 2, 3, 4, 5, 6, 7)]
        assert not is_served(door.port, "127.0.0.8"), "not before the others have had theirs for a moment"
        time.sleep(LEAST_AGE_S)
        assert page(door.port, "127.0.0.8") == b"here"
        assert [is_open(one) for one in held] == [False] + [True] * 7, "the oldest of the address with the most"
        time.sleep(0.1)
        late = [stack.enter_context(connect(door.port, f"127.0.0.{n}")) for n in (9, 2)]
        assert [is_open(one) for one in late] == [True, False]


def test_a1_address_with_a_session_is_kept_a_place() -> None:
    limits = Limits(8, 4, 5.0, 5.0)
    with served(limits) as door, contextlib.ExitStack() as stack:
        door.keep("127.0.0.9")
        mine = [stack.enter_context(connect(door.port, "127.0.0.9")) for _ in range(3)]
        for n in range(20):
            stack.enter_context(connect(door.port, f"127.0.1.{n}"))
        assert all(is_open(one) for one in mine), "strangers take no place of it"
        assert page(door.port, "127.0.0.9") == b"here", "nor is it one too many"


def test_a1_budget_leaves_most_descriptors_to_the_rest() -> None:
    assert LIMITS.within(16) == Limits(4, 4, 0.5, 0.5)
    assert LIMITS.within(1_000_000) == LIMITS


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a1_flood_of_connections_never_takes_more_descriptors_than_the_budget() -> None:
    limits = Limits(32, 8, 5.0, 5.0)
    most = 0
    with served(limits) as door, contextlib.ExitStack() as stack:
        before = descriptors()
        for n in range(400):
            stack.enter_context(connect(door.port, f"127.0.2.{n % 100}"))
            most = max(most, descriptors() - before - n)
    assert most <= 32 + 2 * 32


def test_second_packet_of_an_answer_does_not_wait_for_the_client_s_word_on_the_first() -> None:
    with Door("test", "127.0.0.1", 0, LIMITS) as door:
        make_server(Starlette(), door, lifespan=False, stop_s=1)
        with connect(door.port):
            accepted, _ = door.accept()
            with accepted:
                assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
