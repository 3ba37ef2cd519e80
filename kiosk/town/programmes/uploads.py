"""Uploads in pieces, each at its offset: what has come stands on the disk, so an upload goes on after any break.

The file's length is the truth of how far it came. A piece is taken only at exactly that offset.
"""

import errno
import fcntl
import logging
import os
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import delete, select, update

from kiosk.common.messages import Message, mark
from kiosk.common.text import one_line
from kiosk.town.database.store import audit, now_ms
from kiosk.town.programmes import dropped, library
from kiosk.town.programmes.schema import upload
from kiosk.town.programmes.shelves import LARGEST, Shelves
from kiosk.town.town import Town

log = logging.getLogger(__name__)

ID = re.compile("[0-9a-f]{24}")
MOST_AT_ONCE = 40
"""Unfinished uploads of the whole town."""
NO_ROOM = mark("the town's disk has too little room for it; make room first")
STRAY_S = 3600
KEEP_MS = 7 * 86_400_000
"""How long an upload that does not go on is kept."""


class UploadError(Exception):
    """An upload is not taken; the cause is for people. ``status`` as in HTTP."""

    def __init__(self, status: int, cause: Message) -> None:
        super().__init__(cause.render(str))
        self.status, self.cause = status, cause


class WrongOffset(Exception):
    """A piece does not begin where the upload stands; ``offset`` is where that is, in bytes."""

    def __init__(self, offset: int) -> None:
        super().__init__(offset)
        self.offset = offset


@dataclass(frozen=True)
class Upload:
    """An upload that is not yet whole."""

    id: str
    name: str
    size: int
    offset: int
    by: str
    last_ms: int


def begin(town: Town, place: Shelves, name: str, size: int, mark_: str, by: str) -> Upload:
    """A new upload, or the one that was broken off: of the same person, name, size and time of change.

    Raises :class:`UploadError`.
    """
    name = one_line(name).strip()[-200:]
    if not 0 < size <= LARGEST:
        raise UploadError(413, Message(mark("a programme has 1 byte to 4 GB; make it smaller, or cut it")))
    now = now_ms()
    with town.store.write() as connection:
        same = select(upload).where(upload.c.name == name, upload.c.size == size, upload.c.mark == mark_[:64])
        row = connection.execute(same.where(upload.c.by == by).limit(1)).one_or_none()
        if row is not None:
            connection.execute(update(upload).where(upload.c.id == row.id).values(last_ms=now))
            return _upload(place, row)
        rows = connection.execute(select(upload)).all()
        if len(rows) >= MOST_AT_ONCE:
            cause = mark("{count} uploads are not finished; finish or discard some first")
            raise UploadError(429, Message(cause, {"count": str(len(rows))}))
        promised = sum(one.size - _offset(place, one.id) for one in rows)
        if size > place.room() - promised:
            raise UploadError(507, Message(NO_ROOM))
        values = {"id": secrets.token_hex(12), "name": name, "by": by, "mark": mark_[:64], "size": size}
        connection.execute(upload.insert().values({**values, "made_ms": now, "last_ms": now}))
    (place.arriving / f"{values['id']}.part").touch(mode=0o600)
    return Upload(str(values["id"]), name, size, 0, by, now)


def unfinished(town: Town, place: Shelves) -> list[Upload]:
    """All uploads that are not yet whole, newest first."""
    with town.store.read() as connection:
        rows = connection.execute(select(upload).order_by(upload.c.last_ms.desc())).all()
    return [_upload(place, row) for row in rows]


def get(town: Town, place: Shelves, name: str) -> Upload | None:
    """An upload by its id."""
    with town.store.read() as connection:
        row = connection.execute(select(upload).where(upload.c.id == name)).one_or_none()
    return None if row is None else _upload(place, row)


class Piece:
    """An upload's file, open at its end."""

    def __init__(self, handle: int, left: int) -> None:
        self._handle, self._left = handle, left

    def write(self, data: bytes) -> None:
        """Append. Raises :class:`UploadError` where there is more than was announced, or the disk is full."""
        if len(data) > self._left:
            raise UploadError(413, Message(mark("more came than was announced; begin the upload again")))
        view = memoryview(data)
        while view:
            try:
                written = os.write(self._handle, view)
            except OSError as error:
                if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                    raise
                raise UploadError(507, Message(NO_ROOM)) from None
            view = view[written:]
        self._left -= len(data)

    def sync(self) -> None:
        """What was written is on the disk for good when this returns."""
        os.fdatasync(self._handle)


