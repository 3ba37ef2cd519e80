"""From the rows of the chosen weeks to slots, recommended items and the month's plan for posting. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import pairwise

from msgspec.structs import replace

from kiosk.common.messages import Message, mark
from kiosk.contract.playlist import MonthPlan, PlanEntry, Programme, Recommended, Slot
from kiosk.town.months.titles import key
from kiosk.town.months.weeks import Week
from kiosk.town.sheets.rows import Row

LEAST_PLAYS = 1
"""How often a recommended item is to be shown at least in the days of its row."""
SEEN_WHOLE_S = 1
"""A list that is cut by no more than this is shown whole."""
LONGEST_TEXT = 400
OCCASIONS = ("主题党日", "三会一课", "党员大会", "支部委员会", "党小组会", "党课")
"""Activities (活动类型) that a row's note or title may name."""


@dataclass(frozen=True)
class Told:
    """Something to say of a row, which an officer finds by its sheet and number."""

    sheet: str
    row: int
    message: Message


@dataclass
class Plan:
    """What the weeks come to; nothing is to be published while there are ``problems``."""

    slots: list[Slot] = field(default_factory=list)
    recommended: list[Recommended] = field(default_factory=list)
    programmes: list[Programme] = field(default_factory=list)
    month_plans: list[MonthPlan] = field(default_factory=list)
    problems: list[Told] = field(default_factory=list)
    notes: list[Told] = field(default_factory=list)
    """Odd, but it can be published."""
    first_day: str = ""
    last_day: str = ""


@dataclass(frozen=True)
class _Showing:
    """One slot in the making, from one or more rows with the same times."""

    rows: tuple[Row, ...]
    start: datetime
    end: datetime
    said: bool
    """The end is the sheet's; else it is made up from the measured lengths."""

    @property
    def row(self) -> Row:
        return self.rows[0]


def plan_of(weeks: list[Week], whole_month: Iterable[Week], meant: Mapping[str, Programme]) -> Plan:
    """The plan of the chosen ``weeks``; ``meant`` has the measured programme of each title by its key.

    The posted plan has the rows of the ``whole_month``, past ones too; what is taken over is marked in it.
    """
    plan = Plan(first_day=weeks[0].first_day, last_day=weeks[-1].last_day) if weeks else Plan()
    rows = [row for week in weeks for row in week.rows]
    for row in rows:
        for title in dict.fromkeys(row.titles):
            if key(title) not in meant:
                message = Message(mark("《{title}》 is not in the library yet, or not confirmed"), {"title": title})
                plan.problems.append(Told(row.sheet, row.row, message))
    sound = [row for row in rows if all(key(title) in meant for title in row.titles)]
    showings = list(_showings(sound, meant))
    plan.slots = list(_slots(_apart(showings, plan), meant))
    plan.recommended = list(_recommended([row for row in sound if row.start is None], meant))
    used = {meant[key(title)].id: (meant[key(title)], row.category or "") for row in sound for title in row.titles}
    plan.programmes = [
        one if one.category else replace(one, category=named[:LONGEST_TEXT]) for one, named in used.values()
    ]
    plan.month_plans = list(_month_plans(whole_month, meant))
    return plan


def _moment(day: str, clock: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), time.fromisoformat(clock))


