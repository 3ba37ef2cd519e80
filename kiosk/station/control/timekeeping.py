"""What is done about the clock: it was set, or is vouched for or no more, the PC slept, a person says the time."""

import logging
from collections.abc import Callable
from pathlib import Path

from kiosk.station.clock import declared
from kiosk.station.clock.history import ClockHistory
from kiosk.station.control.audit import AuditTrail
from kiosk.station.control.people import People
from kiosk.station.events import ClockDeclared, Post
from kiosk.station.overview import Overview
from kiosk.station.service.timers import Timers

log = logging.getLogger(__name__)


class Timekeeping:
    """For the main loop only. ``ask_ntp`` has NTP's word read soon, ``soon`` has what was recorded delivered soon,
    ``replan`` brings the screen in step."""

    def __init__(
        self,
        view: Overview,
        timers: Timers,
        presses: People,
        actions: AuditTrail,
        ask_ntp: Callable[[], None],
        soon: Callable[[], None],
        replan: Callable[[str], None],
    ) -> None:
        self._clock, self._plan, self._journal = view.clock, view.plan, view.journal
        self._boot_id, self._timers, self._presses, self._actions = view.boot_id, timers, presses, actions
        self._ask_ntp, self._soon, self._replan = ask_ntp, soon, replan
        self._history = ClockHistory(view.journal, view.boot_id, view.clock.carried)

    def restore(self) -> None:
        """How far the clock can be trusted at the start. Before anything is shown."""
        self._note()
        self._plan.change(clock_trusted=self._clock.state != "untrusted")

    def look(self) -> None:
        """About once a second, and whenever somebody has said how far the clock can be trusted."""
        moved = self._clock.look()
        if moved.ours_ms:
            log.warning("the clock was set by %d ms", moved.ours_ms)
            self._presses.clock_set()
        if moved.system_ms or moved.slept_ms:
            log.warning("the PC's clock was set by %d ms, it slept for %d ms", moved.system_ms, moved.slept_ms)
            self._timers.clock_stepped()
            self._ask_ntp()
        self._note()
        trusted = self._clock.state != "untrusted"
        if trusted != self._plan.situation.clock_trusted:
            log.warning("the clock is %s", self._clock.state)
            self._plan.change(clock_trusted=trusted)
            self._plan.refresh_owed()
            self._replan("trust in the clock changed")
        elif moved.ours_ms or moved.system_ms or moved.slept_ms:
            self._replan("the PC was asleep" if moved.slept_ms else "the clock was set")

    def ask(self, state: Path, post: Post) -> None:
        """See whether a person has left word in the folder ``state``."""
        if word := declared.collect_declaration(state, self._boot_id):
            post(word)

    def declared(self, event: ClockDeclared) -> None:
        """A person says what time it is."""
        shown_ms = self._clock.ms_at(event.monotonic)
        if not self._clock.declare(event.wall_ms, event.monotonic):
            log.warning("%s says what time it is, but NTP or the town know better", event.by)
            return
        self._note(event.by)
        facts = {"told_ms": str(event.wall_ms), "shown_ms": str(shown_ms)}
        self._actions.note("clock-declared", by=event.by, facts=facts)
        self.look()

    def _note(self, by: str = "") -> None:
        """Where clock or trust are news, keep that over a restart; a trust that comes puts earlier rows right."""
        clock = self._clock
        news = self._history.look(round(clock.monotonic() * 1000), clock.base_ms, clock.state, clock.now_ms(), by)
        if news is not None:
            self._journal.remember("clock", clock.memory())
            if news:
                self._soon()
