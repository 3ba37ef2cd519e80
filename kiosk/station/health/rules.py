"""Facts become problems, each with a remedy, raised once and cleared once. Pure.

A check looks at one observation and says what is *wrong*, what is *right*, and what it cannot tell (None).
:func:`judge` remembers: a device must be wrong for the town's hysteresis before it is a fault, and right for as long
before it is repaired. Between the two thresholds of a dead band, outside opening hours, and where a fact is unknown,
nothing moves. One cause makes one fault: what another finding explains is not told. What comes and goes is one fault
with a count (:mod:`kiosk.station.health.flapping`).
"""

from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256
from itertools import chain

import msgspec

from kiosk.common.messages import Message
from kiosk.contract.station import Equipment, Thresholds
from kiosk.station.health.checks.daemon import check_daemon
from kiosk.station.health.checks.devices import check_screens, check_usb
from kiosk.station.health.checks.disk import check_disk
from kiosk.station.health.checks.display_mode import check_modes
from kiosk.station.health.checks.line import check_line
from kiosk.station.health.checks.machine import check_machine
from kiosk.station.health.checks.output import check_output
from kiosk.station.health.checks.power import check_power
from kiosk.station.health.checks.record import check_record
from kiosk.station.health.checks.rest import check_rest
from kiosk.station.health.checks.signal import check_signal
from kiosk.station.health.checks.town import check_town
from kiosk.station.health.flapping import Looks, look, raised
from kiosk.station.health.observation import Finding, Observation, modes_of, statuses


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """An open problem, as it was found."""

    cause: str
    device: str
    found_ms: int
    text: Message
    remedy: Message
    facts: dict[str, str] = {}
    flapping: bool = False
    """Whether it comes and goes."""
    changes: int = 0
    """How often it has changed since it began to."""
    quiet: bool = False
    """Whether nobody was told, as somebody knows of it."""

    @property
    def name(self) -> str:
        """Which check of which device it is: the same for each time that it is found."""
        return f"{self.cause}/{self.device}"

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
    due_ms: int | None = None
    """When it has done so for long enough."""
    open: Problem | None = None
    looks: Looks = Looks()


class RuleState(msgspec.Struct, frozen=True, kw_only=True):
    """What the rules remember from one observation to the next; survives a restart as JSON."""

    watches: dict[str, Watch] = {}
    last_connector: str = ""
    """The connector that last had a screen; empty where none ever had."""
    modes: dict[str, str] = {}
    """The last good mode by output: ``1920x1080 of 1920x1080``, the screen's own wish behind it."""
    had_line: bool = False
    known: dict[str, int] = {}
    """Until when (UTC milliseconds) somebody knows of a problem and wants to hear no more of it, by its name."""


def findings(
    observation: Observation,
    thresholds: Thresholds,
    equipment: tuple[Equipment, ...],
    now_ms: int,
    open_hours: bool,
    last_connector: str,
) -> list[Finding]:
    """What every check says of ``observation``: the faults come from these, and what people are told of right things.

    Outside ``open_hours`` a screen or a USB device that is off is no fault: it may be off on purpose. What another
    finding explains is not known.
    """
    found = chain(
        check_screens(observation, equipment, open_hours, last_connector),
        check_usb(observation, equipment, open_hours),
        check_modes(observation, open_hours),
        check_output(observation, open_hours),
        check_signal(observation, open_hours),
        check_rest(observation, open_hours),
        check_machine(observation, thresholds),
        check_disk(observation, thresholds),
        check_power(observation),
        check_daemon(observation, thresholds),
        check_record(observation, now_ms),
        check_line(observation, open_hours),
        check_town(observation, now_ms),
    )
    return unexplained(found, frozenset())


def unexplained(found: Iterable[Finding], standing: frozenset[str]) -> list[Finding]:
    """The findings; one that is wrong is not known where another one that is wrong, or whose name is among those
    ``standing`` open, explains it."""
    found = list(found)
    explained = {cause for one in found if one.wrong or key_of(one) in standing for cause in one.explains}
    return [msgspec.structs.replace(one, wrong=None) if one.wrong and one.cause in explained else one for one in found]


def key_of(finding: Finding) -> str:
    """The key under which a check's device is remembered in :class:`RuleState`."""
    return f"{finding.cause}/{finding.device}"


def found(
    state: RuleState,
    observation: Observation,
    thresholds: Thresholds,
    equipment: tuple[Equipment, ...],
    now: datetime,
    open_hours: bool,
) -> list[Finding]:
    """The findings at the aware instant ``now``, without those that an open problem explains."""
    now_ms = int(now.timestamp() * 1000)
    all_of_them = findings(observation, thresholds, equipment, now_ms, open_hours, state.last_connector)
    return unexplained(all_of_them, frozenset(key for key, watch in state.watches.items() if watch.open))


