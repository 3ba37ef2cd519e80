"""The county's own blank form: brought once, its columns matched to ours, and from then on filled each month."""

from http import HTTPStatus

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kiosk.common.i18n import translator
from kiosk.common.messages import mark
from kiosk.station.panel.access import Visitor
from kiosk.station.panel.desk import Desk, to
from kiosk.station.panel.pages.books import download
from kiosk.station.panel.record import book_of, books_of, press_id, read_month
from kiosk.station.panel.uploads import read_file
from kiosk.station.record_book.confined import carry_out
from kiosk.station.record_book.events import FormKept
from kiosk.station.record_book.forms import MOST_BYTES, KeptForm, guess
from kiosk.station.record_book.heads import form_cells, form_heads
from kiosk.station.record_book.orders import FormSheet, Order

NO_FILE = mark("Choose the file first.")


def routes(desk: Desk) -> list[Route]:
    """The routes of these pages."""

    async def page(request: Request) -> Response:
        visitor = desk.visitor(request)
        return shown(request, visitor) if visitor.logged_in else to("/login")

    def shown(request: Request, visitor: Visitor, trouble: str = "") -> Response:
        book, _ = book_of(request), translator(desk.language(request))
        status = HTTPStatus.UNPROCESSABLE_ENTITY if trouble else HTTPStatus.OK
        kept = books_of(desk).forms.read(book)
        return desk.page(
            request, visitor, "county_form.html", status=status, book=book, kept=kept, trouble=_(trouble),
            ours=[_(name) for name in form_heads(book)], most_mb=MOST_BYTES >> 20,
        )  # fmt: skip

    async def bring(request: Request) -> Response:
        book, sent = book_of(request), await read_file(desk, request, "form", "file", MOST_BYTES)
        visitor = sent.visitor
        if not visitor.logged_in:
            return to("/login")
        if not sent.data:
            return shown(request, visitor, NO_FILE)
        answer = await carry_out(Order("look", form=sent.data))
        if answer.trouble:
            return shown(request, visitor, answer.trouble)
        best = max(answer.form, key=lambda one: len(guess(one, form_heads(book))))
        into = FormSheet(best.name, best.header, guess(best, form_heads(book)))
        return await keep(visitor, KeptForm(book, sent.data, answer.form, into), press_id(sent.form))

    async def keep(visitor: Visitor, kept: KeptForm, press: str) -> Response:
        desk.post(FormKept(visitor.by, kept.book, msgspec.json.encode(kept), press))
        await desk.wait_until(lambda: books_of(desk).forms.read(kept.book) == kept)
        return to(f"/books/{kept.book}/form#columns")

    async def match(request: Request) -> Response:
        visitor, form = await desk.read_form(request, "columns")
        if not visitor.logged_in:
            return to("/login")
        book = book_of(request)
        kept = books_of(desk).forms.read(book)
        if kept is None:
            return to(f"/books/{book}/form")
        if form.get("button") == "give-up":
            desk.post(FormKept(visitor.by, book, b"", press_id(form)))
            await desk.wait_until(lambda: books_of(desk).forms.read(book) is None)
            return to(f"/books/{book}/form")
        sheet = next((one for one in kept.sheets if one.name == form.get("sheet")), None)
        if sheet is None:
            raise HTTPException(HTTPStatus.BAD_REQUEST)
        if sheet.name != kept.into.name:
            columns = guess(sheet, form_heads(book))
        else:
            known = {str(number) for number in range(len(form_heads(book)))}
            chosen = {letter: form.get(f"column-{letter}", "") for letter in sheet.columns}
            columns = {letter: one for letter, one in chosen.items() if one in known}
        new = FormSheet(sheet.name, sheet.header, columns)
        return await keep(visitor, msgspec.structs.replace(kept, into=new), press_id(form))

    async def filled(request: Request) -> Response:
        visitor = desk.visitor(request)
        if not visitor.logged_in:
            return to("/login")
        book, found = book_of(request), read_month(desk, request)
        kept = books_of(desk).forms.read(book)
        if kept is None:
            return to(f"/books/{book}/form")
        first, table = found.month.first, found.tables[book]
        rows = tuple(form_cells(book, row.cells) for row in table.counted)
        period = f"{first.year}年{first.month}月"
        answer = await carry_out(Order("fill", form=kept.form, into=kept.into, rows=rows, period=period))
        if answer.trouble:
            return shown(request, visitor, answer.trouble)
        return download(answer.workbook, f"{desk.snapshot().station} {first:%Y-%m} {table.title}.xlsx")

    return [
        Route("/books/{book}/form", page),
        Route("/books/{book}/form", bring, methods=["POST"]),
        Route("/books/{book}/columns", match, methods=["POST"]),
        Route("/books/{book}/form.xlsx", filled),
    ]
