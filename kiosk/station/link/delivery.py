"""The heartbeat, and the delivery of the record: batch by batch, until the town has countersigned the head."""

import hashlib
import logging
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec
from tuf.api.metadata import Root

from kiosk.contract import trust, wire
from kiosk.contract.picture import CONTENT_TYPE
from kiosk.contract.reports import (
    MAX_BATCH,
    Entry,
    Heartbeat,
    HeartbeatAnswer,
    Report,
    ReportAnswer,
    Signed,
    Witness,
    head_of,
)
from kiosk.contract.trust import Refused
from kiosk.station.events import Delivered, HeartbeatAnswered, Post, RecordForked, TownRefused
from kiosk.station.journal import Journal
from kiosk.station.link.client import PORTAL, Behind, Cut, NoSuch, Stopped, TownClient, Unreachable, Unwelcome
from kiosk.station.link.pace import LONGEST_ASKED_S, Batch
from kiosk.station.link.roots import follow_roots
from kiosk.station.link.station_key import Sign

log = logging.getLogger(__name__)

T = TypeVar("T")

LONGEST_WAIT_S = 60.0
"""The longest pause that the town may ask for between two batches."""
MOST_PHOTOS = 8
"""Photos that are sent behind one report, however many the answer asks for."""
MOST_REST = 32
"""Reports after which no photo is tried, where none has arrived of late."""
EARLY = 0.9
"""A heartbeat that comes this much of the asked wait after the last one is not too early: timers are not exact."""


