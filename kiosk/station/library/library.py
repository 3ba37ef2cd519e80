"""Programme files on disk: written in parts, hashed, renamed into place, hashed again, purged."""

import hashlib
import os
import stat
import time
from collections.abc import Callable, Iterable, Sequence, Set
from contextlib import suppress
from pathlib import Path

from kiosk.common.files import make_folder, sync_folder, write_whole
from kiosk.contract import trust
from kiosk.contract.playlist import Programme
from kiosk.contract.trust import Pinned
from kiosk.station.library.purge import discard, disk_bytes, purgeable, remove, untouched_since

CHUNK = 1024 * 1024
RECHECK_AFTER_S = 7 * 86_400.0
"""Seconds after which a file is hashed again: a disk loses bits of files that nobody writes to."""
RECHECK_EVERY_S = 300.0
"""Seconds between two such files at least."""


class WrongBytes(Exception):
    """A fetched file is not what the town signed; it has been removed."""


class Interrupted(Exception):
    """The hashing of a file was asked to end before the file's end."""


def pins(programmes: Iterable[Programme]) -> tuple[Pinned, ...]:
    """The files of programmes, each followed by its subtitles, in the order of the programmes; no file twice."""
    found: dict[str, Pinned] = {}
    for programme in programmes:
        parts = [(programme.size, programme.sha256), *((part.size, part.sha256) for part in programme.subtitles)]
        for size, sha256 in parts:
            found.setdefault(sha256, Pinned(size, sha256))
    return tuple(found.values())


