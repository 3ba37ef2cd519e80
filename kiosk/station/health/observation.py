"""Pure: what each rule says of one observation: wrong, right, or (None) that it cannot tell."""

from collections.abc import Callable, Iterator, Mapping

import msgspec

from kiosk.common.mark import mark
from kiosk.contract.records import ClockState
from kiosk.contract.station import Equipment, Thresholds

DAY_MS = 86_400_000
PLAN_WARNING_MS = 2 * DAY_MS
"""A week that ends sooner is a problem: an officer needs a workday to mend it."""
SILENCE_MS = DAY_MS
"""A line that is down for less is nobody's trip to the village."""
DAMAGE_SHOWN_MS = 7 * DAY_MS
"""How long damage to the record stays a fault: a disk that is failing damages it again within a week."""
INBOX_LIMIT = 1000
"""Events waiting. The producers are few and slow: more than this means that the daemon cannot follow."""


class Message(msgspec.Struct, frozen=True):
    """A text that is not yet in any language: an English template and what stands in it."""

    text: str
    values: dict[str, str] = {}

    def render(self, translate: Callable[[str], str]) -> str:
        """The text in the language of ``translate``."""
        return translate(self.text).format_map(self.values)


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the room at one moment. None is unknown."""

    facts: Mapping[str, str | int | bool | None] = {}
    """As read by the probes; see ``probes.py`` for the names."""
    child_restarts: int | None = None
    """Players that had to be replaced in the last hour."""
    inbox: int | None = None
    """Events waiting."""
    journal_trouble: str | None = None
    """What the journal says while it cannot write; empty when it can."""
    journal_damaged_ms: int | None = None
    """When the journal was last found damaged; 0 where it never was."""
    journal_aside: str = ""
    """Under what name the damaged one is kept."""
    link_down_since_ms: int | None = None
    """Since when the town has not answered; 0 while it does."""
    plan_until_ms: int | None = None
    """Where the accepted weeks end; 0 where there is none."""
    refused: str | None = None
    """Why the newest week that was offered was refused; empty once one is accepted."""
    clock: ClockState | None = None


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What one rule says about one device."""

    cause: str
    device: str
    wrong: bool | None
    text: Message
    remedy: Message
    facts: dict[str, str] = {}
    settle: bool = True
    """Whether the hysteresis applies; not where the observation itself looks back over a time."""


def statuses(observation: Observation) -> dict[str, str]:
    """``connected`` or ``disconnected`` by DRM connector; empty where the machine does not say."""
    listed = observation.facts.get("screen.connectors")
    if not isinstance(listed, str):
        return {}
    return dict(pair.split("=", 1) for pair in listed.split(",") if "=" in pair)


def _number(observation: Observation, name: str) -> int | None:
    found = observation.facts.get(name)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def _over(found: int | None, wrong_above: int, right_up_to: int) -> bool | None:
    """Wrong above one threshold, right at or below the other, unknown in the dead band between."""
    if found is None or right_up_to < found <= wrong_above:
        return None
    return found > wrong_above


def _under(found: int | None, wrong_below: int, right_from: int) -> bool | None:
    """Wrong below one threshold, right at or above the other, unknown in the dead band between."""
    return None if found is None else _over(-found, -wrong_below, -right_from)


def findings(
    observation: Observation,
    thresholds: Thresholds,
    equipment: tuple[Equipment, ...],
    now_ms: int,
    open_hours: bool,
    last_connector: str,
) -> Iterator[Finding]:
    """What every rule says, one finding for each device that it looks at.

    Outside ``open_hours`` a screen or a USB device that is off is no fault. ``last_connector`` is the connector that
    last had a screen.
    """
    yield from _screens(observation, equipment, open_hours, last_connector)
    yield from _usb(observation, equipment, open_hours)
    yield from _machine(observation, thresholds)
    yield from _daemon(observation, thresholds)
    yield from _record(observation, now_ms)
    yield from _town(observation, now_ms)


def _screens(
    observation: Observation, equipment: tuple[Equipment, ...], open_hours: bool, last_connector: str
) -> Iterator[Finding]:
    """Each connector that the register names; where it names none: any screen at all, once there has been one."""
    status_of = statuses(observation)
    named = [(item.id, item.name, item.connector) for item in equipment if item.connector]
    for device, name, connector in named:
        status = status_of.get(connector)
        yield _screen(device, name, connector, None if status is None else status != "connected", open_hours)
    if not named and last_connector:
        wrong = "connected" not in status_of.values() if status_of else None
        yield _screen("screen", "", last_connector, wrong, open_hours)


def _screen(device: str, name: str, connector: str, wrong: bool | None, open_hours: bool) -> Finding:
    return Finding(
        cause="screen-unplugged",
        device=device,
        wrong=None if wrong and not open_hours else wrong,
        text=Message(mark("The screen {name} is not connected."), {"name": name or connector}),
        remedy=Message(mark("Check that the screen has power and that its cable sits firmly at both ends.")),
        facts={"connector": connector},
    )


def _usb(observation: Observation, equipment: tuple[Equipment, ...], open_hours: bool) -> Iterator[Finding]:
    listed = observation.facts.get("usb.present")
    for item in equipment:
        if not item.usb:
            continue
        wrong = item.usb.lower() not in listed.split(",") if isinstance(listed, str) else None
        yield Finding(
            cause="usb-missing",
            device=item.id,
            wrong=None if wrong and not open_hours else wrong,
            text=Message(mark("The device {name} is not found on the USB."), {"name": item.name}),
            remedy=Message(mark("Plug it in again, into another socket of the PC; if it stays away, it is broken.")),
            facts={"usb": item.usb},
        )


