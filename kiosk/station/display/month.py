"""The month's plan as it is posted: the town's own where the plan in force carries it, else what the weeks hold."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from kiosk.common.i18n import Language, day_name, translator
from kiosk.contract.playlist import Playlist


@dataclass(frozen=True)
class PlanRow:
    """One line of the plan."""

    day: str
    """In words."""
    date: str
    times: str
    title: str
    category: str = ""
    audience: str = ""
    note: str = ""


@dataclass(frozen=True)
class MonthPosting:
    """The plan of one month."""

    title: str
    rows: tuple[PlanRow, ...]
    note: str = ""
    of_town: bool = True
    """The town's own plan of the month; else put together of the weeks that are here, which may not be all."""


def month_posting(playlist: Playlist | None, month: date, language: Language) -> MonthPosting | None:
    """The plan of the month that has the day ``month``; None where nothing is known of it."""
    _ = translator(language)
    name = f"{month:%Y-%m}"
    if playlist is None:
        return None
    usual = _("Plan of the month {month}").format(month=name)
    for plan in playlist.month_plans:
        if plan.month == name:
            rows = (
                PlanRow(
                    _day(entry.date, language), entry.date, _times(entry.start, entry.end), entry.title,
                    entry.category, entry.audience, entry.note,
                )
                for entry in sorted(plan.entries, key=lambda one: (one.date, one.start or ""))
            )  # fmt: skip
            return MonthPosting(plan.title or usual, tuple(rows), plan.note)
    rows_of_weeks = tuple(_of_weeks(playlist, name, language))
    return MonthPosting(usual, rows_of_weeks, of_town=False) if rows_of_weeks else None


def _of_weeks(playlist: Playlist, name: str, language: Language) -> Iterator[PlanRow]:
    programmes = {one.id: one for one in playlist.programmes}
    for slot in sorted(playlist.slots, key=lambda one: (one.date, one.start)):
        if slot.date.startswith(name):
            shown = [programmes[one] for one in dict.fromkeys(slot.programmes)]
            titles = (
                "".join(f"《{one.title}》" for one in shown)
                if language == "zh"
                else ", ".join(one.title for one in shown)
            )
            categories = " ".join(dict.fromkeys(one.category for one in shown if one.category))
            yield PlanRow(
                _day(slot.date, language), slot.date, _times(slot.start, slot.end), titles, categories,
                note=slot.occasion,
            )  # fmt: skip


def _day(iso: str, language: Language) -> str:
    return day_name(date.fromisoformat(iso), language)


def _times(start: str | None, end: str | None) -> str:
    return "–".join(one[:5] for one in (start, end) if one)
