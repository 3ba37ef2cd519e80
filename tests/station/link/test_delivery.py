"""Delivery on lines and towns as they are: packed, paced, patient; and not behind a long download."""

import contextlib
import gzip
import http.server
import socket
import ssl
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from fakes_town import Cut, Hanging, TownOnTheLine, eventually, page
from link_room import Room, heartbeat
from sqlalchemy import text

from kiosk.contract.reports import Heartbeat
from kiosk.contract.wire import decode
from kiosk.station.events import Delivered, HeartbeatAnswered, ProgrammeArrived, TownUnreachable
from kiosk.station.link import client, pace
from kiosk.station.link.client import Cut as CutOff
from kiosk.station.link.client import TownClient, Unreachable, retry_after


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "FIRST_BACKOFF_S", 0.05)
    monkeypatch.setattr(pace, "LONGEST_BACKOFF_S", 0.2)


class Reading:
    """Takes each request's body down, and gives it to the real town."""

    def __init__(self, town: TownOnTheLine) -> None:
        self.town, self.bodies = town, list[bytes]()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""

        async def listening() -> Any:
            nonlocal body
            message = await receive()
            body += message.get("body", b"")
            return message

        await self.town._real(scope, listening, send)
        self.bodies.append(body)


def records(town: TownOnTheLine) -> list[str]:
    with town.office.store.read() as connection:
        return [row[0] for row in connection.execute(text("SELECT record_id FROM entry ORDER BY seq"))]


def test_reports_go_packed(town: TownOnTheLine, room: Room) -> None:
    reading = Reading(town)
    town.switch("/v1/reports", reading)
    room.act(*(f"a{number}" for number in range(200)))
    room.report()
    eventually(room.delivered())
    (body,) = reading.bodies
    assert len(gzip.decompress(body)) > 4 * len(body)
    assert len(records(town)) == 200


def test_a_town_that_reads_no_gzip_gets_them_plain_from_then_on(town: TownOnTheLine, room: Room, hurry: None) -> None:
    town.switch("/v1/reports", page(b'{"error": "no gzip"}', 415), None)
    room.act(*(f"a{number}" for number in range(50)))
    room.report()
    eventually(room.delivered())
    room.act(*(f"b{number}" for number in range(50)))
    room.report()
    eventually(room.delivered())
    codings = [asked.headers.get("content-encoding") for asked in town.asked if asked.path == "/v1/reports"]
    assert codings == ["gzip", None, None]
    assert len(records(town)) == 100


def test_reports_that_are_cut_off_get_smaller_until_one_gets_through(
    town: TownOnTheLine, room: Room, hurry: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "FIRST_BYTES", 8 * 1024)
    room.link._delivery._batch = pace.Batch()
    cut = Cut(b"{", 1000)
    town.switch("/v1/reports", cut, cut, None)
    room.act(*(f"a{number}" for number in range(200)))
    room.report()
    eventually(room.delivered())
    assert records(town) == [f"a{number}" for number in range(200)]
    sizes = [len(delivered.receipts) for delivered in room.of(Delivered)]
    assert sizes[0] < 40 and sizes[1] > sizes[0], "a quarter of the first, then larger again"


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_heeded(town: TownOnTheLine, room: Room, hurry: None, status: int) -> None:
    town.switch("/v1/heartbeat", page(b'{"error": "busy"}', status, Retry_After="1"), None)
    room.act("a1")
    room.report()
    began = time.monotonic()
    eventually(lambda: room.of(TownUnreachable))
    assert "left alone for 1 s" in room.of(TownUnreachable)[0].error
    room.report()
    eventually(room.delivered())
    assert time.monotonic() - began >= 1
    assert town.count("/v1/heartbeat") == 2


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0),
        ({"Retry-After": "120"}, 120),
        ({"Retry-After": " 7 "}, 7),
        ({"Retry-After": "-7"}, 0),
        ({"Retry-After": "soon"}, 0),
        ({"Retry-After": "9" * 5000}, 999_999_999),
        ({"Retry-After": "Thu, 05 Mar 2026 08:00:30 GMT", "Date": "Thu, 05 Mar 2026 08:00:00 GMT"}, 30),
        ({"Retry-After": "Thu, 05 Mar 2026 08:00:00 GMT", "Date": "Thu, 05 Mar 2026 08:00:30 GMT"}, 0),
        ({"Retry-After": "Thu, 99 Mar 2026 08:00:00 GMT"}, 0),
        ({"Retry-After": "Thu, 05 Mar 2026 08:00:00 GMT", "Date": "yesterday"}, 0),
    ],
)
def test_retry_after_in_seconds_and_as_a_date_of_the_towns_own_clock(headers: dict[str, str], seconds: float) -> None:
    assert retry_after(headers) == seconds