class Library:
    """The folder ``library`` of the state.

    ``files/<sha256>`` are whole and verified; their time of change is when they were hashed last. ``staging/`` holds
    what is here of files that are being fetched. May be used from any thread: every change is one rename.
    """

    def __init__(self, folder: Path, *, looking: bool = False) -> None:
        """Makes the folders. With ``looking``, for a tool that looks on, :meth:`path` and nothing else may be called,
        and nothing is made, renamed or removed."""
        self.folder, self.looking = folder, looking
        self._files, self._staging = folder / "files", folder / "staging"
        if not looking:
            make_lasting(folder, self._files, self._staging)

    def path(self, sha256: str, size: int | None = None) -> Path | None:
        """Where a whole, verified file is on the disk, or None.

        Anything else that a damaged disk shows under its name is removed (a folder; a pipe, which would hang who opens
        it), and so is a file whose length is not ``size``, as after a power cut.
        """
        path = self._files / sha256
        try:
            found = path.lstat()
        except OSError:
            return None
        whole = stat.S_ISREG(found.st_mode) and size in (None, found.st_size)
        if self.looking:
            return path if whole else None
        if not stat.S_ISREG(found.st_mode):
            discard(path, "it is no plain file")
        elif size is not None and found.st_size != size:
            discard(path, f"it has {found.st_size} bytes instead of {size}")
        else:
            return path
        return None

    def stage(self, sha256: str) -> Path:
        """Where a file is written while it is fetched; the bytes that are there already need not be fetched again."""
        return self._staging / f"{sha256}.part"

    def admit(self, sha256: str, size: int, going: Callable[[], bool] = lambda: True) -> Path:
        """Verify a fetched file and move it among the files. Raises :class:`WrongBytes` if it is not what was signed,
        and removes it; :class:`Interrupted` once ``going`` says no; :class:`OSError`."""
        staged, path = self.stage(sha256), self._files / sha256
        found = staged.stat().st_size
        if found != size or _sha256(staged, going) != sha256:
            staged.unlink()
            wrong = f"{found} bytes instead of {size}" if found != size else "another SHA-256"
            raise WrongBytes(f"file {sha256}: {wrong} than what the town signed")
        with staged.open("rb") as file:
            os.fsync(file.fileno())
        staged.rename(path)
        sync_folder(self._files)
        return path

    def keep(self, data: bytes) -> None:
        """Write a document (a playlist, an urgent notice) among the files, under its SHA-256."""
        if self.path(sha256 := trust.digest(data), len(data)) is None:
            write_whole(self._files / sha256, data)

    def due_for_recheck(self, files: Iterable[str]) -> str:
        """The one of ``files`` (SHA-256) that was hashed longest ago, if that is a week or more; else empty.

        Also empty while another was hashed, or has arrived, in the last minutes: a slow round spares the disk.
        """
        now = time.time()
        age: dict[str, float] = {}
        for name in files:
            with suppress(OSError):  # it is not here
                age[name] = abs(now - (self._files / name).lstat().st_mtime)
        if not age or min(age.values()) < RECHECK_EVERY_S:
            return ""
        oldest = max(age, key=age.__getitem__)
        return oldest if age[oldest] >= RECHECK_AFTER_S else ""

    def recheck(self, sha256: str, going: Callable[[], bool] = lambda: True) -> bool:
        """Hash a file again; one that has rotted is removed. Returns whether the file is there and right.

        Raises :class:`Interrupted` once ``going`` says no; it is asked before each MB.
        """
        if (path := self.path(sha256)) is None:
            return False
        try:
            if _sha256(path, going) == sha256:
                os.utime(path)
                return True
            discard(path, "its bytes have changed on the disk")
        except OSError as error:
            discard(path, f"it cannot be read ({error})")
        return False

    def missing(self, programmes: Iterable[Programme]) -> tuple[Pinned, ...]:
        """The files of ``programmes`` that are not on the disk, in the order of the programmes."""
        return tuple(pin for pin in pins(programmes) if self.path(pin.sha256, pin.size) is None)

    def purge(self, keep: Set[str], want_free_bytes: int) -> list[str]:
        """Remove files that ``keep`` does not name until ``want_free_bytes`` are free; see :meth:`_purgeable` for the
        order. Returns the SHA-256 of each."""
        return remove(self._purgeable(keep), lambda: self.free_bytes() >= want_free_bytes)

    def make_room(self, needed: int, keep: Set[str], later: Sequence[str] = ()) -> None:
        """Remove as few files as free ``needed`` bytes, or none where all together would not.

        First the files that ``keep`` does not name, then the parts of files that are needed ``later``, the last one
        first.
        """
        free = self.free_bytes()
        if free >= needed:
            return
        parts = (self.stage(sha256) for sha256 in reversed(later) if sha256 in keep)
        found = [*self._purgeable(keep), *(part for part in parts if part.is_file())]
        if free + disk_bytes(found) >= needed:
            remove(found, lambda: self.free_bytes() >= needed)

    def lacking(self, missing: Sequence[Pinned], keep: Set[str], reserve: int) -> tuple[Pinned, int] | None:
        """The first of the ``missing`` files that the disk cannot take, whatever ``keep`` allows to be removed, and how
        many bytes lack for all of them; None where all fit and ``reserve`` stays free."""
        needs = [max(0, pin.size - self.staged_bytes(pin.sha256)) for pin in missing]
        room = self.free_bytes() - reserve
        if sum(needs) <= room:
            return None
        room += disk_bytes(self._purgeable(keep | {pin.sha256 for pin in missing}))
        lacks = sum(needs) - room
        for pin, need in zip(missing, needs, strict=True):
            room -= need
            if room < 0:
                return pin, lacks
        return None

    def tidy(self, keep: Set[str], older_than_s: float = 3600.0) -> list[str]:
        """Remove parts of files that ``keep`` does not name and that have not been written to for ``older_than_s``
        seconds. Returns the SHA-256 of each."""
        before = time.time() - older_than_s
        return remove([part for part in purgeable([self._staging], keep) if untouched_since(part, before)])

    def staged_bytes(self, sha256: str) -> int:
        """How many bytes of a file that is being fetched are here."""
        try:
            return self.stage(sha256).stat().st_size
        except OSError:
            return 0

    def _purgeable(self, keep: Set[str]) -> list[Path]:
        """Parts and files that ``keep`` does not name, the one that was hashed, or written to, longest ago first."""
        return purgeable([self._staging, self._files], keep)

    def free_bytes(self) -> int:
        """Free space on the disk, for the kiosk's user, in bytes."""
        disk = os.statvfs(self._files)
        return disk.f_bavail * disk.f_frsize


def make_lasting(*folders: Path) -> None:
    """Make folders so that a power cut does not take them away, and with them the files that were synced in them."""
    for folder in folders:
        try:
            make_folder(folder)
        except OSError:  # a folder that is there, on a disk that takes no writing: the health probes report that
            if not folder.is_dir():
                raise


def _sha256(path: Path, going: Callable[[], bool]) -> str:
    found = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            if not going():
                raise Interrupted(f"{path.name}: interrupted")
            found.update(chunk)
    return found.hexdigest()