def whole(town: Town, place: Shelves, name: str, data: bytes, by: str, title: str = "") -> str:
    """Take in a file that came in one piece; as :func:`finish`. Raises :class:`UploadError`."""
    one = begin(town, place, name, len(data), secrets.token_hex(8), by)
    with opened(place, one, 0) as piece:
        piece.write(data)
        piece.sync()
    programme = finish(town, place, one, title)
    if programme is None:
        raise UploadError(500, Message(mark("the file did not come whole; try again")))
    return programme


@contextmanager
def opened(place: Shelves, one: Upload, offset: int) -> Iterator[Piece]:
    """Open an upload to append a piece at ``offset``. A power cut may have lost its file, and then it begins anew.

    Raises :class:`WrongOffset`, and :class:`UploadError` while another piece of it comes in.
    """
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW
    handle = os.open(place.arriving / f"{one.id}.part", flags, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UploadError(409, Message(mark("this file is coming in already, from another window"))) from None
        if (size := os.fstat(handle).st_size) != offset:
            raise WrongOffset(size)
        yield Piece(handle, one.size - offset)
    finally:
        os.close(handle)


def finish(town: Town, place: Shelves, one: Upload, title: str = "") -> str | None:
    """Put an upload that is whole into the library, under ``title`` if one is given. Returns the programme's id; None
    where it is not whole yet."""
    part = place.arriving / f"{one.id}.part"
    if not part.is_file() or part.stat().st_size != one.size:
        return None
    with town.store.write() as connection:
        if connection.execute(delete(upload).where(upload.c.id == one.id)).rowcount != 1:
            return None
        programme = library.add(connection, one.name, one.by, title)
        audit(connection, one.by, "programme", programme, one.name[:300])
        part.rename(place.arriving / programme)
    return programme


def discard(town: Town, place: Shelves, name: str) -> None:
    """Throw an unfinished upload away."""
    with town.store.write() as connection:
        if connection.execute(delete(upload).where(upload.c.id == name)).rowcount == 1:
            (place.arriving / f"{name}.part").unlink(missing_ok=True)


def tidy(town: Town, place: Shelves) -> None:
    """Throw away the uploads that have not gone on for a week, and what a power cut has left without a row.

    A file that was dropped goes back to where it was dropped.
    """
    with town.store.read() as connection:
        old = select(upload.c.id).where(upload.c.last_ms < now_ms() - KEEP_MS)
        names = connection.execute(old).scalars().all()
    for name in names:
        log.info("upload %s has not gone on for a week and is thrown away", name)
        discard(town, place, name)
    for path in place.arriving.iterdir():
        stray = path.suffix != ".dropped" and _is_old(path) and not _is_known(town, path)
        if stray and not dropped.go_back(place, path.name):
            path.unlink()


def _is_old(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime > STRAY_S
    except FileNotFoundError:  # put into the library at this moment
        return False


def _is_known(town: Town, path: Path) -> bool:
    """Whether an upload or a programme stands behind a file that has arrived."""
    with town.store.read() as connection:
        if path.suffix == ".part":
            return connection.execute(select(upload.c.id).where(upload.c.id == path.stem)).first() is not None
        return library.get(connection, path.name) is not None


def touched(town: Town, name: str) -> None:
    """Note that a piece has come."""
    with town.store.write() as connection:
        connection.execute(update(upload).where(upload.c.id == name).values(last_ms=now_ms()))


def _offset(place: Shelves, name: str) -> int:
    try:
        return (place.arriving / f"{name}.part").stat().st_size
    except FileNotFoundError:
        return 0


def _upload(place: Shelves, row: object) -> Upload:
    values = {name: getattr(row, name) for name in ("id", "name", "size", "by", "last_ms")}
    return Upload(offset=_offset(place, values["id"]), **values)
