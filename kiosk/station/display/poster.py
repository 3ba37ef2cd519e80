"""The poster: this week's table as plain data, composed here, drawn by ``poster_image`` in another process.

It is shown to everybody whenever no programme is on air: it holds no names of people, no attendance and no faults. Of
today's slots it says what the record says of them; of other days' slots only the plan.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

import msgspec

from kiosk.common.i18n import Language, day_name, translator
from kiosk.common.stop_reasons import reason_text
from kiosk.contract.playlist import Heading, Playlist, Programme, Slot, span
from kiosk.contract.records import ClockState
from kiosk.contract.station import Opening, StationDocument
from kiosk.station.display.mark_words import mark_text
from kiosk.station.display.marks import Mark, Moment
from kiosk.station.display.month import month_posting


class PosterRow(msgspec.Struct, frozen=True, kw_only=True):
    """One slot."""

    times: str
    titles: tuple[str, ...]
    occasion: str = ""
    category: str = ""
    """The category of its programmes, where they have the same one."""
    moment: Moment = "to-come"
    over: bool = False
    mark: str = ""
    """What became of it, in words; today's rows have one."""


class PosterDay(msgspec.Struct, frozen=True, kw_only=True):
    """One day that has slots; also today without any."""

    name: str
    date: str
    """``YYYY-MM-DD``."""
    today: bool = False
    rows: tuple[PosterRow, ...] = ()


class Poster(msgspec.Struct, frozen=True, kw_only=True):
    """All text of the poster, in the room's language; sent to the stage's process as JSON."""

    language: Language
    station: str
    title: str
    days_of: str
    """The week, from Monday to Sunday, in words."""
    banner: str = ""
    """Why the screen is quiet: stopped, no clock, no plan; empty where a plan is followed."""
    days: tuple[PosterDay, ...] = ()
    month: tuple[PosterDay, ...] = ()
    """The plan of the rest of the month, behind this week."""
    recommended: tuple[str, ...] = ()
    footer: str = ""
    address: str = ""
    """Of the administrator's pages, in words."""
    card: tuple[str, ...] = ()
    """What stands in place of the table while a session keeps the screen quiet: one line large, the others below."""
    public: str = ""
    """The address of the public page, for the QR code."""
    dark: bool = False
    """Black, and nothing on it: the screen rests."""


def dark(language: Language) -> Poster:
    """What stands in the place of the posting while the screen rests: the signal is kept."""
    return Poster(language=language, station="", title="", days_of="", dark=True)


def card(language: Language, station: str, lines: tuple[str, ...]) -> Poster:
    """The title card of a session."""
    return Poster(language=language, station=station, title="", days_of="", card=lines)


def plain(language: Language) -> Poster:
    """The posting in place of one that cannot be drawn: fixed words alone."""
    _ = translator(language)
    return Poster(language=language, station="", title="", days_of="", banner=_("The week's table cannot be drawn."))


def compose(
    playlist: Playlist | None,
    document: StationDocument | None,
    now: datetime,
    *,
    language: Language,
    stopped: bool = False,
    reason: str = "",
    until: datetime | None = None,
    clock: ClockState = "trusted",
    station: str = "",
    marks: Mapping[Slot, Mark] | None = None,
    address: str = "",
) -> Poster:
    """The poster for the week (Monday to Sunday) of the aware instant ``now``.

    ``reason`` is a key of ``stop_reasons.REASONS`` or as typed; ``until`` None means until Start. ``station`` is the
    room's name where no station document has come yet; ``marks`` say how today's slots stand, ``address`` is that of
    the administrator's pages. Days are those of the playlist's time zone, else the document's.
    """
    _ = translator(language)
    zone = _zone(playlist, document)
    local = now.astimezone(zone)
    monday = local.date() - timedelta(days=local.weekday())
    week = [monday + timedelta(days=n) for n in range(7)]
    days = tuple(_days(playlist, week, local, zone, language, marks or {})) if playlist else ()
    if stopped:
        banner = _stopped(reason, until, local, language)
    elif clock == "untrusted":
        banner = _("The clock is not set: the table is not followed until it is.")
    elif playlist is None:
        banner = _("No plan has come from the town yet.")
    elif not days:
        banner = _("The town has planned no programme for this week.")
    else:
        banner = ""
    return Poster(
        language=language,
        station=(document.name if document else "") or station,
        title=(_heading(playlist, local.date(), week) if playlist else "") or _("This week's programmes"),
        days_of=f"{day_name(week[0], language)} – {day_name(week[-1], language)}",
        banner=banner,
        days=days,
        month=tuple(_rest_of_month(playlist, week, language)),
        recommended=tuple(_recommended(playlist, week)) if playlist else (),
        footer=_footer(document, language),
        address=_("Administrators: {address}").format(address=address) if address else "",
        public=f"{address}/public" if address else "",
    )


