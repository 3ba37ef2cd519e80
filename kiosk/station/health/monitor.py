"""The health monitor: holds what is known of the room's equipment, has the rules judge it, and records the faults."""

import logging
import secrets
from collections import deque
from collections.abc import Mapping
from datetime import datetime

import msgspec

from kiosk.contract.station import StationDocument, Thresholds
from kiosk.station.events import Fact
from kiosk.station.health.examination import Examination, examine, in_hours
from kiosk.station.health.faults import as_fault
from kiosk.station.health.observation import Observation
from kiosk.station.health.rules import Cleared, Problem, RuleState, judge, paused, problems
from kiosk.station.journal import Journal, damage, valid

log = logging.getLogger(__name__)

MEMORY = "health"
HOUR = 3600.0


class HealthMonitor:
    """For the main loop only."""

    def __init__(self, journal: Journal, station: str, hysteresis_s: int) -> None:
        """``hysteresis_s`` goes before the town's, where it is not 0."""
        self._journal = journal
        self._station = station
        self._hysteresis_s = hysteresis_s
        self._state = _remembered(journal)
        self._facts: Mapping[str, Fact] = {}
        self._replaced: deque[float] = deque()
        """Monotonic instants of the last hour at which a child had to be replaced."""
        self._journal_trouble = ""
        self._silent_since_ms = 0
        self._behind_ms: int | None = None
        self._damage = journal.recall(damage.MEMORY, damage.Damage) or damage.Damage()
        self.examination: Examination | None = None
        """What every check said when the rules judged last; None before. May be read from any thread."""

    # --- what is known ---

    def use_facts(self, facts: Mapping[str, Fact]) -> None:
        """The newest facts of the probes."""
        self._facts = facts

    def child_replaced(self, monotonic: float) -> None:
        """A programme's child had failed, and another one took its place."""
        self._replaced.append(monotonic)

    def journal_in_trouble(self, error: str) -> None:
        """The journal cannot write, and why; empty once it can again."""
        self._journal_trouble = error

    def town_silent(self, at_ms: int) -> None:
        """The town could not be reached at this instant (UTC)."""
        self._silent_since_ms = self._silent_since_ms or at_ms

    def town_heard(self, behind_ms: int) -> None:
        """The town has answered; it has told for ``behind_ms`` of news that have not come, 0 for none."""
        self._silent_since_ms, self._behind_ms = 0, behind_ms

    @property
    def disk_free_mb(self) -> int:
        """Of the disk that holds the programmes; 0 where it is not known."""
        free = self._facts.get("disk.free_mb")
        return free if isinstance(free, int) else 0

    # --- what follows from it ---

    def judge(
        self, seen: Observation, document: StationDocument | None, now: datetime, monotonic: float, quiet: bool = False
    ) -> int:
        """Have the rules judge what is known; a new fault or a recovery goes into the record.

        ``seen`` is what others know of the station. ``quiet``: somebody works on the devices, and what they do is no
        fault, and no repair yet; it is examined all the same. Returns how many faults and recoveries there were.
        """
        thresholds = document.thresholds if document else Thresholds()
        if self._hysteresis_s:
            thresholds = msgspec.structs.replace(thresholds, hysteresis_ms=self._hysteresis_s * 1000)
        while self._replaced and monotonic - self._replaced[0] >= HOUR:
            self._replaced.popleft()
        seen = msgspec.structs.replace(
            seen,
            facts=self._facts,
            child_restarts=len(self._replaced),
            journal_trouble=self._journal_trouble,
            journal_damaged_ms=self._damage.at_ms,
            journal_aside=self._damage.aside,
            link_down_since_ms=self._silent_since_ms,
            behind_ms=self._behind_ms,
        )
        equipment = document.equipment if document else ()
        state, news = judge(self._state, seen, thresholds, equipment, now, in_hours(document, now))
        if quiet:
            state, news = paused(self._state), []
        for one in news:
            self._journal.record(as_fault(one, record_id=secrets.token_hex(16), station=self._station))
        self._state = state
        self.examination = examine(state, seen, document, now)
        self._journal.remember(MEMORY, state)
        return len(news)

    def problems(self) -> tuple[Problem, ...]:
        """What is open, oldest first."""
        return problems(self._state)


def _remembered(journal: Journal) -> RuleState:
    """The state of the rules before the restart. One with a fault that could not be recorded once it is over, which
    would end the daemon, is dropped: its open faults are found again."""
    state = journal.recall(MEMORY, RuleState) or RuleState()
    try:
        for problem in problems(state):
            valid(as_fault(Cleared(problem, problem.found_ms), record_id="remembered", station=""))
    except Exception as error:
        log.warning("a remembered fault cannot be recorded (%r); the equipment is looked at afresh", error)
        return RuleState()
    return state
