"""Records which programmes of slots are due and cannot be shown (not here, or failed), and until when."""

from kiosk.common.known import MISSING, MISSING_OVER
from kiosk.contract.instants import to_ms
from kiosk.station.control.audit import AuditTrail
from kiosk.station.playout.plan import Plan


class NotShown:
    """For the main loop only."""

    def __init__(self, plan: Plan, audit: AuditTrail) -> None:
        self._plan, self._audit = plan, audit
        self._missing: set[str] = set()
        """Programmes that were recorded as missing in this run."""

    def check(self) -> None:
        """After each look at the plan, which comes at the start of every showing. Each programme is recorded once,
        however often a loop asks for it."""
        for programme in self._missing - self._plan.situation.unavailable:
            self._missing.remove(programme)
            self._audit.record(MISSING_OVER, by="kiosk", facts={"programme": programme})
        due = self._plan.due_but_missing()
        if due is None or due.programme.id in self._missing:
            return
        self._missing.add(due.programme.id)
        facts = {"programme": due.programme.id, "title": due.programme.title, "start_ms": str(to_ms(due.start))}
        reason = "failed" if self._plan.has_failed(due.programme.id) else "not-fetched"
        self._audit.record(MISSING, by="kiosk", reason=reason, facts=facts)
