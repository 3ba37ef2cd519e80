"""What the administrator says of a repair: a record for the town, and remembered until the town has answered."""

import secrets
from collections.abc import Callable

import msgspec

from kiosk.contract.records import Fault
from kiosk.contract.reports import TicketState
from kiosk.contract.station import StationDocument
from kiosk.station.clock.clock import Clock
from kiosk.station.control.audit import AuditTrail
from kiosk.station.events import RepairConfirmed
from kiosk.station.health.faults import as_fault
from kiosk.station.health.monitor import HealthMonitor
from kiosk.station.health.rules import Raised
from kiosk.station.journal import Journal

MEMORY = "repairs"


class _Said(msgspec.Struct):
    """When (UTC milliseconds) somebody has said of a fault that it is repaired."""

    at_ms: dict[str, int] = {}


class ConfirmedRepairs:
    """For the main loop only."""

    def __init__(
        self,
        station: str,
        journal: Journal,
        clock: Clock,
        monitor: HealthMonitor,
        audit: AuditTrail,
        document: Callable[[], StationDocument | None],
    ) -> None:
        self._station, self._journal, self._clock, self._monitor = station, journal, clock, monitor
        self._audit, self._document = audit, document
        self._said = journal.recall(MEMORY, _Said) or _Said()

    def confirm(self, press: RepairConfirmed) -> bool:
        """Somebody says that the fault of this name is repaired. False where it is none, or was said since the town's
        last word."""
        record = self._record(press)
        if record is None or self.said(press.fault):
            return False
        self._journal.record(record)
        at_ms = {name: at for name, at in self._said.at_ms.items() if self.said(name)} | {press.fault: record_ms(record)}
        self._said = _Said(at_ms)
        self._journal.remember(MEMORY, self._said)
        self._audit.record("repaired", by=press.by, facts={"fault": press.fault})
        return True

    def said(self, fault: str) -> bool:
        """Whether somebody has said so since the town has last changed the ticket: until it answers, once is enough."""
        at_ms, ticket = self._said.at_ms.get(fault), self._ticket(fault)
        if at_ms is None:
            return False
        return ticket is None or ticket.state not in ("closed", "reopened") and ticket.changed_ms <= at_ms

    def all_said(self) -> frozenset[str]:
        """The faults of which :meth:`said` holds."""
        return frozenset(name for name in self._said.at_ms if self.said(name))
