"""Request bodies, bounded: also what a small gzip body inflates to."""

import zlib

from starlette.requests import Request

from kiosk.contract.wire import MAX_DOCUMENT

GZIP_EXTRA = 64 * 1024
"""What gzip may add to a body that it cannot make smaller, in bytes, and far more than that."""


class BodyTooLarge(Exception):
    """More bytes than a document may have (HTTP 413)."""


class BodyUnreadable(Exception):
    """A content coding that is unknown (HTTP 415), or does not fit the bytes (400)."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


async def read_body(request: Request, limit: int = MAX_DOCUMENT) -> bytes:
    """The body of ``request``, inflated where it came as gzip. Never holds more than ``limit`` bytes and a chunk.

    Nor does it read much more than ``limit``: gzip may hide any length in blocks that inflate to nothing.
    """
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    if coding not in ("identity", "gzip"):
        raise BodyUnreadable(f"content coding {coding[:40]!r} is not known; send gzip, or none", 415)
    inflater = zlib.decompressobj(wbits=31) if coding == "gzip" else None
    body = bytearray()
    came = 0
    async for chunk in request.stream():
        came += len(chunk)
        if inflater is not None and inflater.eof and chunk:
            raise BodyUnreadable("there is more behind the end of the gzip body; send one member alone", 400)
        try:
            body += chunk if inflater is None else inflater.decompress(chunk, limit + 1 - len(body))
        except zlib.error as error:
            raise BodyUnreadable(f"the body is not gzip: {error}", 400) from None
        if len(body) > limit or came > limit + GZIP_EXTRA or (inflater is not None and inflater.unconsumed_tail):
            raise BodyTooLarge(f"the body has more than the {limit} bytes allowed; send less at a time")
    if inflater is not None and not inflater.eof:
        raise BodyUnreadable("the gzip body is cut short; send it again", 400)
    if inflater is not None and inflater.unused_data:
        raise BodyUnreadable("there is more behind the end of the gzip body; send one member alone", 400)
    return bytes(body)
