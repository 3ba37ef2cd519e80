"""A round of fetching: the root chain, urgent notices, the week, the station document, then the programmes."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from kiosk.contract import trust, wire
from kiosk.contract.instants import EPOCH, FAR
from kiosk.contract.playlist import Playlist, Programme, Urgent
from kiosk.contract.reports import HeartbeatAnswer, Signed
from kiosk.contract.station import StationDocument
from kiosk.contract.trust import Held, Pinned, Refused
from kiosk.station.events import (
    FetchEnded,
    Post,
    ProgrammeArrived,
    StationFound,
    TownRefused,
    UrgentFound,
    WeekFound,
)
from kiosk.station.identity import Identity
from kiosk.station.library.accepted import Standing
from kiosk.station.library.documents import Documents, check_length, check_station, for_station
from kiosk.station.library.library import WrongBytes, pins
from kiosk.station.link.bandwidth import Bandwidth
from kiosk.station.link.client import Busy, NoSuch, Stopped, TooLong, TownClient, Unreachable
from kiosk.station.link.download import Download, NoRoom, Progress, Spare
from kiosk.station.link.roots import follow_roots
from kiosk.station.schedule.fetch_hours import FetchHours
from kiosk.station.schedule.fetch_order import needs

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """One round that is asked for; without ``newest`` everything is looked at."""

    standing: Standing
    newest: HeartbeatAnswer | None = None


class FetchRound:
    """One round. Whatever is found is verified here and posted; the main loop stores it."""

    def __init__(
        self,
        town: TownClient,
        identity: Identity,
        documents: Documents,
        post: Post,
        job: Job,
        going: Callable[[], bool],
        told: Callable[[Progress | None], None],
        line: Bandwidth,
        hours: FetchHours,
    ) -> None:
        self._town, self._identity, self._documents, self._post = town, identity, documents, post
        self._library = library = documents.library
        self._standing, self._newest = job.standing, job.newest
        self._going, self._told, self._hours = going, told, hours
        self._download = Download(town, library, line, told)
        self._root = job.standing.root
        self._group = job.standing.group or identity.group
        self._files: dict[str, Pinned] = {}
        held = self._standing
        self._seen = {
            "root": held.root.version,
            "playlist": held.week.version,
            "urgent": held.urgent.version,
            "station": held.station_version,
        }
        if self._newest is not None:
            self._seen = {what: getattr(self._newest, f"{what}_version") for what in self._seen}
        self._due = dict(job.standing.due)
        self._began = time.monotonic()
        self._later: set[str] = set()
        self._found: set[str] = set()
        """SHA-256 of all that the week and the notices found in this round name: the main loop is keeping it by now."""
        self._error = ""
        self.unreachable = False
        """Whether the line failed, so that the next round had better wait; a bad file is no reason to."""
        self.asked_s = 0.0
        """How long the town asked to be left alone."""
        self.progress = False
        """Whether a file came whole."""

    def run(self) -> FetchEnded:
        """Fetch what there is to fetch. ``error`` says what cut the round short, or what was last in the way; a round
        that gives way to a newer one ends without."""
        urgent: tuple[Programme, ...] = ()
        week: tuple[Programme, ...] = ()
        try:
            self._root = follow_roots(self._town, self._root, self._post, self._known("root", self._root.version))
            self._saw("root", self._root.version)
            urgent = tuple(programme for notice in self._urgent() for programme in notice.programmes)
            self._due |= {pin.sha256: EPOCH for pin in pins(urgent)}
            self._station()  # before the week: it says which group's week is ours
            week = self._needed(found) if (found := self._week()) else ()
            self._want(pins(urgent), self._standing.wanted, pins(week))
            self._programmes()
        except Stopped as error:
            log.info("link: round interrupted: %s", error)
        except Unreachable as error:
            self._want(pins(urgent), self._standing.wanted, pins(week))
            self._error, self.unreachable = str(error), True
            self.asked_s = error.wait_s if isinstance(error, Busy) else 0.0
        finally:
            self._told(None)
        missing = {sha256 for sha256, pinned in self._files.items() if not self._here(pinned)}
        return FetchEnded(len(missing - self._later), self._error, len(missing & self._later))

    def gives_way_to(self, newer: Job) -> bool:
        """Whether the town has news that this round has not looked at, or a file is needed that it does not fetch."""
        answer, wanted = newer.newest, newer.standing.wanted
        if answer is not None and any(getattr(answer, f"{what}_version") > seen for what, seen in self._seen.items()):
            return True
        return bool(wanted) and wanted[0].sha256 not in self._files

    def _saw(self, what: str, version: int) -> None:
        self._seen[what] = max(self._seen[what], version)

    def _known(self, what: str, held: int) -> bool:
        """Whether the town's heartbeat answer says that there is nothing new."""
        return self._newest is not None and getattr(self._newest, f"{what}_version") <= held

    def _refused(self, what: str, reason: str, message: str) -> None:
        log.warning("link: refused %s (%s): %s", what, reason, message)
        self._post(TownRefused(what, reason, message))

    # --- documents ---

    def _week(self) -> Playlist | None:
        held = self._held_under_root(self._standing.week, self._documents.week_metadata())
        if self._known("playlist", held.version):
            return None
        try:
            data = self._town.get(f"/v1/groups/{self._group}.json", etag=held.digest)
            if data is None:
                return None
            index = trust.index(self._root, data, held, self._standing.now)
            if index.held == held:
                return None
            self._found |= {pinned.sha256 for pinned in index.files.values()}
            pinned = trust.pinned_playlist(index, self._group)
            body = self._document(pinned, "playlist")
            playlist = trust.the_playlist(index, body, self._group)
        except NoSuch as error:
            log.info("link: no week for us yet: %s", error)
        except Refused as error:
            self._refused("playlist", error.reason, str(error))
        else:
            self._saw("playlist", index.version)
            self._post(WeekFound(index, data, playlist, body))
            return playlist
        return None

    def _urgent(self) -> tuple[Urgent, ...]:
        held = self._held_under_root(self._standing.urgent, self._documents.urgent_metadata())
        if self._known("urgent", held.version):
            return ()
        try:
            data = self._town.get("/v1/urgent.json", etag=held.digest)
            if data is None:
                return ()
            index = trust.index(self._root, data, held, self._standing.now)
            if index.held == held:
                return ()
            self._found |= {pinned.sha256 for pinned in index.files.values()}
            files: dict[str, bytes] = {}
            found: list[Urgent] = []
            for name, pinned in trust.pinned_notices(index).items():
                files[pinned.sha256] = self._document(pinned, f"urgent notice {name}")
                found.append(trust.urgent_notice(index, name, files[pinned.sha256]))
        except NoSuch:
            return ()
        except Refused as error:
            self._refused("urgent notices", error.reason, str(error))
            return ()
        notices = for_station(found, self._identity.station)
        self._saw("urgent", index.version)
        self._post(UrgentFound(index, data, notices, files))
        return notices

    def _station(self) -> None:
        held = self._standing.station_version
        if self._known("station", held):
            return
        try:
            data = self._town.get("/v1/station.json")
            signed = wire.decode(data or b"", Signed, "station document")
            document = trust.vouched(self._root, signed, StationDocument, "station document")
            self._check(document)
        except NoSuch:
            return
        except wire.Malformed as error:
            self._refused("station document", "malformed", str(error))
        except Refused as error:
            self._refused("station document", error.reason, str(error))
        else:
            self._group = document.group
            self._saw("station", document.version)
            if document.version > held:
                self._post(StationFound(document, signed))

    def _check(self, document: StationDocument) -> None:
        held = self._standing.station_version
        check_station(document, self._identity.station)
        if document.version < held:
            raise Refused("roll-back", f"station document {document.version} is older than {held}, which is held")

    def _document(self, pinned: Pinned, what: str) -> bytes:
        check_length(pinned, what)
        if (path := self._library.path(pinned.sha256, pinned.size)) is not None:
            return path.read_bytes()
        try:
            return self._town.get(f"/v1/files/{pinned.sha256}", pinned.size) or b""
        except TooLong as error:
            raise Refused("tampered", f"{what}: {error}") from None
        except NoSuch as error:
            raise Refused("missing", f"{what}: signed, but not there ({error}); publish it again") from None

    def _held_under_root(self, held: Held, metadata: bytes | None) -> Held:
        """What is held, unless the root has since revoked the keys behind it.

        Whoever stole a key may have signed a version so high that no honest one comes after it; with the key, its
        version must go (TUF 5.3.11).
        """
        if self._root.version == self._standing.root.version:
            return held
        try:
            trust.index(self._root, metadata or b"", Held(), None)
        except Refused:
            return Held()
        return held

    # --- programmes ---

    def _want(self, *wanted: tuple[Pinned, ...]) -> None:
        """What to fetch, in the order in which it is due."""
        found = {pinned.sha256: pinned for some in wanted for pinned in some}
        self._files = dict(sorted(found.items(), key=lambda item: self._due.get(item[0], FAR)))

    def _here(self, pinned: Pinned) -> bool:
        return self._library.path(pinned.sha256, pinned.size) is not None

    def _needed(self, week: Playlist) -> tuple[Programme, ...]:
        """The programmes of a week that was found, in the order of need; notes when they are due."""
        found = tuple(needs(week, self._standing.now))
        self._due |= {pin.sha256: due for programme, due in found if due for pin in pins((programme,))}
        return tuple(programme for programme, _ in found)

    def _programmes(self) -> None:
        for place, pinned in enumerate(self._files.values()):
            if self._here(pinned):
                continue
            if not self._may_fetch(pinned):
                self._later.add(pinned.sha256)
                continue
            spare = None
            if self._standing.keep is not None:
                spare = Spare(self._standing.keep | self._found | self._files.keys(), tuple(self._files)[place + 1 :])
            try:
                self._programme(pinned, spare)
            except WrongBytes as error:
                self._error = str(error)
            except NoSuch as error:
                self._error = str(error)
                self._refused(f"programme {pinned.sha256}", "missing", f"{error}; publish it again")
            except NoRoom as error:
                self._error = str(error)
                log.warning("link: %s", error)
            except Stopped:
                if self._may_fetch(pinned):
                    raise
                self._later.add(pinned.sha256)  # its hours are over; what is here of it stays
            else:
                self.progress = True
                self._post(ProgrammeArrived(pinned.sha256))

    def _programme(self, pinned: Pinned, spare: Spare | None) -> None:
        """Fetch a file; a wrong one is refused, and asked for afresh once, as it may have been damaged on the way."""

        def going() -> bool:
            return self._going() and self._may_fetch(pinned)

        try:
            self._download.fetch(pinned, going, spare)
        except WrongBytes as error:
            self._refused(f"programme {pinned.sha256}", "tampered", str(error))
            self._download.fetch(pinned, going, spare)

    def _may_fetch(self, pinned: Pinned) -> bool:
        """Whether the settings let a programme be fetched now. By a clock that is not trusted, nobody can tell: yes."""
        if self._standing.now is None:
            return True
        now = self._standing.now + timedelta(seconds=time.monotonic() - self._began)
        return self._hours.allow(now.astimezone(self._standing.zone), self._due.get(pinned.sha256))
