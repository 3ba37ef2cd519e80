"""A forger on the line between station and town, who offers the station what it must refuse.

An HTTP server on loopback. It passes everything on to the town, except that, in this order and once each, it answers
the station's question for its week with a tampered one, with one that another key has signed, and, when the station has
taken the true one, with an older one; and the first answer for one programme comes with a wrong byte.
"""

import http.client
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

TAMPERED, OTHER_KEY, OLDER, WRONG_BYTE = "tampered week", "week signed by another key", "older week", "wrong byte"
ALL = frozenset((TAMPERED, OTHER_KEY, OLDER, WRONG_BYTE))
_PASSED_ON = (
    "authorization",
    "content-type",
    "range",
    "if-range",
    "if-none-match",
    "accept-encoding",
    "content-encoding",
)
_RETURNED = ("content-type", "etag", "content-range", "accept-ranges", "content-encoding", "cache-control")


@dataclass(frozen=True)
class Forgeries:
    """The forged documents. Metadata as bytes; ``files`` are those that the forged weeks name, by SHA-256."""

    group: str
    true: bytes
    older: bytes
    other_key: bytes
    spoilt_sha256: str
    files: dict[str, Path] = field(default_factory=dict)

    @property
    def tampered(self) -> bytes:
        """The true week with the older playlist put in its place, under the true signatures."""
        tree, old = json.loads(self.true), json.loads(self.older)
        tree["signed"]["targets"] = old["signed"]["targets"]
        return json.dumps(tree).encode()


class Forger(ThreadingHTTPServer):
    """The forger's server. :attr:`offered` holds the forgeries that were sent whole."""

    def __init__(self, town: str, forgeries: Forgeries) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self._town = urlsplit(town)
        self._forgeries = forgeries
        self._weeks = [(TAMPERED, forgeries.tampered), (OTHER_KEY, forgeries.other_key)]
        self._true_taken = False
        self._lock = threading.Lock()
        self.offered: set[str] = set()

    def forged(self, path: str) -> tuple[str, bytes] | None:
        """Name and bytes of a forged answer to a request; None to pass the request on."""
        with self._lock:
            if path == f"/v1/groups/{self._forgeries.group}.json":
                if self._weeks:
                    return self._weeks.pop(0)
                if self._true_taken and OLDER not in self.offered:
                    return OLDER, self._forgeries.older
            name = path.rpartition("/")[2]
            if path.startswith("/v1/files/") and name in self._forgeries.files:
                return "", self._forgeries.files[name].read_bytes()
        return None

    def spoil(self, path: str, body: bytes) -> bytes:
        """Put the wrong byte in, the first time that the programme is asked for whole."""
        with self._lock:
            if path == f"/v1/files/{self._forgeries.spoilt_sha256}":
                self._true_taken = True
                if WRONG_BYTE not in self.offered:
                    middle = len(body) // 2
                    return body[:middle] + bytes((body[middle] ^ 1,)) + body[middle + 1 :]
        return body

    def ask_town(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        """Pass a question on. Raises OSError where the town does not answer."""
        connection = http.client.HTTPConnection(self._town.hostname or "", self._town.port, timeout=30)
        try:
            connection.request(method, path, body or None, headers)
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, found, answer.read()
        finally:
            connection.close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Forger

    def do_GET(self) -> None:
        """A question, forged or passed on."""
        if (forgery := self.server.forged(self.path)) is not None:
            self._answer(200, {}, forgery[1])
            if forgery[0]:
                self.server.offered.add(forgery[0])
            return
        self._pass_on(b"")

    def do_POST(self) -> None:
        """Reports and heartbeats are passed on as they are."""
        self._pass_on(self.rfile.read(int(self.headers.get("content-length", 0))))

    def _pass_on(self, body: bytes) -> None:
        headers = {name: value for name in _PASSED_ON if (value := self.headers.get(name)) is not None}
        try:
            status, found, answer = self.server.ask_town(self.command, self.path, headers, body)
        except OSError:
            self._answer(502, {}, b'{"error": "the town does not answer"}')
            return
        spoilt = self.server.spoil(self.path, answer) if status == 200 and self.command == "GET" else answer
        self._answer(status, {name: found[name] for name in _RETURNED if name in found}, spoilt)
        if spoilt != answer:
            self.server.offered.add(WRONG_BYTE)

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0" if status == 304 else str(len(body)))
        self.end_headers()
        if status != 304:
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """No log: the demo's terminal is for its live view."""
