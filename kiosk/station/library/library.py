"""Programmes on disk: staged, hashed, renamed into place, purged; and the signed documents that name them."""

import hashlib
import logging
import os
import stat
import time
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

from tuf.api.metadata import Root

from kiosk.common.files import make_folder, sync_folder, write_whole
from kiosk.contract import station as stations
from kiosk.contract import trust, wire
from kiosk.contract.playlist import Playlist, Programme, Urgent
from kiosk.contract.reports import Signed
from kiosk.contract.station import StationDocument
from kiosk.contract.trust import Index, Pinned, Refused
from kiosk.station.library import purge as space

log = logging.getLogger(__name__)

CHUNK = 1024 * 1024


class WrongBytes(Exception):
    """A fetched file is not what was signed; its staged copy is gone."""


class Interrupted(Exception):
    """Asked to end in the middle of a file."""


@dataclass(frozen=True)
class Shelf:
    """What this station holds, each part verified again; None where there is none, or where it was damaged."""

    root: Root | None = None
    index: Index | None = None
    playlist: Playlist | None = None
    urgent_index: Index | None = None
    urgents: tuple[Urgent, ...] = ()
    document: StationDocument | None = None
    troubles: tuple[str, ...] = ()
    """What was damaged and set aside, a sentence each."""


def pins(programmes: Iterable[Programme]) -> tuple[Pinned, ...]:
    """The files of programmes, subtitles after each, in order and once."""
    found: dict[str, Pinned] = {}
    for programme in programmes:
        parts = [(programme.size, programme.sha256), *((part.size, part.sha256) for part in programme.subtitles)]
        for size, sha256 in parts:
            found.setdefault(sha256, Pinned(size, sha256))
    return tuple(found.values())