def _showings(rows: Iterable[Row], meant: Mapping[str, Programme]) -> Iterator[_Showing]:
    """Rows with the same times (a merged cell over several titles) are one list."""
    together: dict[tuple[str, str, str | None], list[Row]] = {}
    for row in rows:
        if row.start is not None:
            together.setdefault((row.date, row.start, row.end), []).append(row)
    for (day, clock, end), same in sorted(together.items(), key=lambda one: one[0][:2]):
        start = _moment(day, clock)
        if end is None:
            length = sum(meant[key(title)].duration_ms for row in same for title in row.titles)
            until = start + timedelta(seconds=-(-length // 1000))
        else:
            until = _moment(day, end)
            until += timedelta(days=until <= start)
        yield _Showing(tuple(same), start, until, end is not None)


def _apart(showings: list[_Showing], plan: Plan) -> list[_Showing]:
    """The showings without overlaps: a made-up end gives way to the next start; where the sheet says it, a problem."""
    found = sorted(showings, key=lambda one: one.start)
    for n, (one, after) in enumerate(pairwise(found)):
        if one.end <= after.start:
            continue
        values = {"row": str(after.row.row), "date": after.row.date, "time": after.start.strftime("%H:%M")}
        if one.said or one.start >= after.start:
            message = Message(mark("it runs into row {row} on {date} at {time}: move one of the two"), values)
            plan.problems.append(Told(one.row.sheet, one.row.row, message))
            continue
        lost = (one.end - after.start).total_seconds()
        found[n] = _Showing(one.rows, one.start, after.start, said=False)
        if lost > SEEN_WHOLE_S:
            values |= {"seconds": str(round(lost))}
            message = Message(mark("its last {seconds} s are cut on {date}: row {row} begins at {time}"), values)
            plan.notes.append(Told(one.row.sheet, one.row.row, message))
    return found


def _slots(showings: Iterable[_Showing], meant: Mapping[str, Programme]) -> Iterator[Slot]:
    for one in showings:
        yield Slot(
            date=one.row.date,
            start=one.start.strftime("%H:%M:%S"),
            end=one.end.strftime("%H:%M:%S"),
            programmes=tuple(meant[key(title)].id for row in one.rows for title in row.titles),
            occasion=_occasion(one.rows),
        )


def _occasion(rows: Iterable[Row]) -> str:
    texts = [text for row in rows for text in (row.note or "", *row.titles)]
    return next((name for name in OCCASIONS for text in texts if name in text), "")


def _recommended(rows: Iterable[Row], meant: Mapping[str, Programme]) -> Iterator[Recommended]:
    """An item for each run of days of a row, so that a row for a whole week is one item."""
    days: dict[tuple[str, int, str], list[date]] = {}
    for row in rows:
        for title in dict.fromkeys(row.titles):
            days.setdefault((row.sheet, row.row, meant[key(title)].id), []).append(date.fromisoformat(row.date))
    for (_, _, programme), found in days.items():
        ordered = sorted(set(found))
        starts = [day for day in ordered if day - timedelta(days=1) not in ordered]
        ends = [day for day in ordered if day + timedelta(days=1) not in ordered]
        for first, last in zip(starts, ends, strict=True):
            yield Recommended(
                programme=programme, plays=LEAST_PLAYS, first_day=first.isoformat(), last_day=last.isoformat()
            )


def _month_plans(whole_month: Iterable[Week], meant: Mapping[str, Programme]) -> Iterator[MonthPlan]:
    entries: dict[str, list[PlanEntry]] = {}
    for n, week in enumerate(whole_month, 1):
        for row in week.rows:
            entries.setdefault(row.date[:7], []).append(_entry(row, n, week.taken_from, meant))
    for month, found in sorted(entries.items()):
        found.sort(key=lambda one: (one.date, one.start or ""))
        yield MonthPlan(month=month, title=month_title(month), entries=tuple(found))


def month_title(month: str) -> str:
    """What a month's plan is called where it is posted: always in Chinese, as the sheet is."""
    return f"{int(month[:4])}年{int(month[5:])}月周推荐月计划"


def _entry(row: Row, week: int, taken_from: str, meant: Mapping[str, Programme]) -> PlanEntry:
    known = [meant[key(title)] for title in row.titles if key(title) in meant]
    length = sum(one.duration_ms for one in known) if len(known) == len(row.titles) else row.duration_ms or 0
    taken = f"沿用{int(taken_from[5:7])}月{int(taken_from[8:])}日一周" if taken_from else ""
    return PlanEntry(
        date=row.date,
        week=week,
        start=row.start,
        end=row.end,
        title="".join(f"《{title}》" for title in row.titles)[:LONGEST_TEXT],
        category=(row.category or "")[:LONGEST_TEXT],
        duration_ms=length,
        audience=(row.audience or "")[:LONGEST_TEXT],
        note="；".join(text for text in (taken, row.note) if text)[:LONGEST_TEXT],
    )
