"""Moves a week in time by a constant, so that its first slot begins at a given instant: for the demo and benches."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from kiosk.contract.playlist import MonthPlan, Playlist, Slot, span
from kiosk.town.publishing.issue import PublishTerms
from kiosk.town.publishing.measure import quiet
from kiosk.town.publishing.publish import publish_week
from kiosk.town.publishing.source import WeekSource, read_source
from kiosk.town.town import Town


class ShiftError(Exception):
    """A week that cannot be moved there."""


def publish_shifted(town: Town, path: Path, start: datetime, by: str) -> Playlist:
    """Publish the week of the JSON at ``path``, moved so that its first slot begins at ``start``.

    Raises :class:`ShiftError` and :class:`SourceError`.
    """
    week = shift(read_source(path, WeekSource), start)
    return publish_week(town, path, week, PublishTerms(by), quiet).playlist


def shift(week: WeekSource, goal: datetime) -> WeekSource:
    """Move every slot by the same length of time, so that the earliest begins at ``goal`` (aware, to the second).

    Days (of the week, of recommended items and month plans) move by whole days. Raises :class:`ShiftError`.
    """
    if not week.slots:
        raise ShiftError("there is no slot to shift; add one")
    zone = ZoneInfo(week.time_zone)
    first = min(span(slot, zone)[0] for slot in week.slots)
    goal = goal.astimezone(UTC)
    by = goal - first
    days = goal.astimezone(zone).date() - first.astimezone(zone).date()
    slots = tuple(_shift_slot(slot, by, zone) for slot in week.slots)
    dates = [slot.date for slot in slots]
    return replace(
        week,
        first_day=min(_shift_day(week.first_day, days), *dates),
        last_day=max(_shift_day(week.last_day, days), *dates),
        slots=slots,
        recommended=tuple(
            replace(item, first_day=_shift_day(item.first_day, days), last_day=_shift_day(item.last_day, days))
            for item in week.recommended
        ),
        month_plans=tuple(_shift_plan(plan, days) for plan in week.month_plans),
    )


def _shift_slot(slot: Slot, by: timedelta, zone: ZoneInfo) -> Slot:
    start, end = (instant + by for instant in span(slot, zone))
    local, last = start.astimezone(zone), end.astimezone(zone)
    moved = replace(slot, date=f"{local:%Y-%m-%d}", start=f"{local:%H:%M:%S}", end=f"{last:%H:%M:%S}")
    if span(moved, zone) != (start, end):
        raise ShiftError(f"{local:%Y-%m-%d %H:%M} falls into a change of the clocks; shift to another instant")
    return moved


def _shift_day(day: str, days: timedelta) -> str:
    return (date.fromisoformat(day) + days).isoformat()


def _shift_plan(plan: MonthPlan, days: timedelta) -> MonthPlan:
    entries = tuple(replace(entry, date=_shift_day(entry.date, days)) for entry in plan.entries)
    month = (date.fromisoformat(f"{plan.month}-01") + days).isoformat()[:7]
    return replace(plan, month=entries[0].date[:7] if entries else month, entries=entries)
