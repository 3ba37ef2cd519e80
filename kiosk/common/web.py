"""What every page of the kiosk needs: signed cookies, form tokens, the origin check, security headers, a body limit.

Plain HTTP on a LAN: the headers keep other web sites and scripts out, not somebody who reads along on the wire.
"""

import hmac
from collections.abc import Mapping, MutableMapping
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from itsdangerous import BadData, URLSafeTimedSerializer
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
"""No script at all, nothing from elsewhere, no page of ours inside another."""

SECURITY_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not "no-referrer": under it browsers send "Origin: null" with our own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}


class SecurityHeaders:
    """ASGI middleware: every answer carries :data:`SECURITY_HEADERS`, unless it set one itself."""

    def __init__(self, app: ASGIApp, headers: Mapping[str, str] = SECURITY_HEADERS) -> None:
        self._app = app
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)


class BodyTooLarge(HTTPException):
    """A request's body went over the limit while it was read."""

    def __init__(self) -> None:
        super().__init__(413)


class BodyLimit:
    """ASGI middleware: a body of more than ``limit`` bytes is refused with 413, announced or not."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "0")
        if not announced.isdecimal() or len(announced) > 18 or int(announced) > self._limit:
            await too_large(self._limit)(scope, receive, send)
            return
        read, started = 0, False

        async def receive_counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self._limit:
                raise BodyTooLarge
            return message

        async def send_noted(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive_counted, send_noted)
        except BodyTooLarge:
            if started:
                raise
            await too_large(self._limit)(scope, receive, send)


def too_large(limit: int) -> Response:
    """The 413 that programs read."""
    return JSONResponse({"error": f"the request is larger than the {limit} bytes allowed"}, 413)


class Seal:
    """Signed values for cookies: whoever holds one can read it, nobody but us can make or change one."""

    def __init__(self, key: bytes, purpose: str) -> None:
        self._serializer = URLSafeTimedSerializer(key, salt=purpose, signer_kwargs={"digest_method": sha256})

    def close(self, value: Mapping[str, str]) -> str:
        """``value`` as text that fits a cookie, with the time of signing."""
        sealed = self._serializer.dumps(dict(value))
        return sealed if isinstance(sealed, str) else sealed.decode()

    def open(self, text: str | None, max_age_s: int) -> dict[str, str]:
        """What was sealed no more than ``max_age_s`` ago; empty for anything else."""
        try:
            value = self._serializer.loads(text or "", max_age=max_age_s)
        except BadData:
            return {}
        return {str(k): str(v) for k, v in value.items()} if isinstance(value, MutableMapping) else {}


def form_token(key: bytes, device: str, form: str) -> str:
    """The token that ``form`` must carry when it comes from ``device``."""
    return hmac.new(key, f"form\n{device}\n{form}".encode(), sha256).hexdigest()


def is_form_token(found: Any, key: bytes, device: str, form: str) -> bool:
    """Whether ``found`` is the token of that form and device; takes the same time right or wrong."""
    wanted = form_token(key, device, form)
    return isinstance(found, str) and hmac.compare_digest(found.encode(), wanted.encode())


def is_same_origin(request: HTTPConnection) -> bool:
    """Whether a form comes from a page of ours, as far as the browser says.

    A browser that says nothing (neither ``Sec-Fetch-Site``, ``Origin`` nor ``Referer``) is let through: the form token
    holds for it too. One that names another origin is not.
    """
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    named = request.headers.get("origin") or request.headers.get("referer")
    if named is None:
        return True
    try:
        origin = urlsplit(named)
    except ValueError:
        return False
    return (origin.scheme, origin.netloc.lower()) == (request.url.scheme, request.headers.get("host", "").lower())
