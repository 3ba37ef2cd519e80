"""The PC is shut down at night, where the town wishes that and nothing is left to do, and woken by its clock."""

import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import msgspec

from kiosk.contract.instants import to_ms
from kiosk.contract.station import StationDocument
from kiosk.station.clock.clock import Clock
from kiosk.station.control.audit import AuditTrail
from kiosk.station.host import power_off
from kiosk.station.journal import Journal
from kiosk.station.playout.plan import Plan
from kiosk.station.schedule.rest import pc_sleeps_until

log = logging.getLogger(__name__)

MEMORY = "power-off"
AWAKE_S = 900.0
"""Seconds that a PC stays on after the daemon has begun: somebody may have switched it on for a reason."""
SETTLE_S = 60.0
"""Seconds for which nothing must be left to do."""
REFUSED_S = 300.0
"""Seconds after which a PC that still runs was not shut down."""
EVERY_S = 10.0


class _Asked(msgspec.Struct):
    boot_id: str


class PcSleep:
    """For the main loop only."""

    def __init__(
        self,
        plan: Plan,
        clock: Clock,
        journal: Journal,
        audit: AuditTrail,
        boot_id: str,
        runtime: Path,
        *,
        document: Callable[[], StationDocument | None],
        worked_on: Callable[[], bool],
        to_fetch: Callable[[], int],
    ) -> None:
        """``to_fetch``: how many files are still to come. ``runtime`` is where the request is left."""
        self._plan, self._clock, self._journal, self._audit = plan, clock, journal, audit
        self._boot_id, self._runtime = boot_id, runtime
        self._document, self._worked_on, self._to_fetch = document, worked_on, to_fetch
        self._look_at = clock.monotonic() + AWAKE_S
        self._idle_since: float | None = None
        self._asked_at: float | None = None
        kept = journal.recall(MEMORY, _Asked)
        self._asked = kept is not None
        self._refused = kept is not None and kept.boot_id == boot_id

    @property
    def refused(self) -> bool | None:
        """Whether the PC ran on though it was to be shut down, the last time; None: it never was to be."""
        return self._refused if self._asked else None

    def tick(self) -> None:
        """About once a second."""
        monotonic = self._clock.monotonic()
        if monotonic < self._look_at:
            return
        self._look_at = monotonic + EVERY_S
        if self._asked_at is not None and monotonic - self._asked_at >= REFUSED_S and not self._refused:
            log.error("the PC was to be shut down, but runs on; see journalctl -u kiosk-power-off")
            self._refused = True
        wake = self._sleeps_until()
        if wake is None:
            self._idle_since = self._asked_at = None
            return
        self._idle_since = monotonic if self._idle_since is None else self._idle_since
        if self._asked_at is None and monotonic - self._idle_since >= SETTLE_S:
            self._ask(wake, monotonic)

    def _sleeps_until(self) -> datetime | None:
        """When the PC is to be woken, if nothing is left to do here till then; None: it stays on."""
        document, now = self._document(), self._clock.now()
        if document is None or document.screen_power.shut_down_pc is None or self._clock.state == "untrusted":
            return None
        if self._plan.due() is not None or self._plan.session_on() or self._worked_on() or self._to_fetch():
            return None
        coming = self._plan.coming()
        return pc_sleeps_until(document.opening, document.screen_power, now, coming[1] if coming else None)

    def _ask(self, wake: datetime, monotonic: float) -> None:
        """Once a night: the request, and what the town is told."""
        self._asked_at, self._asked = monotonic, True
        try:
            power_off.request(self._runtime, self._clock.on_system(wake))
        except OSError as error:
            log.warning("the PC cannot be asked to shut down (%s)", error)
            return
        log.info("asked to shut this PC down until %s", wake)
        self._journal.remember(MEMORY, _Asked(self._boot_id))
        self._audit.record("power-off", by="kiosk", until_ms=to_ms(wake))
