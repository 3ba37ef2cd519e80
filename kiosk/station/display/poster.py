"""The poster: this week's table as plain data, composed here, drawn by ``poster_image`` in another process.

It is shown to everybody whenever no programme is on air: it holds no names of people, no attendance and no faults. Of a
past slot it says only that it is past; what was really played is in the record.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from kiosk.common.i18n import Language, day_name, translator
from kiosk.common.stop_reasons import reason_text
from kiosk.contract.playlist import Playlist, Programme, Slot, span
from kiosk.contract.records import ClockState
from kiosk.contract.station import Opening, StationDocument

Moment = Literal["past", "now", "to-come"]


class PosterRow(msgspec.Struct, frozen=True, kw_only=True):
    """One slot."""

    times: str
    titles: tuple[str, ...]
    occasion: str = ""
    category: str = ""
    """The category of its programmes, where they have the same one."""
    moment: Moment = "to-come"


class PosterDay(msgspec.Struct, frozen=True, kw_only=True):
    """One day that has slots."""

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
    recommended: tuple[str, ...] = ()
    footer: str = ""


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
) -> Poster:
    """The poster for the week (Monday to Sunday) of the aware instant ``now``.

    ``reason`` is a key of ``stop_reasons.REASONS`` or as typed; ``until`` None means until Start. ``station`` is the
    room's name where no station document has come yet. Days are those of the playlist's time zone, else the document's.
    """
    _ = translator(language)
    zone = _zone(playlist, document)
    local = now.astimezone(zone)
    monday = local.date() - timedelta(days=local.weekday())
    week = [monday + timedelta(days=n) for n in range(7)]
    quiet = stopped or clock == "untrusted"
    days = tuple(_days(playlist, week, local, zone, language, quiet)) if playlist else ()
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
        title=(playlist.title if playlist else "") or _("This week's programmes"),
        days_of=f"{day_name(week[0], language)} – {day_name(week[-1], language)}",
        banner=banner,
        days=days,
        recommended=tuple(_recommended(playlist, week)) if playlist else (),
        footer=_footer(document, language),
    )


def _zone(playlist: Playlist | None, document: StationDocument | None) -> ZoneInfo:
    if playlist is not None:
        return ZoneInfo(playlist.time_zone)
    return ZoneInfo((document.opening if document is not None else Opening()).time_zone)


def _days(
    playlist: Playlist, week: list[date], local: datetime, zone: ZoneInfo, language: Language, quiet: bool
) -> Iterator[PosterDay]:
    _ = translator(language)
    today = _("Today")
    programmes = {programme.id: programme for programme in playlist.programmes}
    slots = sorted(playlist.slots, key=lambda slot: (slot.start, slot.end))
    for day in week:
        iso, is_today = day.isoformat(), day == local.date()
        rows = tuple(_row(slot, programmes, local, zone, quiet) for slot in slots if slot.date == iso)
        if rows:
            name = day_name(day, language) + (f" · {today}" if is_today else "")
            yield PosterDay(name=name, date=iso, today=is_today, rows=rows)


def _row(slot: Slot, programmes: Mapping[str, Programme], local: datetime, zone: ZoneInfo, quiet: bool) -> PosterRow:
    start, end = span(slot, zone)
    shown = [programmes[name] for name in dict.fromkeys(slot.programmes)]
    categories = {programme.category for programme in shown}
    return PosterRow(
        times=f"{start.astimezone(zone):%H:%M}–{end.astimezone(zone):%H:%M}",
        titles=tuple(programme.title for programme in shown),
        occasion=slot.occasion,
        category=categories.pop() if len(categories) == 1 else "",
        moment="past" if end <= local else "now" if start <= local and not quiet else "to-come",
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
