"""Sockets for ``requests`` with two promises: limits on time, and certificate dates judged by the station's clock.

``requests`` limits each single wait only: a request body has no limit once it moves, and an answer's head that comes
byte by byte may take for ever. Here every send and receive is held to the limits of the whole request. urllib3 has no
hook for the sockets it makes, but for TLS (``sslsocket_class``); hence the connection class for plain HTTP.
"""

import contextlib
import math
import socket
import ssl
import time
from collections.abc import Iterable
from typing import Any

import requests.adapters
import urllib3
from urllib3.connection import HTTPConnection
from urllib3.util import create_urllib3_context

urllib3.disable_warnings(urllib3.exceptions.SystemTimeWarning)  # a clock that is years off is a fault of its own

PIECE = 16 * 1024
NO_CHECK_TIME = 0x200000
"""X509_V_FLAG_NO_CHECK_TIME of OpenSSL's headers."""


class Limits:
    """Limits of the request under way. Set by the thread that sends it; :meth:`hang_up` may come from another."""

    def __init__(self, stand_still_s: float) -> None:
        self.stand_still_s = stand_still_s
        self.deadline = math.inf
        """When the whole request has to be over, on the monotonic clock."""
        self.ahead_s: float | None = 0.0
        """By how much the station's clock is ahead of the PC's; None where the time is not known."""
        self._socket: socket.socket | None = None

    def judge_dates(self, chain: Iterable[dict[str, Any]]) -> None:
        """Raises :class:`ssl.SSLError` unless every certificate of the chain is valid at the station's time: the town's
        own, which comes first, and all up to the authority's.

        OpenSSL goes by the PC's clock: a PC that has forgotten the time could then never ask the town for it.
        """
        if self.ahead_s is None:
            return
        now = time.time() + self.ahead_s
        for number, certificate in enumerate(chain):
            first, last = certificate["notBefore"], certificate["notAfter"]
            if not ssl.cert_time_to_seconds(first) <= now <= ssl.cert_time_to_seconds(last):
                today = time.strftime("%Y-%m-%d", time.gmtime(now))
                whose = "the town's certificate" if number == 0 else f"the certificate of {_name_of(certificate)}"
                raise ssl.SSLError(f"{whose} is valid from {first} to {last}, and today is {today}")

    def apply(self, connection: socket.socket) -> None:
        """Limit the next send or receive of ``connection``, and remember it for :meth:`hang_up`.

        Raises :class:`TimeoutError` where the request has no time left.
        """
        self._socket = connection
        if (left := self.deadline - time.monotonic()) <= 0:
            raise TimeoutError("not over in the time that it may take")
        connection.settimeout(min(self.stand_still_s, left))

    def hang_up(self) -> None:
        """End the request under way."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)  # below TLS, which only its own thread may use


def _name_of(certificate: dict[str, Any]) -> str:
    names = dict(pair for part in certificate.get("subject", ()) for pair in part)
    return str(names.get("commonName") or names.get("organizationName") or "an authority")


class _Timed(socket.socket):
    limits: Limits

    def recv_into(self, *args: Any, **more: Any) -> int:
        self.limits.apply(self)
        return super().recv_into(*args, **more)

    def sendall(self, data: Any, flags: int = 0) -> None:
        rest = memoryview(data).cast("B")
        while rest:
            self.limits.apply(self)
            rest = rest[super().send(rest[:PIECE], flags) :]


class _TimedTls(_Timed, ssl.SSLSocket):
    def do_handshake(self, block: bool = False) -> None:
        super().do_handshake(block)
        # Public from Python 3.13 on, where it gives bytes.
        chain = self._sslobj.get_verified_chain()  # type: ignore[attr-defined]
        self.limits.judge_dates(certificate.get_info() for certificate in chain)


class _PlainConnection(HTTPConnection):
    limits: Limits

    def connect(self) -> None:
        super().connect()
        plain = self.sock
        self.sock = _Timed(plain.family, plain.type, plain.proto, fileno=plain.detach())
        self.sock.limits = self.limits


class _Adapter(requests.adapters.HTTPAdapter):
    def __init__(self, limits: Limits) -> None:
        self._limits = {"limits": limits}
        super().__init__()

    def init_poolmanager(self, *args: Any, **more: Any) -> None:
        context = create_urllib3_context()
        context.sslsocket_class = type("Tls", (_TimedTls,), self._limits)
        context.verify_flags |= NO_CHECK_TIME
        super().init_poolmanager(*args, **more, ssl_context=context)
        connection = {"ConnectionCls": type("Plain", (_PlainConnection,), self._limits)}
        pool = type("PlainPool", (urllib3.HTTPConnectionPool,), connection)
        self.poolmanager.pool_classes_by_scheme = {**self.poolmanager.pool_classes_by_scheme, "http": pool}


def keep_time(session: requests.Session, limits: Limits) -> None:
    """Hold every request of ``session`` to ``limits``."""
    for scheme in ("http://", "https://"):
        session.mount(scheme, _Adapter(limits))
