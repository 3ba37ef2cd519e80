"""The screen rests when the room does: outside opening hours, unless something is shown or somebody works on it."""

from collections.abc import Callable
from datetime import datetime, timedelta

from kiosk.contract.station import StationDocument
from kiosk.station.clock.clock import Clock
from kiosk.station.host.screen_power import ScreenPower, Want
from kiosk.station.playout.plan import Plan
from kiosk.station.schedule.rest import screen_rests_until


class ScreenRest:
    """For the main loop only."""

    def __init__(
        self,
        plan: Plan,
        clock: Clock,
        power: ScreenPower,
        *,
        document: Callable[[], StationDocument | None],
        worked_on: Callable[[], bool],
        read_facts: Callable[[], None],
        refresh: Callable[[], None],
    ) -> None:
        """``worked_on``: whether somebody works on the devices. ``read_facts`` has the probes' thread switch the screen
        soon, ``refresh`` has the stage show black, or the poster again."""
        self._plan, self._clock, self._power = plan, clock, power
        self._document, self._worked_on = document, worked_on
        self._read_facts, self._refresh = read_facts, refresh
        self._needed, self._occasion = False, 0
        self.dark_until: datetime | None = None
        """Until when the screen shows black, unless something comes up; None: it does not."""

    def tick(self) -> None:
        """About once a second: have the screen rest, or wake it."""
        document, now, before = self._document(), self._clock.now(), self.dark_until
        self.dark_until = self._rests_until(document, now)
        if self._power.want(
            Want(
                on=self.dark_until is None,
                by=document.screen_power.off if document else "black",
                occasion=self._occasion,
            )
        ):
            self._read_facts()
        if self.dark_until != before:
            self._refresh()

    def _rests_until(self, document: StationDocument | None, now: datetime) -> datetime | None:
        lead = timedelta(milliseconds=document.screen_power.lead_ms) if document else timedelta()
        coming = self._plan.wanted_from()
        on = self._plan.due() is not None or self._plan.session_on()
        needed = on or (coming is not None and coming - now <= lead)
        if needed and not self._needed:
            self._occasion += 1  # somebody may have switched the screen off since
        self._needed = needed
        if document is None or needed or self._clock.state == "untrusted" or self._worked_on():
            return None
        until = screen_rests_until(document.opening, document.screen_power, now)
        return min(until, coming - lead) if until is not None and coming is not None else until
