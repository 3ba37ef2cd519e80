"""The parsers behind the two web servers: whole requests to the panel's pages and to the town's API."""

import asyncio
import gzip
import itertools
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

from fuzz_contract import example, record_seeds
from fuzz_parser import Parser, Read

HEADER_WORDS = (
    *(
        b"Content-Length: ",
        b"9" * 5000,
        b"Content-Encoding: gzip\n",
        b"Range: bytes=0-1,5-,-3\n",
        b'If-None-Match: "x", *\n',
    ),
    *(
        b"Range: bytes=" + b"0-," * 400 + b"\n",
        b"Range: bytes=9-1\n",
        b"Range: bytes=99999999999999999999-\n",
        b"If-Range: x\n",
    ),
    *(
        b"Host: [\n",
        b"Origin: http://[\n",
        b"Referer: //\x00\n",
        b"Cookie: a; =; \xff\n",
        b"Sec-Fetch-Site: cross-site\n",
    ),
    *(
        b"Authorization: Bearer \xe9\n",
        b"Authorization: Basic eA==\n",
        b"Content-Type: multipart/form-data\n",
        b"%00",
        b"%ff",
    ),
    *(
        b"?look",
        b"?to=\xff",
        b"?at_ms=1e3",
        b"?at_ms=" + b"9" * 5000,
        b"&a" * 60,
        b"/../",
        b"a=1&" * 60,
        b"POST ",
        b"PUT ",
    ),
)
App = Callable[[dict[str, Any], Any, Any], Coroutine[Any, Any, None]]


def parts(data: bytes) -> tuple[str, bytes, list[tuple[bytes, bytes]], bytes]:
    """Method, target, headers and body of a request: lines end in a line feed, an empty one is before the body.

    What the HTTP server itself does not let through (h11: a target of other than visible ASCII) is left out.
    """
    head, _, body = data.partition(b"\n\n")
    first, *lines = head.split(b"\n")
    method, _, target = first.partition(b" ")
    headers = [(name.strip().lower(), value.strip()) for name, _, value in (line.partition(b":") for line in lines)]
    target = bytes(byte for byte in target if 0x21 <= byte <= 0x7E)
    return method.decode("latin-1").upper(), target, [pair for pair in headers if pair[0]], body


def asked(app: App, data: bytes, loop: asyncio.AbstractEventLoop) -> int:
    """The status that ``app`` answers to a request, as an ASGI server hands it over. Raises what escapes the app."""
    method, target, headers, body = parts(data)
    path, _, query = target.partition(b"?")
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
        "path": unquote_to_bytes(path).decode("utf-8", "replace"), "raw_path": path, "query_string": query,
        "root_path": "", "headers": headers, "client": ("10.0.0.2", 50_000), "server": ("127.0.0.1", 8080),
    }  # fmt: skip
    sent: list[dict[str, Any]] = []
    pieces = [body[:1000], body[1000:]]

    async def receive() -> dict[str, Any]:
        if not pieces:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    loop.run_until_complete(app(scope, receive, send))
    return int(sent[0]["status"]) if sent else 0


def answered(app: App) -> Read:
    """Every request gets an answer, and none that says that the server has failed."""
    loop = asyncio.new_event_loop()

    def read(data: bytes) -> None:
        status = asked(app, data, loop)
        assert 200 <= status < 500 or status == 503, f"answered with {status}"

    return read


# --- the panel ---


def _panel(folder: Path) -> Read:
    import sys

    sys.path.append(str(Path(__file__).parents[1] / "station/panel"))
    from panel_room import PIN, running

    from kiosk.station.panel import pin
    from kiosk.station.panel.access import Access
    from kiosk.station.panel.desk import Desk
    from kiosk.station.panel.site import Pages

    Desk.effect_s = Desk.picture_s = 0.0
    pin.save(folder, pin.choose(PIN))
    access = Access(folder, clock=lambda: 1_772_413_200_000, monotonic=lambda: 0)
    snapshot = running()
    return answered(_let_in(access, Pages(Desk(access, lambda _event: None, lambda: snapshot)).app))


def _let_in(access: Any, app: Any) -> App:
    """Puts sound cookies and form tokens in the place of the words that stand for them."""
    from starlette.requests import Request
    from starlette.responses import Response

    from kiosk.station.panel import access as accesses

    stranger = access.visitor(Request({"type": "http", "headers": [], "client": ("10.0.0.3", 1)}))
    jar = Response()
    assert access.log_in(stranger, "271828", jar) is None
    cookies = "; ".join(value.split(";")[0] for name, value in jar.headers.items() if name == "set-cookie").encode()
    tokens = {f"TOKEN-{form}".encode(): access.token(stranger, form).encode() for form in ("stop", "start", "volume")}
    assert accesses.SESSION_COOKIE.encode() in cookies

    async def through(scope: dict[str, Any], receive: Any, send: Any) -> None:
        scope["headers"] = [(name, value.replace(b"LOGGED-IN", cookies)) for name, value in scope["headers"]]

        async def receive_filled() -> dict[str, Any]:
            message: dict[str, Any] = await receive()
            for word, token in tokens.items():
                message["body"] = message.get("body", b"").replace(word, token)
            return message

        await app(scope, receive_filled, send)

    return through


