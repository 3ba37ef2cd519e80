"""A station's page: how it is now, planned against played day by day, its screen, a spot check, its register."""

from collections.abc import Iterator
from datetime import date, time, timedelta
from http import HTTPStatus
from typing import Any

from sqlalchemy import select
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kiosk.common.causes import cause_text, why_text
from kiosk.common.i18n import Language, day_name, translator
from kiosk.common.messages import mark
from kiosk.common.occasions import occasion_text
from kiosk.common.outcomes import State, Stretch
from kiosk.contract.instants import local_ms, to_utc
from kiosk.contract.records import Attendance, Item
from kiosk.town.console.desk import Desk
from kiosk.town.console.downloads import download, require_kind, table_of
from kiosk.town.console.pages.enrol import registered_of
from kiosk.town.console.pages.stations import local_of
from kiosk.town.console.pages.tickets import equipment_of, limits_of
from kiosk.town.console.room_words import EVIDENCE, line_of, room_words
from kiosk.town.database import schema
from kiosk.town.database.store import now_ms
from kiosk.town.ledger import condition
from kiosk.town.ledger.against import against
from kiosk.town.ledger.needs import needs, sentence, telephones
from kiosk.town.ledger.played import Day, Reading, days, month_days, room_of
from kiosk.town.ledger.rooms import rooms
from kiosk.town.ledger.written import PhotoState, Written, photo_of, written
from kiosk.town.stations import forms, register, registry, screenshots, spot_checks
from kiosk.town.stations.parts import PARTS
from kiosk.town.tickets import queries
from kiosk.town.tickets.causes import title
from kiosk.town.tickets.wording import STATES as TICKET_STATES
from kiosk.town.town import TownError

STATES: dict[State, str] = {
    "on-time": mark("on time"),
    "late": mark("late"),
    "made-up": mark("made up"),
    "missed": mark("missed"),
    "not-reported": mark("not yet reported"),
    "to-come": mark("to come"),
}
CHECKS: dict[spot_checks.State, str] = {
    "asked": mark("asked; the room has not said that it shows the code"),
    "shown": mark("the code is on the room's screen; no answer yet"),
    "answered": mark("answered: somebody saw the screen"),
    "wrong-code": mark("answered with another code"),
    "late": mark("answered, but too late"),
    "not-answered": mark("not answered in time, as far as the room has reported"),
}
ITEMS: dict[str, str] = {
    "weekly": mark("Weekly item for the village page"),
    "result": mark("What was put to use"),
    "request": mark("What people want to see"),
    "posting": mark("Posting"),
    "activity": mark("Activity for the group chat"),
}
PHOTOS: dict[PhotoState, str] = {
    "wanted": mark("A photo has not come yet; the room is asked for it again and again."),
    "gone": mark("The room does not have a photo of this any more."),
    "dropped": mark("A photo of this is not kept any more: there were too many newer ones."),
}
CLOSED = 3
"""Tickets of the past that are shown."""
COLUMNS = (
    *(mark("Date"), mark("Start"), mark("End"), mark("Programme"), mark("Activity"), mark("Outcome")),
    *(mark("Minutes planned"), mark("Minutes shown"), mark("Minutes late"), mark("Remarks")),
)


