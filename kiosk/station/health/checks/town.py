"""The town: its plan, the line to it, and what it offers. Pure."""

from collections.abc import Iterator

from kiosk.common.messages import Message, mark
from kiosk.station.health.observation import Finding, Observation

DAY_MS = 86_400_000
PLAN_WARNING_MS = 2 * DAY_MS
"""A week that ends sooner is a problem: an officer needs a workday to mend it."""
FREEZE_MS = DAY_MS
"""What has been published is here within minutes; for a line that is down now and then a day is enough."""
SILENCE_MS = DAY_MS
"""A line that is down for less is nobody's trip to the village."""


def check_town(observation: Observation, now_ms: int) -> Iterator[Finding]:
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
    missing = observation.missing_soon
    yield Finding(
        cause="programme-missing",
        device="plan",
        wrong=None if missing is None or not clock_right else bool(missing),
        text=Message(mark("{title} is to begin soon and has not come."), {"title": missing or ""}),
        remedy=Message(mark("Check the line to the town; the town may bring the programme on a stick.")),
        facts={"title": missing or ""},
    )
    since = observation.link_down_since_ms
    yield Finding(
        cause="town-silent",
        device="line",
        wrong=None if since is None or (since and not clock_right) else bool(since) and now_ms - since >= SILENCE_MS,
        text=Message(mark("The town has not been reached for more than a day.")),
        remedy=Message(mark("Check the network cable and the router; then call the telecom.")),
        facts={"since_ms": str(since)},
        explains=("freeze",),
        settle=False,
    )
    behind_ms = observation.behind_ms
    yield Finding(
        cause="freeze",
        device="line",
        wrong=None if behind_ms is None else behind_ms >= FREEZE_MS,
        text=Message(mark("For more than a day the town has told of something newer, and it has not come.")),
        remedy=Message(mark("Tell the town: something on the line may hold it back. The accepted plan goes on.")),
        facts={"behind_ms": str(behind_ms)},
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
