"""Forms with a file or photo: refused early where they are too long, and read one at a time."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
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
from kiosk.station.panel.desk import MAX_BODY, MOST_FIELDS, Desk, Form

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


@dataclass(frozen=True)
class FileForm:
    """A form with a file; all values of each field. ``data`` is empty where no file was chosen."""

    visitor: Visitor
    lists: dict[str, list[str]]
    data: bytes = b""

    @property
    def form(self) -> Form:
        """The last value of each field."""
        return {name: values[-1] for name, values in self.lists.items()}


async def read_upload(desk: Desk, request: Request, name: str) -> Upload:
    """The form ``name`` and its photo, in the field ``photo``. Raises as :func:`read_file`."""
    sent = await read_file(desk, request, name, "photo", MOST_UPLOAD)
    return Upload(sent.visitor, sent.form, *await photo_of(desk, sent))


async def photo_of(desk: Desk, sent: FileForm) -> tuple[Photo | None, bool]:
    """The photo that was sent, if any, and whether it could not be read."""
    if not sent.data:
        return None, False
    async with _alone(desk):
        try:
            return await read_photo(sent.data), False
        except PhotoError as error:
            log.warning("a photo could not be read: %s", error)
            return None, True


async def read_file(
    desk: Desk, request: Request, name: str, field: str, most: int, most_fields: int = MOST_FIELDS
) -> FileForm:
    """The form ``name`` and the file in its ``field``, of at most ``most`` bytes. Of a stranger nothing is read.

    Raises HTTPException 413 for too long a form, as its head tells or its body; 403 for a foreign one; 400 for what is
    no form of ours; 503 where another file is being read.
    """
    visitor = desk.visitor(request)
    if not visitor.logged_in:
        return FileForm(visitor, {})
    told = request.headers.get("content-length", "0")
    if not told.isdecimal() or int(told) > most + MAX_BODY:
        raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, headers={"Connection": "close"})
    if not is_same_origin(request):
        raise HTTPException(HTTPStatus.FORBIDDEN)
    async with _alone(desk):
        lists, data = await _parts(request, field, most, most_fields)
    if not desk.access.is_ours(request, visitor, name, lists.get("token", [""])[-1]):
        raise HTTPException(HTTPStatus.FORBIDDEN)
    return FileForm(visitor, lists, data)


def keep_photo(desk: Desk, photo: Photo | None) -> tuple[str, ...]:
    """The SHA-256 of the photo, once it is kept; nothing without one. Raises HTTPException 507 where the disk takes
    none: nothing is entered then, and the form can be sent again without it."""
    try:
        return (desk.photos.keep(photo),) if photo else ()
    except OSError as error:
        log.warning("a photo cannot be kept: %s", error)
        raise HTTPException(HTTPStatus.INSUFFICIENT_STORAGE) from None


@contextlib.asynccontextmanager
async def _alone(desk: Desk) -> AsyncIterator[None]:
    """One file at a time. Raises HTTPException 503 where it takes too long until it is this one's turn."""
    try:
        async with asyncio.timeout(WAIT_S):
            await desk.one_upload.acquire()
    except TimeoutError:
        raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, headers={"Retry-After": "10"}) from None
    try:
        yield
    finally:
        desk.one_upload.release()


async def _parts(request: Request, field: str, most: int, most_fields: int) -> tuple[dict[str, list[str]], bytes]:
    body = await read_body(request, most + MAX_BODY)

    async def replay() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    lists: dict[str, list[str]] = {}
    try:
        whole = Request(request.scope, replay)
        async with whole.form(max_files=1, max_fields=most_fields, max_part_size=MAX_BODY) as parts:
            for key, value in parts.multi_items():
                if isinstance(value, str):
                    lists.setdefault(key, []).append(value)
            file = parts.get(field)
            return lists, await file.read() if isinstance(file, UploadFile) else b""
    except (HTTPException, MultiPartException, ValueError):
        raise HTTPException(HTTPStatus.BAD_REQUEST) from None