def routes(desk: Desk) -> list[Route]:
    """Its routes."""

    async def show(request: Request) -> Response:
        await desk.officer(request)
        found = await desk.run(registered_of, desk, request.path_params["id"])
        month = _month(desk, request)
        about = await desk.run(_read, desk, found, month, desk.language(request))
        return await desk.page(request, "station.html", room=found, month=month, parts=PARTS, **about)

    async def export(request: Request) -> Response:
        await desk.officer(request)
        kind = require_kind(request.path_params["kind"])
        found = await desk.run(registered_of, desk, request.path_params["id"])
        month, language = _month(desk, request), desk.language(request)
        _ = translator(language)

        def made() -> bytes:
            reading = _days(desk, found.id, month)
            lines = list(_lines(reading.days, desk, language))
            return table_of(kind, f"{found.id} {month}", [_(column) for column in COLUMNS], lines)

        return download(kind, f"{found.id}-{month}", await desk.run(made))

    async def picture(request: Request) -> Response:
        await desk.officer(request)
        kept = await desk.run(screenshots.newest, desk.town, request.path_params["id"])
        if kept is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return Response(kept.jpeg, media_type="image/jpeg")

    async def photo(request: Request) -> Response:
        await desk.officer(request)

        def found() -> bytes | None:
            with desk.town.store.read() as connection:
                return photo_of(connection, request.path_params["id"], request.path_params["sha256"])

        jpeg = await desk.run(found)
        if jpeg is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return Response(jpeg, media_type="image/jpeg")

    async def do(request: Request, deed: Any, said: str) -> Response:
        """A deed of an officer whose form was checked; the station's page says what was done."""
        officer = await desk.officer(request, "officer")
        found = await desk.run(registered_of, desk, request.path_params["id"])
        try:
            await desk.run(deed, found, officer.name)
        except TownError:
            raise HTTPException(HTTPStatus.CONFLICT) from None  # retired meanwhile
        return desk.to(f"/stations/room/{found.id}", request, said)

    async def ask_picture(request: Request) -> Response:
        await desk.form(request)
        _ = desk.translate(request)
        said = _(
            "The picture is asked for. It comes with the next heartbeat, in about a minute: open the page again then."
        )
        return await do(request, lambda found, by: screenshots.request_picture(desk.town, found.id, by=by), said)

    async def ask_check(request: Request) -> Response:
        await desk.form(request)
        _ = desk.translate(request)
        said = _("The spot check is asked for. The room hears of it with its next heartbeat, in about a minute.")
        return await do(request, lambda found, by: spot_checks.request_check(desk.town, found.id, by=by), said)

    async def let_reset(request: Request) -> Response:
        await desk.form(request)
        _ = desk.translate(request)
        said = _("The room may set one PIN anew, with the code on its screen. It hears of it in about a minute.")
        return await do(request, lambda found, by: registry.allow_pin_reset(desk.town, found.id, by=by), said)

    async def retire(request: Request) -> Response:
        form, _ = await desk.form(request), desk.translate(request)
        if form.get("sure") != "on":
            where = f"/stations/room/{request.path_params['id']}"
            return desk.to(where, request, _("Nothing is done: tick the box to retire the station."))
        said = _("The station is retired; its token is revoked. Its record stays.")
        return await do(request, lambda found, by: registry.retire(desk.town, found.id, by=by), said)

    at = "/stations/room/{id}"
    return [
        Route(at, show),
        Route(at + "/days.{kind}", export),
        Route(at + "/picture.jpg", picture),
        Route(at + "/photo/{sha256}.jpg", photo),
        Route(at + "/picture", ask_picture, methods=["POST"]),
        Route(at + "/spot-check", ask_check, methods=["POST"]),
        Route(at + "/pin-reset", let_reset, methods=["POST"]),
        Route(at + "/retire", retire, methods=["POST"]),
    ]


def _month(desk: Desk, request: Request) -> str:
    """The month asked for, or this one."""
    month = request.query_params.get("month", "")
    try:
        first, _ = month_days(month)
    except (ValueError, OverflowError):
        return f"{desk.now():%Y-%m}"
    return f"{first:%Y-%m}" if 2000 <= first.year <= 2100 else f"{desk.now():%Y-%m}"


def _days(desk: Desk, station: str, month: str) -> Reading:
    [row] = rooms(desk.town.store, now_ms(), station)
    with desk.town.store.read() as connection:
        return days(connection, room_of(row, desk.zone), *month_days(month), now_ms())


def _read(desk: Desk, found: register.Registered, month: str, language: Language) -> dict[str, Any]:
    """What the page shows."""
    now, _, local = now_ms(), translator(language), local_of(desk, language)
    [row] = rooms(desk.town.store, now, found.id)
    with desk.town.store.read() as connection:
        reading = days(connection, room_of(row, desk.zone), *month_days(month), now)
        checks = spot_checks.checks(connection, found.id, now, 5)
        changes = register.history(connection, found.id, most=1)
        evidence = _evidence(desk, found.id)
        first, last = month_days(month)
        midnights = (local_ms(day, time(), desk.zone) for day in (first, last + timedelta(days=1)))
        notes = written(connection, found.id, *midnights)
        limits = limits_of(desk)[0]
        repairs = queries.open_tickets(connection, now, limits, found.id)
        repairs += queries.closed_tickets(connection, now, limits, found.id, CLOSED)
    kept = screenshots.newest(desk.town, found.id)
    people = telephones(row["people"])
    wanted = needs(row, None, now, local, line_of(language), _) if found.retired_ms is None else []
    today = desk.now().date()
    return {
        "words": room_words(row, local, language),
        "row": row,
        "repairs": repairs,
        "equipment_of": equipment_of,
        "cause": title,
        "ticket_states": TICKET_STATES,
        "line": line_of(language),
        "refused": lambda one: condition.refusal_words(one, _),
        "against": list(against(desk.town.store, found.id, local, _)),
        "needs": wanted,
        "sentence": sentence(row, wanted, people[0].name if people else "", _),
        "people": people,
        "shown_days": [_shown_day(day, desk, language, today) for day in reversed(reading.days) if day.outcomes],
        "totals": {state: sum(day.count(state) for day in reading.days) for state in STATES},
        "states": STATES,
        "reported_ms": reading.reported_ms,
        "lost_weeks": reading.lost_weeks,
        "before": _other_month(month, -1),
        "after": _other_month(month, 1),
        "picture": kept,
        "picture_wanted": screenshots.is_wanted(desk.town, found.id),
        "checks": [(one, _(CHECKS[one.state])) for one in checks],
        "written_there": [_note(one, desk, language) for one in notes],
        "evidence": _(EVIDENCE.get(evidence, "")) if evidence else _("not known"),
        "last_change": changes[0] if changes else None,
        "written": {part: forms.written(part, found.part(part)) for part in PARTS},
        "settings": found.settings,
    }


