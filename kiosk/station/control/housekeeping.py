"""What is cleared away now and then: programmes that nobody needs any more, and what the town has had for long."""

import logging
from collections.abc import Callable
from datetime import timedelta

from kiosk.station.events import Wake
from kiosk.station.journal import Journal
from kiosk.station.library.library import Library
from kiosk.station.library.plans import Plans
from kiosk.station.service.timers import Timers

log = logging.getLogger(__name__)

PURGE_EVERY = timedelta(hours=6)
FIRST_AFTER = timedelta(minutes=1)


class Housekeeping:
    """For the main loop only."""

    def __init__(
        self,
        library: Library,
        journal: Journal,
        timers: Timers,
        plans: Plans,
        *,
        in_use: Callable[[], set[str]],
        disk_free_mb: int,
        keep_days: int,
    ) -> None:
        """``in_use`` gives the SHA-256 of each file that must stay. ``disk_free_mb`` is the room that is made on the
        disk, ``keep_days`` how long the record is kept once the town has it."""
        self._library, self._journal, self._timers, self._plans = library, journal, timers, plans
        self._in_use, self._free, self._keep_days = in_use, disk_free_mb * 1024 * 1024, keep_days

    def start(self) -> None:
        """Have :meth:`purge` called once the start is over."""
        self._timers.after(FIRST_AFTER.total_seconds(), Wake("purge"))

    def purge(self) -> None:
        """Remove old programmes and old entries, and have it done again in some hours."""
        keep = self._in_use()
        try:
            self._library.tidy(keep)
            self._library.purge(keep, self._free)
            if begin_ms := self._journal.pruned_up_to_ms():
                self._plans.prune(begin_ms)
        except OSError as error:  # a disk that takes no writing is no reason to end; the probes tell of it
            log.warning("old programmes cannot be removed: %s", error)
        self._journal.prune(self._keep_days)
        self._timers.after(PURGE_EVERY.total_seconds(), Wake("purge"))
