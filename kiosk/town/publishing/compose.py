"""Composes a group's new playlist from the one in force and what an officer publishes. Pure.

A publication replaces its own days, from its ``first_day`` to its ``last_day``, and no others:

- **Slots** belong to their date. On the publication's own days its slots stand alone; the other days' slots are kept,
  with the programmes that they name. Past days are dropped, but for a day with a slot that still runs over midnight.
- **Recommended items** in force are kept for the days before the publication's own ones and for the days after them,
  where plays are counted anew. The publication's own items stand as written. All end with their last day.
- **A month's plan** keeps its entries of other days, past ones too until the month is over; those of the publication's
  own days, and of every day that its plan for that month names, are replaced.

- **Headings**: each stretch of days keeps the title of the publication that it came with.

Where no day lies ahead, the publication stands as it is written: a playlist has at least one day.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import TypeVar
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from kiosk.contract.playlist import Heading, MonthPlan, Playlist, Programme, Recommended, span

ONE_DAY = timedelta(days=1)
H = TypeVar("H", Heading, Recommended)


@dataclass(frozen=True)
class Composition:
    """The composed playlist, and what becomes of each day (``YYYY-MM-DD``) of the publication and of the one before."""

    playlist: Playlist
    added: tuple[str, ...]
    """Days of the publication for which nothing was in force."""
    replaced: tuple[str, ...]
    kept: tuple[str, ...]
    """Days of what was in force that the publication leaves alone."""
    past: tuple[str, ...]
    """Days that are dropped because they are over."""
    renamed: tuple[tuple[str, str], ...]
    """Programmes of the publication whose id stands for another file on the kept days: the id, and the one given."""


def compose(held: Playlist | None, new: Playlist, now: datetime) -> Composition:
    """The playlist that follows ``held``, the one in force, once ``new`` is published at ``now`` (aware).

    Both are sound. The result may not be, where a slot runs into a kept day: :func:`contract.playlist.check` tells.
    """
    zone = ZoneInfo(new.time_zone)
    today = now.astimezone(zone).date().isoformat()
    own, old = _days(new), _days(held) if held else set()
    others = [slot for slot in held.slots if slot.date not in own] if held else []
    running = {slot.date for slot in (*new.slots, *others) if span(slot, zone)[1] > now}
    ahead = {day for day in own | old if day >= today or day in running}
    since = today if ahead else min(own)
    ahead = ahead or own
    kept_slots = [slot for slot in others if slot.date in ahead]
    kept_items = [part for item in (held.recommended if held else ()) for part in _rest(item, new, since)]
    needed = {name for slot in kept_slots for name in slot.programmes} | {item.programme for item in kept_items}
    staying = {one.id: one for one in (held.programmes if held else ()) if one.id in needed}
    names = _names(new.programmes, staying, {one.id for one in held.programmes} if held else set())
    slots = [
        replace(slot, programmes=tuple(names[name] for name in slot.programmes))
        for slot in new.slots
        if slot.date in ahead
    ]
    items = [replace(item, programme=names[item.programme]) for item in new.recommended if item.last_day >= since]
    programmes = staying | {names[one.id]: replace(one, id=names[one.id]) for one in new.programmes}
    playlist = replace(
        new,
        first_day=min(ahead),
        last_day=max(ahead),
        programmes=tuple(programmes.values()),
        slots=tuple(sorted((*slots, *kept_slots), key=lambda slot: (slot.date, slot.start, -slot.priority))),
        recommended=(*items, *kept_items),
        headings=_headings(held, new, min(ahead)),
        month_plans=_month_plans(held.month_plans if held else (), new, own, since[:7]),
    )
    return Composition(
        playlist,
        added=tuple(sorted((own & ahead) - old)),
        replaced=tuple(sorted(own & ahead & old)),
        kept=tuple(sorted(ahead - own)),
        past=tuple(sorted((own | old) - ahead)),
        renamed=tuple((name, other) for name, other in names.items() if name != other),
    )


def stretches(days: Iterable[str]) -> str:
    """Days in order as a person reads them: ``2026-03-02 to 2026-03-08, 2026-03-10``; ``none`` where there are none."""
    numbered = enumerate(date.fromisoformat(day) for day in days)
    runs = [[day for _, day in run] for _, run in groupby(numbered, lambda one: one[1] - one[0] * ONE_DAY)]
    return ", ".join(f"{run[0]} to {run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs) or "none"


def _days(playlist: Playlist) -> set[str]:
    first, last = date.fromisoformat(playlist.first_day), date.fromisoformat(playlist.last_day)
    return {(first + n * ONE_DAY).isoformat() for n in range((last - first).days + 1)}


def _headings(held: Playlist | None, new: Playlist, since: str) -> tuple[Heading, ...]:
    """The titles of the stretches of days; none where the new one's title is that of all."""
    before = held.headings or (_heading(held),) if held else ()
    kept = [part for one in before for part in _outside(one, new) if part.last_day >= since and part.title]
    return tuple(sorted((*kept, _heading(new)), key=lambda one: one.first_day)) if kept else ()


def _heading(playlist: Playlist) -> Heading:
    return Heading(title=playlist.title, first_day=playlist.first_day, last_day=playlist.last_day)


def _outside(one: H, new: Playlist) -> list[H]:
    """The parts of a heading or recommended item before and after the publication's own days."""
    before = (date.fromisoformat(new.first_day) - ONE_DAY).isoformat()
    after = (date.fromisoformat(new.last_day) + ONE_DAY).isoformat()
    parts = (
        replace(one, last_day=min(one.last_day, before)),
        replace(one, first_day=max(one.first_day, after)),
    )
    return [part for part in parts if part.first_day <= part.last_day]


def _rest(item: Recommended, new: Playlist, today: str) -> list[Recommended]:
    """What stays of a recommended item in force, before and after the publication's own days."""
    return [part for part in _outside(item, new) if part.last_day >= today]


def _names(programmes: Iterable[Programme], staying: dict[str, Programme], held: set[str]) -> dict[str, str]:
    """The id of each new programme: another one where its own stands for another file on the days that are kept."""
    names: dict[str, str] = {}
    for one in programmes:
        other = f"{one.id[:55]}-{one.sha256[:8]}"
        taken = one.id in staying and staying[one.id].sha256 != one.sha256
        names[one.id] = other if taken or other in held else one.id
    return names


def _month_plans(held: Iterable[MonthPlan], new: Playlist, own: set[str], this_month: str) -> tuple[MonthPlan, ...]:
    plans = {plan.month: plan for plan in new.month_plans}
    for plan in held:
        if plan.month < this_month:
            continue
        newer = plans.get(plan.month)
        gone = own | {entry.date for entry in newer.entries} if newer else own
        entries = [entry for entry in plan.entries if entry.date not in gone] + [*(newer.entries if newer else ())]
        entries.sort(key=lambda entry: (entry.date, entry.start or ""))
        plans[plan.month] = replace(newer or plan, entries=tuple(entries))
    return tuple(plans[month] for month in sorted(plans))
