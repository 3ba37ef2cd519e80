"""One file from the town into the library: resumed where it was cut, stopped where it is not what was signed."""

import errno
import logging
import os
import re
from collections.abc import Callable, Set
from dataclasses import dataclass, field
from pathlib import Path

import requests

from kiosk.contract.trust import Pinned
from kiosk.station.library.library import Interrupted, Library, WrongBytes
from kiosk.station.link.bandwidth import Bandwidth
from kiosk.station.link.client import Cut, Stopped, TownClient, Unreachable

log = logging.getLogger(__name__)

RESERVE = 64 * 1024 * 1024
"""Room that no programme may take, in bytes: the journal's."""
LOOK_EVERY = 16 * 1024 * 1024
"""How often the room on the disk is looked at, in bytes."""
STEP = 16 * 1024
"""A connection that was cut is taken up again at once if it brought at least so many bytes."""
RESUME_S = 0.5
_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,18})-[0-9]{1,18}/([0-9]{1,18})")


class NoRoom(Exception):
    """The disk has too little room for a file."""


@dataclass(frozen=True)
class Progress:
    """How far a download has come, in bytes."""

    sha256: str
    size: int
    have: int
    bytes_per_s: int = 0
    """The line's speed as measured; 0 where it is not known yet."""


@dataclass(frozen=True)
class Spare:
    """What may be thrown out of the library to make room for a file."""

    keep: Set[str] = field(default_factory=frozenset)
    """SHA-256 of what must stay: every file of an accepted week, and what is on air."""
    later: tuple[str, ...] = ()
    """Files that are needed later than this one: what is here of a part of theirs can be fetched again."""


@dataclass(frozen=True)
class Download:
    """How files get from ``town`` over ``line`` into ``library``."""

    town: TownClient
    library: Library
    line: Bandwidth
    told: Callable[[Progress], None]

    def fetch(self, pinned: Pinned, going: Callable[[], bool], spare: Spare | None = None) -> None:
        """Fetch one file and admit it; ``going`` may end it in the middle, to be resumed later.

        A part stays for the next time, beside its ETag. Without ``spare`` nothing is thrown out for it. Raises
        :class:`WrongBytes` where the file is longer, shorter or other than signed (nothing of it stays),
        :class:`NoRoom`, or :class:`Unreachable`.
        """
        part = _Part(self.library.stage(pinned.sha256))
        try:
            have = part.resumable(pinned.size)
            self._check_room(pinned, have, spare)
            if have < pinned.size or pinned.size == 0:
                log.info("link: fetching %s, %d of %d bytes are here", pinned.sha256, have, pinned.size)
                self._get(pinned, part, have, going, spare)
            self.library.admit(pinned.sha256, pinned.size, going)
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

    def _get(self, pinned: Pinned, part: "_Part", have: int, going: Callable[[], bool], spare: Spare | None) -> None:
        """Ask until all is here. A connection that was cut, but brought something, was worth it: again at once."""
        furthest = have
        while True:
            headers = {"Range": f"bytes={have}-", "If-Range": part.etag()} if have else {}
            self.line.begin()
            try:
                with self.town.ask("GET", f"/v1/files/{pinned.sha256}", headers) as response:
                    if (start := _start(response, pinned, part, have)) is not None:
                        return self._write(pinned, part, response, start, going, spare)
                have = 0
            except Cut as error:
                have = part.resumable(pinned.size)
                if have < furthest + STEP:
                    raise
                furthest = have
                log.info("link: %s; on from byte %d", error, have)
                self.line.rest(RESUME_S)

    def _write(
        self,
        pinned: Pinned,
        part: "_Part",
        response: requests.Response,
        have: int,
        going: Callable[[], bool],
        spare: Spare | None,
    ) -> None:
        looked = have
        with part.path.open("ab") as file:
            for piece in self.town.chunks(response, f"file {pinned.sha256}", self.line.piece):
                have += len(piece)
                if have > pinned.size:
                    raise WrongBytes(f"file {pinned.sha256}: longer than the {pinned.size} bytes that are signed")
                file.write(piece)
                self.told(Progress(pinned.sha256, pinned.size, have, self.line.bytes_per_s))
                if not going():
                    raise Stopped(f"file {pinned.sha256}: left at {have} bytes")
                if have - looked >= LOOK_EVERY:
                    looked = have
                    self._check_room(pinned, have, spare)
                self.line.took(len(piece))
            file.flush()
            os.fsync(file.fileno())
        if have < pinned.size:
            raise WrongBytes(f"file {pinned.sha256}: ends after {have} bytes, signed are {pinned.size}")

    def _check_room(self, pinned: Pinned, have: int, spare: Spare | None) -> None:
        needed = pinned.size - have + RESERVE
        if spare is not None:
            self.library.make_room(needed, spare.keep | {pinned.sha256}, spare.later)
        if (free := self.library.free_bytes()) < needed:
            raise NoRoom(f"file {pinned.sha256}: {needed} bytes needed on the disk, {free} are free; free some room")


class _Part:
    """What is here of a file, and the strong ETag that it was fetched under."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._etag = path.with_suffix(".etag")

    def resumable(self, size: int) -> int:
        """How many bytes can be built on; a part without an ETag, or longer than the file, is dropped."""
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
        """Start from nothing, under the strong ``etag``; a weak one promises nothing about bytes."""
        self.drop()
        if re.fullmatch(r'"[\x21\x23-\x7e]{1,200}"', etag):
            self._etag.write_text(etag, "ascii")

    def drop(self) -> None:
        self.path.unlink(missing_ok=True)
        self._etag.unlink(missing_ok=True)


def _start(response: requests.Response, pinned: Pinned, part: _Part, have: int) -> int | None:
    """From which byte on the answer's body goes; None where the whole has to be asked for again."""
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
