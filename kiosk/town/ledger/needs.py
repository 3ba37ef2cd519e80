"""What a room needs from somebody, for the list of stations and for Monday's page with its sentences. Pure.

Only what the town knows is said. A room that is silent needs a call because it is silent; what it said before is called
what it said before.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from kiosk.common.messages import mark
from kiosk.contract.station import Person
from kiosk.town.ledger.condition import Row, Translate, hindrance_words, span

DAY_MS = 86_400_000
STOPPED_MS = DAY_MS
"""A Stop that lasts for so long from now needs somebody."""
MOST_FAULTS = 5
"""How many faults of a room are told one by one."""


@dataclass(frozen=True)
class Need:
    """One thing that a room needs. The smaller ``rank``, the sooner."""

    rank: int
    what: str
    """For the officer."""
    ask: str
    """For the administrator, without greeting; empty where there is nothing to ask of them."""


@dataclass(frozen=True)
class Missed:
    """What a room has missed in some days, of what was planned; the reasons in words, the most frequent first."""

    missed: int
    planned: int
    reasons: tuple[str, ...] = ()


def needs(
    row: Row, missed: Missed | None, now_ms: int, local: Callable[[int], str], line: Callable[[str], str], _: Translate
) -> list[Need]:
    """What a room needs, by rank. ``line`` picks the reader's language out of a fault's text."""
    return sorted(_needs(row, missed, now_ms, local, line, _), key=lambda one: one.rank)


def needs_somebody(row: Row, now_ms: int) -> bool:
    """Whether a room needs anything, leaving aside what it has missed."""
    return bool(needs(row, None, now_ms, str, str, str))


def _needs(
    row: Row, missed: Missed | None, now_ms: int, local: Callable[[int], str], line: Callable[[str], str], _: Translate
) -> Iterator[Need]:
    if row["enrolled_ms"] is None:
        ask = _("Please connect the PC to the town with the code on the sheet that you were given.")
        yield Need(1, _("not connected yet: its PC has never used its code"), ask)
        return
    if row["heard_ms"] is None:
        ask = _("Please see whether the PC is on and its network cable is plugged in.")
        yield Need(0, _("connected once, and never heard since"), ask)
        return
    if row["silent"]:
        said = _("silent: not heard for {span}, last at {time}")
        what = said.format(span=span(row["silent_for_ms"], _), time=local(row["heard_ms"]))
        ask = _("The town has not heard from your PC since {time}. Please see whether it is on and on line.")
        yield Need(0, what, ask.format(time=local(row["heard_ms"])))
    yield from _faults(row, now_ms, line, _)
    if not row["silent"]:
        yield from _now(row, now_ms, local, _)
    if missed is not None and missed.missed:
        said = _("missed last week: {missed} of {planned} planned showings ({reasons})")
        reasons = _(", ").join(missed.reasons) or _("for a reason that is not known")
        what = said.format(missed=missed.missed, planned=missed.planned, reasons=reasons)
        ask = _("Last week {missed} of {planned} planned showings did not take place. Please make them up.")
        yield Need(5, what, ask.format(missed=missed.missed, planned=missed.planned))
    for name, text in _AGAINST.items():
        if row[name] is not None:
            yield Need(6, _(text).format(time=local(row[name])), "")


_AGAINST = {
    "cloned_ms": mark("two PCs report as this room since {time}, or one that was put back from a copy"),
    "forked_ms": mark("its record contradicts itself since {time}"),
    "broken_ms": mark("a record that does not fit its hash came at {time}"),
}


def _faults(row: Row, now_ms: int, line: Callable[[str], str], _: Translate) -> Iterator[Need]:
    """The open faults; not those that the room does not report any more, though their end has not come yet."""
    before = _("before it fell silent: ") if row["silent"] else ""
    faults = [fault for fault in row["faults"] if fault["told"] is not False]
    for fault in faults[:MOST_FAULTS]:
        days = max(0, now_ms - fault["found_ms"])
        what = _("{before}{text} (for {span})").format(before=before, text=line(fault["text"]), span=span(days, _))
        yield Need(2, what, line(fault["remedy"]) or line(fault["text"]))
    if len(faults) > MOST_FAULTS:
        yield Need(2, _("and {count} more faults").format(count=len(faults) - MOST_FAULTS), "")


def _now(row: Row, now_ms: int, local: Callable[[int], str], _: Translate) -> Iterator[Need]:
    causes = {fault["cause"] for fault in row["faults"]}
    if row["screen"] in ("none", "denied") and "no-screen" not in causes:
        ask = _("Please see whether the screen is on and its cable is plugged in, and start the PC anew.")
        yield Need(2, _("no screen"), ask)
    if row["sound"] in ("none", "null") and not causes & {"no-sound", "sound-silent"}:
        ask = _("Nothing is heard in your room. Please see whether the loudspeaker is on and plugged in.")
        yield Need(3, _("nobody can hear it: no loudspeaker, or the PC is muted"), ask)
    if row["clock"] == "untrusted" and "clock-untrusted" not in causes:
        ask = _("The clock of your PC is not right. Please set it on the page of the room.")
        yield Need(3, _("its clock is not to be trusted, so it does not follow the timetable"), ask)
    until_ms = row["stopped_until_ms"]
    if row["stopped"] and (not until_ms or until_ms - now_ms > STOPPED_MS):
        when = _("until somebody presses Start") if not until_ms else _("until {time}").format(time=local(until_ms))
        ask = _("Your room is stopped, {when}. If that is no longer meant, please press Start.")
        yield Need(3, _("stopped {when}").format(when=when), ask.format(when=when))
    held = {"published": row["playlist_version"] or 0} if row["quiet"] else {}
    if hindrance := hindrance_words(row | held, _):  # a room that is closed may not have heard of a new week
        yield Need(4, hindrance, "")


def telephones(people: tuple[Person, ...]) -> list[Person]:
    """Whom to call: those with a number, administrator A first."""
    order = {"A": 0, "B": 1, "secretary": 2}
    return sorted((one for one in people if one.telephone), key=lambda one: order.get(one.post, 3))


def sentence(row: Row, found: list[Need], whom: str, _: Translate) -> str:
    """The sentence to send; empty where nothing is asked of the room."""
    asks = list(dict.fromkeys(need.ask for need in found if need.ask))
    if not asks:
        return ""
    greeting = _("Hello {whom}, this is about {room}: ") if whom else _("Hello, this is about {room}: ")
    return greeting.format(whom=whom, room=row["name"]) + " ".join(asks)


def missed_of(states: Counter[str], reasons: Counter[str]) -> Missed:
    """What was missed, by the states of ``common.outcomes`` and the reasons in words."""
    planned = sum(states[name] for name in ("on-time", "late", "made-up", "missed"))
    return Missed(states["missed"], planned, tuple(text for text, _ in reasons.most_common(2)))