def _machine(observation: Observation, thresholds: Thresholds) -> Iterator[Finding]:
    free = _number(observation, "disk.free_mb")
    least = thresholds.disk_free_mb
    yield Finding(
        cause="disk-low",
        device="disk",
        wrong=_under(free, least, least + least // 10),
        text=Message(
            mark("The disk is nearly full: {free} MB are free, {least} MB are wanted."),
            {"free": str(free), "least": str(least)},
        ),
        remedy=Message(mark("Delete files that do not belong to the kiosk, or have a larger disk put in.")),
        facts={"free_mb": str(free)},
    )
    writable = observation.facts.get("disk.writable")
    yield Finding(
        cause="disk-not-writable",
        device="disk",
        wrong=None if writable is None else not writable,
        text=Message(mark("The disk does not take any writing, so plays cannot be recorded.")),
        remedy=Message(mark("Restart the PC; if it comes back, the disk is failing and must be replaced.")),
    )
    heat = _number(observation, "temperature.max_c")
    yield Finding(
        cause="too-hot",
        device="pc",
        wrong=_over(heat, thresholds.temperature_c, thresholds.temperature_c - 5),
        text=Message(mark("The PC is too hot: {heat} °C."), {"heat": str(heat)}),
        remedy=Message(mark("Free the PC's air vents of dust and of what stands before them.")),
        facts={"temperature_c": str(heat)},
    )


def _daemon(observation: Observation, thresholds: Thresholds) -> Iterator[Finding]:
    most = thresholds.child_restarts_per_hour
    yield Finding(
        cause="child-restarts",
        device="player",
        wrong=_over(observation.child_restarts, most, most // 2),
        text=Message(
            mark("The player had to be restarted {count} times within an hour."),
            {"count": str(observation.child_restarts)},
        ),
        remedy=Message(mark("Restart the PC. If it goes on, tell the town which programme was on.")),
        facts={"restarts": str(observation.child_restarts)},
        settle=False,
    )
    yield Finding(
        cause="inbox-long",
        device="daemon",
        wrong=_over(observation.inbox, INBOX_LIMIT, INBOX_LIMIT // 10),
        text=Message(mark("The kiosk cannot keep up: {count} messages wait."), {"count": str(observation.inbox)}),
        remedy=Message(mark("Restart the PC.")),
        facts={"inbox": str(observation.inbox)},
    )
    trouble = observation.journal_trouble
    told_by_disk = observation.facts.get("disk.writable") is False
    yield Finding(
        cause="journal-trouble",
        device="journal",
        wrong=None if trouble is None or (trouble and told_by_disk) else bool(trouble),
        text=Message(mark("Plays cannot be recorded: {error}"), {"error": trouble or ""}),
        remedy=Message(mark("Restart the PC; if it comes back, tell the town.")),
        facts={"error": trouble or ""},
    )
    yield Finding(
        cause="clock-untrusted",
        device="clock",
        wrong=None if observation.clock is None else observation.clock == "untrusted",
        text=Message(mark("The clock cannot be trusted, so the timetable is not followed.")),
        remedy=Message(mark("Connect the PC to the network; if it happens at every start, its battery is empty.")),
    )


def _record(observation: Observation, now_ms: int) -> Iterator[Finding]:
    damaged_ms, aside = observation.journal_damaged_ms, observation.journal_aside
    yield Finding(
        cause="journal-damaged",
        device="journal",
        wrong=None if damaged_ms is None else bool(damaged_ms) and now_ms - damaged_ms < DAMAGE_SHOWN_MS,
        text=Message(
            mark("The record was damaged when the station started; what could be read was carried over. Kept: {file}"),
            {"file": aside or "-"},
        ),
        remedy=Message(mark("Tell the town. If it comes back, the disk is failing and must be replaced.")),
        facts={"file": aside, "damaged_ms": str(damaged_ms)},
        settle=False,
    )


def _town(observation: Observation, now_ms: int) -> Iterator[Finding]:
    clock_right = observation.clock != "untrusted"
    until = observation.plan_until_ms
    yield Finding(
        cause="plan-running-out",
        device="plan",
        wrong=None if until is None or not clock_right else until - now_ms < PLAN_WARNING_MS,
        text=Message(mark("The town's plan ends within two days, or there is none.")),
        remedy=Message(mark("Ask the town to publish the next week.")),
        facts={"plan_until_ms": str(until)},
    )
    since = observation.link_down_since_ms
    yield Finding(
        cause="town-silent",
        device="line",
        wrong=None if since is None or (since and not clock_right) else bool(since) and now_ms - since >= SILENCE_MS,
        text=Message(mark("The town has not been reached for more than a day.")),
        remedy=Message(mark("Check the network cable and the router; then call the telecom.")),
        facts={"since_ms": str(since)},
        settle=False,
    )
    refused = observation.refused
    yield Finding(
        cause="week-refused",
        device="plan",
        wrong=None if refused is None else bool(refused),
        text=Message(mark("A plan was offered that could not be believed: {reason}"), {"reason": refused or ""}),
        remedy=Message(mark("Tell the town; it must be published again. The accepted plan goes on.")),
        facts={"reason": refused or ""},
        settle=False,
    )
