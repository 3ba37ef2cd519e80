"""Tries the remedies, within their limits; each try and whether it has helped goes into the record."""

import logging
from collections.abc import Callable, Iterable, Mapping

from kiosk.station.health.faults import in_every_language
from kiosk.station.health.observation import Finding
from kiosk.station.health.repairs import (
    display_mode,
    fetch_again,
    find_sink,
    purge,
    restart_player,
    restart_sound,
    restart_x,
    unmute,
)
from kiosk.station.health.repairs.host import Host
from kiosk.station.health.repairs.remedy import Remedy, Tries, consider, tried
from kiosk.station.journal import Journal

log = logging.getLogger(__name__)

MEMORY = "repairs"
APPLY: Mapping[str, Callable[[Host, Finding], None]] = {
    one.REMEDY.name: one.apply
    for one in (restart_x, restart_sound, unmute, find_sink, display_mode, purge, fetch_again, restart_player)
}
REMEDIES: tuple[Remedy, ...] = (
    restart_x.REMEDY, restart_sound.REMEDY, unmute.REMEDY, find_sink.REMEDY, display_mode.REMEDY, purge.REMEDY,
    fetch_again.REMEDY, restart_player.REMEDY,
)  # fmt: skip


class Repairs:
    """For the main loop only."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._tries = journal.recall(MEMORY, Tries) or Tries()

    def consider(
        self, found: Iterable[Finding], now_ms: int, host: Host, record: Callable[[str, str, bool], None]
    ) -> int:
        """Try what may mend what is wrong. ``record`` writes down a remedy, its problem and whether it has helped.

        Returns how many remedies were tried.
        """
        self._tries, due, ended = consider(self._tries, found, REMEDIES, now_ms)
        for one in ended:
            record(one.remedy, one.problem, one.helped is True)
        for remedy, finding in due:
            log.warning("%s of %s: trying %s", finding.cause, finding.device, remedy.name)
            try:
                APPLY[remedy.name](host, finding)
            except OSError as error:
                log.warning("%s could not be tried: %s", remedy.name, error)
        self._journal.remember(MEMORY, self._tries if self._tries.tries else None)
        return len(due)

    def tried(self, problem: str) -> str:
        """What was tried for the problem of this name within the last hour, one line a language."""
        said = tried(self._tries, REMEDIES, problem)
        return in_every_language(*said) if said else ""
