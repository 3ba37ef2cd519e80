"""The link to the town: one thread fetches, one reports; both only post events."""

import logging
import time
from collections import deque
from pathlib import Path
from threading import Condition, Event, Thread
from typing import Generic, TypeVar

import msgspec
from tuf.api.metadata import Root

from kiosk.contract.reports import Heartbeat, HeartbeatAnswer
from kiosk.station.config import Fetch, Town
from kiosk.station.events import Event as Message
from kiosk.station.events import Post, TownUnreachable, TrustMoved
from kiosk.station.identity import Identity
from kiosk.station.journal import Journal
from kiosk.station.library.accepted import Standing
from kiosk.station.library.documents import Documents
from kiosk.station.link.bandwidth import Bandwidth
from kiosk.station.link.client import Stopped, TownClient, Unreachable
from kiosk.station.link.delivery import Delivery
from kiosk.station.link.download import DownloadProgress
from kiosk.station.link.fetch import FetchRound, Job
from kiosk.station.link.pace import Backoff, phase
from kiosk.station.link.station_key import Sign
from kiosk.station.schedule.fetch_hours import FetchHours
from kiosk.station.service.threads import spawn

log = logging.getLogger(__name__)

MOST_PICTURES = 4
"""Pictures of the screen that wait for the next report."""

JOIN_S = 2.0
HASH_PAUSE_S = 0.02
"""Pause after each MB of a file that is hashed again, for whatever else needs the disk."""

T = TypeVar("T")


