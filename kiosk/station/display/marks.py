"""What poster and panel say of each of today's slots: shown, on air, to come, not shown and why. Pure."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal

from kiosk.common.planned import Verdict, Why
from kiosk.contract.playlist import Slot
from kiosk.contract.records import Origin

Moment = Literal["past", "shown", "partly", "not-shown", "made-up", "now", "to-come"]
"""``past``: over, and nothing is claimed of it; ``made-up``: what was missed of it was shown whole later."""


@dataclass(frozen=True)
class Mark:
    """How a slot stands, and why what was not shown of it was not, where that is known."""

    moment: Moment
    why: tuple[Why, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Now:
    """The room at ``at_ms`` (UTC ms): what the marks of today's slots depend on."""

    at_ms: int
    on_air: tuple[str, int, Origin] | None = None
    """Programme, start (UTC ms) and origin of what is on the screen."""
    stopped: bool = False
    stop_until_ms: int | None = None
    """When a Stop in force ends; None: with Start."""
    has_screen: bool = True
    clock_trusted: bool = True
    missing: tuple[str, int] | None = None
    """Programme and start (UTC ms) of the showing that is due, and whose programme is not here."""
    session: bool = False
    """A session has the screen."""


def mark_ahead(slot: Slot, start_ms: int, end_ms: int, now: Now) -> Mark:
    """The mark of a slot whose list runs from ``start_ms`` to ``end_ms`` (UTC ms), and is not over."""
    if now.stopped and (start_ms <= now.at_ms or now.stop_until_ms is None or end_ms <= now.stop_until_ms):
        return Mark("not-shown", (Why("stopped"),))
    if start_ms > now.at_ms:
        return Mark("to-come")
    if now.on_air is not None:
        programme, began_ms, origin = now.on_air
        if origin == "slot" and programme in slot.programmes and start_ms <= began_ms < end_ms:
            return Mark("now")
        if origin == "urgent":
            return Mark("not-shown", (Why("urgent"),))
    if not now.has_screen:
        return Mark("not-shown", (Why("no-screen"),))
    if not now.clock_trusted:
        return Mark("not-shown", (Why("clock"),))
    if now.session:
        return Mark("not-shown", (Why("session"),))
    if now.missing is not None and now.missing[0] in slot.programmes and start_ms <= now.missing[1] < end_ms:
        return Mark("not-shown", (Why("not-fetched"),))
    return Mark("to-come")


def mark_made_up(mark: Mark, slot: Slot, made_up: Collection[str], missed: Collection[str]) -> Mark:
    """The mark of a past slot once those of its programmes that were missed have been made up, by their ids."""
    names = set(slot.programmes)
    done = mark.moment in ("partly", "not-shown") and names & set(made_up) and not names & set(missed)
    return Mark("made-up") if done else mark


def mark_past(verdicts: Iterable[Verdict]) -> Mark:
    """The mark of a slot whose time, or whose list, is over, by the verdicts on its showings."""
    own = list(verdicts)
    shown = [one for one in own if one.shown]
    if len(shown) == len(own):
        return Mark("shown" if own else "past")
    why = tuple(dict.fromkeys(why for one in own for why in one.why))
    return Mark("partly" if shown else "not-shown", why)
