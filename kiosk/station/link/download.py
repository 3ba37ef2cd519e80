"""Download of one file into the library: resumed where it was cut, refused where it is not what the town signed."""

import errno
import logging
import os
import re
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

import requests

from kiosk.contract.trust import Pinned
from kiosk.station.library.library import Interrupted, Library, WrongBytes
from kiosk.station.link.bandwidth import Bandwidth
from kiosk.station.link.client import Cut, Stopped, TownClient, Unreachable

log = logging.getLogger(__name__)

RESERVE = 64 * 1024 * 1024
"""Free space that is kept for the journal, in bytes."""
CHECK_ROOM_EVERY = 16 * 1024 * 1024
"""Bytes downloaded between two checks of the free space."""
STEP = 16 * 1024
"""A cut download is resumed at once if the connection brought at least so many bytes."""
RESUME_S = 0.5
_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,18})-[0-9]{1,18}/([0-9]{1,18})")


class NoRoom(Exception):
    """The disk has too little free space for a file."""


@dataclass(frozen=True)
class DownloadProgress:
    """How much of one file has been downloaded, in bytes."""

    sha256: str
    size: int
    have: int


@dataclass(frozen=True)
class Download:
    """Downloads one file, ``pinned``, from ``town`` over ``line`` into ``library``."""

    town: TownClient
    library: Library
    line: Bandwidth
    on_progress: Callable[[DownloadProgress], None]
    """Called for each piece."""
    going: Callable[[], bool]
    """Asked after each piece; once it says no, :class:`Stopped` is raised, and the part stays, to be resumed."""
    pinned: Pinned
    keep: Set[str]
    """SHA-256 of the files that must stay, whatever room is needed: those of an accepted week, and those on air."""
    later: Sequence[str]
    """SHA-256 of files that are needed later than this one: their parts may be removed."""

    def run(self) -> None:
        """Download the file, verify it, and move it among the library's files.

        Raises :class:`WrongBytes` where the file is not what was signed (its part is removed), :class:`NoRoom`, or
        :class:`Unreachable`.
        """
        pinned = self.pinned
        part = _Part(self.library.stage(pinned.sha256))
        try:
            have = part.resumable(pinned.size)
            self._check_room(have)
            if have < pinned.size or pinned.size == 0:
                log.info("link: fetching %s, %d of %d bytes are here", pinned.sha256, have, pinned.size)
                self._get(part, have)
            self.library.admit(pinned.sha256, pinned.size, self.going)
        except Interrupted as error:
            raise Stopped(str(error)) from None
        except (WrongBytes, NoRoom):
            part.drop()
            raise
        except OSError as error:
            part.drop()  # it takes the room that the journal needs
            full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
            why = "the disk is full; free some room" if full else f"cannot be written ({error}); look after the disk"
            raise NoRoom(f"file {pinned.sha256}: {why}") from None
        part.drop()
        log.info("link: %s is in the library", pinned.sha256)

    def _get(self, part: "_Part", have: int) -> None:
        """Request the file until all of it is here: again at once, where a cut connection has brought some of it."""
        pinned, furthest = self.pinned, have
        while True:
            headers = {"Range": f"bytes={have}-", "If-Range": part.etag()} if have else {}
            self.line.start_timing()
            try:
                with self.town.request("GET", f"/v1/files/{pinned.sha256}", headers) as response:
                    if (start := _start(response, pinned, part, have)) is not None:
                        return self._write(part, response, start)
                have = 0
            except Cut as error:
                have = part.resumable(pinned.size)
                if have < furthest + STEP:
                    raise
                furthest = have
                log.info("link: %s; on from byte %d", error, have)
                self.line.pause(RESUME_S)

    def _write(self, part: "_Part", response: requests.Response, have: int) -> None:
        pinned, checked = self.pinned, have
        with part.path.open("ab") as file:
            for piece in self.town.chunks(response, f"file {pinned.sha256}", self.line.piece):
                have += len(piece)
                if have > pinned.size:
                    raise WrongBytes(f"file {pinned.sha256}: longer than the {pinned.size} bytes that are signed")
                file.write(piece)
                self.on_progress(DownloadProgress(pinned.sha256, pinned.size, have))
                if not self.going():
                    raise Stopped(f"file {pinned.sha256}: left at {have} bytes")
                if have - checked >= CHECK_ROOM_EVERY:
                    checked = have
                    self._check_room(have)
                self.line.count(len(piece))
            file.flush()
            os.fsync(file.fileno())
        if have < pinned.size:
            raise WrongBytes(f"file {pinned.sha256}: ends after {have} bytes, signed are {pinned.size}")

    def _check_room(self, have: int) -> None:
        sha256, needed = self.pinned.sha256, self.pinned.size - have + RESERVE
        self.library.make_room(needed, self.keep | {sha256}, self.later)
        if (free := self.library.free_bytes()) < needed:
            raise NoRoom(f"file {sha256}: {needed} bytes needed on the disk, {free} are free; free some room")


class _Part:
    """The part of a file that is here, and the strong ETag that it came with."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._etag = path.with_suffix(".etag")

    def resumable(self, size: int) -> int:
        """How many bytes need not be fetched again; a part without an ETag, or longer than the file, is removed."""
        try:
            have = self.path.stat().st_size
        except FileNotFoundError:
            have = 0
        if have > size or not self.etag():
            self.drop()
            return 0
        return have

    def etag(self) -> str:
        try:
            return self._etag.read_text("ascii")
        except (OSError, ValueError):
            return ""

    def begin(self, etag: str) -> None:
        """Begin a new part, under the ``etag`` if that is strong: a weak one promises nothing about bytes."""
        self.drop()
        if re.fullmatch(r'"[\x21\x23-\x7e]{1,200}"', etag):
            self._etag.write_text(etag, "ascii")

    def drop(self) -> None:
        self.path.unlink(missing_ok=True)
        self._etag.unlink(missing_ok=True)


def _start(response: requests.Response, pinned: Pinned, part: _Part, have: int) -> int | None:
    """The byte at which the answer's body begins; None where the whole file has to be requested again."""
    etag = response.headers.get("ETag", "")
    if have and response.status_code != 200:
        given = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
        fits = given is not None and (int(given[1]), int(given[2])) == (have, pinned.size)
        if response.status_code == 206 and fits and etag in ("", part.etag()):
            return have
        log.info("link: %s changed at the town, or cannot be resumed; from the start again", pinned.sha256)
        part.drop()
        return None
    if response.status_code != 200:
        raise Unreachable(f"file {pinned.sha256}: HTTP {response.status_code} in answer to a plain request")
    length = response.headers.get("Content-Length", "")
    if length.isdecimal() and (length.lstrip("0") or "0") != str(pinned.size):  # int() takes no thousands of digits
        raise WrongBytes(f"file {pinned.sha256}: the town has {length[:20]} bytes, signed are {pinned.size}")
    part.begin(etag)
    return 0
