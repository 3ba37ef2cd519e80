"""Records each showing of a slot that is due and cannot be shown, as its programme is not here or has failed before."""

from kiosk.common.planned import NOT_SHOWN
from kiosk.contract.instants import to_ms
from kiosk.station.control.audit import AuditTrail
from kiosk.station.playout.plan import Key, Plan, key_of


class NotShown:
    """For the main loop only."""

    def __init__(self, plan: Plan, audit: AuditTrail) -> None:
        self._plan, self._audit = plan, audit
        self._told: Key | None = None

    def check(self) -> None:
        """After each look at the plan, which comes at the start of every showing. Each is recorded once a run."""
        due = self._plan.due_but_missing()
        if due is None or key_of(due) == self._told:
            return
        self._told = key_of(due)
        programme = due.programme
        facts = {
            "programme": programme.id,
            "title": programme.title,
            "start_ms": str(to_ms(due.start)),
            "end_ms": str(to_ms(due.end)),
        }
        reason = "failed" if self._plan.has_failed(programme.id) else "not-fetched"
        self._audit.record(NOT_SHOWN, by="kiosk", reason=reason, facts=facts)
