"""The line between station and town, which keeps what the town has acknowledged: outside the station's folder."""

import http.client
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

DROPPED = {"connection", "transfer-encoding", "keep-alive"}


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A station that is killed resets its connections."""


class Line:
    """Forwards to the town at ``url``; :attr:`acknowledged` holds the ids of records that got a receipt."""

    def __init__(self, url: str) -> None:
        self._town = urlsplit(url).netloc
        self.acknowledged: dict[str, str] = {}
        """Receipts by record id: ``accepted`` or ``duplicate``."""
        self.refused: dict[str, str] = {}
        """Reasons by record id."""
        line = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                line._forward(self)

            def do_POST(self) -> None:
                line._forward(self)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = _Server(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _forward(self, asked: BaseHTTPRequestHandler) -> None:
        body = asked.rfile.read(int(asked.headers.get("Content-Length") or 0))
        headers = {name: value for name, value in asked.headers.items() if name.lower() not in (*DROPPED, "host")}
        town = http.client.HTTPConnection(self._town, timeout=30)
        try:
            town.request(asked.command, asked.path, body or None, headers)
            answer = town.getresponse()
            data = answer.read()
        except OSError:
            asked.close_connection = True
            return
        finally:
            town.close()
        if asked.path == "/v1/reports" and answer.status == 200:
            self._note(data)
        try:
            asked.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in (*DROPPED, "content-length", "date", "server"):
                    asked.send_header(name, value)
            asked.send_header("Content-Length", str(len(data)))
            asked.end_headers()
            asked.wfile.write(data)
        except OSError:  # the station was killed meanwhile
            asked.close_connection = True

    def _note(self, data: bytes) -> None:
        for receipt in json.loads(data)["receipts"]:
            if receipt["state"] == "refused":
                self.refused[receipt["id"]] = receipt["reason"]
            else:
                self.acknowledged.setdefault(receipt["id"], receipt["state"])
