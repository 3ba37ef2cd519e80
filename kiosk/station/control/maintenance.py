"""The maintenance switch: whether somebody works on the room's devices, as people, a command and the town say."""

import logging
from collections.abc import Callable
from pathlib import Path

from kiosk.contract.instants import to_ms
from kiosk.contract.station import StationDocument
from kiosk.station.clock.clock import Clock
from kiosk.station.control.audit import AuditTrail
from kiosk.station.events import Post
from kiosk.station.health import maintenance
from kiosk.station.health.events import MaintenanceSet
from kiosk.station.health.maintenance import Maintenance, Work
from kiosk.station.journal import Journal

log = logging.getLogger(__name__)


class MaintenanceSwitch:
    """For the main loop only."""

    def __init__(
        self, journal: Journal, clock: Clock, audit: AuditTrail, document: Callable[[], StationDocument | None]
    ) -> None:
        self._clock, self._audit, self._document = clock, audit, document
        self._maintenance = Maintenance(journal, clock.now(), clock.monotonic())

    def work(self) -> Work | None:
        """The work under way."""
        now, trusted = self._clock.now(), self._clock.state != "untrusted"
        return self._maintenance.work(self._document(), now, self._clock.monotonic(), trusted)

    def is_on(self) -> bool:
        """Whether somebody works on the devices."""
        return self.work() is not None

    def set(self, press: MaintenanceSet) -> bool:
        """Somebody begins, goes on for longer, or has done. Returns whether that changes anything."""
        if press.until_ms is None:
            ended = self._maintenance.end()
            if ended:
                self._audit.record("maintenance-over", by=press.by)
            return ended
        until = self._maintenance.begin(press.until_ms, self._clock.now(), self._clock.monotonic())
        if until is None:
            log.warning("%s says that the devices are worked on until a time that is over", press.by)
            return False
        self._audit.record("maintenance", by=press.by, until_ms=to_ms(until))
        return True

    def collect(self, state: Path, post: Post) -> None:
        """Post what a person has said by a command, through the folder ``state``."""
        if word := maintenance.collect(state):
            post(word)
