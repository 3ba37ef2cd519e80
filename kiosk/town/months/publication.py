"""A month before it is signed, and its signing: the plan of the chosen weeks, what it changes, who has it when."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Connection, select

from kiosk.common.messages import Message, mark
from kiosk.contract.playlist import Playlist
from kiosk.contract.trust import Refused
from kiosk.contract.wire import Malformed
from kiosk.town.database import schema
from kiosk.town.months import books, library
from kiosk.town.months.books import Month, MonthError
from kiosk.town.months.changes import DayChange, changes
from kiosk.town.months.plan import Plan, month_title, plan_of
from kiosk.town.months.readiness import Expected, Room, expected, wanted
from kiosk.town.months.titles import Match, key, matched
from kiosk.town.months.weeks import Week, carried_over, chosen, weeks_of, within_month
from kiosk.town.publishing.compose import Composition
from kiosk.town.publishing.in_force import USUAL_ZONE, playlist_in_force
from kiosk.town.publishing.issue import PublishTerms
from kiosk.town.publishing.measure import quiet
from kiosk.town.publishing.publish import preview, publish_drafts
from kiosk.town.publishing.source import SourceError
from kiosk.town.signing.keys import Signer
from kiosk.town.town import Town

UNREAD = mark("{count} cells of the sheet are not understood yet: nothing is published before they are mended.")
"""All or nothing: a row that nobody could read would be missing in the rooms, and nobody would see it."""
CHANGED = mark(
    "Something else was published since this page was opened. Nothing was signed: look at what changes now, then sign."
)
WEEKS_AFTER = 1
"""Weeks after the month's end that can be filled from its last one: the next month may come late."""


@dataclass(frozen=True)
class Choice:
    """What to publish: from the week that begins with ``first_day`` to the one that ends with ``last_day``."""

    groups: tuple[str, ...]
    first_day: str
    last_day: str
    carry: tuple[str, ...] = ()
    """First days of empty weeks that take over the rows of the week before."""


@dataclass(frozen=True)
class Draft:
    """The measured plan of a choice, and where its files lie."""

    plan: Plan
    weeks: list[Week]
    files: dict[str, Path]


@dataclass(frozen=True)
class ForGroup:
    """What publishing comes to for one group; without ``composition`` it cannot be done, and ``problems`` say why."""

    group: str
    composition: Composition | None
    days: list[DayChange]
    rooms: list[Expected]
    asked: list[Message]
    problems: list[str]


def groups(connection: Connection) -> dict[str, int]:
    """The groups and how many stations each has that are not retired."""
    table = schema.station
    found: dict[str, int] = {}
    for row in connection.execute(select(table.c.group_id, table.c.retired_ms).order_by(table.c.group_id)):
        found[row.group_id] = found.get(row.group_id, 0) + (row.retired_ms is None)
    return found


def in_force(town: Town, names: Iterable[str]) -> str:
    """The versions in force of these groups, to compare: what an officer saw against what is."""
    return " ".join(f"{name}:{town.public.version(town.public.group_path(name))}" for name in sorted(names))


def month_weeks(month: Month) -> list[Week]:
    """The weeks of a month, and those after it that can be filled from it; none where its month is not known."""
    return weeks_of(month.read.rows, month.month, WEEKS_AFTER) if month.month else []


def matches(town: Town, month: Month) -> list[Match]:
    """A match for each title of the month."""
    with town.store.read() as connection:
        found, known = library.candidates(town, connection), library.known(connection)
    return matched((title for row in month.read.rows for title in row.titles), found, known)


def draft(town: Town, month: Month, choice: Choice, now: datetime) -> Draft:
    """The measured plan of ``choice`` from the day of ``now`` (aware) on; only confirmed titles have a programme."""
    settled = {key(one.title): one.chosen.id for one in matches(town, month) if one.settled and one.chosen}
    programmes, files = library.measured(town, set(settled.values()))
    meant = {title: programmes[name] for title, name in settled.items() if name in programmes}
    whole = month_weeks(month)
    carried = carried_over(whole, choice.carry)
    weeks = chosen(carried, choice.first_day, choice.last_day, now.astimezone(ZoneInfo(USUAL_ZONE)).date())
    if not weeks:
        raise MonthError(Message(mark("Choose at least one week.")))
    if not any(week.rows for week in weeks):
        raise MonthError(Message(mark("There is nothing to show in these weeks.")))
    dates = {week.last_day for week in weeks}
    posted = [week if week.last_day in dates else own for week, own in zip(carried, whole, strict=True)]
    weeks = within_month(weeks, month.month)
    plan = plan_of(weeks, posted, meant)
    plan.month_plans = [one for one in plan.month_plans if one.month >= weeks[0].first_day[:7]]
    return Draft(plan, weeks, files)


