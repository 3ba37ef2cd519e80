"""Sockets that keep time: no call stands still too long or lasts too long, whatever the other end does or leaves out.

``requests`` bounds each single wait only: a body that goes out is not bounded at all once it moves, and a head that
comes in by the byte can take for ever. Here every send and receive is held against the conversation's own limits.
"""

import contextlib
import math
import socket
import ssl
import time
from typing import Any

import requests.adapters
import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util import create_urllib3_context

urllib3.disable_warnings(urllib3.exceptions.SystemTimeWarning)  # a clock that is years off is told once, as a fault

PIECE = 16 * 1024
NO_CHECK_TIME = 0x200000
"""X509_V_FLAG_NO_CHECK_TIME of OpenSSL's headers."""


class Limits:
    """What holds for the call under way. Set by the thread that calls; :meth:`hang_up` may come from another."""

    def __init__(self, stand_still_s: float) -> None:
        self.stand_still_s = stand_still_s
        self.deadline = math.inf
        """Of the whole call, on the monotonic clock."""
        self.ahead_s: float | None = 0.0
        """By how much the station's clock is ahead of the PC's; None where nobody can say what time it is."""
        self._socket: socket.socket | None = None

    def timeout(self) -> float:
        """How long the next send or receive may take. Raises :class:`TimeoutError` where the call has no time left."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("not over in the time that it may take")
        return min(self.stand_still_s, left)

    def judge_dates(self, certificate: Any) -> None:
        """Raises :class:`ssl.SSLError` for a certificate that is not valid now, so far as that is known.

        OpenSSL would go by the PC's clock. Where that has forgotten the time, the town could not be asked for it.
        """
        if self.ahead_s is None or not certificate:
            return
        first, last = certificate["notBefore"], certificate["notAfter"]
        now = time.time() + self.ahead_s
        if not ssl.cert_time_to_seconds(first) <= now <= ssl.cert_time_to_seconds(last):
            today = time.strftime("%Y-%m-%d", time.gmtime(now))
            raise ssl.SSLError(f"the town's certificate is valid from {first} to {last}, and today is {today}")

    def use(self, found: socket.socket) -> None:
        """This is the socket of the call."""
        self._socket = found

    def hang_up(self) -> None:
        """End the call at once."""
        found = self._socket
        if found is not None:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(found, socket.SHUT_RDWR)  # beneath TLS, which is not to be touched from here


class _Timed(socket.socket):
    limits: Limits | None = None

    def _keep_time(self) -> None:
        if self.limits is not None:
            self.limits.use(self)
            self.settimeout(self.limits.timeout())

    def recv_into(self, *args: Any, **more: Any) -> int:
        self._keep_time()
        return super().recv_into(*args, **more)

    def sendall(self, data: Any, flags: int = 0) -> None:
        rest = memoryview(data).cast("B")
        while rest:
            self._keep_time()
            rest = rest[super().send(rest[:PIECE], flags) :]


class _Tls(_Timed, ssl.SSLSocket):
    pass


class _Adapter(requests.adapters.HTTPAdapter):
    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        super().__init__()

    def init_poolmanager(self, *args: Any, **more: Any) -> None:
        limits = self._limits
        context = create_urllib3_context()
        context.sslsocket_class = _Tls
        context.verify_flags |= NO_CHECK_TIME

        class Plain(HTTPConnection):
            def _new_conn(self) -> socket.socket:
                return _timed(super()._new_conn(), limits)

        class Tls(HTTPSConnection):
            def connect(self) -> None:
                super().connect()
                if isinstance(self.sock, _Tls):
                    self.sock.limits = limits
                    limits.judge_dates(self.sock.getpeercert())

        class PlainPool(urllib3.HTTPConnectionPool):
            ConnectionCls = Plain

        class TlsPool(urllib3.HTTPSConnectionPool):
            ConnectionCls = Tls

        super().init_poolmanager(*args, **more, ssl_context=context)
        self.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": TlsPool}


def keep_time(session: requests.Session, limits: Limits) -> None:
    """Let every call of ``session`` keep ``limits``."""
    for scheme in ("http://", "https://"):
        session.mount(scheme, _Adapter(limits))


def _timed(raw: socket.socket, limits: Limits) -> _Timed:
    timeout = raw.gettimeout()
    found = _Timed(raw.family, raw.type, raw.proto, fileno=raw.detach())
    found.settimeout(timeout)
    found.limits = limits
    return found
