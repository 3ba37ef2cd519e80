"""From facts to faults: assembles what is known of the room, asks the rules, and writes down what they say."""

import logging
import secrets
from collections.abc import Mapping
from datetime import datetime

import msgspec

from kiosk.contract.instants import number_in
from kiosk.contract.station import StationDocument, Thresholds
from kiosk.station.health.faults import as_fault
from kiosk.station.health.rules import Cleared, Observation, Problem, RuleState, judge, problems
from kiosk.station.journal import DAMAGED, Journal, valid
from kiosk.station.schedule.opening_hours import room_open

log = logging.getLogger(__name__)

MEMORY = "health"
HOUR = 3600.0


class HealthMonitor:
    """The state of the room's equipment. For the main loop only."""

    def __init__(self, journal: Journal, station: str, hysteresis_s: int) -> None:
        self._journal = journal
        self._station = station
        self._hysteresis_s = hysteresis_s
        self._state = _remembered(journal.recall(MEMORY))
        self.facts: Mapping[str, str | int | bool | None] = {}
        self.restarts: list[float] = []
        """Monotonic instants at which a player had to be replaced."""
        self.journal_trouble = ""
        self.link_down_since_ms = 0
        self._damaged_ms, self._aside = _damage_remembered(journal.recall(DAMAGED))

    def judge(self, seen: Observation, document: StationDocument | None, now: datetime, monotonic: float) -> int:
        """Look at the room; a new fault or a recovery goes into the record. Returns how many went."""
        thresholds = document.thresholds if document else Thresholds()
        if self._hysteresis_s:
            thresholds = msgspec.structs.replace(thresholds, hysteresis_ms=self._hysteresis_s * 1000)
        self.restarts = [at for at in self.restarts if monotonic - at < HOUR]
        seen = msgspec.structs.replace(
            seen,
            facts=self.facts,
            child_restarts=len(self.restarts),
            journal_trouble=self.journal_trouble,
            journal_damaged_ms=self._damaged_ms,
            journal_aside=self._aside,
            link_down_since_ms=self.link_down_since_ms,
        )
        has_hours = document is not None and any(document.opening.week)
        is_open = room_open(document.opening, now)[0] if document and has_hours else True
        state, news = judge(self._state, seen, thresholds, document.equipment if document else (), now, is_open)
        for one in news:
            self._journal.record(as_fault(one, record_id=secrets.token_hex(16), station=self._station))
        if state != self._state:
            self._state = state
            self._journal.remember(MEMORY, msgspec.json.encode(state).decode())
        return len(news)

    def problems(self) -> tuple[Problem, ...]:
        """What is open, oldest first."""
        return problems(self._state)


def _damage_remembered(text: str | None) -> tuple[int, str]:
    at, _, aside = (text or "").partition(" ")
    at_ms = number_in(at)
    return (at_ms, aside) if at_ms else (0, "")


def _remembered(text: str | None) -> RuleState:
    """What another version has written, or a failing disk, is not taken up: its open faults are found again."""
    try:
        state = msgspec.json.decode(text, type=RuleState) if text else RuleState()
        for problem in problems(state):  # one that cannot be recorded would end the daemon when it is over
            valid(as_fault(Cleared(problem, problem.found_ms), record_id="remembered", station=""))
    except Exception as error:
        log.warning("what is remembered of the equipment cannot be read (%r); it is looked at afresh", error)
        return RuleState()
    return state
