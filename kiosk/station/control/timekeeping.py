"""What follows when the clock was set, is trusted or no more, the PC slept, or a person says what time it is."""

import logging
from collections.abc import Callable
from pathlib import Path

from kiosk.station.clock import declared
from kiosk.station.clock.clock import Clock
from kiosk.station.clock.history import ClockHistory
from kiosk.station.clock.memory import KEY
from kiosk.station.control.audit import AuditTrail
from kiosk.station.control.presses import Presses
from kiosk.station.events import ClockDeclared, Post
from kiosk.station.journal import Journal
from kiosk.station.playout.plan import Plan
from kiosk.station.service.timers import Timers

log = logging.getLogger(__name__)


class Timekeeping:
    """For the main loop only."""

    def __init__(
        self,
        clock: Clock,
        plan: Plan,
        journal: Journal,
        boot_id: str,
        timers: Timers,
        audit: AuditTrail,
        *,
        clock_set: Callable[[], None],
        read_facts: Callable[[], None],
        report_soon: Callable[[], None],
        replan: Callable[[str], None],
    ) -> None:
        """``clock_set`` tells who must know that the wall clock was set, ``read_facts`` has NTP's word read soon,
        ``report_soon`` has what was recorded delivered, ``replan`` brings the screen in step with the plan."""
        self._clock, self._plan, self._journal, self._boot_id = clock, plan, journal, boot_id
        self._timers, self._audit = timers, audit
        self._clock_set, self._read_facts, self._report_soon, self._replan = clock_set, read_facts, report_soon, replan
        self._presses = Presses()
        self._history = ClockHistory(journal, boot_id, clock.carried)

    def restore(self) -> None:
        """How far the clock can be trusted at the start. Before anything is shown."""
        self._extend_history()
        self._plan.change(clock_trusted=self._clock.state != "untrusted")

    def remember(self) -> None:
        """Keep what is known of the clock over a restart."""
        self._journal.remember(KEY, self._clock.memory())

    def check(self) -> None:
        """About once a second, and whenever somebody has said how far the clock can be trusted."""
        moved = self._clock.check()
        if moved.ours_ms:
            log.warning("the clock was set by %d ms", moved.ours_ms)
            self._clock_set()
        if moved.system_ms or moved.slept_ms:
            log.warning("the PC's clock was set by %d ms, it slept for %d ms", moved.system_ms, moved.slept_ms)
            self._timers.clock_stepped()
            self._read_facts()
        self._extend_history()
        trusted = self._clock.state != "untrusted"
        if trusted != self._plan.situation.clock_trusted:
            log.warning("the clock is %s", self._clock.state)
            if self._clock.doubtful:
                log.warning("NTP gives another time than was known here; who knows it says so on the page Clock")
            self._plan.change(clock_trusted=trusted)
            self._plan.refresh_owed()
            self._replan("trust in the clock changed")
        elif moved.ours_ms or moved.system_ms or moved.slept_ms:
            self._replan("the PC was asleep" if moved.slept_ms else "the clock was set")

    def collect_declaration(self, state: Path, post: Post) -> None:
        """Post what a person has declared of the time by a command, through the folder ``state``."""
        if word := declared.collect(state, self._boot_id):
            post(word)

    def declared(self, event: ClockDeclared) -> None:
        """A person says what time it is."""
        if not self._presses.is_new(event.press):
            return
        shown_ms = self._clock.ms_at(event.monotonic)
        if not self._clock.declare(event.wall_ms, event.monotonic):
            log.warning("%s says what time it is, but NTP or the town know better", event.by)
            return
        self._extend_history(event.by)
        facts = {"told_ms": str(event.wall_ms), "shown_ms": str(shown_ms)}
        self._audit.record("clock-declared", by=event.by, facts=facts)
        self.check()

    def _extend_history(self, by: str = "") -> None:
        """Where clock or trust have changed, keep that over a restart; a trust that comes puts earlier rows right."""
        clock = self._clock
        repairs = self._history.extend(round(clock.monotonic() * 1000), clock.base_ms, clock.state, clock.now_ms(), by)
        if repairs is not None:
            self.remember()
            if repairs:
                self._report_soon()
