"""Who visits the console, told by the web server in front: its word counts only where it comes from this computer."""

import ipaddress

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

_TOLD = ("x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "forwarded", "via")
"""Headers that a web server in front adds."""
_SAFE = "kiosk.safe"


class BehindProxy:
    """ASGI middleware: scheme and address of the visitor as the web server in front tells them.

    A peer elsewhere on the network is no proxy of ours: what it tells is not read.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope = _told(scope)
        await self._app(scope, receive, send)


def is_safe(request: HTTPConnection) -> bool:
    """Whether nobody between the browser and this computer can read along: TLS, or a browser on this computer."""
    return bool(request.scope.get(_SAFE))


def visitor(request: HTTPConnection) -> str:
    """The address of the visitor, as a web server of ours in front tells it."""
    return str((_told(request.scope).get("client") or ("",))[0])


def _told(scope: Scope) -> Scope:
    headers = Headers(scope=scope)
    peer = (scope.get("client") or ("", 0))[0]
    if not _is_loopback(peer):
        return {**scope, _SAFE: scope["scheme"] == "https"}
    if not any(name in headers for name in _TOLD):
        return {**scope, _SAFE: _is_loopback(_host_of(headers.get("host", "")))}
    scheme = "https" if headers.get("x-forwarded-proto", "").strip().lower() == "https" else "http"
    visitor = headers.get("x-forwarded-for", "").rpartition(",")[2].strip() or peer
    return {**scope, "scheme": scheme, "client": (visitor[:64], 0), _SAFE: scheme == "https"}


def _host_of(header: str) -> str:
    """The host of a Host header, without its port."""
    return header[1:].partition("]")[0] if header.startswith("[") else header.partition(":")[0]


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
