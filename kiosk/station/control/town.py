"""What passes between station and town, as the main loop sees it: asked for, accepted, delivered, refused."""

import logging
from collections.abc import Callable
from datetime import datetime

import msgspec

from kiosk.contract.reports import Heartbeat, Receipt
from kiosk.contract.wire import Count
from kiosk.station.clock.clock import Clock
from kiosk.station.control.audit import AuditTrail
from kiosk.station.control.fault_pictures import FaultPictures
from kiosk.station.events import (
    Delivered,
    FetchEnded,
    FromTown,
    HeartbeatAnswered,
    ProgrammeArrived,
    RecordForked,
    StationFound,
    TownRefused,
    TownUnreachable,
    TrustMoved,
    UrgentFound,
    Wake,
    WeekFound,
)
from kiosk.station.health.monitor import HealthMonitor
from kiosk.station.journal import Journal
from kiosk.station.journal.refused import RefusedEntries
from kiosk.station.library.accepted import Accepted, Standing
from kiosk.station.library.plans import Plans
from kiosk.station.link.link import Link
from kiosk.station.link.news import News
from kiosk.station.link.pace import LONGEST_ASKED_S, phase, until_turn
from kiosk.station.playout.plan import Plan
from kiosk.station.playout.playout import Playout
from kiosk.station.projector.screenshots import Screenshot, Screenshots
from kiosk.station.service.timers import Timers

log = logging.getLogger(__name__)

MEMORY = "line"
RETRY_SECONDS = 2.0
"""Until the next round after one that left something out; doubled each time, up to the heartbeat's interval."""


class _Line(msgspec.Struct):
    """What is remembered of the line."""

    bytes_per_s: Count


