"""The health monitor: holds what is known of the room's equipment, has the rules judge it, and records the faults."""

import logging
import secrets
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime

import msgspec

from kiosk.contract.instants import to_ms
from kiosk.contract.station import StationDocument, Thresholds
from kiosk.station.health.events import Fact
from kiosk.station.health.examination import Examination, examine, in_hours
from kiosk.station.health.faults import as_fault
from kiosk.station.health.observation import Finding, Observation
from kiosk.station.health.rules import (
    Cleared,
    Problem,
    Raised,
    RuleState,
    found,
    judge,
    know,
    next_due_ms,
    paused,
    problems,
)
from kiosk.station.journal import Journal, damage, valid

log = logging.getLogger(__name__)

MEMORY = "health"
HOUR = 3600.0


class HealthMonitor:
    """For the main loop only."""

    def __init__(
        self, journal: Journal, station: str, hysteresis_s: int, tried: Callable[[str], str] = lambda problem: ""
    ) -> None:
        """``hysteresis_s`` goes before the town's, where it is not 0; ``tried`` says what was done about a problem."""
        self._tried = tried
        self.found: list[Finding] = []
        """What every check said when the rules judged last."""
        self.raised: tuple[str, ...] = ()
        """The faults, by their names in the record, that were new then."""
        self._journal = journal
        self._station = station
        self._hysteresis_s = hysteresis_s
        self._state = _remembered(journal)
        self._facts: Mapping[str, Fact] = {}
        self._read_at: float | None = None
        self._replaced: deque[float] = deque()
        """Monotonic instants of the last hour at which a child had to be replaced."""
        self._journal_trouble = ""
        self._silent_since: float | None = None
        """Monotonic: a clock that is set makes no silence longer."""
        self._behind_ms: int | None = None
        self._again: dict[str, float] = {}
        """Problems of which somebody wants to know now, and the monotonic instant at which that was said."""
        self._damage = journal.recall(damage.MEMORY, damage.Damage) or damage.Damage()
        self.examination: Examination | None = None
        """What every check said when the rules judged last; None before. May be read from any thread."""

    # --- what is known ---

    def use_facts(self, facts: Mapping[str, Fact], monotonic: float | None = None) -> None:
        """The newest facts of the probes, whose reading began at ``monotonic``."""
        self._facts = facts
        self._read_at = monotonic

    def child_replaced(self, monotonic: float) -> None:
        """A programme's child had failed, and another one took its place."""
        self._replaced.append(monotonic)

    def journal_in_trouble(self, error: str) -> None:
        """The journal cannot write, and why; empty once it can again."""
        self._journal_trouble = error

    def town_silent(self, monotonic: float) -> None:
        """The town could not be reached at this instant."""
        self._silent_since = monotonic if self._silent_since is None else self._silent_since

    def town_heard(self, behind_ms: int) -> None:
        """The town has answered; it has told for ``behind_ms`` of news that have not come, 0 for none."""
        self._silent_since, self._behind_ms = None, behind_ms

    def check_again(self, name: str, monotonic: float) -> bool:
        """Somebody has mended something: the next reading decides at once. False where there is no such problem."""
        found = any(problem.name == name for problem in self.problems())
        if found:
            self._again[name] = monotonic
        return found

    def check_fault_again(self, fault: str, monotonic: float) -> None:
        """As :meth:`check_again` for the open problem whose fault has this name in the record, if there is one."""
        for problem in self.problems():
            if problem.key(self._station) == fault:
                self.check_again(problem.name, monotonic)

    def known_until(self, name: str, until_ms: int) -> bool:
        """Somebody knows of an open problem and wants to hear no more of it until then (UTC); 0: wants to again.

        It holds over a restart, and where the problem comes and goes. False where there is no such problem.
        """
        found = any(problem.name == name for problem in self.problems())
        if found:
            self._state = know(self._state, name, until_ms)
            self._journal.remember(MEMORY, self._state)
        return found

    @property
    def known(self) -> Mapping[str, int]:
        """Until when (UTC milliseconds) somebody knows of a problem, by its name."""
        return self._state.known

    @property
    def town_is_silent(self) -> bool:
        """Whether the town has not answered of late."""
        return self._silent_since is not None

    @property
    def disk_free_mb(self) -> int:
        """Free space of the disk that holds the programmes, in MB; 0 where it is not known."""
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
        silent = self._silent_since
        down_since_ms = 0 if silent is None else max(1, to_ms(now) - round((monotonic - silent) * 1000))
        seen = msgspec.structs.replace(
            seen,
            facts=self._facts,
            child_restarts=len(self._replaced),
            journal_trouble=self._journal_trouble,
            journal_damaged_ms=self._damage.at_ms,
            journal_aside=self._damage.aside,
            link_down_since_ms=down_since_ms,
            behind_ms=self._behind_ms,
            modes=self._state.modes,
            had_line=self._state.had_line,
        )
        is_open = in_hours(document, now) and not seen.lent
        read_at = monotonic if self._read_at is None else self._read_at
        again = frozenset(name for name, at in self._again.items() if at <= read_at)
        for name in again:
            del self._again[name]
        equipment = document.equipment if document else ()
        self.found = found(self._state, seen, thresholds, equipment, now, is_open)
        state, news = judge(self._state, seen, thresholds, equipment, now, is_open, again)
        if quiet:
            state, news = paused(self._state), []
        self.raised = tuple(one.problem.key(self._station) for one in news if isinstance(one, Raised))
        for one in news:
            tried = self._tried(one.problem.name)
            self._journal.record(as_fault(one, record_id=secrets.token_hex(16), station=self._station, tried=tried))
        self._state = state
        self.examination = examine(state, seen, document, now)
        self._journal.remember(MEMORY, state)
        return len(news)

    @property
    def next_due_ms(self) -> int | None:
        """When the devices should be looked at next, at the latest (UTC milliseconds); None: as ever."""
        return next_due_ms(self._state)

    def problems(self) -> tuple[Problem, ...]:
        """The open problems, oldest first."""
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
