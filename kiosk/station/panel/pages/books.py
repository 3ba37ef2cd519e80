"""The record books: a month's figures, each book as a page that prints on A4, all as .xlsx; rows typed, corrected."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kiosk.common.i18n import translator
from kiosk.common.messages import Message, mark
from kiosk.common.text import one_line
from kiosk.station.panel.access import Visitor
from kiosk.station.panel.desk import Desk, Form, to
from kiosk.station.panel.record import book_of, books_of, month_of, months_about, press_id, read_month, wait_for
from kiosk.station.record_book.confined import carry_out
from kiosk.station.record_book.events import BookCorrected, BookWritten
from kiosk.station.record_book.figures import Verdict
from kiosk.station.record_book.orders import Order, Sheet
from kiosk.station.record_book.register import PREFIX, TYPED, WITHDRAWN, Entry, problems, tidy
from kiosk.station.record_book.table import BOOKS, Table

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_REASON = 200
VERDICTS: dict[Verdict, str] = {
    "reached": mark("reached"),
    "missing": mark("not yet"),
    "short": mark("not reached"),
    "not-known": mark("not known"),
}


def routes(desk: Desk) -> list[Route]:
    """The routes of these pages."""

    async def month(request: Request) -> Response:
        visitor = desk.visitor(request)
        if not visitor.logged_in:
            return to("/login")
        found = read_month(desk, request)
        return desk.page(
            request, visitor, "books.html", **about(request), books=found, all=BOOKS, verdicts=verdicts(request),
            due=found.due(desk.snapshot().now.date()),
        )  # fmt: skip

    async def book(request: Request) -> Response:
        visitor = desk.visitor(request)
        return shown(request, visitor, {}, {}) if visitor.logged_in else to("/login")

    def shown(
        request: Request, visitor: Visitor, sent: Mapping[str, str], wrong: Mapping[str, Message], status: int = 200
    ) -> Response:
        """A book; with what was ``sent`` and cannot be entered, to be mended."""
        named, found = book_of(request), read_month(desk, request)
        return desk.page(
            request, visitor, "book.html", status=status, **about(request), book=named, table=found.tables[named],
            columns=TYPED.get(named, ()), sent=sent, wrong=render(request, wrong),
            form=books_of(desk).forms.read(named) is not None, standard=request.query_params.get("standard", "")[:200],
        )  # fmt: skip

    async def write(request: Request) -> Response:
        visitor, form = await desk.read_form(request, "book")
        if not visitor.logged_in:
            return to("/login")
        named = book_of(request)
        if named not in TYPED:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        values = tidy(named, form)
        if wrong := problems(named, values):
            return shown(request, visitor, form, wrong, HTTPStatus.UNPROCESSABLE_ENTITY)
        press = press_id(form)
        desk.post(BookWritten(visitor.by, named, values, press))
        await wait_for(desk, f"{PREFIX}{press}")
        day = values.get("day", "")
        return to(f"/books/{named}?month={day[:7] or month_of(request, desk.snapshot()).strftime('%Y-%m')}#rows")

    async def entry(request: Request) -> Response:
        visitor = desk.visitor(request)
        return asked(request, visitor, None, {}) if visitor.logged_in else to("/login")

    def asked(
        request: Request, visitor: Visitor, sent: Form | None, wrong: Mapping[str, Message], status: int = 200
    ) -> Response:
        """The row of the address, to be corrected."""
        row = row_of(request)
        return desk.page(
            request, visitor, "entry.html", status=status, row=row, columns=TYPED[row.book],
            values=row.values if sent is None else sent, reason=(sent or {}).get("reason", ""),
            wrong=render(request, wrong), most=MOST_REASON,
        )  # fmt: skip

    def row_of(request: Request) -> Entry:
        row = books_of(desk).entry(request.path_params["entry"])
        if row is None or row.withdrawn:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return row

    async def correct(request: Request) -> Response:
        visitor, form = await desk.read_form(request, "entry")
        if not visitor.logged_in:
            return to("/login")
        row = row_of(request)
        values, reason = tidy(row.book, form), one_line(form.get("reason", ""))
        out = form.get("button") == "withdraw"
        wrong = {} if out else problems(row.book, values)
        if not reason or len(reason) > MOST_REASON:
            wrong["reason"] = Message(mark("Say in a few words why."))
        if wrong:
            return asked(request, visitor, form, wrong, HTTPStatus.UNPROCESSABLE_ENTITY)
        names = [column.name for column in TYPED[row.book]]
        changed = {name: values.get(name, "") for name in names if values.get(name, "") != row.values.get(name, "")}
        changed = {WITHDRAWN: "yes"} if out else changed
        if changed:
            press = press_id(form)
            desk.post(BookCorrected(visitor.by, row.id, changed, reason, press))
            await wait_for(desk, f"correct-{press}-{len(changed) - 1}")
        return to(f"/books/{row.book}?month={(values.get('day') or row.values.get('day', ''))[:7]}#rows")

    async def workbook(request: Request) -> Response:
        visitor = desk.visitor(request)
        if not visitor.logged_in:
            return to("/login")
        found = read_month(desk, request)
        name = f"{desk.snapshot().station} {found.month.first:%Y-%m}"
        sheets = tuple(sheet_of(found.tables[one], name) for one in BOOKS)
        answer = await carry_out(Order("make", sheets=sheets))
        if answer.trouble:
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE)
        return download(answer.workbook, f"{name}.xlsx")

    def render(request: Request, wrong: Mapping[str, Message]) -> dict[str, str]:
        _ = translator(desk.language(request))
        return {name: message.render(_) for name, message in wrong.items()}

    def verdicts(request: Request) -> dict[str, str]:
        _ = translator(desk.language(request))
        return {name: _(text) for name, text in VERDICTS.items()}

    def about(request: Request) -> dict[str, Any]:
        """The month asked for, and those beside it, for the page."""
        snapshot = desk.snapshot()
        first = month_of(request, snapshot)
        before, after = months_about(first, snapshot)
        return {"month": f"{first:%Y-%m}", "before": before, "after": after}

    return [
        Route("/books", month),
        Route("/books.xlsx", workbook),
        Route("/books/{book}", book),
        Route("/books/{book}", write, methods=["POST"]),
        Route("/book-entry/{entry}", entry),
        Route("/book-entry/{entry}", correct, methods=["POST"]),
    ]


def sheet_of(table: Table, name: str) -> Sheet:
    """A book as a sheet of a workbook; a row that was taken out is not in it."""
    rows = tuple(row.cells for row in table.counted)
    return Sheet(table.title, f"{name} {table.title}", table.columns, rows, table.remark)


def download(data: bytes, name: str) -> Response:
    """A workbook that the browser keeps under ``name``."""
    disposition = f"attachment; filename=\"books.xlsx\"; filename*=UTF-8''{quote(name)}"
    return Response(data, media_type=XLSX, headers={"Content-Disposition": disposition})