def _presses() -> list[bytes]:
    host, form = b"Host: 127.0.0.1:8080\n", b"Content-Type: application/x-www-form-urlencoded\n"
    cookie = b"Cookie: LOGGED-IN; kiosk-panel-language=en\n"
    return [
        b"GET /?look=1\n" + host + cookie + b"\n",
        b"GET /stop\n" + host + cookie + b"\n",
        b"GET /language?to=en\n" + host + b"\n",
        b"GET /screen.jpg?fresh\n" + host + cookie + b"\n",
        b"POST /stop\n"
        + host
        + cookie
        + form
        + b"\ntoken=TOKEN-stop&press=abc&reason=other&words=%E5%81%9C&until=hour",
        b"POST /start\n" + host + cookie + form + b"Origin: http://127.0.0.1:8080\n\ntoken=TOKEN-start&press=def",
        b"POST /volume\n" + host + cookie + form + b"\ntoken=TOKEN-volume&press=x&button=louder",
        b"POST /login\n" + host + cookie + form + b"\ntoken=TOKEN-stop&pin=1234",
    ]


# --- the town ---


def office(folder: Path) -> tuple[Any, str]:
    """A town with one station, and the token of that."""
    from signing import enrol_request

    from kiosk.town.stations import registry
    from kiosk.town.town import found_town

    found = found_town(folder / "town", "丰乐镇", town="fengle", root_keys=1, threshold=1, by="test")
    code = registry.add_station(found, "room-1", "all", "第一村", None, by="test")
    token = registry.enrol(found, enrol_request(code.secret)).token
    return found, token


def _town(folder: Path) -> Read:
    from kiosk.town.app import create_app
    from kiosk.town.intake.quota import Quotas

    found, token = office(folder)
    found.public.file_path("a" * 64).write_bytes(b"film " * 1000)
    app = create_app(folder / "town")
    app.state.desk.quotas = Quotas(itertools.count(step=86_400).__next__)  # each request is another day's

    async def through(scope: dict[str, Any], receive: Any, send: Any) -> None:
        scope["app"] = app
        scope["headers"] = [(name, value.replace(b"TOKEN", token.encode())) for name, value in scope["headers"]]
        await app(scope, receive, send)

    return answered(through)


def _calls() -> list[bytes]:
    bearer = b"Authorization: Bearer TOKEN\n"
    picture = b"\xff\xd8\xff" + bytes(50) + b"\xff\xd9"
    packed = gzip.compress(example()["report"], mtime=0)
    return [
        b"POST /v1/reports\n" + bearer + b"\n" + example()["report"],
        b"POST /v1/reports\n" + bearer + b"Content-Encoding: gzip\n\n" + packed,
        b"POST /v1/heartbeat\n" + bearer + b"\n" + example()["heartbeat"],
        b"POST /v1/enrol\n\n" + example()["enrolment request"],
        b"POST /v1/picture?at_ms=1772413200000\n" + bearer + b"Content-Type: image/jpeg\n\n" + picture,
        b'GET /v1/root/1.root.json\nIf-None-Match: W/"0"\n\n',
        b"GET /v1/groups/all.json\n" + bearer + b"\n",
        b"GET /v1/urgent.json\n" + bearer + b"\n",
        b"GET /v1/station.json\n" + bearer + b"\n",
        b"GET /v1/files/" + b"a" * 64 + b"\n" + bearer + b'Range: bytes=1000-\nIf-Range: "' + b"a" * 64 + b'"\n\n',
        b"GET /healthz\n\n",
    ]


def _intake(folder: Path) -> Read:
    """A record under a true hash takes its place, whatever it is, gets a receipt, and blocks nothing."""
    import msgspec

    from kiosk.contract import wire
    from kiosk.contract.records import Action
    from kiosk.contract.reports import GENESIS, Entry, Receipt, Report, ReportAnswer, chain, read_report
    from kiosk.town.intake import intake

    found, _ = office(folder)
    head = [0, GENESIS]

    def take(record: bytes) -> tuple[Receipt, ...]:
        seq = int(head[0]) + 1
        digest = chain(str(head[1]), seq, record)
        entry = Entry(seq=seq, hash=digest, record=msgspec.Raw(record))
        report = read_report(
            wire.encode(Report(station="room-1", epoch="epoch-1", previous=str(head[1]), entries=(entry,)))
        )
        receipts, witness = intake.receive(found.store, report, 1_772_413_200_000)
        assert (witness.seq, witness.hash) == (seq, digest)
        answer = ReportAnswer(receipts=receipts, witness=found.signer.vouch(witness))
        assert wire.decode(wire.encode(answer), ReportAnswer, "report answer") == answer
        head[:] = [seq, digest]
        return receipts

    def read(data: bytes) -> None:
        try:
            take(data)
        except wire.Malformed:  # so broken that the report around it is
            pass
        sound = Action(id=f"good-{head[0]}", at_ms=1, by="li", action="boot", clock="trusted")
        assert [receipt.state for receipt in take(wire.encode(sound))] == ["accepted"]

    return read


PARSERS = (
    Parser("panel's requests", (), _presses, _panel, HEADER_WORDS),
    Parser("town's requests", (), _calls, _town, HEADER_WORDS),
    Parser("records at the town", (), record_seeds, _intake, (b"play", b"fault", b"kind", b"a-1", b"untrusted")),
)