class Link:
    """The link to the town. The main loop asks for rounds and reports; the threads answer with events."""

    def __init__(
        self,
        identity: Identity,
        documents: Documents,
        journal: Journal,
        post: Post,
        town: Town,
        fetch: Fetch,
        sign: Sign,
        photos: Path,
    ) -> None:
        """``town`` and ``fetch`` are those tables of the settings; ``sign`` signs with the station's key; ``photos`` is
        the folder of the photos that the record names."""
        self.hours = FetchHours.of(fetch.hours)
        self.downloading: DownloadProgress | None = None
        """How far the download under way is; None between downloads."""
        self._identity, self._documents, self._target = identity, documents, post
        self._stopping = Event()
        self._fetches: _Latest[Job] = _Latest()
        self._beats: _Latest[tuple[Heartbeat, float]] = _Latest()
        self._pictures: deque[tuple[bytes, int, str]] = deque(maxlen=MOST_PICTURES)
        self._to_show: dict[str, tuple[bytes, int]] = {}
        """Pictures that have not arrived yet, by the fault's name; of the reporting thread."""
        self._root: Root | None = None
        self._on_air = False
        self._own = phase(identity.station)
        self._backoff = Backoff(self._own)
        """Of reports."""
        self._reporting = False
        self._line = Bandwidth(1000 * fetch.limit_kbs, self._pause, self._report_is_due)
        self._fetch_town = TownClient(identity.url, identity.token, town.timeout_s, town.ca_file)
        self._report_town = TownClient(identity.url, identity.token, town.timeout_s, town.ca_file)
        self._delivery = Delivery(self._report_town, journal, self._post, identity.station, self._pause, sign, photos)
        self._threads: list[Thread] = []

    def start(self) -> None:
        """Start the threads ``link-fetch`` and ``link-report``."""
        self._threads = [
            spawn("link-fetch", self._fetch_forever, self._target),
            spawn("link-report", self._report_forever, self._target),
        ]

    def stop(self) -> None:
        """End both threads, a download in its middle too; takes 2 s at most."""
        self._stopping.set()
        self._fetches.close()
        self._beats.close()
        self._fetch_town.stop()
        self._report_town.stop()
        deadline = time.monotonic() + JOIN_S
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
            if thread.is_alive():
                log.warning("link: %s still waits for the network; left behind", thread.name)

    def use_root(self, root: Root) -> None:
        """Verify by this root what the town's online key signs."""
        if self._root is None or root.version >= self._root.version:
            self._root = root

    def judge_dates(self, ahead_s: float | None) -> None:
        """As :meth:`TownClient.judge_dates`."""
        self._fetch_town.judge_dates(ahead_s)
        self._report_town.judge_dates(ahead_s)

    def fetch(self, standing: Standing, newest: HeartbeatAnswer | None = None) -> None:
        """Ask for a round of fetching; it replaces one that waits. With ``newest`` only newer documents are fetched."""
        self.use_root(standing.root)
        self._fetches.put(Job(standing, newest))

    def report(self, heartbeat: Heartbeat) -> None:
        """Ask for a heartbeat and for the delivery of every record that waits. Tried again after a failure."""
        self._beats.put((heartbeat, time.monotonic()))

    def send_picture(self, jpeg: bytes, at_ms: int, fault: str = "") -> None:
        """Send this picture of the screen, taken at ``at_ms`` (UTC), with the next :meth:`report`, for the fault of
        this name, if one is named: then again with later ones until it has arrived. Of those that wait the newest few
        are sent."""
        self._pictures.append((jpeg, at_ms, fault))

    def on_air(self, on_air: bool) -> None:
        """Whether a programme is on the screen or about to be: meanwhile no file is hashed again."""
        self._on_air = on_air

    @property
    def bytes_per_s(self) -> int:
        """The speed of the line, as measured at the last downloads; 0 where it is not known."""
        return self._line.bytes_per_s

    def restore_speed(self, bytes_per_s: int) -> None:
        """Use the speed that was measured before a restart, until one is measured."""
        self._line.bytes_per_s = self._line.bytes_per_s or bytes_per_s

    def _fetch_forever(self) -> None:
        backoff = Backoff(self._own)
        while (job := self._fetches.wait(backoff.until)) is not None:
            self._line.give_way()  # records that wait are delivered first
            found = self._round(job)
            ended = found.run()
            if self._stopping.is_set():
                return
            failed = backoff.after_failure(found.asked_s, found.got_file)
            backoff = failed if found.unreachable else Backoff(self._own)
            self._post(ended)

    def _round(self, job: Job) -> FetchRound:
        def going() -> bool:
            newer = self._fetches.peek()
            return not self._stopping.is_set() and not (newer and found.gives_way_to(newer))

        def may_hash() -> bool:
            self._pause(HASH_PAUSE_S)
            return going() and not self._on_air

        def on_progress(progress: DownloadProgress | None) -> None:
            self.downloading = progress

        found = FetchRound(
            self._fetch_town, self._identity, self._documents, self._post, job, self._line, self.hours,
            going=going, may_hash=may_hash, on_progress=on_progress,
        )  # fmt: skip
        return found

    def _report_is_due(self) -> bool:
        """Whether a report is under way, or about to be; never while the link is stopping."""
        if self._stopping.is_set():
            return False
        return self._reporting or (self._beats.peek() is not None and time.monotonic() >= self._backoff.until)

    def _report_forever(self) -> None:
        while (job := self._beats.wait(self._backoff.until)) is not None:
            heartbeat, asked = job
            self._reporting, before = True, self._delivery.progress
            try:
                self._report(_aged(heartbeat, time.monotonic() - asked))
            except Stopped:
                return
            except Unreachable as error:
                self._backoff = self._backoff.after_failure(error.wait_s, self._delivery.progress > before)
                log.warning("link: %s; again in %.0f s", error, self._backoff.until - time.monotonic())
                self._post(TownUnreachable("report", str(error), error.remedy))
                self._beats.put_back(job)
            else:
                self._backoff = Backoff(self._own)
            finally:
                self._reporting = False

    def _report(self, heartbeat: Heartbeat) -> None:
        if self._root is None:
            log.warning("link: no root yet, so the town's answers cannot be verified; nothing is reported")
            return
        while self._pictures:
            jpeg, at_ms, fault = self._pictures.popleft()
            self._to_show.pop(fault, None)
            self._to_show[fault] = jpeg, at_ms
        if wanted := self._to_show.pop("", None):  # before the heartbeat, whose answer then asks for no other
            self._delivery.show(*wanted)
        self.use_root(self._delivery.beat(heartbeat, self._root))
        self._delivery.deliver(self._root)
        self._delivery.send_photos()
        for fault, (jpeg, at_ms) in list(self._to_show.items())[-MOST_PICTURES:]:
            if not self._delivery.show(jpeg, at_ms, fault):
                return  # with the next report
            del self._to_show[fault]
        self._to_show.clear()

    def _post(self, event: Message) -> None:
        if isinstance(event, TrustMoved):
            self.use_root(event.root)
        if not self._stopping.is_set():
            self._target(event)

    def _pause(self, seconds: float) -> None:
        self._stopping.wait(seconds)


class _Latest(Generic[T]):
    """Hands one job at a time to a thread; a newer one replaces one that waits."""

    def __init__(self) -> None:
        self._item: T | None = None
        self._changed = Condition()
        self._closed = False

    def put(self, item: T) -> None:
        with self._changed:
            self._item = item
            self._changed.notify_all()

    def put_back(self, item: T) -> None:
        """Put back a job that failed, unless a newer one has come."""
        with self._changed:
            if self._item is None:
                self._item = item

    def peek(self) -> T | None:
        return self._item

    def wait(self, not_before: float) -> T | None:
        """The latest job, once there is one and ``not_before`` (monotonic) has passed; None once closed."""
        with self._changed:
            while not self._closed:
                wait = not_before - time.monotonic()
                if self._item is not None and wait <= 0:
                    item, self._item = self._item, None
                    return item
                self._changed.wait(wait if wait > 0 else None)
            return None

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()


def _aged(heartbeat: Heartbeat, seconds: float) -> Heartbeat:
    """A heartbeat that has waited so many seconds, with its times moved on."""
    ms = int(seconds * 1000)
    return msgspec.structs.replace(heartbeat, sent_ms=heartbeat.sent_ms + ms, up_ms=heartbeat.up_ms + ms)
