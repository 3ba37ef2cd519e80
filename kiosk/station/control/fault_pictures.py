"""Pictures of the screen for new faults: the town sees what the PC was sending when a fault was found."""

from collections.abc import Callable, Iterable

from kiosk.station.clock.clock import Clock
from kiosk.station.projector.screenshots import Screenshot, Screenshots

MOST = 3
"""Faults found at once that get a picture each; it is the same picture."""
LATE_S = 60.0
"""A picture that comes later than this shows nothing of the fault."""


class FaultPictures:
    """For the main loop only. One that cannot be taken is not tried again: it proves nothing."""

    def __init__(self, screenshots: Screenshots, clock: Clock, send: Callable[[bytes, int, str], None]) -> None:
        """``send`` has a picture, taken at an instant (UTC milliseconds), sent with the next report, for a fault."""
        self._screenshots, self._clock, self._send = screenshots, clock, send
        self._faults: tuple[str, ...] = ()
        self._since = 0.0

    def found(self, faults: Iterable[str]) -> None:
        """Faults of these names are new."""
        if new := tuple(faults)[:MOST]:
            self._faults, self._since = new, self._clock.monotonic()
            self._screenshots.request(self._since)

    def taken(self, screenshot: Screenshot) -> None:
        """A picture was taken, for whatever reason."""
        faults, self._faults = self._faults, ()
        if self._clock.monotonic() - self._since <= LATE_S:
            for fault in faults:
                self._send(screenshot.jpeg, screenshot.at_ms, fault)
