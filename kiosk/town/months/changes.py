"""What a publication changes against what is in force, day by day. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from kiosk.contract.playlist import Playlist, Programme, Slot

State = Literal["new", "changed", "same", "gone", "kept"]


@dataclass(frozen=True)
class Line:
    """A showing of a day: its times (``09:00-09:30``) and titles."""

    times: str
    titles: tuple[str, ...]


@dataclass(frozen=True)
class DayChange:
    """What becomes of one day."""

    day: str
    state: State
    before: tuple[Line, ...]
    after: tuple[Line, ...]


def changes(held: Playlist | None, coming: Playlist, replaced: Iterable[str]) -> list[DayChange]:
    """The days of the composed playlist ``coming``; ``replaced`` are those that the publication is about."""
    own = set(replaced)
    before, after = (_days(held) if held else {}), _days(coming)
    days = sorted(day for day in {*after, *before} if day in own or day in after)
    found = []
    for day in days:
        old, new = before.get(day, ()), after.get(day, ())
        found.append(DayChange(day, _state(day in own, old, new), old, new))
    return found


def _state(own: bool, old: tuple[Line, ...], new: tuple[Line, ...]) -> State:
    if not own:
        return "kept"
    if old == new:
        return "same"
    if not old:
        return "new"
    return "changed" if new else "gone"


def _days(playlist: Playlist) -> dict[str, tuple[Line, ...]]:
    known = {one.id: one for one in playlist.programmes}
    found: dict[str, list[Line]] = {}
    for slot in sorted(playlist.slots, key=lambda one: (one.date, one.start)):
        found.setdefault(slot.date, []).append(_line(slot, known))
    return {day: tuple(lines) for day, lines in found.items()}


def _line(slot: Slot, known: dict[str, Programme]) -> Line:
    return Line(f"{slot.start[:5]}-{slot.end[:5]}", tuple(known[name].title for name in slot.programmes))
