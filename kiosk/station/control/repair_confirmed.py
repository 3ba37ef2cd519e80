"""What the administrator says of a repair: a record for the town, and remembered until the town has answered."""

import secrets
from collections.abc import Callable

import msgspec

from kiosk.contract.records import Fault
from kiosk.contract.reports import TicketState
from kiosk.contract.station import StationDocument
from kiosk.contract.wire import Id
from kiosk.station.clock.clock import Clock
from kiosk.station.control.audit import AuditTrail
from kiosk.station.health.events import RepairConfirmed
from kiosk.station.health.faults import as_fault
from kiosk.station.health.monitor import HealthMonitor
from kiosk.station.health.rules import Raised
from kiosk.station.journal import Journal

MEMORY = "repairs"


class _Said(msgspec.Struct):
    """Faults that somebody has said to be repaired, with the ``changed_ms`` of the ticket at which that was said."""

    of: dict[str, int] = {}


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
        """Somebody says that the fault of this name is repaired. False where the town has no open ticket of it, or it
        was said since the town's last word."""
        ticket = self._ticket(press.fault)
        if ticket is None or ticket.state == "closed" or self.said(press.fault):
            return False
        self._journal.record(self._record(ticket, press.by, self._clock.now_ms()))
        lasting = {name: at for name, at in self._said.of.items() if self.said(name)}
        self._said = _Said(lasting | {press.fault: ticket.changed_ms})
        self._journal.remember(MEMORY, self._said)
        self._audit.record("repaired", by=press.by, facts={"fault": press.fault})
        return True

    def said(self, fault: str) -> bool:
        """Whether somebody has said so, and the town has not changed its ticket since: once is enough."""
        ticket = self._ticket(fault)
        return ticket is not None and ticket.state != "closed" and self._said.of.get(fault) == ticket.changed_ms

    def all_said(self) -> frozenset[str]:
        """The faults of which :meth:`said` holds."""
        return frozenset(name for name in self._said.of if self.said(name))

    def _ticket(self, fault: str) -> TicketState | None:
        document = self._document()
        return next((one for one in (document.tickets if document else ()) if one.fault == fault), None)

    def _record(self, ticket: TicketState, by: str, now_ms: int) -> Fault:
        name = secrets.token_hex(16)
        for problem in self._monitor.problems():
            if problem.key(self._station) == ticket.fault:
                found = as_fault(Raised(problem), record_id=name, station=self._station)
                return msgspec.structs.replace(found, state="confirmed", by=by)
        try:
            cause = msgspec.convert(ticket.cause, Id)
        except msgspec.ValidationError:  # of a town that does not tell it
            cause = "repair"
        return Fault(
            id=name, fault=ticket.fault, cause=cause, device=ticket.device, found_ms=ticket.changed_ms,
            cleared_ms=now_ms, text=ticket.text, by=by, state="confirmed",
        )  # fmt: skip
