"""When a remedy is tried, how often, and whether it has helped. Pure."""

from collections.abc import Iterable

import msgspec

from kiosk.common.messages import Message, mark
from kiosk.station.health.observation import Finding

HOUR_MS = 3_600_000


class Remedy(msgspec.Struct, frozen=True, kw_only=True):
    """Something that the kiosk can do about a finding."""

    name: str
    words: str
    """A text of the catalogue that says what is done."""
    causes: tuple[str, ...]
    when: dict[str, str] = {}
    """Facts that the finding must have."""
    after_ms: int = 0
    """How long it waits to see whether things mend themselves."""
    helps_within_ms: int = 30_000
    """How long it has to show an effect; it is not tried again before."""
    most_per_hour: int


class Try(msgspec.Struct, frozen=True, kw_only=True):
    """One remedy, tried once. ``problem`` is the name of what it was tried for."""

    remedy: str
    problem: str
    at_ms: int
    helped: bool | None = None
    """None: not known yet."""


class Tries(msgspec.Struct, frozen=True, kw_only=True):
    """The tries of the last hour, and since when each thing is wrong; survives a restart as JSON."""

    tries: tuple[Try, ...] = ()
    wrong_ms: dict[str, int] = {}


def consider(
    before: Tries, found: Iterable[Finding], remedies: Iterable[Remedy], now_ms: int
) -> tuple[Tries, list[tuple[Remedy, Finding]], list[Try]]:
    """What to try now for what is wrong, and which tries have ended: they have helped, or their time is over."""
    findings = {f"{one.cause}/{one.device}": one for one in found}
    wrong_ms = {
        name: min(before.wrong_ms.get(name, now_ms), now_ms)
        for name, one in findings.items()
        if one.wrong or (one.wrong is None and name in before.wrong_ms)
    }
    known = {remedy.name: remedy for remedy in remedies}
    tries, ended = list[Try](), list[Try]()
    for one in before.tries:
        remedy, finding = known.get(one.remedy), findings.get(one.problem)
        if not 0 <= now_ms - one.at_ms < HOUR_MS or remedy is None:
            continue
        if one.helped is None and finding is not None and finding.wrong is False:
            one = msgspec.structs.replace(one, helped=True)
            ended.append(one)
        elif one.helped is None and now_ms - one.at_ms >= remedy.helps_within_ms:
            one = msgspec.structs.replace(one, helped=False)
            ended.append(one)
        tries.append(one)
    due = list[tuple[Remedy, Finding]]()
    for name, finding in findings.items():
        if not finding.wrong or any(one.problem == name and one.helped is None for one in tries):
            continue
        for remedy in known.values():
            if finding.cause not in remedy.causes or not remedy.when.items() <= finding.facts.items():
                continue
            so_far = sum(one.remedy == remedy.name and one.problem == name for one in tries)
            if so_far < remedy.most_per_hour and now_ms - wrong_ms[name] >= remedy.after_ms:
                due.append((remedy, finding))
                tries.append(Try(remedy=remedy.name, problem=name, at_ms=now_ms))
                break
    return Tries(tries=tuple(tries), wrong_ms=wrong_ms), due, ended


def tried(tries: Tries, remedies: Iterable[Remedy], problem: str) -> list[Message]:
    """What was tried for a problem within the last hour, remedy by remedy."""
    said = []
    for remedy in remedies:
        own = [one for one in tries.tries if one.problem == problem and one.remedy == remedy.name]
        if own:
            values = {"count": str(len(own)), "helped": str(sum(one.helped is True for one in own))}
            said += [Message(remedy.words), Message(mark("(tried: {count}, helped: {helped})"), values)]
    return said
