"""What the probes and the journal say of the room's equipment, and the faults that follow from it."""

from collections.abc import Callable
from datetime import datetime

import msgspec

from kiosk.contract.instants import to_ms, to_utc
from kiosk.contract.station import StationDocument
from kiosk.station.clock.clock import Clock
from kiosk.station.control.audit import AuditTrail
from kiosk.station.control.hand_reports import HandReports
from kiosk.station.events import FromEquipment, JournalRecovered, JournalTrouble
from kiosk.station.health.checks.daemon import HANGS_S
from kiosk.station.health.events import CheckAgain, FactsRead, FaultMended, FaultReported, KnownSet, RepairConfirmed
from kiosk.station.health.evidence import screen_evidence, sound_sink
from kiosk.station.health.monitor import HealthMonitor
from kiosk.station.health.observation import Observation
from kiosk.station.health.repairs.host import Host
from kiosk.station.health.repairs.repairs import Repairs
from kiosk.station.playout.playout import Playout

AGAIN_S = 60.0
"""Seconds between two judgements while reading hangs."""


class Equipment:
    """For the main loop only."""

    def __init__(
        self,
        monitor: HealthMonitor,
        playout: Playout,
        clock: Clock,
        *,
        repairs: Repairs,
        host: Host,
        audit: AuditTrail,
        reports: HandReports,
        tell_instruments: Callable[[bool, bool], None],
        read_soon: Callable[[], None],
        read_at: Callable[[datetime], None],
        look_again: Callable[[], None],
        refresh: Callable[[], None],
        document: Callable[[], StationDocument | None],
        observe: Callable[[], Observation],
        worked_on: Callable[[], bool],
        check_clock: Callable[[], None],
        report_soon: Callable[[], None],
        picture_of: Callable[[tuple[str, ...]], None],
        confirm: Callable[[RepairConfirmed], bool],
    ) -> None:
        """``observe`` gives what the monitor cannot know itself, ``worked_on`` whether somebody works on the devices;
        ``check_clock`` has the clock looked at anew, ``report_soon`` has a new fault delivered. ``tell_instruments``
        says whether the town is silent, and whether sound is expected; ``read_soon`` has the devices read now,
        ``read_at`` at an aware instant; ``look_again`` has all read now, also what is read seldom. ``picture_of`` has a
        picture of the screen sent for new faults; ``confirm`` records that something is said to be repaired."""
        self._read_at, self._look_again = read_at, look_again
        self._repairs, self._host, self._audit, self._reports = repairs, host, audit, reports
        self._tell_instruments, self._read_soon, self._refresh = tell_instruments, read_soon, refresh
        self._monitor, self._playout, self._clock = monitor, playout, clock
        self._document, self._observe, self._worked_on = document, observe, worked_on
        self._check_clock, self._report_soon = check_clock, report_soon
        self._picture_of, self._confirm = picture_of, confirm
        self._facts_at = self._judged_at = clock.monotonic()
        """Monotonic instants at which facts last came, and were judged."""

    def tick(self) -> None:
        """About once a second. Where reading hangs, on a dead disk for instance, nothing is known any more: say so."""
        now = self._clock.monotonic()
        if now - self._facts_at >= HANGS_S and now - self._judged_at >= AGAIN_S:
            self._monitor.use_facts({}, 0.0)
            self._judge()

    def handle(self, event: FromEquipment) -> None:
        """What was found out about the equipment."""
        match event:
            case FactsRead():
                self._facts_read(event)
            case JournalTrouble():
                self._monitor.journal_in_trouble(event.error)
                self._read_soon()
            case JournalRecovered():
                self._monitor.journal_in_trouble("")
            case CheckAgain():
                if self._monitor.check_again(event.problem, self._clock.monotonic()):
                    self._audit.record("check-again", by=event.by, facts={"problem": event.problem})
                    self._look_again()
            case FaultReported() | FaultMended():
                if self._reports.handle(event):
                    if isinstance(event, FaultReported):
                        self._picture_of((self._reports.open[-1].fault,))
                    self._refresh()
            case KnownSet():
                if self._monitor.known_until(event.problem, event.until_ms):
                    until_ms = event.until_ms or None
                    self._audit.record("known", by=event.by, until_ms=until_ms, facts={"problem": event.problem})
                    self._refresh()

            case RepairConfirmed():
                if self._confirm(event):
                    self._monitor.check_fault_again(event.fault, self._clock.monotonic())
                    self._look_again()
                    self._refresh()

    def _facts_read(self, event: FactsRead) -> None:
        document, self._facts_at = self._document(), self._clock.monotonic()
        self._monitor.use_facts(event.facts, event.monotonic)
        self._playout.use_evidence(screen_evidence(event.facts, document.equipment if document else ()))
        self._playout.use_sink(sound_sink(event.facts))
        self._clock.synchronised(event.facts.get("clock.synchronised") is True, event.monotonic)
        self._check_clock()
        self._judge()

    def _judge(self) -> None:
        self._judged_at = monotonic = self._clock.monotonic()
        seen = msgspec.structs.replace(self._observe(), unread_s=round(monotonic - self._facts_at))
        now, quiet = self._clock.now(), self._worked_on()
        self._tell_instruments(self._monitor.town_is_silent, seen.sounding is True)
        told = self._monitor.judge(seen, self._document(), now, monotonic, quiet=quiet)
        if told:
            self._picture_of(self._monitor.raised)
            self._report_soon()
        if not quiet and self._repairs.consider(self._monitor.found, to_ms(now), self._host, self._repaired):
            self._read_soon()
        elif (due_ms := self._monitor.next_due_ms) is not None:
            self._read_at(to_utc(due_ms))
        if told:
            self._refresh()

    def _repaired(self, remedy: str, problem: str, helped: bool) -> None:
        facts = {"remedy": remedy, "problem": problem, "helped": "yes" if helped else "no"}
        self._audit.record("repair", by="kiosk", facts=facts)
