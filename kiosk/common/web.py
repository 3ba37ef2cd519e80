"""What every page of the kiosk needs: security headers, bounded bodies, signed cookies, form tokens, the origin check.

Plain HTTP on a LAN: the headers keep other web sites and scripts out, not somebody who reads along on the wire.
"""

import hmac
import ipaddress
import logging
import secrets
import zlib
from collections.abc import AsyncIterator, Mapping, MutableMapping
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from itsdangerous import BadData, URLSafeTimedSerializer
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kiosk.common.files import write_whole

log = logging.getLogger(__name__)

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
"""Scripts from our own files alone, nothing from elsewhere, no page of ours inside another."""

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

GZIP_EXTRA = 64 * 1024
"""What gzip may add to a body that it cannot make smaller, in bytes, and far more than that."""


class SecurityHeaders:
    """ASGI middleware: every answer carries :data:`SECURITY_HEADERS`, unless it set one itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)


async def read_body(request: Request, limit: int) -> bytes:
    """The body of ``request``, inflated where it came as gzip; never more than ``limit`` bytes and a chunk in memory.

    Nor is much more than ``limit`` read: gzip can hide any length in blocks that inflate to nothing. Raises
    :class:`HTTPException`: 413 for too long a body, 415 for a content coding that is not known, 400 for no sound gzip.
    """
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    if coding not in ("identity", "gzip"):
        raise HTTPException(415, f"content coding {coding[:40]!r} is not known; send gzip, or none")
    inflater = zlib.decompressobj(wbits=31) if coding == "gzip" else None
    body = bytearray()
    came = 0
    async for chunk in _pieces(request):
        came += len(chunk)
        if inflater is not None and inflater.eof and chunk:
            raise HTTPException(400, "there is more behind the end of the gzip body; send one member alone")
        try:
            body += chunk if inflater is None else inflater.decompress(chunk, limit + 1 - len(body))
        except zlib.error as error:
            raise HTTPException(400, f"the body is not gzip: {error}") from None
        if len(body) > limit or came > limit + GZIP_EXTRA or (inflater is not None and inflater.unconsumed_tail):
            told = f"the body has more than the {limit} bytes allowed; send less at a time"
            raise HTTPException(413, told, {"Connection": "close"})
    if inflater is not None and not inflater.eof:
        raise HTTPException(400, "the gzip body is cut short; send it again")
    if inflater is not None and inflater.unused_data:
        raise HTTPException(400, "there is more behind the end of the gzip body; send one member alone")
    return bytes(body)


async def _pieces(request: Request) -> AsyncIterator[bytes]:
    """The body as it comes. Raises :class:`HTTPException` 400 where the client is gone: that is no failure of ours."""
    try:
        async for chunk in request.stream():
            yield chunk
    except ClientDisconnect:
        raise HTTPException(400, "the body is cut short; send it again") from None


def network_of(address: str) -> str:
    """What counts as one visitor's address: of IPv6 its first 64 bits, for whoever has one of them has all."""
    if ":" not in address:
        return address
    try:
        found = ipaddress.IPv6Address(address)
    except ValueError:
        return address
    return str(found.ipv4_mapped or ipaddress.IPv6Network((int(found) >> 64 << 64, 64)))


def lasting_key(path: Path) -> bytes:
    """The key that signs cookies, made at the first start; one for this run only where it cannot be kept."""
    try:
        found = path.read_bytes()
        if len(found) >= 32:
            return found
        log.warning("%s is cut short; everybody has to log in again", path)
    except FileNotFoundError:
        pass
    except OSError as error:
        log.warning("cannot read %s, so everybody has to log in again: %s", path, error)
    fresh = secrets.token_bytes(32)
    try:
        write_whole(path, fresh, 0o600)
    except OSError as error:
        log.warning("cannot keep %s, so everybody has to log in again after a restart: %s", path, error)
    return fresh


class Seal:
    """Signs values for cookies: whoever holds one can read it, only the holder of the key can make or change one."""

    def __init__(self, key: bytes, purpose: str) -> None:
        self._serializer = URLSafeTimedSerializer(key, salt=purpose, signer_kwargs={"digest_method": sha256})

    def close(self, value: Mapping[str, str]) -> str:
        """``value`` as text that fits a cookie, with the time of signing."""
        sealed = self._serializer.dumps(dict(value))
        return sealed if isinstance(sealed, str) else sealed.decode()

    def open(self, text: str | None, max_age_s: int) -> dict[str, str]:
        """The value, if it was sealed no more than ``max_age_s`` seconds ago; empty for anything else."""
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