def look_ahead(town: Town, month: Month, choice: Choice, now: datetime) -> tuple[Draft, list[ForGroup]]:
    """What publishing ``choice`` at ``now`` (aware) would come to. Raises :class:`MonthError`."""
    made = draft(town, month, choice, now)
    if made.plan.problems:
        return made, []
    found = [_for_group(town, month, made.plan, group, now) for group in choice.groups]
    return made, found


def publish(
    town: Town, month: Month, choice: Choice, signer: Signer, by: str, seen: str | None = None
) -> list[Composition]:
    """Sign and publish: all groups or none. ``seen`` is what was :func:`in_force` when the officer looked.

    Raises :class:`MonthError`, :class:`SourceError`, ``KeyTrouble``.
    """
    if seen is not None and seen != in_force(town, choice.groups):
        raise MonthError(Message(CHANGED))
    if month.read.problems:
        raise MonthError(Message(UNREAD, {"count": str(len(month.read.problems))}))
    made = draft(town, month, choice, datetime.now(UTC))
    if made.plan.problems:
        one = made.plan.problems[0]
        text = mark("Row {row} of sheet {sheet} is not settled; nothing is published.")
        raise MonthError(Message(text, {"row": str(one.row), "sheet": one.sheet}))
    if not choice.groups:
        raise MonthError(Message(mark("Choose at least one group.")))
    drafts = [_playlist(town, month, made.plan, group) for group in choice.groups]
    needed = {pin for one in made.plan.programmes for pin in (one.sha256, *(sub.sha256 for sub in one.subtitles))}
    files = {sha256: path for sha256, path in made.files.items() if sha256 in needed}

    def note(connection: Connection) -> None:
        library.require_offered(connection, made.plan.programmes)
        books.published(connection, month.id, month.revision, by)

    terms = PublishTerms(by, along=note)
    return publish_drafts(replace(town, signer=signer), Path(month.file), drafts, files, terms, quiet)


def rooms(connection: Connection, group: str) -> list[Room]:
    """The stations of a group, by what they said last."""
    station, beat = schema.station, schema.heartbeat
    names = (station.c.id, station.c.name, beat.c.received_ms, beat.c.heartbeat)
    question = select(*names).outerjoin(beat, beat.c.station == station.c.id)
    question = question.where(station.c.group_id == group, station.c.retired_ms.is_(None)).order_by(station.c.id)
    found = []
    for row in connection.execute(question):
        said = msgspec.json.decode(row.heartbeat or "{}")  # it may be of an earlier format
        told = {name: int(said.get(name) or 0) for name in ("playlist_version", "bytes_missing", "bytes_per_s")}
        disk = said.get("disk_free_mb") or None
        found.append(Room(row.id, row.name or row.id, group, row.received_ms, disk_free_mb=disk, **told))
    return found


def _for_group(town: Town, month: Month, plan: Plan, group: str, now: datetime) -> ForGroup:
    try:
        found = preview(town, Path(month.file), _playlist(town, month, plan, group), now)
    except SourceError as error:
        return ForGroup(group, None, [], [], [], error.problems)
    composition = found.composition
    held: dict[int, set[str]] = {}
    if found.held is not None:
        held[found.held.version] = {one.sha256 for one in found.held.programmes}
    files = wanted(composition.playlist, now)
    with town.store.read() as connection:
        outlook = [expected(room, files, held, now) for room in rooms(connection, group)]
    days = changes(found.held, composition.playlist, (*composition.added, *composition.replaced))
    return ForGroup(group, composition, days, outlook, found.asked, [])


def _playlist(town: Town, month: Month, plan: Plan, group: str) -> Playlist:
    """The plan as a group's playlist; recommended items and slots of days that are not published are not in it."""
    return Playlist(
        town=town.id,
        group=group,
        version=1,
        issued_ms=0,
        title=month_title(month.month),
        time_zone=_zone(town, group),
        first_day=plan.first_day,
        last_day=plan.last_day,
        programmes=tuple(plan.programmes),
        slots=tuple(plan.slots),
        recommended=tuple(plan.recommended),
        month_plans=tuple(plan.month_plans),
    )


def _zone(town: Town, group: str) -> str:
    """The zone of what the group has in force: days that are kept have to be in the same one."""
    try:
        found = playlist_in_force(town, group)
    except (Refused, Malformed):
        found = None
    return found[1].time_zone if found else USUAL_ZONE