class TownHandler:
    """For the main loop only."""

    def __init__(
        self,
        station: str,
        heartbeat_s: int,
        accepted: Accepted,
        news: News,
        plan: Plan,
        playout: Playout,
        journal: Journal,
        clock: Clock,
        monitor: HealthMonitor,
        refused: RefusedEntries,
        link: Link,
        timers: Timers,
        screenshots: Screenshots,
        audit: AuditTrail,
        plans: Plans,
        *,
        heartbeat: Callable[[], Heartbeat],
        replan: Callable[[str], None],
        check_clock: Callable[[], None],
    ) -> None:
        """``heartbeat`` composes one, ``replan`` brings the screen in step with what has come, ``check_clock`` has the
        clock looked at once the town has said what time it is."""
        self._accepted, self._news, self._plan, self._playout = accepted, news, plan, playout
        self._journal, self._clock, self._monitor, self._refused = journal, clock, monitor, refused
        self._link, self._timers, self._screenshots, self._audit = link, timers, screenshots, audit
        self._plans = plans
        self._heartbeat, self._replan, self._check_clock = heartbeat, replan, check_clock
        self._own = phase(station)
        self._heartbeat_s = heartbeat_s
        self._asked_s = 0.0
        self._retry_s: float = RETRY_SECONDS
        self._picture_wanted = False
        self._fault_pictures = FaultPictures(screenshots, clock, self._send_fault_picture)
        if line := journal.recall(MEMORY, _Line):
            link.restore_speed(line.bytes_per_s)

    # --- from this side ---

    def sync(self) -> None:
        """Say how this room is, deliver what waits, and ask the town for news."""
        self._take_over()
        self.report()
        self._link.fetch(self._standing())
        beat = self._interval_s
        self._timers.after(until_turn(self._own, beat, self._clock.now_ms() / 1000, beat / 2), Wake("sync"))

    def report(self) -> None:
        """Say how this room is, and deliver what waits."""
        self._link.judge_dates(self._clock.ahead_s)
        self._link.report(self._heartbeat())

    def send_screenshot(self, screenshot: Screenshot) -> None:
        """A picture of the screen was taken: the town gets it if it has asked for one, or a fault is new."""
        self._fault_pictures.taken(screenshot)
        if self._picture_wanted:
            self._picture_wanted = False
            self._link.send_picture(screenshot.jpeg, screenshot.at_ms)
            self.report()

    def picture_of(self, faults: tuple[str, ...]) -> None:
        """Have the town see what the screen showed when these faults were found."""
        self._fault_pictures.found(faults)

    def _send_fault_picture(self, jpeg: bytes, at_ms: int, fault: str) -> None:
        self._link.send_picture(jpeg, at_ms, fault)
        self._timers.after(0, Wake("report"))

    @property
    def _interval_s(self) -> float:
        """Between two heartbeats: that of the settings, or a longer one if the town wants to be called less often."""
        return max(float(self._heartbeat_s), self._asked_s)

    def _standing(self) -> Standing:
        return self._accepted.standing(self._trusted_now(), self._playout.files())

    # --- from the town ---

    def handle(self, event: FromTown) -> None:
        """What is done about each thing that comes from the town.

        A disk that does not take it leaves the room as it was: what could not be kept is asked for again.
        """
        try:
            self._handle(event)
        except OSError as error:
            log.warning("%s from the town cannot be kept (%s); asked for again", type(event).__name__, error)

    def _handle(self, event: FromTown) -> None:
        match event:
            case TrustMoved():
                self._trust_moved(event)
            case WeekFound():
                self._week_found(event)
            case UrgentFound():
                self._urgent_found(event)
            case StationFound():
                self._document_found(event)
            case ProgrammeArrived():
                self._take_over()
                self._replan("a programme arrived")
            case FetchEnded():
                self._fetch_ended(event)
            case TownRefused():
                self._town_refused(event)
            case HeartbeatAnswered():
                self._heartbeat_answered(event)
            case Delivered():
                self._journal.receipts(event.receipts, event.witness, event.signed)
                self._keep_refused(event.receipts)
            case RecordForked():
                self._journal.give_up_epoch(event.witness)
            case TownUnreachable():
                self._monitor.town_silent(self._clock.monotonic())

    def keep_plan(self) -> None:
        """Keep for the record book which plan is in force from now on, if one is."""
        at_ms = 0 if self._clock.state == "untrusted" else self._clock.now_ms()
        try:
            self._plans.keep(self._accepted.playlist, at_ms)
        except OSError as error:  # it is in force all the same; the probes tell of the disk
            log.warning("the plan cannot be kept for the record: %s", error)

    def _trust_moved(self, event: TrustMoved) -> None:
        """The town has replaced keys: root and documents change in one step, and the screen is looked at once."""
        accepted = self._accepted
        if (dropped := accepted.accept_trust(event)) is None:
            return
        self._link.use_root(accepted.root)
        self._plan.use_document(accepted.document)
        self._plan.change(urgents=accepted.urgents)
        if accepted.playlist is not self._plan.playlist:
            self._plan.use_playlist(accepted.playlist)
            self.keep_plan()
        facts = {
            "root": str(accepted.root.version),
            "version": str(accepted.playlist.version if accepted.playlist else 0),
        }
        if dropped:
            log.warning("dropped, as only revoked keys have signed it: %s", ", ".join(dropped))
            facts["dropped"] = ", ".join(dropped)
        self._audit.record("keys-replaced", by="town", facts=facts)
        if event.station is not None:
            self._take_receipts(event.station)
        self._replan("the town's new keys")

    def _week_found(self, event: WeekFound) -> None:
        if not self._accepted.accept_week(event, self._trusted_now()):
            return
        if self._accepted.coming is None:
            self._use_week()
        else:
            log.info("week %d waits until what it shows next is here", event.index.version)

    def _take_over(self) -> None:
        """Put the week in force that waits, if it may be now."""
        if self._accepted.take_over(self._trusted_now()):
            self._use_week()

    def _use_week(self) -> None:
        playlist = self._accepted.playlist
        self._plan.use_playlist(playlist)
        self.keep_plan()
        facts = {"version": str(playlist.version if playlist else 0)}
        self._audit.record("week-accepted", by="town", facts=facts)
        self._replan("a new week")

    def _trusted_now(self) -> datetime | None:
        return None if self._clock.state == "untrusted" else self._clock.now()

    def _urgent_found(self, event: UrgentFound) -> None:
        if self._accepted.accept_urgent(event):
            self._plan.change(urgents=event.notices)
            self._replan("an urgent notice")

    def _document_found(self, event: StationFound) -> None:
        if self._accepted.accept_document(event):
            self._plan.use_document(event.document)
            self._take_receipts(event)
            self._replan("the station document")

    def _take_receipts(self, event: StationFound) -> None:
        if event.document.receipts:
            self._journal.receipts(event.document.receipts, None, None)
            self._keep_refused(event.document.receipts)

    def _keep_refused(self, receipts: tuple[Receipt, ...]) -> None:
        for receipt in receipts:
            if receipt.state == "refused":
                log.warning("the town would not take entry %d (%s): %s", receipt.seq, receipt.id, receipt.reason)
        self._refused.update(receipts)

    def _fetch_ended(self, event: FetchEnded) -> None:
        self._accepted.round_ended(event)
        self._take_over()
        if speed := self._link.bytes_per_s:
            self._journal.remember(MEMORY, _Line(speed))
        if not event.error and not event.missing:
            self._retry_s = RETRY_SECONDS
            return
        log.warning("fetching: %d files are missing; %s", event.missing, event.error or "asked for again soon")
        wait = until_turn(self._own, self._retry_s, self._clock.now_ms() / 1000, self._retry_s)
        self._timers.after(wait, Wake("sync"))
        self._retry_s = min(2 * self._retry_s, self._interval_s)

    def _town_refused(self, event: TownRefused) -> None:
        log.warning("refused %s (%s): %s", event.what, event.reason, event.message)
        if self._accepted.refuse(event, self._clock.now_ms()):
            facts = {"what": event.what, "why": event.message[:400]}
            self._audit.record("refused", by="town", reason=event.reason, facts=facts)

    def _heartbeat_answered(self, event: HeartbeatAnswered) -> None:
        answer = event.answer
        self._monitor.town_heard(self._news.behind_ms(answer))
        self._clock.told_by_town(answer.now_ms, event.sent_monotonic, event.received_monotonic)
        self._check_clock()
        self._asked_s = min(answer.wait_ms / 1000, LONGEST_ASKED_S)
        if self._accepted.is_behind(answer):
            self._link.fetch(self._standing(), answer)
        if answer.picture_wanted:
            self._picture_wanted = True
            self._screenshots.request(self._clock.monotonic())
