"""Forms with a photo: refused early where they are too long, read one at a time, the photo kept small in a folder."""

import asyncio
import logging
from dataclasses import dataclass
from http import HTTPStatus

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.types import Message

from kiosk.common.photos import MOST_UPLOAD, Photo, PhotoError, read_photo
from kiosk.common.web import is_same_origin, read_body
from kiosk.station.panel.access import Visitor
from kiosk.station.panel.desk import MAX_BODY, Desk, Form

log = logging.getLogger(__name__)

WAIT_S = 25.0
"""How long a photo waits for the one before it."""


@dataclass(frozen=True)
class Upload:
    """A form with a photo. ``unread``: there was a photo, and it could not be read."""

    visitor: Visitor
    form: Form
    photo: Photo | None = None
    unread: bool = False


async def read_upload(desk: Desk, request: Request, name: str) -> Upload:
    """The form ``name`` and its photo, in the field ``photo``. Of a stranger nothing is read.

    Raises HTTPException 413 for too long a form, as its head tells or its body; 403 for a foreign one; 400 for what is
    no form of ours; 503 where another photo is being read.
    """
    visitor = desk.visitor(request)
    if not visitor.logged_in:
        return Upload(visitor, {})
    told = request.headers.get("content-length", "0")
    if not told.isdecimal() or int(told) > MOST_UPLOAD + MAX_BODY:
        raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, headers={"Connection": "close"})
    if not is_same_origin(request):
        raise HTTPException(HTTPStatus.FORBIDDEN)
    try:
        async with asyncio.timeout(WAIT_S):
            await desk.one_upload.acquire()
    except TimeoutError:
        raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, headers={"Retry-After": "10"}) from None
    try:
        form, data = await _parts(request)
        if not desk.access.is_ours(request, visitor, name, form.get("token", "")):
            raise HTTPException(HTTPStatus.FORBIDDEN)
        photo = await read_photo(data) if data else None
    except PhotoError as error:
        log.warning("a photo could not be read: %s", error)
        return Upload(visitor, form, unread=True)
    finally:
        desk.one_upload.release()
    return Upload(visitor, form, photo)


async def _parts(request: Request) -> tuple[Form, bytes]:
    body = await read_body(request, MOST_UPLOAD + MAX_BODY)

    async def replay() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    try:
        whole = Request(request.scope, replay)
        async with whole.form(max_files=1, max_fields=50, max_part_size=MAX_BODY) as parts:
            form = {key: value for key, value in parts.multi_items() if isinstance(value, str)}
            photo = parts.get("photo")
            return form, await photo.read() if isinstance(photo, UploadFile) else b""
    except (HTTPException, MultiPartException, ValueError):
        raise HTTPException(HTTPStatus.BAD_REQUEST) from None
