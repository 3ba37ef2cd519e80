"""The line to the town: cable, names, who answers, loss and delay. Pure."""

from collections.abc import Iterator

from kiosk.common.messages import Message, mark
from kiosk.station.health.observation import Finding, Observation, above, number_of

CHAIN = ("line-unpaid", "captive-portal", "no-names", "line-poor", "town-silent", "freeze", "programme-missing")
"""Each explains those behind it."""
LOSS_PERCENT, DELAY_MS = 20, 2_000
ROUTER_MS = 180_000
"""A router that starts anew is back by then: outside opening hours nobody is there whom it would concern."""
LASTS_MS = 600_000
"""A line that is poor, or without names, for less is nobody's trip to the village."""


def check_line(observation: Observation, open_hours: bool) -> Iterator[Finding]:
    facts = observation.facts
    carrier, names, answers = facts.get("line.carrier"), facts.get("line.names"), facts.get("line.answers")
    yield Finding(
        cause="line-unplugged",
        device="line",
        wrong=None if carrier is None or not (carrier or observation.had_line) else not carrier,
        text=Message(mark("The PC has no line: no network cable, or what is at its other end is off.")),
        remedy=Message(mark("Check that the cable sits firmly at both ends, and that the router has power.")),
        settle_ms=0 if open_hours else ROUTER_MS,
        explains=CHAIN,
    )
    yield Finding(
        cause="line-unpaid",
        device="line",
        wrong=_answered(answers, "unpaid", observation.link_down_since_ms),
        text=Message(mark("The line is cut off because it is not paid for, as the operator's page says.")),
        remedy=Message(mark("Pay the telecom's bill; the line comes back by itself.")),
        explains=CHAIN[1:],
    )
    yield Finding(
        cause="captive-portal",
        device="line",
        wrong=_answered(answers, "captive", observation.link_down_since_ms),
        text=Message(mark("Another page answers in the town's place: the network asks somebody to log in.")),
        remedy=Message(mark("Open any page with a phone on the same network, and log in there; or ask the telecom.")),
        explains=CHAIN[2:],
    )
    yield Finding(
        cause="no-names",
        device="line",
        wrong=None if names is None else not names,
        text=Message(mark("The town's name cannot be looked up: the network has no name server that answers.")),
        remedy=Message(mark("Restart the router; if that does not help, call the telecom.")),
        settle_ms=LASTS_MS,
        explains=CHAIN[3:],
    )
    loss, delay = number_of(observation, "line.loss_percent"), number_of(observation, "line.delay_ms")
    looks = [above(loss, LOSS_PERCENT, LOSS_PERCENT // 2), above(delay, DELAY_MS, DELAY_MS // 2)]
    down = bool(observation.link_down_since_ms)
    yield Finding(
        cause="line-poor",
        device="line",
        wrong=None if down else True if True in looks else None if None in looks else False,
        text=Message(
            mark("The line to the town is poor: {loss} of 100 connections fail, one takes {delay} ms."),
            {"loss": str(loss), "delay": str(delay)},
        ),
        remedy=Message(mark("Restart the router; if that does not help, call the telecom.")),
        facts={"loss_percent": str(loss), "delay_ms": str(delay)},
        settle_ms=LASTS_MS,
    )


def _answered(answers: object, wanted: str, down_since_ms: int | None) -> bool | None:
    """Wrong while such a page comes; right once the town answers itself."""
    if answers is not None:
        return answers == wanted
    return False if down_since_ms == 0 else None