def test_the_town_says_how_often_it_wants_to_be_called(
    town: TownOnTheLine, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    town._real.state.wait_ms = 60_000
    room.report()
    eventually(lambda: room.of(HeartbeatAnswered))
    assert room.of(HeartbeatAnswered)[0].answer.wait_ms == 60_000
    room.act("a1")
    room.report()
    eventually(room.delivered())
    assert town.count("/v1/heartbeat") == 1, "records go all the same"
    monkeypatch.setattr(room.link._delivery, "_quiet_until", 0.0)
    room.report()
    eventually(lambda: town.count("/v1/heartbeat") == 2)


def test_a_head_that_comes_by_the_byte_is_given_up_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "DOCUMENT_S", 0.6)
    with _Dripper() as port:
        began = time.monotonic()
        with pytest.raises(CutOff, match="not over in the time|timed out"):
            TownClient(f"http://127.0.0.1:{port}", timeout_s=5).get("/v1/station.json")
        assert time.monotonic() - began < 3


def test_a_body_that_nobody_takes_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    with _Dripper(reads=False) as port:
        began = time.monotonic()
        with pytest.raises(CutOff):
            TownClient(f"http://127.0.0.1:{port}", timeout_s=0.5).post("/v1/reports", bytes(30_000_000))
        assert time.monotonic() - began < 4


def test_stop_ends_a_call_whose_answer_does_not_begin() -> None:
    with _Dripper() as port:
        town = TownClient(f"http://127.0.0.1:{port}", timeout_s=30)
        threading.Timer(0.3, town.stop).start()
        began = time.monotonic()
        with pytest.raises(client.Stopped):
            town.get("/v1/station.json")
        assert time.monotonic() - began < 3


class _Dripper:
    """A socket that answers a byte each tenth of a second, or reads nothing at all."""

    def __init__(self, reads: bool = True, context: ssl.SSLContext | None = None) -> None:
        self._context = context
        self._reads, self._over = reads, threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> int:
        self._thread.start()
        port: int = self._listener.getsockname()[1]
        return port

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._listener.close()

    def _serve(self) -> None:
        line, _ = self._listener.accept()
        with contextlib.suppress(OSError), self._context.wrap_socket(line, True) if self._context else line as line:
            if not self._reads:
                self._over.wait(20)
                return
            line.recv(65536)
            for byte in b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 10_000:
                if self._over.wait(0.1):
                    return
                try:
                    line.sendall(bytes([byte]))
                except OSError:
                    return


def certificate(folder: Path, name: str, year: int | None = None) -> Path:
    """A self-signed certificate for ``name`` with its key, in one file; of today, or of the first days of a year."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime(year, 1, 2, tzinfo=UTC) if year else datetime.now(UTC)
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    built = x509.CertificateBuilder().subject_name(who).issuer_name(who).public_key(key.public_key())
    built = built.serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    built = built.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    built = built.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    path = folder / f"{name}.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(private + built.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    return path


@pytest.mark.parametrize("name", ["localhost", "elsewhere.example"])
def test_tls_is_judged_by_the_name_and_keeps_time_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(client, "DOCUMENT_S", 1.0)
    pem = certificate(tmp_path, name)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    with _Dripper(context=context) as port:
        began = time.monotonic()
        complaint = "not over in the time|timed out" if name == "localhost" else "[Hh]ostname"
        with pytest.raises(CutOff, match=complaint):
            TownClient(f"https://localhost:{port}", timeout_s=5, ca_file=str(pem)).get("/v1/station.json")
        assert time.monotonic() - began < 4


@pytest.mark.parametrize(
    ("year", "ahead_s", "complaint"),
    [
        (1999, 0.0, "the town's certificate is valid from Jan +1 .* 1999 GMT to Jan +3 .* 1999 GMT, and today is 20"),
        (2099, 0.0, "the town's certificate is valid from Jan +1 .* 2099 GMT to Jan +3 .* 2099 GMT, and today is 20"),
        (2099, datetime(2099, 1, 2, tzinfo=UTC).timestamp() - time.time(), ""),
        (2099, None, ""),
        (1999, None, ""),
    ],
)
def test_dates_of_a_certificate_are_held_against_the_stations_clock_if_that_can_be_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, year: int, ahead_s: float | None, complaint: str
) -> None:
    """A PC whose clock has forgotten the time would otherwise never be told it."""
    monkeypatch.setattr(client, "DOCUMENT_S", 1.0)
    pem = certificate(tmp_path, "localhost", year)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    with _Dripper(context=context) as port:
        town = TownClient(f"https://localhost:{port}", "secret", timeout_s=5, ca_file=str(pem))
        town.judge_dates(ahead_s)
        with pytest.raises(Unreachable, match=complaint or "not over in the time|timed out"):
            town.get("/v1/station.json")


CHAIN = ("kiosk tests", "between", "localhost")


def certificates(folder: Path, expired: str) -> tuple[Path, Path]:
    """An authority's file, and what a server by it shows; of the chain, ``expired`` was valid in 1999 only."""
    by = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, CHAIN[0])])
    signing = key = ec.generate_private_key(ec.SECP256R1())
    made: list[x509.Certificate] = []
    for name in CHAIN:
        now = datetime(1999, 1, 2, tzinfo=UTC) if name == expired else datetime.now(UTC)
        who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        key = signing if not made else ec.generate_private_key(ec.SECP256R1())
        built = x509.CertificateBuilder(by, who, key.public_key(), x509.random_serial_number())
        built = built.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        built = built.add_extension(x509.BasicConstraints(ca=name != CHAIN[-1], path_length=None), critical=True)
        built = built.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        made.append(built.sign(signing, hashes.SHA256()))
        by, signing = who, key
    top, between, leaf = (certificate.public_bytes(Encoding.PEM) for certificate in made)
    authority, server = folder / "authority.pem", folder / "server.pem"
    authority.write_bytes(top)
    server.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + leaf + between)
    return authority, server


