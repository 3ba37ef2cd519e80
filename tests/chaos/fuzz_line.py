"""The parsers of what comes over the line: whole HTTP answers, and what the link does with them."""

import hashlib
import socket
import threading
from collections.abc import Callable
from pathlib import Path

from fuzz_contract import example, seeds
from fuzz_parser import Parser, Read

from kiosk.station.library.library import WrongBytes
from kiosk.station.link.client import Unreachable
from kiosk.station.link.download import NoRoom
from kiosk.station.link.enrol import EnrolmentFailed

FILM = bytes(range(256)) * 8
SHA256 = hashlib.sha256(FILM).hexdigest()
HEAD = b'HTTP/1.1 %s\r\nContent-Length: %d\r\nETag: "%s"\r\nContent-Type: application/json\r\n\r\n'
HTTP_WORDS = (
    *(
        b"HTTP/1.1 ",
        b"HTTP/1.0 ",
        b"200 OK",
        b"206 Partial Content",
        b"304 Not Modified",
        b"100 Continue",
        b"102 x",
        b"409 x",
    ),
    *(
        b"\r\nRetry-After: ",
        b"Thu, 01 Jan 1970 00:00:00 GMT",
        b"\r\nContent-Encoding: gzip",
        b"\r\nContent-Encoding: br, x",
    ),
    *(
        b"\r\nTransfer-Encoding: chunked",
        b"\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"\r\n\r\nFFFFFFFFFFFFFFFF\r\n",
        b"\r\n\r\n-1\r\nx\r\n",
    ),
    *(
        b"\r\nContent-Length: 5",
        b"\r\nContent-Length: " + b"9" * 5000,
        b"\r\nContent-Length: -1",
        b"\r\nContent-Length: \xb2",
    ),
    *(
        b"\r\nContent-Range: bytes 1000-2047/2048",
        b"\r\nContent-Range: bytes */2048",
        b'\r\nETag: "x"',
        b'\r\nETag: W/"x"',
    ),
    *(
        b"\r\nETag: \xe9\xff\x00",
        b"\r\nLocation: http://[",
        b"\r\n folded",
        b"\r\nx: " + b"y" * 70_000,
        b"\r\nA: b" * 120,
    ),
    *(
        b"\r\nSet-Cookie: a=\x00;;;",
        b"\r\nConnection: keep-alive",
        b"\r\nContent-Type: text/html; charset=\x00",
        b"\r\nno colon",
    ),
)


class Line:
    """A server on loopback that says, to each request, the bytes that it was given; then hangs up."""

    def __init__(self) -> None:
        self.says = b""
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            caller, _ = self._server.accept()
            with caller:
                caller.settimeout(5)
                try:
                    self._answer(caller)
                except OSError:  # the caller has heard enough
                    continue

    def _answer(self, caller: socket.socket) -> None:
        asked = caller.recv(65536)
        while b"\r\n\r\n" not in asked:
            asked += caller.recv(65536)
        head, _, body = asked.partition(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
        )
        while len(body) < length:
            body += caller.recv(65536)
        caller.sendall(self.says)
        caller.shutdown(socket.SHUT_WR)
        while caller.recv(65536):  # or the kernel would throw away what was said but not read
            pass


def answer(status: bytes, body: bytes) -> bytes:
    """A sound answer."""
    return HEAD % (status, len(body), hashlib.sha256(body).hexdigest().encode()) + body


def _answers() -> list[bytes]:
    chunked = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n3;x=y\r\nefg\r\n0\r\nTrailer: x\r\n\r\n"
    )
    return [
        answer(b"200 OK", example()["heartbeat answer"]),
        answer(b"409 Conflict", b'{"error":"it begins at entry 9","head_hash":"00","head_seq":4}'),
        answer(b"403 Forbidden", b'{"error":"no"}'),
        answer(b"429 Too Many Requests", b"{}").replace(b"ETag", b"Retry-After: 30\r\nETag"),
        answer(b"503 Service Unavailable", b"").replace(b"ETag", b"Retry-After: Fri, 27 Nov 2026 10:00:00 GMT\r\nETag"),
        b'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\n\r\n',
        b"HTTP/1.1 302 Found\r\nLocation: http://portal.example/\r\nContent-Length: 0\r\n\r\n",
        chunked,
    ]