def _rest_of_month(playlist: Playlist | None, week: list[date], language: Language) -> Iterator[PosterDay]:
    """The days behind ``week`` of the month that it ends in; the first is named with the plan."""
    plan = month_posting(playlist, week[-1], language)
    rows = [row for row in (plan.rows if plan else ()) if row.date > week[-1].isoformat()]
    head = f"{plan.title} · " if plan else ""
    for day, own in groupby(rows, lambda row: row.date):
        lines = list(own)
        shown = tuple(PosterRow(times=row.times, titles=(row.title,), category=row.category) for row in lines)
        yield PosterDay(name=head + lines[0].day, date=day, rows=shown)
        head = ""


def _zone(playlist: Playlist | None, document: StationDocument | None) -> ZoneInfo:
    if playlist is not None:
        return ZoneInfo(playlist.time_zone)
    return ZoneInfo((document.opening if document is not None else Opening()).time_zone)


def _heading(playlist: Playlist, today: date, week: list[date]) -> str:
    """What this week is called: the title that names today, else another day of the week; empty where none does."""
    whole = Heading(title=playlist.title, first_day=playlist.first_day, last_day=playlist.last_day)
    headings = playlist.headings or (whole,)
    for day in (today, *week):
        for one in headings:
            if one.title and one.first_day <= day.isoformat() <= one.last_day:
                return one.title
    return ""


def _days(
    playlist: Playlist,
    week: list[date],
    local: datetime,
    zone: ZoneInfo,
    language: Language,
    marks: Mapping[Slot, Mark],
) -> Iterator[PosterDay]:
    _ = translator(language)
    today = _("Today")
    programmes = {programme.id: programme for programme in playlist.programmes}
    slots = sorted(playlist.slots, key=lambda slot: (slot.date, slot.start, slot.end))
    planned = {slot.date for slot in slots} & {day.isoformat() for day in week}
    for day in week:
        iso, is_today = day.isoformat(), day == local.date()
        before = (day - timedelta(days=1)).isoformat()
        rows = tuple(
            _row(slot, programmes, local, zone, marks.get(slot) if is_today else None, language)
            for slot in slots
            if slot.date == iso or (is_today and slot.date == before and _runs_into(slot, day, zone))
        )
        if rows or (is_today and planned):
            name = day_name(day, language) + (f" · {today}" if is_today else "")
            yield PosterDay(name=name, date=iso, today=is_today, rows=rows)


def _runs_into(slot: Slot, day: date, zone: ZoneInfo) -> bool:
    """Whether a slot of the day before lasts into ``day``."""
    return span(slot, zone)[1] > datetime.combine(day, time(), zone)


def _row(
    slot: Slot,
    programmes: Mapping[str, Programme],
    local: datetime,
    zone: ZoneInfo,
    found: Mark | None,
    language: Language,
) -> PosterRow:
    start, end = span(slot, zone)
    shown = [programmes[name] for name in dict.fromkeys(slot.programmes)]
    categories = {programme.category for programme in shown}
    return PosterRow(
        times=f"{start.astimezone(zone):%H:%M}–{end.astimezone(zone):%H:%M}",
        titles=tuple(programme.title for programme in shown),
        occasion=slot.occasion,
        category=categories.pop() if len(categories) == 1 else "",
        moment=found.moment if found else "past" if end <= local else "to-come",
        over=end <= local,
        mark=mark_text(found, language) if found else "",
    )


def _recommended(playlist: Playlist, week: list[date]) -> Iterator[str]:
    titles = {programme.id: programme.title for programme in playlist.programmes}
    for item in playlist.recommended:
        if item.first_day <= week[-1].isoformat() and week[0].isoformat() <= item.last_day:
            yield titles[item.programme]


def _stopped(reason: str, until: datetime | None, local: datetime, language: Language) -> str:
    _ = translator(language)
    why = reason_text(reason, language)
    if until is None:
        return _("Stopped: {reason}").format(reason=why) if why else _("Stopped")
    end = until.astimezone(local.tzinfo)
    day = "" if end.date() == local.date() else day_name(end.date(), language) + " "
    return _("Stopped: {reason}, until {time}").format(reason=why or _("other reason"), time=f"{day}{end:%H:%M}")


def _footer(document: StationDocument | None, language: Language) -> str:
    if document is None or not (document.town_name or document.town_telephone):
        return ""
    _ = translator(language)
    if not document.town_telephone:
        return document.town_name
    telephone = _("telephone {number}").format(number=document.town_telephone)
    return f"{document.town_name}  {telephone}".strip()
