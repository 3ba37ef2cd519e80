"""The judge and the proxy of the network's fault runs: they see what is wrong, and do what they say."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from chaos import fault_proxy
from chaos.certificates import authority
from chaos.fault_proxy import Answer, Fault, Proxy, Request
from chaos.judge_records import Row, judge_records, lateness_ms, spread, steps_ms

from kiosk.demo.judge import Seen

BODY = bytes(range(256)) * 4000
SEEN = [Seen(31, 100_000, 106_000), Seen(32, 106_010, 112_000), Seen(31, 112_000, 117_990)]
ROWS = [Row("a", 31, 100.0, 6.0), Row("b", 32, 106.0, 6.0), Row("c", 31, 112.0, 6.0)]


def test_a_record_that_is_true_is_found_so() -> None:
    verdict = judge_records(SEEN, ROWS, 200)
    assert (verdict.shown, verdict.rows, verdict.lost, verdict.doubled, verdict.invented) == (3, 3, 0, 0, 0)


@pytest.mark.parametrize(
    ("rows", "lost", "doubled", "invented"),
    [
        (ROWS[:2], 1, 0, 0),
        ([*ROWS, ROWS[1]], 0, 2, 0),  # the same id, and the same time
        ([*ROWS, Row("d", 32, 106.2, 6.0)], 0, 1, 0),
        ([*ROWS, Row("d", 33, 130.0, 6.0)], 0, 0, 1),
        ([ROWS[0], Row("b", 33, 106.0, 6.0), ROWS[2]], 1, 0, 1),
        ([*ROWS, Row("d", 33, 130.0, 0.0)], 0, 0, 0),  # never shown, and says so
    ],
)
def test_a_record_that_is_not_is_found_out(rows: list[Row], lost: int, doubled: int, invented: int) -> None:
    verdict = judge_records(SEEN, rows, 200)
    assert (verdict.lost, verdict.doubled, verdict.invented) == (lost, doubled, invented)
    assert bool(verdict.misses) == bool(lost + invented)


def test_a_picture_uncovered_for_a_moment_is_told_apart() -> None:
    verdict = judge_records([*SEEN, Seen(33, 118_000, 118_150)], ROWS, 200)
    assert (verdict.shown, verdict.lost, verdict.glimpses) == (3, 0, 1)
    verdict = judge_records([*SEEN, Seen(33, 118_000, 118_230)], ROWS, 200)
    assert (verdict.shown, verdict.lost, verdict.glimpses) == (4, 1, 0)


def test_what_may_still_be_on_its_way_is_not_lost() -> None:
    assert judge_records(SEEN, ROWS[:2], 115).lost == 0


def test_lateness_against_the_loop_and_from_step_to_step() -> None:
    assert lateness_ms(SEEN, 40.0, 6.0, 100, 200) == pytest.approx([0, 10, 0])
    assert lateness_ms(SEEN, 40.0, 6.0, 103, 110) == pytest.approx([10])
    assert steps_ms(SEEN, 6.0, 100, 200) == pytest.approx([10, -10])
    assert spread([1, -30, 2]) == {"cuts": 3, "median_ms": 1, "worst_ms": -30}
    assert spread([]) == {"cuts": 0}


# --- the proxy, on loopback, before a town that knows one file ---


class _Town:
    """Answers every request with the same file, on a kept connection."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.asked = 0
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                line, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def _serve(self, line: socket.socket) -> None:
        with contextlib.suppress(OSError), line, line.makefile("rb") as reading:
            while reading.readline():
                while reading.readline() not in (b"\r\n", b""):
                    pass
                self.asked += 1
                line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY)


@pytest.fixture
def town() -> Iterator[_Town]:
    found = _Town()
    yield found
    found.listener.close()


@pytest.fixture
def proxy(town: _Town, tmp_path: Path) -> tuple[Proxy, requests.Session, str]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    trusted = authority(tmp_path)
    found = Proxy(
        lambda: None, ("127.0.0.1", port), town.port, trusted.server("localhost"), trusted.server("other.test")
    )
    found.start()
    session = requests.Session()
    session.trust_env, session.verify = False, str(trusted.file)
    return found, session, f"https://localhost:{port}/v1/files/x"


def test_the_proxy_lets_through_and_counts(proxy: tuple[Proxy, requests.Session, str]) -> None:
    found, session, url = proxy
    for _ in range(3):
        assert session.get(url, timeout=10).content == BODY
    session.get(url.replace("files", "other"), timeout=10)
    assert found.requests == {"GET /v1/files": 3, "GET /v1/other": 1}
    assert len(BODY) * 3 < found.bytes["GET /v1/files"] < len(BODY) * 3 * 1.01


def test_the_proxy_breaks_answers_off(proxy: tuple[Proxy, requests.Session, str]) -> None:
    class Cutting(Fault):
        def cut_after(self, request: Request) -> int | None:
            return 100_000

    found, session, url = proxy
    found.use(Cutting())
    for _ in range(2):
        with pytest.raises(requests.RequestException):
            session.get(url, timeout=10)
    assert found.cuts == 2


def test_the_proxy_loses_replies_answers_itself_and_shows_anothers_name(
    proxy: tuple[Proxy, requests.Session, str], town: _Town
) -> None:
    class Swallowing(Fault):
        def swallow(self, request: Request) -> bool:
            return True

    class Portal(Fault):
        def answer(self, request: Request) -> Answer | None:
            return 200, {"Content-Type": "text/html"}, b"<html>"

    class Wrong(Fault):
        wrong_name = True

    found, session, url = proxy
    found.use(Swallowing())
    with pytest.raises(requests.ConnectionError):
        session.post(url, timeout=10)
    assert town.asked == 1, "the town has it"
    found.use(Portal())
    assert session.get(url, timeout=10).text == "<html>"
    assert town.asked == 1
    found.use(Wrong())
    with pytest.raises(requests.exceptions.SSLError, match="[Hh]ostname"):
        session.get(url, timeout=10)


def test_figures_of_a_connection_are_read_where_the_kernel_puts_them() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    with listener, socket.create_connection(listener.getsockname()) as asking:
        line, _ = listener.accept()
        with line:
            line.sendall(bytes(50_000))
            got = 0
            while got < 50_000:
                got += len(asking.recv(65536))
            assert 50_000 <= (fault_proxy._carried(line) or 0) <= 50_000 + 70_000