@pytest.mark.parametrize(
    ("expired", "whose"),
    [(CHAIN[0], "certificate of kiosk tests"), (CHAIN[1], "certificate of between"), (CHAIN[2], "town's certificate")],
)
def test_c7_dates_of_the_whole_chain_are_judged_whenever_the_time_is_known(
    tmp_path: Path, expired: str, whose: str
) -> None:
    authority, server = certificates(tmp_path, expired)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server)
    with TlsTown(context) as port:
        town = TownClient(f"https://localhost:{port}", "secret", timeout_s=5, ca_file=str(authority))
        town.judge_dates(None)
        assert town.get("/v1/station.json") == b"{}"
        town.judge_dates(0.0)
        with pytest.raises(Unreachable, match=f"{whose} is valid from Jan +1 .* 1999 GMT"):
            town.get("/v1/station.json")  # on a connection that was made while the time was not known
        with pytest.raises(Unreachable, match=whose):
            town.get("/v1/station.json")


class TlsTown:
    """Answers every request on every connection with ``{}``."""

    def __init__(self, context: ssl.SSLContext) -> None:
        class Answer(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        self._server.socket = context.wrap_socket(self._server.socket, True, do_handshake_on_connect=False)

    def __enter__(self) -> int:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return int(self._server.server_address[1])

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def test_what_waits_is_delivered_before_a_programme_is_fetched(town: TownOnTheLine, room: Room) -> None:
    film = town.programme("rice", bytes(2_000_000))

    class Slow:
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            import anyio

            await anyio.sleep(0.5)
            await town._real(scope, receive, send)

    town.switch("/v1/reports", Slow())
    room.act("a1")
    room.report()
    room.link.fetch(room.wanting(film))
    eventually(lambda: room.of(ProgrammeArrived))
    paths = [asked.path for asked in town.asked]
    assert paths.index("/v1/reports") < paths.index(f"/v1/files/{film.sha256}")
    kinds = [type(event) for event in room.events if isinstance(event, Delivered | ProgrammeArrived)]
    assert kinds == [Delivered, ProgrammeArrived]


def test_a_report_does_not_wait_for_a_long_download(town: TownOnTheLine, room: Room) -> None:
    film = town.programme("rice", bytes(600_000))

    class Trickle:
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            import anyio

            headers = [(b"content-length", b"600000"), (b"etag", f'"{film.sha256}"'.encode())]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            for _ in range(60):
                await send({"type": "http.response.body", "body": bytes(10_000), "more_body": True})
                await anyio.sleep(0.05)
            await send({"type": "http.response.body", "body": b""})

    town.switch(f"/v1/files/{film.sha256}", Trickle())
    room.link.fetch(room.wanting(film))
    eventually(lambda: room.link.downloading is not None)
    room.act("a1")
    room.report()
    eventually(room.delivered())
    assert room.link.downloading is not None, "the download is still under way"
    eventually(lambda: room.of(ProgrammeArrived))
    assert 100_000 < room.link.bytes_per_s < 1_000_000


def test_the_heartbeat_says_when_the_room_will_be_ready(town: TownOnTheLine, room: Room) -> None:
    told = {"programmes_missing": 2, "bytes_missing": 5_000_000, "bytes_per_s": 250_000, "ready_ms": 1_772_413_200_000}
    room.link.report(heartbeat(**told))
    eventually(lambda: room.of(HeartbeatAnswered))
    with town.office.store.read() as connection:
        kept = connection.execute(text("SELECT heartbeat FROM heartbeat")).scalar_one()
    beat = decode(kept.encode(), Heartbeat, "heartbeat")
    assert {name: getattr(beat, name) for name in told} == told


def test_stop_does_not_wait_for_a_report_that_hangs_before_a_download(town: TownOnTheLine, room: Room) -> None:
    film = town.programme("rice", bytes(600_000))
    hanging = Hanging(b"{", 1000)
    town.switch("/v1/heartbeat", hanging)
    room.report()
    assert hanging.began.wait(10)
    room.link.fetch(room.wanting(film))
    began, used = time.monotonic(), time.process_time()
    room.link.stop()
    assert time.monotonic() - began < 2.5 and time.process_time() - used < 1
    assert not any(thread.name.startswith("link-") for thread in threading.enumerate())
