"""Stands before the town, with TLS, and does what lines, portals and overloaded servers do; counts what gets through.

The bytes counted are those that the client's TCP has acknowledged (``bytes_acked`` of TCP_INFO), so what has reached
its socket, once each; and at a cut those as well that were on their way to it.
"""

import contextlib
import fcntl
import socket
import ssl
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from io import BufferedReader

PIECE = 64 * 1024
SIOCOUTQ = 0x5411
TCP_INFO_BYTES = 128
_MSS_AT, _UNACKED_AT, _BYTES_ACKED_AT = 16, 24, 120
Answer = tuple[int, dict[str, str], bytes]


@dataclass(frozen=True)
class Request:
    """One request, read whole."""

    method: str
    path: str
    head: bytes
    body: bytes


class Fault:
    """None: everything goes through. The cases of a run change what they are about."""

    delay_s = 0.0
    """Before the first byte of each answer, and twice before a TLS handshake: as long a round trip."""
    wrong_name = False
    """Show a certificate of another name."""

    def answer(self, request: Request) -> Answer | None:
        """What to say in the town's place; None: ask the town."""
        return None

    def swallow(self, request: Request) -> bool:
        """Whether the town does as asked, but its reply is lost."""
        return False

    def cut_after(self, request: Request) -> int | None:
        """After how many bytes of the answer's body the connection breaks."""
        return None


class Proxy:
    """Listens where ``enter`` leads the threads to, and asks the town at 127.0.0.1 there."""

    def __init__(
        self,
        enter: Callable[[], object],
        address: tuple[str, int],
        town_port: int,
        right: ssl.SSLContext,
        wrong: ssl.SSLContext,
    ) -> None:
        self._enter, self._address, self._town_port = enter, address, town_port
        self._right, self._wrong = right, wrong
        self._lines: set[socket.socket] = set()
        self.fault = Fault()
        self.requests: Counter[str] = Counter()
        """Requests so far, by method and the first two parts of the path."""
        self.bytes: Counter[str] = Counter()
        """Bytes to the client so far, by the same; handshakes and the like go with what comes after them."""
        self.cuts = 0
        """Answers broken off in their body so far."""
        self._ready = threading.Event()
        self._trouble: OSError | None = None

    def start(self) -> None:
        """Returns when it listens."""
        threading.Thread(target=self._listen, daemon=True).start()
        self._ready.wait(10)
        if self._trouble:
            raise self._trouble

    def use(self, fault: Fault) -> None:
        """Do this from now on, to connections that are open as well, by breaking them."""
        self.fault = fault
        for one in list(self._lines):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _listen(self) -> None:
        try:
            self._enter()
            listener = socket.create_server(self._address)
        except OSError as error:
            self._trouble = error
            return
        finally:
            self._ready.set()
        while True:
            line, _ = listener.accept()
            threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def _serve(self, raw: socket.socket) -> None:
        self._lines.add(raw)
        meter = _Meter(raw, self.bytes)
        raw.settimeout(120)
        fault = self.fault
        time.sleep(2 * fault.delay_s)
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError, ValueError):
            stack.callback(self._lines.discard, raw)
            stack.callback(raw.close)
            stack.callback(meter.stop)
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            tls = (self._wrong if fault.wrong_name else self._right).wrap_socket(raw, True)
            meter.line = tls
            stack.callback(tls.close)
            stack.callback(meter.stop)
            self._lines.discard(raw)
            self._lines.add(tls)
            stack.callback(self._lines.discard, tls)
            upstream = stack.enter_context(socket.create_connection(("127.0.0.1", self._town_port), 10))
            upstream.settimeout(120)
            reading = stack.enter_context(tls.makefile("rb"))  # a socket closes when its files do
            asking = stack.enter_context(upstream.makefile("rb"))
            while (request := _read_request(reading)) is not None:
                kind = f"{request.method} {'/'.join(request.path.split('/')[:3])}"
                self.requests[kind] += 1
                meter.start(kind)
                if not self._reply(request, tls, upstream, asking):
                    return

    def _reply(self, request: Request, tls: ssl.SSLSocket, upstream: socket.socket, asking: BufferedReader) -> bool:
        """Answer one request; False where the connection is not to be used any more."""
        fault = self.fault
        time.sleep(fault.delay_s)
        if (said := fault.answer(request)) is not None:
            tls.sendall(_write_answer(said))
            return True
        upstream.sendall(request.head + request.body)
        head, left = _read_head(asking)
        if fault.swallow(request):
            while left:
                left -= len(asking.read(min(left, PIECE)))
            _reset(tls)
            return False
        cut = fault.cut_after(request)
        tls.sendall(head)
        sent = 0
        while left:
            piece = asking.read(min(left, PIECE if cut is None else max(1, min(PIECE, cut - sent))))
            if not piece:
                return False
            tls.sendall(piece)
            left -= len(piece)
            sent += len(piece)
            if cut is not None and sent >= cut and left:
                self.cuts += 1
                if self.cuts % 2:
                    _reset(tls)
                else:  # it ends without a word, once all has got through
                    _drain(tls)
                return False
        return True


class _Meter:
    """Counts what a connection has carried to the client, for each request."""

    def __init__(self, line: socket.socket, into: Counter[str]) -> None:
        self.line, self._into = line, into
        self._kind, self._before = "", 0

    def start(self, kind: str) -> None:
        """All from now on is in answer to such a request."""
        self.stop()
        self._kind = kind

    def stop(self) -> None:
        now = _carried(self.line)
        if now is not None and self._kind:
            self._into[self._kind] += now - self._before
            self._before = now


def _carried(line: socket.socket) -> int | None:
    try:
        info = line.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TCP_INFO_BYTES)
    except OSError:
        return None
    (mss,), (unacked,) = struct.unpack_from("=I", info, _MSS_AT), struct.unpack_from("=I", info, _UNACKED_AT)
    (acked,) = struct.unpack_from("=Q", info, _BYTES_ACKED_AT)
    return int(acked + unacked * mss)


def _reset(tls: ssl.SSLSocket) -> None:
    """Break the connection as a router does that forgot it: by a reset."""
    tls.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _drain(tls: ssl.SSLSocket) -> None:
    """End the connection by a FIN beneath TLS, and wait until the other end has all."""
    socket.socket.shutdown(tls, socket.SHUT_WR)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        (left,) = struct.unpack("i", fcntl.ioctl(tls.fileno(), SIOCOUTQ, bytes(4)))
        if not left:
            return
        time.sleep(0.01)


def _read_request(reading: BufferedReader) -> Request | None:
    first = reading.readline()
    if not first:
        return None
    method, path, _ = first.decode("latin-1").split(" ", 2)
    head, length = [first], 0
    while (line := reading.readline()) not in (b"\r\n", b""):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
        head.append(line)
    return Request(method, path, b"".join(head) + b"\r\n", reading.read(length))


def _read_head(asking: BufferedReader) -> tuple[bytes, int]:
    """The head of the town's answer, and how long its body is. The town always tells."""
    head, length = [asking.readline()], 0
    while (line := asking.readline()) not in (b"\r\n", b""):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length" and b" 304 " not in head[0]:
            length = int(value)
        head.append(line)
    return b"".join(head) + b"\r\n", length


def _write_answer(answer: Answer) -> bytes:
    status, headers, body = answer
    lines = [f"HTTP/1.1 {status} As it comes", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body