class Delivery:
    """Talks to the town in the thread ``link-report``. ``pause`` sleeps so many seconds, less if asked to stop."""

    def __init__(
        self,
        town: TownClient,
        journal: Journal,
        post: Post,
        station: str,
        pause: Callable[[float], None],
        sign: Sign,
        photos: Path,
    ) -> None:
        """``photos`` is the folder of the photos that the record names."""
        self._town, self._journal, self._post, self._station, self._pause = town, journal, post, station, pause
        self._sign = sign
        self._after: int | None = None
        """What the town has witnessed, as far as this conversation knows; the journal hears of it a moment later."""
        self._photos = photos
        self._wanted: dict[str, None] = {}
        """Photos that the town has asked for and that were not sent since, by their SHA-256."""
        self._photos_failed = self._photos_rest = 0
        """Tries that have failed in a row; reports that go without one."""
        self._batch = Batch()
        self._quiet_until = 0.0
        self.progress = 0
        """How many reports the town has countersigned; it only grows."""

    def beat(self, heartbeat: Heartbeat, root: Root) -> Root:
        """Send a heartbeat, and post what the town answers. Raises :class:`Unreachable`.

        Returns the root that names the town's online key: a newer one of the chain if it was replaced. The answer tells
        of it, and a round of fetching takes it over with all that it signs.
        None is sent before the town wants one: what the last answer asked for holds for whoever asks.
        """
        if time.monotonic() < self._quiet_until:
            return root
        fresh = msgspec.structs.replace(heartbeat, nonce=secrets.token_hex(16))  # each sending has its own
        sent = time.monotonic()
        body = self._town.post("/v1/heartbeat", wire.encode(fresh))
        received = time.monotonic()
        signed = _answer(body, Signed, "heartbeat answer")
        try:
            root = self._root_of(signed, root)
            answer = _heard(signed, root, fresh.nonce)
        except Refused as error:
            self._refuse("heartbeat answer", error)
        else:
            self._quiet_until = received + min(answer.wait_ms / 1000, LONGEST_ASKED_S) * EARLY
            self._wanted.update(dict.fromkeys(answer.photos_wanted[:MOST_PHOTOS]))
            self._post(HeartbeatAnswered(answer, sent, received))
        return root

    def show(self, jpeg: bytes, at_ms: int, fault: str = "") -> bool:
        """Send a picture of the screen, for the fault of this name, if one is named. False where the town has not
        answered as a town does. What it says holds up nothing.

        Raises :class:`Stopped`.
        """
        of_fault = f"&fault={fault}" if fault else ""
        return self._send_jpeg(f"/v1/picture?at_ms={at_ms}{of_fault}", jpeg)

    def send_photos(self) -> None:
        """Send the photos that the town has asked for. The town asks again for what does not arrive; on a line that
        does not carry them, fewer and fewer reports are followed by a try. Raises :class:`Stopped`."""
        if self._photos_rest > 0:
            self._photos_rest -= 1
            return
        wanted, self._wanted = list(self._wanted)[:MOST_PHOTOS], {}
        for sha256 in wanted:
            if not self._send_jpeg(f"/v1/photo?sha256={sha256}", self._photo(sha256)):
                self._photos_failed += 1
                self._photos_rest = min(2 ** (self._photos_failed - 1), MOST_REST)
                return
            self._photos_failed = 0

    def _photo(self, sha256: str) -> bytes:
        """The photo of that name; nothing where it is not here, or is not what it was."""
        try:
            jpeg = (self._photos / f"{sha256}.jpg").read_bytes()
        except OSError as error:
            log.warning("link: the town asks for photo %s, which is not here: %s", sha256, error)
            return b""
        if hashlib.sha256(jpeg).hexdigest() != sha256:
            log.warning("link: the town asks for photo %s, which is damaged here", sha256)
            return b""
        return jpeg

    def _send_jpeg(self, path: str, jpeg: bytes) -> bool:
        try:
            self._town.post(path, jpeg, limit=1024, content_type=CONTENT_TYPE)
        except Stopped:
            raise
        except Unreachable as error:
            log.warning("link: a picture was not delivered: %s", error)
            return isinstance(error, NoSuch | Unwelcome)
        return True

    def deliver(self, root: Root) -> None:
        """Send all that waits. Raises :class:`Unreachable`; what was not receipted stays where it is."""
        after = self._journal.delivered() if self._after is None else max(self._after, 0)
        size, rewound = MAX_BATCH, False
        while True:
            previous, entries = self._journal.waiting(size, after)
            if not entries:
                break
            entries, weight = _fitting(entries, self._batch.bytes)
            report = Report(station=self._station, epoch=self._journal.epoch, previous=previous, entries=entries)
            report = msgspec.structs.replace(report, signature=self._sign(wire.encode(head_of(report))))
            began = time.monotonic()
            try:
                body = self._town.post_packed("/v1/reports", wire.encode(report))
            except Cut:
                self._batch.was_cut()
                raise
            except Behind as behind:
                if rewound or behind.head_seq >= entries[0].seq:
                    raise
                self._check_not_pruned(behind, root)
                log.warning("link: the town has our record up to %d only; sent again from there", behind.head_seq)
                after, rewound = behind.head_seq, True
                continue
            except Unwelcome:
                if len(entries) == 1:
                    raise
                size = len(entries) // 2  # what comes before the one it cannot take gets through
                continue
            answer = _answer(body, ReportAnswer, "report answer")
            witness = self._witness(answer, root, entries[0].seq - 1)
            if witness is None or witness.seq < entries[-1].seq:
                raise Unreachable(f"report: the town did not countersign it up to entry {entries[-1].seq}")
            self._wanted.update(dict.fromkeys(answer.photos_wanted[:MOST_PHOTOS]))
            self._post(Delivered(answer.receipts, witness, answer.witness))
            self._batch.took(weight, time.monotonic() - began)
            self.progress += 1
            after, size = witness.seq, min(MAX_BATCH, size * 2)
            self._after = after
            if answer.wait_ms:
                self._pause(min(answer.wait_ms / 1000, LONGEST_WAIT_S))
        self._after = after

    def _witness(self, answer: ReportAnswer, root: Root, least: int) -> Witness | None:
        """The countersignature, if it is the town's, for us, and for the chain that we hold.

        One of another chain, at entry ``least`` or behind, ends the epoch: :class:`RecordForked`.
        """
        try:
            root = self._root_of(answer.witness, root)
            witness = trust.vouched(root, answer.witness, Witness, "countersignature")
            self._check(witness, least)
        except Refused as error:
            self._refuse("report answer", error)
            return None
        return witness

    def _check(self, witness: Witness, least: int) -> None:
        if (witness.station, witness.epoch) != (self._station, self._journal.epoch):
            told = f"station {witness.station}, epoch {witness.epoch}"
            raise Refused("wrong-station", f"countersignature for {told}: that is not this record")
        if witness.seq >= least and self._journal.hash_at(witness.seq) != witness.hash:
            self._post(RecordForked(witness))
            raise Refused(
                "fork",
                f"the town holds another record than this station's at entry {witness.seq}: was the state restored "
                "from a copy, or is another PC enrolled as this station? This one begins its record anew",
            )

    def _root_of(self, signed: Signed, root: Root) -> Root:
        """``root``, or the newest that follows it where it does not name the key that has signed."""
        if signed.keyid in root.roles["timestamp"].keyids:
            return root
        roots = follow_roots(self._town, root, self._post)
        return roots[-1].root if roots else root

    def _check_not_pruned(self, behind: Behind, root: Root) -> None:
        """Raises :class:`Unreachable` where the town wants entries that were removed here: it has forgotten them since,
        restored from an old copy. They cannot be told again, and a new epoch begins: :class:`RecordForked`.

        An answer of before, sent again by somebody on the line, has an earlier instant than what was last delivered.
        """
        _, entries = self._journal.waiting(1, behind.head_seq)
        if not entries or entries[0].seq == behind.head_seq + 1 or behind.witness is None:
            return
        try:
            witness = self._forgotten(behind, behind.witness, root)
        except Refused as error:
            self._refuse("report answer", error)
            return
        self._post(RecordForked(witness))
        raise Unreachable(
            f"report: the town has our record up to {witness.seq}, and what follows up to {entries[0].seq - 1} was "
            "removed here; the record is begun anew"
        )

    def _forgotten(self, behind: Behind, signed: Signed, root: Root) -> Witness:
        witness = trust.vouched(self._root_of(signed, root), signed, Witness, "countersignature")
        told = (witness.station, witness.epoch, witness.seq)
        if told != (self._station, self._journal.epoch, behind.head_seq):
            raise Refused("wrong-station", f"countersignature for {told}: that is not this record")
        if witness.at_ms <= self._journal.witnessed_ms():
            raise Refused("replayed", "countersignature: it is older than the one that is held")
        return witness

    def _refuse(self, what: str, error: Refused) -> None:
        log.warning("link: refused %s (%s): %s", what, error.reason, error)
        self._post(TownRefused(what, error.reason, str(error)))


def _heard(signed: Signed, root: Root, nonce: str) -> HeartbeatAnswer:
    answer = trust.vouched(root, signed, HeartbeatAnswer, "heartbeat answer")
    if answer.nonce != nonce:
        raise Refused("replayed", "heartbeat answer: it is the answer to another question")
    return answer


def _fitting(entries: tuple[Entry, ...], most: int) -> tuple[tuple[Entry, ...], int]:
    """As many of ``entries`` as have at most ``most`` bytes, one at least; and how many bytes those have."""
    weight = 0
    for count, entry in enumerate(entries):
        one = len(bytes(entry.record))
        if count and weight + one > most:
            return entries[:count], weight
        weight += one
    return entries, weight


def _answer(body: bytes, kind: type[T], what: str) -> T:
    try:
        return wire.decode(body, kind, what)
    except wire.Malformed as error:
        raise Unreachable(str(error)[:300], PORTAL) from None