def judge(
    state: RuleState,
    observation: Observation,
    thresholds: Thresholds,
    equipment: tuple[Equipment, ...],
    now: datetime,
    open_hours: bool,
    again: frozenset[str] = frozenset(),
) -> tuple[RuleState, list[Raised | Cleared]]:
    """Look at ``observation`` at the aware instant ``now``; return what to remember and what to tell.

    What is named in ``again`` somebody wants to know now: where it is right, it is over at once.
    """
    now_ms = int(now.timestamp() * 1000)
    connected = statuses(observation)
    last = next((name for name, status in sorted(connected.items()) if status == "connected"), state.last_connector)
    before = dict(state.watches)
    watches: dict[str, Watch] = {}
    told: list[Raised | Cleared] = []
    for finding in found(state, observation, thresholds, equipment, now, open_hours):
        key = key_of(finding)
        settle_ms = max(thresholds.hysteresis_ms, finding.settle_ms) if finding.settle else 0
        watch = before.pop(key, Watch())
        if key in again and watch.open is not None and finding.wrong is False:
            watch, settle_ms = msgspec.structs.replace(watch, looks=Looks()), 0
        watch, news = _step(watch, finding, now_ms, settle_ms)
        if watch.open is not None:
            watch, news = _quieted(watch, news, now_ms < state.known.get(key, 0))
        else:
            news = [one for one in news if not one.problem.quiet]
        if watch != Watch():
            watches[key] = watch
        told += news
    # A device for which there is no finding any more was struck off the register: its problem is over.
    told += [Cleared(w.open, now_ms) for w in before.values() if w.open is not None and not w.open.quiet]
    known = {key: until for key, until in state.known.items() if until > now_ms}
    modes = _good_modes(state.modes, observation)
    had_line = state.had_line or observation.facts.get("line.carrier") is True
    return RuleState(watches=watches, last_connector=last, modes=modes, had_line=had_line, known=known), told


def know(state: RuleState, name: str, until_ms: int) -> RuleState:
    """Somebody knows of the problem of this name and wants to hear no more of it until then; 0: wants to again."""
    others = {key: until for key, until in state.known.items() if key != name}
    return msgspec.structs.replace(state, known=others | ({name: until_ms} if until_ms else {}))


def paused(state: RuleState) -> RuleState:
    """What to remember while nobody judges: what is open stays so, and nothing else is on its way to be found."""
    watches = {
        key: msgspec.structs.replace(watch, turning_ms=None, due_ms=None)
        for key, watch in state.watches.items()
        if watch.open is not None
    }
    return msgspec.structs.replace(state, watches=watches)


def problems(state: RuleState) -> tuple[Problem, ...]:
    """The open problems, oldest first."""
    found = [watch.open for watch in state.watches.values() if watch.open is not None]
    return tuple(sorted(found, key=lambda problem: problem.found_ms))


def next_due_ms(state: RuleState) -> int | None:
    """When something will have been wrong, or right, for long enough (UTC milliseconds); None: nothing is turning."""
    return min((watch.due_ms for watch in state.watches.values() if watch.due_ms is not None), default=None)


def _step(watch: Watch, finding: Finding, now_ms: int, settle_ms: int) -> tuple[Watch, list[Raised | Cleared]]:
    if finding.wrong is None:
        return Watch(open=watch.open, looks=watch.looks), []
    looks = look(watch.looks, finding.wrong, now_ms) if finding.settle else watch.looks
    stands_wrong = watch.open is not None
    if looks.flapping:
        return _flap(watch, finding, looks, now_ms)
    if finding.wrong == stands_wrong:
        return Watch(open=watch.open, looks=looks), []
    # A clock set back must not make the wait longer. What has ceased to flap has been right since its last change.
    began_ms = looks.changed_ms if watch.looks.flapping else now_ms
    since_ms = began_ms if watch.turning_ms is None else min(watch.turning_ms, now_ms)
    if now_ms - since_ms < settle_ms:
        return Watch(turning_ms=since_ms, due_ms=since_ms + settle_ms, open=watch.open, looks=looks), []
    if watch.open is not None:
        return Watch(looks=looks), [Cleared(watch.open, since_ms)]
    if finding.settle:
        looks = raised(looks, now_ms)
    if looks.flapping:
        return _flap(watch, finding, looks, since_ms)
    problem = _problem(finding, since_ms)
    return Watch(open=problem, looks=looks), [Raised(problem)]


def _flap(watch: Watch, finding: Finding, looks: Looks, now_ms: int) -> tuple[Watch, list[Raised | Cleared]]:
    """It comes and goes: one fault, whatever it looks like now, and each change is counted."""
    before = watch.open
    problem = msgspec.structs.replace(before or _problem(finding, now_ms), flapping=True, changes=looks.changes)
    return Watch(open=problem, looks=looks), [] if before else [Raised(problem)]


def _problem(finding: Finding, since_ms: int) -> Problem:
    return Problem(
        cause=finding.cause,
        device=finding.device,
        found_ms=since_ms,
        text=finding.text,
        remedy=finding.remedy,
        facts=finding.facts,
    )


def _quieted(watch: Watch, news: list[Raised | Cleared], known: bool) -> tuple[Watch, list[Raised | Cleared]]:
    """What somebody knows of is not told when it comes back; once that is over, what is still open is."""
    problem = watch.open
    if problem is None:
        return watch, news
    if known and any(isinstance(one, Raised) for one in news):
        return msgspec.structs.replace(watch, open=msgspec.structs.replace(problem, quiet=True)), []
    if problem.quiet and not known:
        problem = msgspec.structs.replace(problem, quiet=False)
        return msgspec.structs.replace(watch, open=problem), [Raised(problem)]
    return watch, news


def _good_modes(before: dict[str, str], observation: Observation) -> dict[str, str]:
    """The mode in which a screen was first seen is its good one; another screen has another wish, and begins anew."""
    found = modes_of(observation)
    new = {
        output: mode
        for output, mode in found.items()
        if mode[0].isdigit() and before.get(output, "").partition(" of ")[2] != mode.partition(" of ")[2]
    }
    return before | new
