"""The audit trail: one Action in the record for each thing done to the station, or by itself."""

import secrets
from collections.abc import Callable, Mapping

from kiosk.contract.records import Action
from kiosk.station.clock.clock import Clock
from kiosk.station.journal import Journal


class AuditTrail:
    """For the main loop only. ``report_soon`` is called after each: the town is to hear of it."""

    def __init__(self, journal: Journal, clock: Clock, report_soon: Callable[[], None]) -> None:
        self._journal = journal
        self._clock = clock
        self._report_soon = report_soon

    def record(
        self,
        action: str,
        by: str,
        reason: str = "",
        until_ms: int | None = None,
        facts: Mapping[str, str] | None = None,
    ) -> None:
        """Append it to the record. ``until_ms`` (UTC) is how long it is to hold, None where that is open."""
        self._journal.record(
            Action(
                id=secrets.token_hex(16),
                at_ms=self._clock.now_ms(),
                by=by,
                action=action,
                reason=reason,
                until_ms=until_ms,
                facts=dict(facts or {}),
                clock=self._clock.state,
            )
        )
        self._report_soon()
