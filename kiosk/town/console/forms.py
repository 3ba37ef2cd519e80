"""The fields and files of a form, read within bounds."""

import asyncio
from collections.abc import AsyncGenerator
from http import HTTPStatus
from urllib.parse import parse_qsl

import msgspec
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from kiosk.common.web import read_body

MOST = 256 * 1024
"""Bytes of a form without a file."""
MOST_NUMBER = 1 << 62
MOST_FIELDS = 5000
MOST_FILES = 20


class Upload(msgspec.Struct, frozen=True):
    """A file that came with a form, in memory; ``name`` is the sender's word."""

    name: str
    content: bytes


class Form(dict[str, str]):
    """The fields of a form, the last of each name; all of a name by :meth:`every`, files in :attr:`files`."""

    def __init__(self, pairs: list[tuple[str, str]], files: dict[str, list[Upload]] | None = None) -> None:
        super().__init__(pairs)
        self.pairs = pairs
        self.files = files or {}

    def every(self, name: str) -> list[str]:
        """All values of the fields of this name, in their order."""
        return [value for key, value in self.pairs if key == name]

    def number(self, name: str) -> int:
        """A whole number that our own page wrote into the form. Raises HTTPException 400 for anything else, and for one
        that no database takes."""
        try:
            found = int(self.get(name, "")[:20])
        except ValueError:
            raise HTTPException(HTTPStatus.BAD_REQUEST) from None
        if abs(found) > MOST_NUMBER:
            raise HTTPException(HTTPStatus.BAD_REQUEST)
        return found


async def read_form(request: Request, most: int = MOST) -> Form:
    """The form that ``request`` carries, of at most ``most`` bytes. Raises HTTPException 400 or 413.

    A NUL and half a character are refused wherever they stand: nobody types one, and no database takes them.
    """
    form = await _read(request, most)
    names = [one.name for files in form.files.values() for one in files]
    try:
        whole = "".join(text for pair in (*form.pairs, names) for text in pair).encode()
    except UnicodeEncodeError:
        raise HTTPException(HTTPStatus.BAD_REQUEST) from None
    if b"\0" in whole:
        raise HTTPException(HTTPStatus.BAD_REQUEST)
    return form


async def _read(request: Request, most: int) -> Form:
    body = await read_body(request, most)
    if request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        # to take a large file out of the body keeps a thread, and not the stations, waiting
        return await asyncio.to_thread(asyncio.run, _multipart(request, body, most))
    text = body.decode("utf-8", "replace")
    try:
        return Form(parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS))
    except ValueError:  # more fields than any form of ours has
        raise HTTPException(HTTPStatus.BAD_REQUEST) from None


async def _multipart(request: Request, body: bytes, most: int) -> Form:
    async def whole() -> AsyncGenerator[bytes, None]:
        yield body

    parser = MultiPartParser(
        request.headers, whole(), max_files=MOST_FILES, max_fields=MOST_FIELDS, max_part_size=most
    )  # fmt: skip
    try:
        parsed = await parser.parse()
    except (MultiPartException, KeyError, ValueError):
        raise HTTPException(HTTPStatus.BAD_REQUEST) from None
    pairs: list[tuple[str, str]] = []
    files: dict[str, list[Upload]] = {}
    for name, value in parsed.multi_items():
        if isinstance(value, UploadFile):
            if value.filename:  # a browser sends an empty part for a file that was not chosen
                files.setdefault(name, []).append(Upload(value.filename, await value.read()))
        else:
            pairs.append((name, value))
    await parsed.close()
    return Form(pairs, files)
