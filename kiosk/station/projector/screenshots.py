"""Screenshots on request: decides when the stage may take one, and keeps the newest."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from kiosk.contract.picture import problem
from kiosk.station.clock.clock import Clock
from kiosk.station.projector.messages import Grabbed
from kiosk.station.projector.stage import Stage

log = logging.getLogger(__name__)

EVERY = 1.0
"""Seconds between two screenshots at least."""
BEFORE_CUT = 1.5
"""Seconds before a cut in which no screenshot is begun. It takes about 0.1 s; in the last second nothing may delay the
cut."""
AFTER_CUT = 3.0
"""Seconds after a cut in which a programme that is late is waited for; then the screenshot shows that it is not."""


@dataclass(frozen=True)
class Screenshot:
    """A picture of the screen at an instant."""

    at_ms: int
    """UTC milliseconds."""
    monotonic: float
    jpeg: bytes = field(repr=False)


class Screenshots:
    """For the main loop only, but for :attr:`newest`, which is replaced whole. Instants are monotonic seconds."""

    def __init__(self, stage: Stage, clock: Clock, cuts: Callable[[], list[float]]) -> None:
        """``cuts`` gives the instants at which the screen is to change."""
        self._stage, self._clock, self._cuts = stage, clock, cuts
        self._wanted = self._in_flight = False
        self._begun = -EVERY
        self.newest: Screenshot | None = None
        """None before the first one was requested, and after the screen went away."""

    def request(self, now: float) -> None:
        """Take a screenshot as soon as possible; several requests that wait are one."""
        self._wanted = True
        self.tick(now)

    def tick(self, now: float) -> None:
        """Order a screenshot from the stage, if one is requested and no cut is near."""
        if not self._wanted or self._in_flight or not self._stage.up or now - self._begun < EVERY:
            return
        if any(cut - BEFORE_CUT < now < cut + AFTER_CUT for cut in self._cuts()):
            return
        self._wanted, self._in_flight, self._begun = False, True, now
        self._stage.grab()

    def receive(self, answer: Grabbed) -> Screenshot | None:
        """Keep the stage's screenshot. None where there is no picture in its answer."""
        self._in_flight = False
        if trouble := answer.trouble or problem(answer.picture):
            log.warning("no picture of the screen: %s", trouble)
            return None
        self.newest = Screenshot(self._clock.ms_at(answer.at), answer.at, answer.picture)
        return self.newest

    def screen_went(self) -> None:
        """The stage has ended: its answer will not come, and the newest screenshot is of a screen that is gone."""
        self._in_flight = False
        self.newest = None