def _get(_folder: Path) -> Read:
    from kiosk.station.link.client import TownClient

    line = Line()
    town = TownClient(line.url, "token", timeout_s=5)

    def read(data: bytes) -> None:
        line.says = data
        town.get("/v1/urgent.json", 65536, "x")
        town.post("/v1/heartbeat", b"{}", 65536)

    return read


def _answer(kind: str) -> Callable[[Path], Read]:
    """The reader of the town's answers, and of what its online key has signed in them."""

    def made(_folder: Path) -> Read:
        from kiosk.contract import reports, trust
        from kiosk.station.link import delivery

        root = trust.stored_root(example()["root/1.root.json"])

        def read(data: bytes) -> None:
            if kind == "heartbeat answer":
                signed, what = delivery._answer(data, reports.Signed, kind), reports.HeartbeatAnswer
            else:
                report = delivery._answer(data, reports.ReportAnswer, kind)
                signed, what = report.witness, reports.Witness  # type: ignore[assignment]
            try:
                trust.vouched(root, signed, what, kind)
            except trust.Refused:
                pass

        return read

    return made


def _download(folder: Path) -> Read:
    """A file that is resumed, or fetched whole, from a town that says anything."""
    from kiosk.contract.trust import Pinned
    from kiosk.station.library.library import Library
    from kiosk.station.link.bandwidth import Bandwidth as Unlimited
    from kiosk.station.link.client import TownClient
    from kiosk.station.link.download import Download

    line, library = Line(), Library(folder / "library")
    town, pinned = TownClient(line.url, timeout_s=5), Pinned(len(FILM), SHA256)
    download = Download(town, library, Unlimited(), lambda _: None, lambda: True, pinned, frozenset(), ())
    part = library.stage(SHA256)

    def read(data: bytes) -> None:
        line.says = data[1:]
        if data[:1] == b"r":  # there is a part of it already
            part.write_bytes(FILM[:1000])
            part.with_suffix(".etag").write_bytes(b'"x"')
        try:
            download.run()
        finally:
            part.unlink(missing_ok=True)
            part.with_suffix(".etag").unlink(missing_ok=True)
        (folder / "library/files" / SHA256).unlink()

    return read


def _files() -> list[bytes]:
    ranged = b'HTTP/1.1 206 Partial Content\r\nContent-Length: 1048\r\nETag: "x"\r\n'
    ranged += b"Content-Range: bytes 1000-2047/2048\r\n\r\n"
    return [b"w" + answer(b"200 OK", FILM), b"r" + ranged + FILM[1000:], b"r" + answer(b"200 OK", FILM)]


def _enrol(folder: Path) -> Read:
    """An enrolment with an address and a code as typed, at a town that gives any answer."""
    from kiosk.station.link import enrol
    from kiosk.station.link.client import TownClient

    line = Line()
    TownClient.__init__.__defaults__ = ("", 5.0, "")  # not for ten seconds a name that is not there

    def read(data: bytes) -> None:
        address, _, line.says = data.partition(b"\n")
        url = address.decode("utf-8", "replace").replace("TOWN", line.url)
        enrol._address(url)
        if url == line.url:
            enrol.enrol(url, example()["code"].decode(), folder / "state")

    return read


def _enrolments() -> list[bytes]:
    answers = [answer(b"200 OK", example()["root/1.root.json"]), answer(b"404 Not Found", b'{"error":"no such root"}')]
    return [*(b"TOWN\n" + one for one in answers), b"https://town.example:8443/kiosk/\n", b"http://[::1]:80\n"]


PARSERS = (
    Parser("HTTP answer", (Unreachable,), _answers, _get, HTTP_WORDS),
    Parser("heartbeat answer", (Unreachable,), seeds("heartbeat answer"), _answer("heartbeat answer"), (b"payload",)),
    Parser(
        "report answer",
        (Unreachable,),
        seeds("answer"),
        _answer("report answer"),
        (b"accepted", b"refused", b"witness"),
    ),
    Parser("file from the town", (Unreachable, WrongBytes, NoRoom), _files, _download, HTTP_WORDS),
    Parser(
        "enrolment",
        (EnrolmentFailed,),
        _enrolments,
        _enrol,
        (*HTTP_WORDS, b"http://", b"[", b"]", b"@", b":99999", b"#"),
    ),
)
