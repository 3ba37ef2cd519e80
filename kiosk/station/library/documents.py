"""Signed documents on disk: the town's roots, the week, urgent notices, the station document; verified when loaded."""

import logging
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar, get_args

import msgspec
from tuf.api.metadata import Root

from kiosk.common.files import sync_folder, write_whole
from kiosk.contract import station as stations
from kiosk.contract import trust, wire
from kiosk.contract.playlist import Playlist, Urgent
from kiosk.contract.reports import Signed
from kiosk.contract.station import StationDocument
from kiosk.contract.trust import Held, Index, Pinned, Refused
from kiosk.station.events import TrustMoved
from kiosk.station.library.library import Library, make_lasting

log = logging.getLogger(__name__)

T = TypeVar("T")
Stem = Literal["group", "urgent", "station"]
STEMS: tuple[Stem, ...] = get_args(Stem)
BEFORE = "before.json"
STEP = "step.json"
"""Holds several documents until each is in its place."""
_IN_STEP = re.compile(
    r"(root/[1-9][0-9]{0,15}\.root|groups/[A-Za-z0-9][A-Za-z0-9_.-]{0,63}|group|urgent|station)\.json"
)


@dataclass(frozen=True)
class Shelf:
    """The documents that this station holds, each verified again; None where there is none, or it was damaged."""

    root: Root | None = None
    index: Index | None = None
    playlist: Playlist | None = None
    urgent_index: Index | None = None
    urgents: tuple[Urgent, ...] = ()
    document: StationDocument | None = None
    before: Playlist | None = None
    """The week that stays in force while ``playlist`` waits for its files."""
    waits_since_ms: int = 0
    """Since when it waits (UTC)."""
    troubles: tuple[str, ...] = ()
    """A sentence for each document that does not verify any more."""


class _Before(msgspec.Struct):
    """The week before the newest one, whole: the library may drop its files at any time."""

    waits_since_ms: wire.Instant
    metadata: bytes
    playlist: bytes


