"""Small pictures of the screen, taken when somebody asks: when the stage may take one, and the newest there is."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from kiosk.contract.picture import problem
from kiosk.station.clock.clock import Clock
from kiosk.station.events import ScreenGrabbed
from kiosk.station.projector.stage import Stage

log = logging.getLogger(__name__)

EVERY = 1.0
"""Seconds between two pictures at least."""
BEFORE_CUT = 1.5
"""Seconds before a cut in which no picture is begun. One takes about 0.1 s, and the last second is the cut's alone."""
AFTER_CUT = 3.0
"""Seconds for which a programme that is late is waited for; if it never comes, that is what the picture shows."""


@dataclass(frozen=True)
class Screenshot:
    """What the screen showed at an instant."""

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
        """Of this screen; None before the first one was asked for, and after the screen went away."""

    def ask(self, now: float) -> None:
        """Take a picture as soon as that is possible; several wishes are one."""
        self._wanted = True
        self.tick(now)

    def tick(self, now: float) -> None:
        """Order a picture, if one is wanted and nothing speaks against it."""
        if not self._wanted or self._in_flight or not self._stage.up or now - self._begun < EVERY:
            return
        if any(cut - BEFORE_CUT < now < cut + AFTER_CUT for cut in self._cuts()):
            return
        self._wanted, self._in_flight, self._begun = False, True, now
        self._stage.grab()

    def take(self, event: ScreenGrabbed) -> Screenshot | None:
        """The stage's answer. None where it brings no picture."""
        self._in_flight = False
        if trouble := event.trouble or problem(event.picture):
            log.warning("no picture of the screen: %s", trouble)
            return None
        self.newest = Screenshot(self._clock.ms_at(event.monotonic), event.monotonic, event.picture)
        return self.newest

    def screen_went(self) -> None:
        """The stage has ended, and with it what it was about to answer; its last picture is of a screen that was."""
        self._in_flight = False
        self.newest = None
