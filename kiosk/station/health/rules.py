"""Facts become problems, each with a remedy, raised once and cleared once. Pure.

A check looks at one observation and says what is *wrong*, what is *right*, and what it cannot tell (None).
:func:`judge` remembers: a device must be wrong for the town's hysteresis before it is a fault, and right for as long
before it is repaired. Between the two thresholds of a dead band, outside opening hours, and where a fact is unknown,
nothing moves.
"""

from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256
from itertools import chain

import msgspec

from kiosk.common.messages import Message
from kiosk.contract.station import Equipment, Thresholds
from kiosk.station.health.checks.daemon import check_daemon
from kiosk.station.health.checks.devices import check_screens, check_usb
from kiosk.station.health.checks.machine import check_machine
from kiosk.station.health.checks.output import check_output
from kiosk.station.health.checks.record import check_record
from kiosk.station.health.checks.rest import check_rest
from kiosk.station.health.checks.town import check_town
from kiosk.station.health.observation import Finding, Observation, statuses


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """An open problem, as it was found."""

    cause: str
    device: str
    found_ms: int
    text: Message
    remedy: Message
    facts: dict[str, str] = {}

    def key(self, station: str) -> str:
        """What raising and clearing have in common; no two stations give the same."""
        digest = sha256(f"{station}\n{self.cause}\n{self.device}".encode()).hexdigest()
        return f"{self.cause}.{self.found_ms}.{digest[:12]}"


class Raised(msgspec.Struct, frozen=True):
    """A new problem."""

    problem: Problem


class Cleared(msgspec.Struct, frozen=True):
    """A problem that is over since ``cleared_ms`` (UTC milliseconds)."""

    problem: Problem
    cleared_ms: int


class Watch(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered about one cause and device."""

    turning_ms: int | None = None
    """Since when it has looked other than it stands."""
    open: Problem | None = None


class RuleState(msgspec.Struct, frozen=True, kw_only=True):
    """What the rules remember from one observation to the next; survives a restart as JSON."""

    watches: dict[str, Watch] = {}
    last_connector: str = ""
    """The connector that last had a screen; empty where none ever had."""


def findings(
    observation: Observation,
    thresholds: Thresholds,
    equipment: tuple[Equipment, ...],
    now_ms: int,
    open_hours: bool,
    last_connector: str,
) -> Iterator[Finding]:
    """What every check says of ``observation``: the faults come from these, and what people are told of right things.

    Outside ``open_hours`` a screen or a USB device that is off is no fault: it may be off on purpose.
    """
    return chain(
        check_screens(observation, equipment, open_hours, last_connector),
        check_usb(observation, equipment, open_hours),
        check_output(observation, open_hours),
        check_rest(observation, open_hours),
        check_machine(observation, thresholds),
        check_daemon(observation, thresholds),
        check_record(observation, now_ms),
        check_town(observation, now_ms),
    )


def key_of(finding: Finding) -> str:
    """Under which a check's device is remembered in :class:`RuleState`."""
    return f"{finding.cause}/{finding.device}"


def judge(
    state: RuleState,
    observation: Observation,
    thresholds: Thresholds,
    equipment: tuple[Equipment, ...],
    now: datetime,
    open_hours: bool,
) -> tuple[RuleState, list[Raised | Cleared]]:
    """Look at ``observation`` at the aware instant ``now``; return what to remember and what to tell."""
    now_ms = int(now.timestamp() * 1000)
    connected = statuses(observation)
    last = next((name for name, status in sorted(connected.items()) if status == "connected"), state.last_connector)
    before = dict(state.watches)
    watches: dict[str, Watch] = {}
    told: list[Raised | Cleared] = []
    for finding in findings(observation, thresholds, equipment, now_ms, open_hours, state.last_connector):
        key = key_of(finding)
        settle_ms = thresholds.hysteresis_ms if finding.settle else 0
        watch, news = _step(before.pop(key, Watch()), finding, now_ms, settle_ms)
        if watch != Watch():
            watches[key] = watch
        told += news
    # A device for which there is no finding any more was struck off the register: its problem is over.
    told += [Cleared(watch.open, now_ms) for watch in before.values() if watch.open is not None]
    return RuleState(watches=watches, last_connector=last), told


def paused(state: RuleState) -> RuleState:
    """What to remember while nobody judges: what is open stays so, and nothing else is on its way to be found."""
    watches = {key: Watch(open=watch.open) for key, watch in state.watches.items() if watch.open is not None}
    return msgspec.structs.replace(state, watches=watches)


def problems(state: RuleState) -> tuple[Problem, ...]:
    """The open problems, oldest first."""
    found = [watch.open for watch in state.watches.values() if watch.open is not None]
    return tuple(sorted(found, key=lambda problem: problem.found_ms))


def _step(watch: Watch, finding: Finding, now_ms: int, settle_ms: int) -> tuple[Watch, list[Raised | Cleared]]:
    stands_wrong = watch.open is not None
    if finding.wrong is None or finding.wrong == stands_wrong:
        return Watch(open=watch.open), []
    # A clock set back must not make the wait longer.
    since_ms = now_ms if watch.turning_ms is None else min(watch.turning_ms, now_ms)
    if now_ms - since_ms < settle_ms:
        return Watch(turning_ms=since_ms, open=watch.open), []
    if watch.open is not None:
        return Watch(), [Cleared(watch.open, since_ms)]
    problem = Problem(
        cause=finding.cause,
        device=finding.device,
        found_ms=since_ms,
        text=finding.text,
        remedy=finding.remedy,
        facts=finding.facts,
    )
    return Watch(open=problem), [Raised(problem)]