class Documents:
    """The folder ``trust`` of the library. Playlists and urgent notices stand among the library's files, by SHA-256.

    ``group.json``, ``urgent.json`` and ``station.json`` are in force; ``groups/<group>.json`` is the newest metadata of
    a group that this station has left: nothing older of that group is taken if it comes back.
    May be used from any thread: every change is one rename.
    """

    def __init__(self, library: Library) -> None:
        """Makes the folders, unless the library is only looked at."""
        self.library = library
        self._trust = library.folder / "trust"
        if not library.looking:
            make_lasting(self._trust, self._trust / "root", self._trust / "groups")

    def begin_trust(self, root: Root, data: bytes) -> None:
        """Keep the first root of a town; documents of another town are removed."""
        first = self._trust / "root" / "1.root.json"
        if not first.exists() or first.read_bytes() != data:
            for path in (*self._trust.glob("*.json"), *self._trust.glob("*/*.json")):
                path.unlink()
        self.keep_root(root, data)

    def keep_root(self, root: Root, data: bytes) -> None:
        """Keep one root of the chain."""
        write_whole(self._trust / "root" / f"{root.version}.root.json", data)

    def keep_week(self, metadata: bytes, playlist: bytes) -> None:
        """Keep a group's metadata and its playlist. The playlist is written first: a power cut between the two leaves
        the old week."""
        self.library.keep(playlist)
        for name, data in self._week_of_another_group(metadata).items():
            write_whole(self._trust / name, data)
        write_whole(self._trust / "group.json", metadata)

    def keep_before(self, week: Index, group: str, since_ms: int) -> None:
        """Keep the ``week`` of ``group`` that is held, which stays in force while the next one waits from ``since_ms``
        (UTC) on. Before :meth:`keep_week` of that. Raises :class:`OSError`."""
        playlist = self._read_pinned(trust.pinned_playlist(week, group))
        kept = _Before(since_ms, self.metadata("group") or b"", playlist)
        write_whole(self._trust / BEFORE, msgspec.json.encode(kept))

    def forget_before(self) -> None:
        """The newest week is in force. One that cannot be forgotten is in force again after a restart, for a day at
        most."""
        try:
            (self._trust / BEFORE).unlink(missing_ok=True)
        except OSError as error:
            log.warning("library: %s cannot be removed: %s", BEFORE, error)

    def _week_of_another_group(self, coming: bytes) -> dict[str, bytes]:
        """What has to be kept of the held week, by its file's name, once ``coming`` (metadata) takes its place."""
        held = self.metadata("group")
        group = _group_of(held) if held is not None else ""
        return {f"groups/{group}.json": held} if held is not None and group not in ("", _group_of(coming)) else {}

    def keep_trust(self, found: TrustMoved, dropped: Iterable[Stem]) -> None:
        """Keep roots, what was found under the newest, and of ``dropped`` nothing: a power cut leaves either all as it
        was or all as it is to be. Raises :class:`OSError`."""
        files: dict[str, bytes | None] = {f"root/{one.root.version}.root.json": one.data for one in found.roots}
        files |= {f"{stem}.json": None for stem in dropped}
        if found.week is not None:
            self.library.keep(found.week.data)
            files |= self._week_of_another_group(found.week.metadata) | {"group.json": found.week.metadata}
        if found.urgent is not None:
            for data in found.urgent.files.values():
                self.library.keep(data)
            files["urgent.json"] = found.urgent.metadata
        if found.station is not None:
            files["station.json"] = wire.encode(found.station.signed)
        write_whole(self._trust / STEP, msgspec.json.encode(files))
        self._finish_step()

    def _finish_step(self) -> None:
        files = msgspec.json.decode((self._trust / STEP).read_bytes(), type=dict[str, bytes | None])
        if wrong := [name for name in files if not _IN_STEP.fullmatch(name)]:
            raise ValueError(f"{wrong[0][:64]!r} is no document")
        for name, data in files.items():
            if data is None:
                (self._trust / name).unlink(missing_ok=True)
            else:
                write_whole(self._trust / name, data)
        (self._trust / STEP).unlink()
        sync_folder(self._trust)

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

    def newest_of(self, group: str, root: Root) -> Held:
        """The newest week of ``group`` that was ever accepted here, among those that verify under ``root``."""
        found = Held()
        for path in (self._trust / "group.json", self._trust / "groups" / f"{group}.json"):
            with suppress(OSError, Refused):
                index = trust.index(root, path.read_bytes(), Held(), None)
                if trust.PLAYLIST + group in index.files and index.version > found.version:
                    found = index.held
        return found

    def verifies(self, stem: Stem, root: Root) -> bool:
        """Whether the document that is held is signed by keys that ``root`` names."""
        data = self.metadata(stem) or b""
        try:
            if stem == "station":
                trust.vouched(root, wire.decode(data, Signed, "station document"), StationDocument, "station document")
            else:
                trust.index(root, data, Held(), None)
        except (wire.Malformed, Refused):
            return False
        return True

    def load(self, group: str, station: str, root_sha256: str) -> Shelf:
        """Read all documents and verify them again, under the newest root that the chain from the first one leads to.

        ``group`` is that of the enrolment; the one that the station document names goes before it. A damaged document
        does not raise: it is renamed ``*.damaged`` and named in ``troubles``, and the others are loaded. A week of
        another group is in force until one of the own group comes: this station has just been moved.
        """
        troubles: list[str] = []
        if not self.library.looking:
            self._go_on_with_step(troubles)
        root = self._load_roots(root_sha256, troubles)
        if root is None:
            return Shelf(troubles=tuple(troubles))
        document = self._load("station", lambda data: verified_station(root, data, station)[0], troubles)
        own = document.group if document else group
        index, playlist = (
            self._load("group", lambda data: self._verified_week(root, data, _group_of(data) or own), troubles)
            or (None,) * 2
        )
        urgent = self._load("urgent", lambda data: self._verified_urgent(root, data, station), troubles)
        urgent_index, urgents = urgent or (None, ())
        before, since_ms = self._load_before(root, index) or (None, 0)
        return Shelf(root, index, playlist, urgent_index, urgents, document, before, since_ms, tuple(troubles))

    def _load_before(self, root: Root, newest: Index | None) -> tuple[Playlist, int] | None:
        """The older week that was in force, if it verifies still."""
        try:
            kept = msgspec.json.decode((self._trust / BEFORE).read_bytes(), type=_Before)
            index, playlist = self._verified_before(root, kept)
        except (OSError, msgspec.DecodeError, wire.Malformed, Refused):
            return None
        if newest is None or index.version >= newest.version or trust.PLAYLIST + playlist.group not in newest.files:
            return None
        return playlist, kept.waits_since_ms

    def _verified_before(self, root: Root, kept: _Before) -> tuple[Index, Playlist]:
        index = trust.index(root, kept.metadata, Held(), None)
        return index, trust.the_playlist(index, kept.playlist, _group_of(kept.metadata))

    def _go_on_with_step(self, troubles: list[str]) -> None:
        """Finish what a power cut has interrupted."""
        try:
            self._finish_step()
        except FileNotFoundError:
            pass
        except ValueError as error:
            self._mark_damaged(self._trust / STEP, error, troubles)
        except OSError as error:
            log.warning("library: %s cannot be carried out: %s", STEP, error)

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
        index = trust.index(root, data, Held(), None)
        return index, trust.the_playlist(index, self._read_pinned(trust.pinned_playlist(index, group)), group)

    def _verified_urgent(self, root: Root, data: bytes, station: str) -> tuple[Index, tuple[Urgent, ...]]:
        index = trust.index(root, data, Held(), None)
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


def _group_of(metadata: bytes) -> str:
    """The group of a week's metadata, unverified; empty where that is none, or none that a file can be named by."""
    with suppress(Refused, msgspec.ValidationError):
        paths = [path for path in trust.peek(metadata).files if path.startswith(trust.PLAYLIST)]
        return msgspec.convert(paths[0].removeprefix(trust.PLAYLIST), wire.Id) if len(paths) == 1 else ""
    return ""


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
