"""Signed documents on disk: the town's roots, the week, urgent notices, the station document; verified when loaded."""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

from tuf.api.metadata import Root

from kiosk.common.files import write_whole
from kiosk.contract import station as stations
from kiosk.contract import trust, wire
from kiosk.contract.playlist import Playlist, Urgent
from kiosk.contract.reports import Signed
from kiosk.contract.station import StationDocument
from kiosk.contract.trust import Index, Pinned, Refused
from kiosk.station.library.library import Library, make_lasting

log = logging.getLogger(__name__)

T = TypeVar("T")
Stem = Literal["group", "urgent", "station"]


@dataclass(frozen=True)
class Shelf:
    """The documents that this station holds, each verified again; None where there is none, or it was damaged."""

    root: Root | None = None
    index: Index | None = None
    playlist: Playlist | None = None
    urgent_index: Index | None = None
    urgents: tuple[Urgent, ...] = ()
    document: StationDocument | None = None
    troubles: tuple[str, ...] = ()
    """A sentence for each document that does not verify any more."""


class Documents:
    """The folder ``trust`` of the library. Playlists and urgent notices stand among the library's files, by SHA-256.

    May be used from any thread: every change is one rename.
    """

    def __init__(self, library: Library) -> None:
        """Makes the folders, unless the library is only looked at."""
        self.library = library
        self._trust = library.folder / "trust"
        if not library.looking:
            make_lasting(self._trust, self._trust / "root")

    def begin_trust(self, root: Root, data: bytes) -> None:
        """Keep the first root of a town; documents of another town are removed."""
        first = self._trust / "root" / "1.root.json"
        if not first.exists() or first.read_bytes() != data:
            for path in (*self._trust.glob("*.json"), *(self._trust / "root").glob("*.json")):
                path.unlink()
        self.keep_root(root, data)

    def keep_root(self, root: Root, data: bytes) -> None:
        """Keep one root of the chain."""
        write_whole(self._trust / "root" / f"{root.version}.root.json", data)

    def keep_week(self, metadata: bytes, playlist: bytes) -> None:
        """Keep a group's metadata and its playlist. The playlist is written first: a power cut between the two leaves
        the old week."""
        self.library.keep(playlist)
        write_whole(self._trust / "group.json", metadata)

    def keep_urgent(self, metadata: bytes, files: Mapping[str, bytes]) -> None:
        """Keep the urgent notices as they stand."""
        for data in files.values():
            self.library.keep(data)
        write_whole(self._trust / "urgent.json", metadata)

    def keep_station(self, signed: Signed) -> None:
        """Keep the station document."""
        write_whole(self._trust / "station.json", wire.encode(signed))

    def metadata(self, stem: Stem) -> bytes | None:
        """A signed document as kept: a group's metadata, the urgent notices' metadata, the station document."""
        try:
            return (self._trust / f"{stem}.json").read_bytes()
        except OSError:
            return None

    def load(self, group: str, station: str, root_sha256: str) -> Shelf:
        """Read all documents and verify them again, under the newest root that the chain from the first one leads to.

        ``group`` is that of the enrolment; the one that the station document names goes before it. A damaged document
        does not raise: it is renamed ``*.damaged`` and named in ``troubles``, and the others are loaded.
        """
        troubles: list[str] = []
        root = self._load_roots(root_sha256, troubles)
        if root is None:
            return Shelf(troubles=tuple(troubles))
        document = self._load("station", lambda data: verified_station(root, data, station)[0], troubles)
        own = document.group if document else group
        index, playlist = (
            self._load("group", lambda data: self._verified_week(root, data, own), troubles) or (None,) * 2
        )
        urgent = self._load("urgent", lambda data: self._verified_urgent(root, data, station), troubles)
        urgent_index, urgents = urgent or (None, ())
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
                self._mark_damaged(path, error, troubles)
                return root

    def _load(self, stem: Stem, verify: Callable[[bytes], T], troubles: list[str]) -> T | None:
        if (data := self.metadata(stem)) is None:
            return None
        try:
            return verify(data)
        except (OSError, wire.Malformed, Refused) as error:
            self._mark_damaged(self._trust / f"{stem}.json", error, troubles)
            return None

    def _verified_week(self, root: Root, data: bytes, group: str) -> tuple[Index, Playlist]:
        index = trust.index(root, data, trust.Held(), None)
        return index, trust.the_playlist(index, self._read_pinned(trust.pinned_playlist(index, group)), group)

    def _verified_urgent(self, root: Root, data: bytes, station: str) -> tuple[Index, tuple[Urgent, ...]]:
        index = trust.index(root, data, trust.Held(), None)
        pins = trust.pinned_notices(index).items()
        found = [trust.urgent_notice(index, name, self._read_pinned(pinned)) for name, pinned in pins]
        return index, for_station(found, station)

    def _read_pinned(self, pinned: Pinned) -> bytes:
        check_length(pinned, "document")
        if (path := self.library.path(pinned.sha256, pinned.size)) is None:
            raise FileNotFoundError(f"{pinned.sha256} is not in the library")
        return path.read_bytes()

    def _mark_damaged(self, path: Path, error: Exception, troubles: list[str]) -> None:
        if self.library.looking:
            troubles.append(f"{path.name}: does not verify any more ({error})")
            return
        troubles.append(f"{path.name}: does not verify any more ({error}); renamed *.damaged, to be fetched again")
        log.warning("library: %s", troubles[-1])
        try:
            path.replace(path.with_name(f"{path.name}.damaged"))
        except OSError as trouble:
            log.warning("library: %s cannot be renamed: %s", path.name, trouble)


def verified_station(root: Root, data: bytes, station: str, held: int = 0) -> tuple[StationDocument, Signed]:
    """The document of ``station``. Raises :class:`wire.Malformed`, or :class:`Refused` where it is not signed by the
    town, is another station's, breaks a rule, or is older than ``held``."""
    signed = wire.decode(data, Signed, "station document")
    document = trust.vouched(root, signed, StationDocument, "station document")
    if document.station != station:
        raise Refused("wrong-station", f"station document of {document.station} offered to {station}")
    if problems := stations.check(document):
        raise Refused("malformed", "station document: " + "; ".join(problems))
    if document.version < held:
        raise Refused("roll-back", f"station document {document.version} is older than {held}, which is held")
    return document, signed


def check_length(pinned: Pinned, what: str) -> None:
    """Raises :class:`Refused` for more than a document can be: a programme pinned as one must not fill the memory."""
    if pinned.size > wire.MAX_DOCUMENT:
        raise Refused("malformed", f"{what}: {pinned.size} bytes is more than the {wire.MAX_DOCUMENT} allowed")


def for_station(notices: Iterable[Urgent], station: str) -> tuple[Urgent, ...]:
    """The notices that are meant for ``station``."""
    return tuple(notice for notice in notices if not notice.stations or station in notice.stations)
