"""What the room writes for others: weekly item, results, requests; and the text of a day for a group chat."""

import sqlite3
from datetime import date, datetime, timedelta
from http import HTTPStatus
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kiosk.common.i18n import translator
from kiosk.common.messages import Message, mark
from kiosk.common.text import one_line
from kiosk.contract.instants import to_utc
from kiosk.contract.records import Item
from kiosk.station.journal.errors import JournalError
from kiosk.station.panel.access import Visitor
from kiosk.station.panel.desk import Desk, Form, to
from kiosk.station.panel.record import books_of, month_of, months_about, press_id, wait_for, zone_of
from kiosk.station.panel.snapshot import Snapshot
from kiosk.station.panel.uploads import keep_photo, read_upload
from kiosk.station.record_book.activity import activity_text
from kiosk.station.record_book.events import ItemWritten
from kiosk.station.record_book.month import Month
from kiosk.station.record_book.register import is_day

Kind = Literal["weekly", "result", "request"]
TITLES: dict[Kind, str] = {
    "weekly": mark("Weekly item for the village page"),
    "result": mark("What was put to use"),
    "request": mark("What people want to see"),
}
MOST_TITLE, MOST_TEXT, MOST_HOUSEHOLDS = 100, 4_000, 100_000
REMIND_FROM = 3
"""The day of the week (Monday is 0) from which on the weekly item is reminded of."""
NO_TITLE = Message(mark("Write a title."))
TOO_LONG = Message(mark("This is longer than {most} characters; write it shorter."), {"most": str(MOST_TEXT)})
NO_PHOTO = Message(mark("The photo could not be read; take it again, or send none."))
NO_NUMBER = Message(mark("The number of households is no number."))


def routes(desk: Desk) -> list[Route]:
    """The routes of these pages."""

    def items(month: Month) -> list[Item]:
        try:
            return books_of(desk).items(month, *get_args(Kind))
        except (JournalError, sqlite3.DatabaseError):
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE) from None

    def shown(request: Request, visitor: Visitor, sent: Form | None = None, trouble: Message | None = None) -> Response:
        snapshot, language = desk.snapshot(), desk.language(request)
        _, zone, first = translator(language), zone_of(snapshot), month_of(request, snapshot)
        before, after = months_about(first, snapshot)
        found = items(Month(first, zone))
        return desk.page(
            request, visitor, "items.html", status=HTTPStatus.UNPROCESSABLE_ENTITY if trouble else HTTPStatus.OK,
            month=f"{first:%Y-%m}", before=before, after=after, sent=sent or {},
            kinds={kind: _(title) for kind, title in TITLES.items()}, trouble=trouble.render(_) if trouble else "",
            items=[(one, f"{to_utc(one.at_ms).astimezone(zone):%Y-%m-%d %H:%M}") for one in found],
            due=is_due(found, snapshot, zone), most_title=MOST_TITLE, most_text=MOST_TEXT,
            programmes=programmes_of(snapshot),
        )  # fmt: skip

    async def page(request: Request) -> Response:
        visitor = desk.visitor(request)
        return shown(request, visitor) if visitor.logged_in else to("/login")

    async def write(request: Request) -> Response:
        upload = await read_upload(desk, request, "items")
        visitor, form = upload.visitor, upload.form
        if not visitor.logged_in:
            return to("/login")
        kind = next((one for one in TITLES if one == form.get("kind")), None)
        if kind is None:
            raise HTTPException(HTTPStatus.BAD_REQUEST)
        title, households = one_line(form.get("title", "")), form.get("households", "").strip() or "0"
        text = "\n".join(one_line(line) for line in form.get("text", "").splitlines()).strip()
        if not 0 < len(title) <= MOST_TITLE:
            return shown(request, visitor, form, NO_TITLE)
        if len(text) > MOST_TEXT:
            return shown(request, visitor, form, TOO_LONG)
        if not (
            households.isascii() and households.isdigit() and len(households) < 8 and int(households) <= MOST_HOUSEHOLDS
        ):
            return shown(request, visitor, form, NO_NUMBER)
        if upload.unread:
            return shown(request, visitor, form, NO_PHOTO)
        programme = form.get("programme", "")
        known = programme if programme in programmes_of(desk.snapshot()) else None
        press = press_id(form)
        desk.post(
            ItemWritten(
                visitor.by, kind, title, text, one_line(form.get("category", ""))[:MOST_TITLE], known,
                int(households), one_line(form.get("area", ""))[:MOST_TITLE],
                keep_photo(desk, upload.photo), press,
            )
        )  # fmt: skip
        await wait_for(desk, f"{kind}-{press}")
        return to("/items#written")

    async def activity(request: Request) -> Response:
        visitor = desk.visitor(request)
        if not visitor.logged_in:
            return to("/login")
        snapshot, text = desk.snapshot(), request.query_params.get("day", "")
        day = min(date.fromisoformat(text), snapshot.now.date()) if is_day(text) else snapshot.now.date()
        zone, language = zone_of(snapshot), desk.language(request)
        try:
            plays = books_of(desk).day(day, zone)
        except (JournalError, sqlite3.DatabaseError):
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE) from None
        told = activity_text(plays, day, zone, snapshot.station, visitor.name, language)
        return desk.page(request, visitor, "activity.html", day=day, told=told,
                         before=(day - timedelta(days=1)).isoformat(),
                         after=(day + timedelta(days=1)).isoformat() if day < snapshot.now.date() else "")  # fmt: skip

    return [
        Route("/items", page),
        Route("/items", write, methods=["POST"]),
        Route("/activity", activity),
    ]


def programmes_of(snapshot: Snapshot) -> dict[str, str]:
    """The titles of the programmes in force, by their ids."""
    return {one.id: one.title for one in snapshot.playlist.programmes} if snapshot.playlist else {}


def is_due(found: list[Item], snapshot: Snapshot, zone: ZoneInfo) -> bool:
    """Whether it is Thursday or later, and this week's item is not written."""
    now = snapshot.now
    monday = datetime.combine(now.date() - timedelta(days=now.weekday()), datetime.min.time(), zone)
    written = any(one.item_kind == "weekly" and to_utc(one.at_ms) >= monday for one in found)
    return now.weekday() >= REMIND_FROM and not written
