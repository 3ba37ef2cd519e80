"""The examination of a room: what every check says at one moment, of what is right too. Pure."""

from datetime import datetime
from typing import Literal

import msgspec

from kiosk.common.messages import Message, mark
from kiosk.common.opening_hours import room_open
from kiosk.contract.station import StationDocument, Thresholds
from kiosk.station.health.observation import Finding, Observation
from kiosk.station.health.rules import RuleState, findings, key_of

State = Literal["right", "wrong", "unknown"]


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One check of one device. ``text`` says what is wrong and ``remedy`` what to do, whether or not it is so."""

    cause: str
    device: str
    state: State
    text: Message
    remedy: Message
    facts: dict[str, str] = {}
    reported_ms: int | None = None
    """Since when it is an open fault of the record (UTC); None where it is none."""


class Examination(msgspec.Struct, frozen=True, kw_only=True):
    """All checks at the instant ``at_ms`` (UTC), always in the same order: numbers can be read out. The first one is
    whether the daemon runs."""

    at_ms: int
    items: tuple[Item, ...]

    def numbers(self, state: State) -> list[int]:
        """The numbers, from 1, of the items that are in ``state``."""
        return [n for n, item in enumerate(self.items, 1) if item.state == state]


def examine(
    state: RuleState,
    observation: Observation,
    document: StationDocument | None,
    now: datetime,
    *,
    running: bool = True,
    refusal: str = "",
) -> Examination:
    """Ask every check about ``observation`` at the aware ``now``. ``running`` tells whether the daemon runs,
    ``refusal`` why it did not start, where it has said so."""
    now_ms = int(now.timestamp() * 1000)
    thresholds, equipment = (document.thresholds, document.equipment) if document else (Thresholds(), ())
    found = findings(observation, thresholds, equipment, now_ms, in_hours(document, now), state.last_connector)
    return Examination(at_ms=now_ms, items=tuple(_item(one, state) for one in (_daemon(running, refusal), *found)))


def in_hours(document: StationDocument | None, now: datetime) -> bool:
    """Whether the room is open at ``now``; always, where the town has set no hours."""
    has_hours = document is not None and any(document.opening.week)
    return room_open(document.opening, now)[0] if document and has_hours else True


def _item(finding: Finding, state: RuleState) -> Item:
    watch = state.watches.get(key_of(finding))
    problem = watch.open if watch else None
    told = problem if finding.wrong is None and problem else finding  # a fault stands until something speaks against it
    return Item(
        cause=finding.cause,
        device=finding.device,
        state="right" if finding.wrong is False else "wrong" if finding.wrong or problem else "unknown",
        text=told.text,
        remedy=told.remedy,
        facts=told.facts,
        reported_ms=problem.found_ms if problem else None,
    )


def _daemon(running: bool, refusal: str) -> Finding:
    """Only somebody outside can see that it does not run."""
    if refusal:
        return Finding(
            cause="not-running",
            device="daemon",
            wrong=not running,
            text=Message(mark("The kiosk does not start: {why}"), {"why": refusal}),
            remedy=Message(mark("When that is mended: systemctl restart kiosk-station")),
        )
    return Finding(
        cause="not-running",
        device="daemon",
        wrong=not running,
        text=Message(mark("The kiosk does not run on this PC, or it hangs: nothing is shown, and much is not known.")),
        remedy=Message(mark("Restart the PC; if that does not help, look at: systemctl status kiosk-station")),
    )
