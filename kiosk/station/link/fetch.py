"""A round of fetching: the root chain, urgent notices, the week, the station document, then the programmes."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from kiosk.contract import trust, wire
from kiosk.contract.instants import EPOCH, FAR
from kiosk.contract.playlist import Programme, Urgent
from kiosk.contract.reports import HeartbeatAnswer
from kiosk.contract.trust import Held, Index, Pinned, Refused
from kiosk.station.events import (
    FetchEnded,
    Post,
    ProgrammeArrived,
    StationFound,
    TownRefused,
    TrustMoved,
    UrgentFound,
    WeekFound,
)
from kiosk.station.identity import Identity
from kiosk.station.library.accepted import Standing
from kiosk.station.library.documents import Documents, Stem, check_length, for_station, verified_station
from kiosk.station.library.library import Interrupted, WrongBytes, pins
from kiosk.station.link.bandwidth import Bandwidth
from kiosk.station.link.client import NoSuch, Stopped, TooLong, TownClient, Unreachable
from kiosk.station.link.download import Download, DownloadProgress, NoRoom
from kiosk.station.link.roots import follow_roots
from kiosk.station.schedule.fetch_hours import FetchHours
from kiosk.station.schedule.fetch_order import needs

log = logging.getLogger(__name__)

D = TypeVar("D", WeekFound, UrgentFound, StationFound)


@dataclass(frozen=True)
class Job:
    """A round that the main loop asks for; without ``newest`` every document is requested."""

    standing: Standing
    newest: HeartbeatAnswer | None = None


class FetchRound:
    """One round. Documents and programmes that are found are verified here and posted; the main loop keeps them."""

    def __init__(
        self,
        town: TownClient,
        identity: Identity,
        documents: Documents,
        post: Post,
        job: Job,
        line: Bandwidth,
        hours: FetchHours,
        *,
        going: Callable[[], bool],
        may_hash: Callable[[], bool],
        on_progress: Callable[[DownloadProgress | None], None],
    ) -> None:
        """``going`` is asked during a download whether to go on, ``may_hash`` while a file is hashed again."""
        self._town, self._identity, self._documents, self._post = town, identity, documents, post
        self._line = line
        self._library = documents.library
        self._standing, self._newest, self._hours = job.standing, job.newest, hours
        self._going, self._may_hash, self._on_progress = going, may_hash, on_progress
        self._root = job.standing.root
        self._moved = False
        """The town's root has moved on in this round."""
        self._group = job.standing.group or identity.group
        self._files = {pinned.sha256: pinned for pinned in job.standing.wanted}
        """The files to fetch, by SHA-256, in the order in which they are due."""
        held = self._standing
        self._seen = {
            "root": held.root.version,
            "playlist": held.week.version,
            "urgent": held.urgent.version,
            "station": held.station_version,
        }
        """The newest version of each document that this round knows of."""
        if self._newest is not None:
            self._seen = {what: getattr(self._newest, f"{what}_version") for what in self._seen}
        self._due = dict(job.standing.due)
        self._began = time.monotonic()
        self._later: set[str] = set()
        """SHA-256 of the files that wait for the hours in which programmes may be fetched."""
        self._signed: set[str] = set()
        """SHA-256 of all files of the week and the notices found in this round: the main loop is keeping them now."""
        self._rotten = 0
        self._error = ""
        self.unreachable = False
        """Whether the line failed, so that the next round waits; a bad file does not make it wait."""
        self.asked_s = 0.0
        """How long the town asked to be left alone."""
        self.got_file = False
        """Whether a file was downloaded."""

    def run(self) -> FetchEnded:
        """Fetch all that is new. The event's ``error`` says what ended the round early, or the last thing that failed;
        it is empty where the round gave way to a newer one."""
        try:
            self._fetch_documents()
            self._fetch_programmes()
            self._recheck()
        except Stopped as error:
            log.info("link: round interrupted: %s", error)
        except Unreachable as error:
            self._error, self.unreachable, self.asked_s = str(error), True, error.wait_s
        finally:
            self._on_progress(None)
        missing = {sha256 for sha256, pinned in self._files.items() if not self._is_here(pinned)}
        return FetchEnded(len(missing - self._later) + self._rotten, self._error, len(missing & self._later))

    def gives_way_to(self, newer: Job) -> bool:
        """Whether the town has news that this round does not know of, or a file is needed that it does not fetch."""
        answer, wanted = newer.newest, newer.standing.wanted
        if answer is not None and any(getattr(answer, f"{what}_version") > seen for what, seen in self._seen.items()):
            return True
        return bool(wanted) and wanted[0].sha256 not in self._files

    def _saw(self, what: str, version: int) -> None:
        self._seen[what] = max(self._seen[what], version)

    def _is_known(self, what: str, held: int) -> bool:
        """Whether the town's heartbeat answer names no version newer than ``held``."""
        return self._newest is not None and getattr(self._newest, f"{what}_version") <= held

    def _post_refusal(self, what: str, reason: str, message: str) -> None:
        log.warning("link: refused %s (%s): %s", what, reason, message)
        self._post(TownRefused(what, reason, message))

    # --- documents ---

    def _fetch_documents(self) -> None:
        """Fetch what is new, and post each as it comes.

        New roots are posted with all that was found under the newest, in one event and only once every document was
        asked for: where the line drops before that, the room stays as it is and the next round begins anew.
        """
        known = self._is_known("root", self._root.version)
        roots = () if known else follow_roots(self._town, self._root, self._post)
        if roots:
            self._root, self._moved = roots[-1].root, True
            self._saw("root", self._root.version)
        urgent = self._fetch_urgent()
        station = self._fetch_station()  # before the week: it names the station's group
        week = self._fetch_week()
        if roots:
            self._post(TrustMoved(roots, week, urgent, station))
        notices = urgent.notices if urgent else ()
        self._want((programme, EPOCH) for notice in notices for programme in notice.programmes)
        self._want(needs(week.playlist, self._standing.now) if week else ())

    def _found(self, event: D) -> D:
        if not self._moved:
            self._post(event)
        return event

    @contextmanager
    def _refusals_posted(self, what: str) -> Iterator[None]:
        """Around the fetching of a document. Ends it, without an error, where there is none or it is refused."""
        try:
            yield
        except NoSuch as error:
            log.info("link: the town has no %s for us yet: %s", what, error)
        except wire.Malformed as error:
            self._post_refusal(what, "malformed", str(error))
        except Refused as error:
            self._post_refusal(what, error.reason, str(error))

    def _fetch_week(self) -> WeekFound | None:
        held, in_force = self._held_week()
        with self._refusals_posted("playlist"):
            path = f"/v1/groups/{self._group}.json"
            if self._is_known("playlist", held.version if in_force else 0):
                return None
            if (newer := self._newer_index(path, held, in_force)) is None:
                return None
            index, data = newer
            body = self._fetch_document(trust.pinned_playlist(index, self._group), "playlist")
            playlist = trust.the_playlist(index, body, self._group)
            self._saw("playlist", index.version)
            return self._found(WeekFound(index, data, playlist, body))
        return None

    def _held_week(self) -> tuple[Held, bool]:
        """The newest week of the group that was accepted here, and whether it is the one in force."""
        held = self._standing.week
        group = self._standing.week_group or self._standing.group or self._identity.group
        if held.version and self._group == group and self._is_good("group"):
            return held, True
        return self._documents.newest_of(self._group, self._root), False

    def _fetch_urgent(self) -> UrgentFound | None:
        held = self._standing.urgent if self._is_good("urgent") else Held()
        files: dict[str, bytes] = {}
        found: list[Urgent] = []
        with self._refusals_posted("urgent notices"):
            if self._is_known("urgent", held.version) or (newer := self._newer_index("/v1/urgent.json", held)) is None:
                return None
            index, data = newer
            for name, pinned in trust.pinned_notices(index).items():
                files[pinned.sha256] = self._fetch_document(pinned, f"urgent notice {name}")
                found.append(trust.urgent_notice(index, name, files[pinned.sha256]))
            notices = for_station(found, self._identity.station)
            self._saw("urgent", index.version)
            return self._found(UrgentFound(index, data, notices, files))
        return None

    def _newer_index(self, path: str, held: Held, in_force: bool = True) -> tuple[Index, bytes] | None:
        """Signed metadata with its bytes, or None where it is the one that is held and in force.

        Raises :class:`Refused`."""
        if (data := self._town.get(path, etag=held.digest if in_force else "")) is None:
            return None
        index = trust.index(self._root, data, held, self._standing.now)
        if index.held == held and in_force:
            return None
        self._signed |= {pinned.sha256 for pinned in index.files.values()}
        return index, data

    def _fetch_station(self) -> StationFound | None:
        held = self._standing.station_version
        if not self._is_good("station"):
            held, self._group = 0, self._identity.group
        if self._is_known("station", held):
            return None
        with self._refusals_posted("station document"):
            data = self._town.get("/v1/station.json") or b""
            document, signed = verified_station(self._root, data, self._identity.station, held)
            self._group = document.group
            self._saw("station", document.version)
            if document.version > held:
                return self._found(StationFound(document, signed))
        return None

    def _fetch_document(self, pinned: Pinned, what: str) -> bytes:
        check_length(pinned, what)
        if (path := self._library.path(pinned.sha256, pinned.size)) is not None:
            return path.read_bytes()
        try:
            return self._town.get(f"/v1/files/{pinned.sha256}", pinned.size) or b""
        except TooLong as error:
            raise Refused("tampered", f"{what}: {error}") from None
        except NoSuch as error:
            raise Refused("missing", f"{what}: signed, but not there ({error}); publish it again") from None

    def _is_good(self, stem: Stem) -> bool:
        """Whether the document that is held has not been signed by revoked keys alone.

        Whoever stole a key may have signed a version so high that no honest one comes after it; with the key, its
        version must go (TUF 5.3.11).
        """
        return not self._moved or self._documents.verifies(stem, self._root)

    # --- programmes ---

    def _want(self, programmes: Iterable[tuple[Programme, datetime | None]]) -> None:
        """Fetch the files of these programmes too, each first shown at the instant beside it."""
        for programme, due in programmes:
            for pin in pins((programme,)):
                self._files.setdefault(pin.sha256, pin)
                if due is not None:
                    self._due[pin.sha256] = due
        self._files = dict(sorted(self._files.items(), key=lambda item: self._due.get(item[0], FAR)))

    def _is_here(self, pinned: Pinned) -> bool:
        return self._library.path(pinned.sha256, pinned.size) is not None

    def _fetch_programmes(self) -> None:
        for place, pinned in enumerate(self._files.values()):
            if self._is_here(pinned):
                continue
            if not self._may_fetch(pinned):
                self._later.add(pinned.sha256)
                continue
            try:
                self._fetch_programme(pinned, tuple(self._files)[place + 1 :])
            except WrongBytes as error:
                self._error = str(error)
            except NoSuch as error:
                self._error = str(error)
                self._post_refusal(f"programme {pinned.sha256}", "missing", f"{error}; publish it again")
            except NoRoom as error:
                self._error = str(error)
                log.warning("link: %s", error)
            except Stopped:
                if self._may_fetch(pinned):
                    raise
                self._later.add(pinned.sha256)  # its hours are over; its part stays
            else:
                self.got_file = True
                self._post(ProgrammeArrived(pinned.sha256))

    def _fetch_programme(self, pinned: Pinned, later: tuple[str, ...]) -> None:
        """Download a file; a wrong one is refused and downloaded once more, as the line may have damaged it."""

        def going() -> bool:
            return self._going() and self._may_fetch(pinned)

        keep = self._standing.keep | self._signed | self._files.keys()
        download = Download(self._town, self._library, self._line, self._on_progress, going, pinned, keep, later)
        try:
            download.run()
        except WrongBytes as error:
            self._post_refusal(f"programme {pinned.sha256}", "tampered", str(error))
            download.run()

    def _may_fetch(self, pinned: Pinned) -> bool:
        """Whether the settings allow a programme to be fetched now; always while the clock is not trusted."""
        if self._standing.now is None:
            return True
        now = self._standing.now + timedelta(seconds=time.monotonic() - self._began)
        return self._hours.allow(now.astimezone(self._standing.zone), self._due.get(pinned.sha256))

    def _recheck(self) -> None:
        """Hash the standing's file again. A rotten one is removed and counts as missing: the next round fetches it.

        Only after all documents and files have come, so that a file can be had again, if it must be.
        """
        sha256 = self._standing.recheck
        try:
            if sha256 and self._may_hash() and not self._library.recheck(sha256, self._may_hash):
                self._rotten = 1
        except Interrupted:
            log.info("link: %s was not hashed to its end; again later", sha256)