def _evidence(desk: Desk, station: str) -> Any:
    """What the newest play says of the screen."""
    play = schema.play
    newest = select(play.c.screen_evidence).where(play.c.station == station)
    with desk.town.store.read() as connection:
        return connection.execute(newest.order_by(play.c.chain.desc(), play.c.seq.desc()).limit(1)).scalar()


def _shown_day(day: Day, desk: Desk, language: Language, today: date) -> dict[str, Any]:
    """A day for the template: its counts, and its stretches in words."""
    counts = [(state, day.count(state)) for state in STATES if day.count(state)]
    rows = [
        {"state": one.first.state, **dict(zip(("start", "end", "titles", "occasion"), _cells(one, desk), strict=True)),
         "remarks": _remarks(one, desk, language)}
        for one in day.stretches
    ]  # fmt: skip
    return {"name": day_name(day.date, language), "counts": counts, "rows": rows, "open": day.date == today}


def _note(one: Written, desk: Desk, language: Language) -> dict[str, Any]:
    """What somebody in the room has written, for the template."""
    _, record = translator(language), one.record
    at = to_utc(one.at_ms).astimezone(desk.zone)
    if isinstance(record, Attendance):
        what = _("Who was there")
        numbers = {name: getattr(record, name) for name in ("expected", "present", "on_leave", "others")}
        lines = [
            _("{present} of {expected} present, {on_leave} on leave, {others} others").format(**numbers)
            if any(numbers.values()) or record.spot_check is None
            else _("answer to a spot check"),
            record.remark,
        ]
    elif isinstance(record, Item):
        what = _(ITEMS[record.item_kind])
        reach = _("{count} households").format(count=record.households) if record.households else ""
        lines = [record.title, record.category, record.text, reach, record.area]
    else:
        what, end = occasion_text(record.session_kind, language), to_utc(record.end_ms).astimezone(desk.zone)
        minutes = record.other_source_ms // 60_000
        other = _("{minutes} minutes of another source, as typed in").format(minutes=minutes) if minutes else ""
        practice = _("practice, not counted") if record.practice else ""
        lines = [f"{at:%H:%M}–{end:%H:%M}", record.title, record.place, other, practice, record.text]
    lines += [_("corrected by {name}: {reason}").format(name=by.by, reason=by.reason) for by in one.corrected]
    return {
        "what": what,
        "when": f"{day_name(at.date(), language)} {at:%H:%M}",
        "by": record.by,
        "lines": [line for line in lines if line],
        "photos": [name for name, state in one.photos if state == "kept"],
        "missing": list(dict.fromkeys(_(PHOTOS[state]) for _name, state in one.photos if state != "kept")),
    }


def _cells(one: Stretch, desk: Desk) -> tuple[str, str, str, str]:
    start, end = (f"{to_utc(at).astimezone(desk.zone):%H:%M}" for at in (one.start_ms, one.end_ms))
    return start, end, "、".join(one.titles), one.first.showing.slot.occasion


def _remarks(one: Stretch, desk: Desk, language: Language) -> str:
    """Why, and how: late by how much, cut short, when it was made up."""
    _, first = translator(language), one.first
    said = [why_text(why, language) for why in first.why]
    if first.state == "late":
        said.append(_("{minutes} minutes late").format(minutes=max(1, round(one.late_ms / 60_000))))
    if first.state == "made-up":
        at = to_utc(first.made_up_ms).astimezone(desk.zone)
        said.append(_("shown {day} at {time}").format(day=day_name(at.date(), language), time=f"{at:%H:%M}"))
    if first.cause:
        shown, planned = _length(one.played_ms), _length(one.promised_ms)
        why = "" if first.cause == "unknown" else cause_text(first.cause, language)
        said.append(_("shown {shown} of {planned}").format(shown=shown, planned=planned))
        said += [why] if why else []
    return _("; ").join(said)


def _length(milliseconds: int) -> str:
    minutes, seconds = divmod(round(milliseconds / 1000), 60)
    return f"{minutes}:{seconds:02}"


def _lines(found: tuple[Day, ...], desk: Desk, language: Language) -> Iterator[list[object]]:
    _ = translator(language)
    for day in found:
        for one in day.stretches:
            start, end, titles, occasion = _cells(one, desk)
            shown = one.played_ms if one.first.state in ("on-time", "late", "made-up") else 0
            minutes = [round(ms / 60_000, 1) for ms in (one.promised_ms, shown, one.late_ms)]
            state = _(STATES[one.first.state])
            yield [day.date.isoformat(), start, end, titles, occasion, state, *minutes, _remarks(one, desk, language)]


def _other_month(month: str, by: int) -> str:
    first, last = month_days(month)
    other = date.fromordinal(last.toordinal() + 1 if by > 0 else first.toordinal() - 1)
    return f"{other:%Y-%m}"