class Library:
    """The folder ``library`` of the state.

    ``files/<sha256>`` are whole and verified; ``staging/`` holds the parts of files under way; ``trust/`` holds the
    documents. May be used from any thread: every change is one rename.
    """

    def __init__(self, folder: Path) -> None:
        """The folders are made, and made to last: with one that goes at a power cut goes all that was synced in it."""
        self._files, self._staging, self._trust = folder / "files", folder / "staging", folder / "trust"
        for place in (folder, self._files, self._staging, self._trust, self._trust / "root"):
            try:
                make_folder(place)
            except OSError:  # where it is there, and cannot be synced: others look after the disk, and say so
                if not place.is_dir():
                    raise

    # --- files ---

    def path(self, sha256: str, size: int | None = None) -> Path | None:
        """Where a whole, verified file stands, or None.

        What a damaged disk has put there instead (a folder, a pipe that nobody could open without hanging) is removed;
        so is, with ``size``, a file that a power cut shortened.
        """
        path = self._files / sha256
        try:
            found = path.lstat()
        except OSError:
            return None
        if not stat.S_ISREG(found.st_mode):
            space.throw_out(path, "it is no plain file")
        elif size is not None and found.st_size != size:
            space.throw_out(path, f"it has {found.st_size} bytes instead of {size}")
        else:
            return path
        return None

    def stage(self, sha256: str) -> Path:
        """Where to write the part of a file that is under way; what stands there already need not be fetched again."""
        return self._staging / f"{sha256}.part"

    def admit(self, sha256: str, size: int, going: Callable[[], bool] = lambda: True) -> Path:
        """Take a staged file in. Raises :class:`WrongBytes` if it is not what was signed, with the copy deleted;
        :class:`Interrupted` once ``going`` says no; :class:`OSError`."""
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

    def recheck(self, sha256: str, going: Callable[[], bool] = lambda: True) -> bool:
        """Hash a file again, as when it would not play; a bad one is removed. Tells whether it is there and right."""
        if (path := self.path(sha256)) is None:
            return False
        try:
            if _sha256(path, going) == sha256:
                return True
        except FileNotFoundError:
            return False
        except OSError as error:
            log.warning("library: %s cannot be read (%s); removed, to be fetched again", sha256, error)
        path.unlink(missing_ok=True)
        return False

    def missing(self, programmes: Iterable[Programme]) -> tuple[Pinned, ...]:
        """The files of ``programmes`` that are not here, in their order."""
        return tuple(pin for pin in pins(programmes) if self.path(pin.sha256, pin.size) is None)

    def purge(self, keep: Set[str], want_free_bytes: int) -> list[str]:
        """Remove what ``keep`` does not name, the longest unused first, until so much is free. Gives what went."""
        return space.remove(self._spare(keep), lambda: self.free_bytes() >= want_free_bytes)

    def make_room(self, needed: int, keep: Set[str], later: Sequence[str] = ()) -> None:
        """See to it that ``needed`` bytes are free, if that can be, by removing no more than it takes.

        First goes what ``keep`` does not name, the longest unused first, then the parts of files that are needed
        ``later``, the last one first. Where all of that would not do, nothing goes.
        """
        free = self.free_bytes()
        if free >= needed:
            return
        parts = (self.stage(sha256) for sha256 in reversed(later) if sha256 in keep)
        found = [*self._spare(keep), *(part for part in parts if part.is_file())]
        if free + space.size(found) >= needed:
            space.remove(found, lambda: self.free_bytes() >= needed)

    def tidy(self, keep: Set[str], older_than_s: float = 3600.0) -> list[str]:
        """Remove parts of files that ``keep`` does not name, nor anybody has written to of late. Gives what went."""
        before = time.time() - older_than_s
        return space.remove([part for part in space.spare([self._staging], keep) if space.left_alone(part, before)])

    def staged_bytes(self, sha256: str) -> int:
        """How much of a file under way is here."""
        try:
            return self.stage(sha256).stat().st_size
        except OSError:
            return 0

    def _spare(self, keep: Set[str]) -> list[Path]:
        return space.spare([self._staging, self._files], keep)

    def free_bytes(self) -> int:
        """Room on the disk for the kiosk's user, in bytes."""
        disk = os.statvfs(self._files)
        return disk.f_bavail * disk.f_frsize

    # --- signed documents ---

    def begin_trust(self, root: Root, data: bytes) -> None:
        """Keep the first root of a town; what another town's roots once vouched for goes."""
        first = self._trust / "root" / "1.root.json"
        if not first.exists() or first.read_bytes() != data:
            for path in (*self._trust.glob("*.json"), *(self._trust / "root").glob("*.json")):
                path.unlink()
        self.keep_root(root, data)

    def keep_root(self, root: Root, data: bytes) -> None:
        """Keep one root of the chain."""
        write_whole(self._trust / "root" / f"{root.version}.root.json", data)

    def keep_week(self, metadata: bytes, playlist: bytes) -> None:
        """Keep a group's metadata and its playlist, which must be there first: a cut between leaves the old week."""
        self._keep_file(playlist)
        write_whole(self._trust / "group.json", metadata)

    def keep_urgent(self, metadata: bytes, files: Mapping[str, bytes]) -> None:
        """Keep the urgent notices as they stand."""
        for data in files.values():
            self._keep_file(data)
        write_whole(self._trust / "urgent.json", metadata)

    def keep_station(self, signed: Signed) -> None:
        """Keep the station document."""
        write_whole(self._trust / "station.json", wire.encode(signed))

    def week_metadata(self) -> bytes | None:
        """The group's metadata as kept."""
        return self._read("group")

    def urgent_metadata(self) -> bytes | None:
        """The urgent notices' metadata as kept."""
        return self._read("urgent")

    def load(self, group: str, station: str, root_sha256: str) -> Shelf:
        """What is held, verified again from the first root on: under the root now in force, whatever it was kept under.

        ``group`` is that of the enrolment; where the station document names another one, that is it. Nothing that is
        damaged raises: it is set aside, named in ``troubles``, and the rest still loads.
        """
        troubles: list[str] = []
        root = self._load_roots(root_sha256, troubles)
        if root is None:
            return Shelf(troubles=tuple(troubles))
        document = self._load_station(root, station, troubles)
        index, playlist = self._load_week(root, document.group if document else group, troubles) or (None, None)
        urgent_index, urgents = self._load_urgent(root, station, troubles) or (None, ())
        return Shelf(root, index, playlist, urgent_index, urgents, document, tuple(troubles))

    def _load_roots(self, root_sha256: str, troubles: list[str]) -> Root | None:
        root: Root | None = None
        while True:
            path = self._trust / "root" / f"{root.version + 1 if root else 1}.root.json"
            if not path.exists():
                if root is None:
                    troubles.append(f"{path.name}: missing; the town's first root has to be fetched again")
                return root
            try:
                data = path.read_bytes()
                root = trust.next_root(root, data) if root else trust.first_root(data, root_sha256)
            except (OSError, Refused) as error:
                self._set_aside(path, error, troubles)
                return root

    def _load_week(self, root: Root, group: str, troubles: list[str]) -> tuple[Index, Playlist] | None:
        if (data := self._read("group")) is None:
            return None
        try:
            index = trust.index(root, data, trust.Held(), None)
            pinned = trust.pinned_playlist(index, group)
            return index, trust.the_playlist(index, self._read_file(pinned), group)
        except (OSError, Refused) as error:
            self._set_aside(self._trust / "group.json", error, troubles)
            return None

    def _load_urgent(self, root: Root, station: str, troubles: list[str]) -> tuple[Index, tuple[Urgent, ...]] | None:
        if (data := self._read("urgent")) is None:
            return None
        try:
            index = trust.index(root, data, trust.Held(), None)
            found = [
                trust.urgent_notice(index, name, self._read_file(pinned))
                for name, pinned in trust.pinned_notices(index).items()
            ]
        except (OSError, Refused) as error:
            self._set_aside(self._trust / "urgent.json", error, troubles)
            return None
        return index, for_station(found, station)

    def _load_station(self, root: Root, station: str, troubles: list[str]) -> StationDocument | None:
        if (data := self._read("station")) is None:
            return None
        try:
            signed = wire.decode(data, Signed, "station document")
            document = trust.vouched(root, signed, StationDocument, "station document")
            check_station(document, station)
        except (wire.Malformed, Refused) as error:
            self._set_aside(self._trust / "station.json", error, troubles)
            return None
        return document

    def _read(self, stem: str) -> bytes | None:
        try:
            return (self._trust / f"{stem}.json").read_bytes()
        except OSError:
            return None

    def _read_file(self, pinned: Pinned) -> bytes:
        check_length(pinned, "document")
        if (path := self.path(pinned.sha256, pinned.size)) is None:
            raise FileNotFoundError(f"{pinned.sha256} is not in the library")
        return path.read_bytes()

    def _keep_file(self, data: bytes) -> None:
        if self.path(sha := trust.digest(data), len(data)) is None:
            write_whole(self._files / sha, data)

    def _set_aside(self, path: Path, error: Exception, troubles: list[str]) -> None:
        troubles.append(f"{path.name}: not to be believed any more ({error}); set aside, to be fetched again")
        log.warning("library: %s", troubles[-1])
        try:
            path.replace(path.with_name(f"{path.name}.damaged"))
        except OSError as trouble:
            log.warning("library: %s cannot be set aside: %s", path.name, trouble)


def check_length(pinned: Pinned, what: str) -> None:
    """Raises :class:`Refused` for more than a document can be: a programme pinned as one must not fill the memory."""
    if pinned.size > wire.MAX_DOCUMENT:
        raise Refused("malformed", f"{what}: {pinned.size} bytes is more than the {wire.MAX_DOCUMENT} allowed")


def check_station(document: StationDocument, station: str) -> None:
    """Raises :class:`Refused` where the document is another station's, or makes no sense."""
    if document.station != station:
        raise Refused("wrong-station", f"station document of {document.station} offered to {station}")
    if problems := stations.check(document):
        raise Refused("malformed", "station document: " + "; ".join(problems))


def for_station(notices: Iterable[Urgent], station: str) -> tuple[Urgent, ...]:
    """The notices that are meant for ``station``."""
    return tuple(notice for notice in notices if not notice.stations or station in notice.stations)


def _sha256(path: Path, going: Callable[[], bool]) -> str:
    found = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            if not going():
                raise Interrupted(f"{path.name}: interrupted")
            found.update(chunk)
    return found.hexdigest()
