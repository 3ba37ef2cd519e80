"""Who was there: by the roster or in numbers, for plays of a day; a sheet to sign; later corrected with a reason."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kiosk.common.i18n import day_name, translator
from kiosk.common.messages import mark
from kiosk.common.photos import MOST_UPLOAD
from kiosk.common.text import one_line
from kiosk.contract.instants import to_utc
from kiosk.contract.records import Attendance
from kiosk.station.journal.errors import JournalError
from kiosk.station.panel.access import Visitor
from kiosk.station.panel.desk import Desk, to
from kiosk.station.panel.record import books_of, press_id, wait_for, zone_of
from kiosk.station.panel.uploads import keep_photo, photo_of, read_file
from kiosk.station.record_book.books import RecordBooks
from kiosk.station.record_book.events import AttendanceTaken, BookCorrected, SpotCheckAnswered
from kiosk.station.record_book.register import is_day
from kiosk.station.record_book.roster import Member, members

MOST_PEOPLE, MOST_PLAYS, MOST_NUMBER = 1_000, 200, 9_999
MOST_WORDS, MOST_REASON = 1_000, 200
NUMBERS = ("expected", "present", "on_leave", "others")
NO_PLAYS = mark("Choose at least one programme.")
NO_NUMBER = mark("Write the numbers of people, 0 where there was nobody.")
TOO_MANY = mark("More people are present and on leave than are expected.")
NO_PHOTO = mark("The photo could not be read; take it again, or send none.")
NO_REASON = mark("Say in a few words why.")


@dataclass(frozen=True)
class PlayRow:
    """A play of the day, and who is said to have been there."""

    id: str
    times: str
    title: str
    there: Attendance | None


def routes(desk: Desk) -> list[Route]:
    """The routes of these pages."""

    def read(books: RecordBooks, day: date) -> tuple[list[PlayRow], list[Member]]:
        snapshot = desk.snapshot()
        zone = zone_of(snapshot)
        try:
            plays, typed = books.day(day, zone), books.typed("roster")
        except (JournalError, sqlite3.DatabaseError):
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE) from None
        rows = []
        for one in plays:
            start, end = (to_utc(ms).astimezone(zone) for ms in (one.play.actual_start_ms, one.play.actual_end_ms))
            rows.append(PlayRow(one.play.id, f"{start:%H:%M}–{end:%H:%M}", one.play.title, one.attendance))
        return rows, members(snapshot.document, typed)

    def day_of(request: Request) -> date:
        today, text = desk.snapshot().now.date(), request.query_params.get("day", "")
        return min(date.fromisoformat(text), today) if is_day(text) else today

    def shown(
        request: Request, visitor: Visitor, sent: Mapping[str, Sequence[str]] | None = None, trouble: str = ""
    ) -> Response:
        day = day_of(request)
        rows, people = read(books_of(desk), day)
        sent, today = sent or {}, desk.snapshot().now.date()
        _, status = translator(desk.language(request)), HTTPStatus.UNPROCESSABLE_ENTITY if trouble else HTTPStatus.OK
        return desk.page(
            request, visitor, "attendance.html", status=status, day=day, day_name=day_name(day, desk.language(request)),
            before=(day - timedelta(days=1)).isoformat(),
            after=(day + timedelta(days=1)).isoformat() if day < today else "",
            plays=rows, people=people, sent={name: values[-1] for name, values in sent.items()},
            chosen=set(sent.get("play", ())) or {row.id for row in rows if row.there is None}, trouble=_(trouble),
            taken=list({row.there.id: row.there for row in rows if row.there}.values()), most=MOST_WORDS,
        )  # fmt: skip

    async def page(request: Request) -> Response:
        visitor = desk.visitor(request)
        return shown(request, visitor) if visitor.logged_in else to("/login")

    async def take(request: Request) -> Response:
        most = MOST_PEOPLE + MOST_PLAYS + 10
        upload = await read_file(desk, request, "attendance", "photo", MOST_UPLOAD, most)
        visitor, form = upload.visitor, upload.lists
        if not visitor.logged_in:
            return to("/login")
        rows, people = read(books_of(desk), day_of(request))
        plays = tuple(row.id for row in rows if row.id in form.get("play", ()))
        if not plays:
            return shown(request, visitor, form, NO_PLAYS)
        numbers = _numbers(form)
        there: tuple[str, ...] = ()
        if people:
            there = tuple(one.id for one in people if form.get(f"who-{one.id}", [""])[-1] == "present")
            away = sum(form.get(f"who-{one.id}", [""])[-1] == "leave" for one in people)
            counted = {"expected": len(people), "present": len(there), "on_leave": away}
            numbers = counted | {"others": numbers["others"]} if numbers.keys() >= {"others"} else {}
        if numbers.keys() != set(NUMBERS):
            return shown(request, visitor, form, NO_NUMBER)
        if numbers["expected"] < numbers["present"] + numbers["on_leave"]:
            return shown(request, visitor, form, TOO_MANY)
        photo, unread = await photo_of(desk, upload)
        if unread:
            return shown(request, visitor, form, NO_PHOTO)
        press = press_id(upload.form)
        remark = one_line(form.get("remark", [""])[-1])[:MOST_WORDS]
        desk.post(
            AttendanceTaken(
                visitor.by, plays, numbers["expected"], numbers["present"], numbers["on_leave"], numbers["others"],
                there, remark, keep_photo(desk, photo), press,
            )
        )  # fmt: skip
        await wait_for(desk, f"attendance-{press}")
        return to(f"/attendance?day={day_of(request).isoformat()}#taken")

    async def sheet(request: Request) -> Response:
        visitor = desk.visitor(request)
        if not visitor.logged_in:
            return to("/login")
        day = day_of(request)
        rows, people = read(books_of(desk), day)
        return desk.page(
            request, visitor, "sign_in.html", day=day, day_name=day_name(day, desk.language(request)), plays=rows,
            people=people,
        )  # fmt: skip

    async def spot(request: Request) -> Response:
        """Somebody has read the town's code from the screen."""
        visitor, form = await desk.read_form(request, "spot")
        if not visitor.logged_in:
            return to("/login")
        desk.post(SpotCheckAnswered(visitor.by, form.get("code", "")[:20], press_id(form)))
        await desk.wait_until(lambda: not desk.snapshot().spot_check)
        return to("/#spot")

    def entry(request: Request) -> Attendance:
        try:
            found = books_of(desk).attendance(request.path_params["entry"])
        except (JournalError, sqlite3.DatabaseError):
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE) from None
        if found is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return found

    def asked(
        request: Request, visitor: Visitor, found: Attendance, sent: Mapping[str, str], trouble: str = ""
    ) -> Response:
        _, status = translator(desk.language(request)), HTTPStatus.UNPROCESSABLE_ENTITY if trouble else HTTPStatus.OK
        values = {name: str(getattr(found, name)) for name in (*NUMBERS, "remark")} | dict(sent)
        return desk.page(
            request, visitor, "attendance_entry.html", status=status, found=found, values=values, trouble=_(trouble),
            most=MOST_REASON, day=sent.get("day") or request.query_params.get("day", ""),
        )  # fmt: skip

    async def correct_page(request: Request) -> Response:
        visitor = desk.visitor(request)
        return asked(request, visitor, entry(request), {}) if visitor.logged_in else to("/login")

    async def correct(request: Request) -> Response:
        visitor, form = await desk.read_form(request, "attendance-entry")
        if not visitor.logged_in:
            return to("/login")
        found = entry(request)
        numbers = _numbers({name: [value] for name, value in form.items()})
        reason, remark = one_line(form.get("reason", "")), one_line(form.get("remark", ""))[:MOST_WORDS]
        if numbers.keys() != set(NUMBERS):
            return asked(request, visitor, found, form, NO_NUMBER)
        if numbers["expected"] < numbers["present"] + numbers["on_leave"]:
            return asked(request, visitor, found, form, TOO_MANY)
        if not 0 < len(reason) <= MOST_REASON:
            return asked(request, visitor, found, form, NO_REASON)
        values = {**{name: str(number) for name, number in numbers.items()}, "remark": remark}
        changed = {name: value for name, value in values.items() if value != str(getattr(found, name))}
        if changed:
            press = press_id(form)
            desk.post(BookCorrected(visitor.by, found.id, changed, reason, press))
            await wait_for(desk, f"correct-{press}-{len(changed) - 1}")
        day = form.get("day", "")
        return to(f"/attendance?day={day if is_day(day) else ''}#taken")

    return [
        Route("/attendance", page),
        Route("/spot-check", spot, methods=["POST"]),
        Route("/attendance", take, methods=["POST"]),
        Route("/attendance/sheet", sheet),
        Route("/attendance/{entry}", correct_page),
        Route("/attendance/{entry}", correct, methods=["POST"]),
    ]


def _numbers(form: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """The numbers of people that were typed; one that is none, or too large, is left out."""
    typed = {name: form.get(name, [""])[-1].strip() for name in NUMBERS}
    return {
        name: int(text)
        for name, text in typed.items()
        if text.isascii() and text.isdigit() and len(text) < 6 and int(text) <= MOST_NUMBER
    }
