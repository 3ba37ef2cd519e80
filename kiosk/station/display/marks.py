"""What the poster says of each of today's slots: shown, on air, to come, not shown and why. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo

from kiosk.common.planned import Verdict, Why
from kiosk.contract.instants import to_ms
from kiosk.contract.playlist import Playlist, Slot, span
from kiosk.contract.records import Origin

Moment = Literal["past", "shown", "partly", "not-shown", "now", "to-come"]
"""``past``: over, and nothing is claimed of it."""


@dataclass(frozen=True)
class Mark:
    """How a slot stands, and why what was not shown of it was not, where that is known."""

    moment: Moment
    why: tuple[Why, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Now:
    """The room at ``at_ms`` (UTC ms), as far as it bears on today's slots."""

    at_ms: int
    on_air: tuple[str, int, Origin] | None = None
    """Programme, start (UTC ms) and origin of what is on the screen."""
    stopped: bool = False
    stop_until_ms: int | None = None
    """When a Stop in force ends; None: with Start."""
    clock_trusted: bool = True
    missing: tuple[str, int] | None = None
    """Programme and start (UTC ms) of the showing that is due, and whose programme is not here."""


def marks(playlist: Playlist, days: Iterable[str], verdicts: Iterable[Verdict], now: Now) -> Mapping[Slot, Mark]:
    """The mark of each slot of the ``days`` (``YYYY-MM-DD``); ``verdicts`` are on their showings that are over."""
    zone, wanted = ZoneInfo(playlist.time_zone), set(days)
    over: dict[tuple[int, int], list[Verdict]] = {}
    for verdict in verdicts:
        over.setdefault(verdict.showing.slot_span, []).append(verdict)
    found: dict[Slot, Mark] = {}
    for slot in playlist.slots:
        if slot.date in wanted:
            start, end = map(to_ms, span(slot, zone))
            own = [one for one in over.get((start, end), []) if one.showing.slot == slot]
            found[slot] = _mark(slot, start, end, own, now)
    return found


def _mark(slot: Slot, start: int, end: int, own: list[Verdict], now: Now) -> Mark:
    if end <= now.at_ms:
        return _of_the_past(own)
    if now.stopped and (start <= now.at_ms or now.stop_until_ms is None or end <= now.stop_until_ms):
        return Mark("not-shown", (Why("stopped"),))
    if start > now.at_ms:
        return Mark("to-come")
    if now.on_air is not None:
        programme, began, origin = now.on_air
        if origin == "slot" and programme in slot.programmes and start <= began < end:
            return Mark("now")
        if origin == "urgent":
            return Mark("not-shown", (Why("urgent"),))
    if not now.clock_trusted:
        return Mark("not-shown", (Why("clock"),))
    if now.missing is not None and now.missing[0] in slot.programmes and start <= now.missing[1] < end:
        return Mark("not-shown", (Why("not-fetched"),))
    return _of_the_past(own) if own else Mark("to-come")


def _of_the_past(own: list[Verdict]) -> Mark:
    shown = [one for one in own if one.shown]
    if len(shown) == len(own):
        return Mark("shown" if own else "past")
    why = tuple(dict.fromkeys(why for one in own for why in one.why))
    return Mark("partly" if shown else "not-shown", why)
