"""The months: a workbook is dropped, looked at as a table, mended cell by cell, and its titles are confirmed."""

import re
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from http import HTTPStatus
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kiosk.common.messages import mark
from kiosk.town.console.desk import Desk
from kiosk.town.console.forms import Form
from kiosk.town.console.pages import uploads
from kiosk.town.console.pages.programmes import words
from kiosk.town.console.sheet_table import problems_of, tables
from kiosk.town.months import books, library, publication
from kiosk.town.months.beside import beside
from kiosk.town.months.books import Month, MonthError, NoSuchMonth
from kiosk.town.months.titles import key
from kiosk.town.programmes import library as programmes
from kiosk.town.programmes.shelves import LARGEST
from kiosk.town.sheets.confined import SheetTrouble
from kiosk.town.sheets.draft import draft_workbook
from kiosk.town.sheets.headers import Role
from kiosk.town.sheets.holidays import holiday
from kiosk.town.sheets.mending import WHOLE_ROW, Mend
from kiosk.town.sheets.reading import MOST_BYTES
from kiosk.town.sheets.told import sentence
from kiosk.town.signing import keys

MOST_FORM = MOST_BYTES + (1 << 20)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ROLES: dict[Role, str] = {
    "title": mark("title of the programme"),
    "date": mark("date"),
    "last": mark("last date"),
    "weekday": mark("day of the week"),
    "week": mark("week"),
    "time": mark("time"),
    "start": mark("start"),
    "end": mark("end"),
    "category": mark("category"),
    "duration": mark("length"),
    "audience": mark("audience"),
    "note": mark("note"),
    "other": mark("not needed"),
}
"""What a column may hold, in the order in which it is offered."""

Deed = Callable[[Month, Form, str], None]


def routes(desk: Desk) -> list[Route]:
    """Their routes."""

    async def show_all(request: Request, problem: str = "") -> Response:
        await desk.officer(request)

        def read() -> dict[str, Any]:
            with desk.town.store.read() as connection:
                found = books.listed(connection)
            return {"months": found, "root_keys": len(keys.root_keys_here(desk.town.keys_folder))}

        status = HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK
        return await desk.page(request, "months.html", status, problem=problem, **await desk.run(read))

    async def upload(request: Request) -> Response:
        form = await desk.form(request, most=MOST_FORM)
        officer, _ = await desk.officer(request, "officer"), desk.translate(request)
        if not form.files.get("sheet"):
            return await show_all(request, _("Choose the workbook first."))
        sheet = form.files["sheet"][0]
        said = form.get("month", "")
        of = said if re.fullmatch(r"20[0-9]{2}-(0[1-9]|1[0-2])", said) else ""
        ident = await desk.run(books.add, desk.town.store, sheet.content, sheet.name, officer.name, of)
        return desk.to(f"/months/{ident}")

    async def show(request: Request, problem: str = "") -> Response:
        await desk.officer(request)
        month, _ = await found(request), desk.translate(request)

        def look() -> dict[str, Any]:
            return {
                "month": month,
                "problems": problems_of(month.read),
                "warnings": [sentence(one, _) for one in month.read.warnings],
                "tables": tables(month.read, _),
                "sentence": lambda one: sentence(one, _),
                "roles": ROLES,
                "step": "sheet",
                "problem": problem,
            }

        status = HTTPStatus.CONFLICT if problem else HTTPStatus.OK
        return await desk.page(request, "month.html", status, **await desk.run(look))

    async def show_row(request: Request) -> Response:
        await desk.officer(request)
        month = await found(request)
        sheet, number = request.query_params.get("sheet", ""), request.query_params.get("row", "")
        preview = next((one for one in month.read.previews if one.name == sheet), None)
        row = int(number) if number.isdecimal() and len(number) < 6 else -1
        if preview is None or not 0 <= row < len(preview.rows):
            raise HTTPException(HTTPStatus.NOT_FOUND)
        covered = {
            (r, c)
            for top, left, bottom, right in preview.merges
            for r in range(top, bottom + 1)
            for c in range(left, right + 1)
            if (r, c) != (top, left)
        }
        names = next((line for line in preview.rows if sum(map(bool, line)) > 2), [])
        cells = [
            (n, names[n] if n < len(names) else "", text)
            for n, text in enumerate(preview.rows[row])
            if (row, n) not in covered
        ]
        return await desk.page(request, "month_row.html", month=month, sheet=sheet, row=row, cells=cells, step="sheet")

    async def found(request: Request) -> Month:
        try:
            return await desk.run(books.load, desk.town.store, request.path_params["id"])
        except NoSuchMonth:
            raise HTTPException(HTTPStatus.NOT_FOUND) from None

    def change(deed: Deed, said: str, most: int = 1 << 20) -> Callable[[Request], Awaitable[Response]]:
        """A form of the month's that changes it: it names the revision that it was made from."""

        async def answer(request: Request) -> Response:
            form = await desk.form(request, most=most)
            officer, month = await desk.officer(request, "officer"), await found(request)
            try:
                await desk.run(deed, month, form, officer.name)
            except MonthError as error:
                return await show(request, error.message.render(desk.translate(request)))
            return desk.to(f"/months/{month.id}", request, desk.translate(request)(said))

        return answer

    def mend(month: Month, form: Form, by: str) -> None:
        mends = list(_mends(form))
        if mends:
            books.mend_cells(desk.town.store, month.id, form.number("revision"), mends, by)

    def name_columns(month: Month, form: Form, by: str) -> None:
        pairs = zip(form.every("name"), form.every("role"), strict=False)
        books.name_columns(desk.town.store, month.id, form.number("revision"), {n: r for n, r in pairs if r}, by)

    def set_month(month: Month, form: Form, by: str) -> None:
        books.set_month(desk.town.store, month.id, form.number("revision"), form.get("month", ""), by)

    def replace_sheet(month: Month, form: Form, by: str) -> None:
        for sheet in form.files.get("sheet", [])[:1]:
            revision = form.number("revision")
            books.replace_sheet(desk.town.store, month.id, revision, sheet.content, sheet.name, by)

    async def marked(request: Request) -> Response:
        await desk.officer(request)
        month = await found(request)
        try:
            data = await desk.run(books.marked_book, desk.town.store, month.id, desk.language(request))
        except SheetTrouble as trouble:
            return await show(request, sentence(trouble.finding, desk.translate(request)))
        return _download(data, f"{month.name}-{desk.translate(request)(mark('marked'))}.xlsx")

    async def draft(request: Request) -> Response:
        await desk.officer(request)
        month, _ = await found(request), desk.translate(request)
        if not month.month:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        to = (date.fromisoformat(f"{month.month}-01") + timedelta(days=31)).replace(day=1)

        def written() -> bytes:
            with desk.town.store.read() as connection:
                return draft_workbook(month.read.rows, to, holiday, _, beside(connection, month.month, desk.zone))

        data = await desk.run(written)
        return _download(data, f"{to.year}年{to.month}月周推荐月计划表-草稿.xlsx")

    async def show_titles(request: Request, problem: str = "") -> Response:
        await desk.officer(request)
        month = await found(request)

        def look() -> dict[str, Any]:
            matches = publication.matches(desk.town, month)
            with desk.town.store.read() as connection:
                names = sorted({one.title for one in library.candidates(desk.town, connection)})
                known = library.known(connection)
                held = {one.title: known.get(key(one.title), "") for one in matches}
                unsettled = (one.title for one in matches if not one.settled and held[one.title])
                found = {title: programmes.get(connection, held[title]) for title in unsettled}
                coming = {title: one for title, one in found.items() if one and one.state not in ("ready", "withdrawn")}
            missing = [one.title for one in matches if one.chosen is None or one.title in coming]
            return {"matches": matches, "missing": missing, "names": names, "held": held, "coming": coming}

        more = await desk.run(look)
        status = HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK
        return await desk.page(
            request, "month_titles.html", status, month=month, step="titles", problem=problem, words=words,
            most_megabytes=LARGEST >> 20, most_form=uploads.MOST_FORM >> 20, **more,
        )  # fmt: skip

    async def confirm(request: Request) -> Response:
        form = await desk.form(request, most=1 << 20)
        officer, month, _ = await desk.officer(request, "officer"), await found(request), desk.translate(request)

        def settle() -> str:
            with desk.town.store.read() as connection:
                offered = library.candidates(desk.town, connection)
            by_id, by_key = {one.id: one for one in offered}, {key(one.title): one for one in offered}
            meant, unknown, seen = dict[str, str](), list[str](), dict[str, str]()
            names = ("title", "held", "choice", "other")
            for title, held, choice, other in zip(*(form.every(name) for name in names), strict=False):
                seen[title] = held
                one = by_key.get(key(other)) if other.strip() else by_id.get(choice)
                if one is not None:
                    meant[title] = one.id
                elif other.strip():
                    unknown.append(other)
                elif held and not choice:
                    meant[title] = ""
            if others := library.confirm(desk.town, meant, officer.name, seen):
                text = _("Somebody else has settled 《{title}》 otherwise meanwhile; it stays so. Look at it again.")
                return text.format(title=others[0][:80])
            text = _("No programme of the library is called 《{title}》; the others are confirmed.")
            return text.format(title=unknown[0][:80]) if unknown else ""

        if problem := await desk.run(settle):
            return await show_titles(request, problem)
        return desk.to(f"/months/{month.id}/titles", request, _("The titles are confirmed."))

    return [
        Route("/months", show_all),
        Route("/months", upload, methods=["POST"]),
        Route("/months/{id}", show),
        Route("/months/{id}/row", show_row),
        Route("/months/{id}/mend", change(mend, mark("The cells are mended.")), methods=["POST"]),
        Route("/months/{id}/columns", change(name_columns, mark("The columns are known now.")), methods=["POST"]),
        Route("/months/{id}/month", change(set_month, mark("The month is known now.")), methods=["POST"]),
        Route(
            "/months/{id}/sheet",
            change(replace_sheet, mark("The new workbook is read."), MOST_FORM),
            methods=["POST"],
        ),
        Route("/months/{id}/marked", marked),
        Route("/months/{id}/draft", draft),
        Route("/months/{id}/titles", show_titles),
        Route("/months/{id}/titles", confirm, methods=["POST"]),
    ]


def _mends(form: Form) -> list[Mend]:
    """The cells of a form that were changed, and the rows that do not count. Raises HTTPException 400."""
    found = []
    names = ("sheet", "row", "column", "before", "text")
    for sheet, row, column, before, text in zip(*(form.every(name) for name in names), strict=False):
        if text != before:
            found.append(Mend(sheet, _number(row), _number(column), text))
    for place in form.every("out"):
        row, _, sheet = place.partition(" ")
        found.append(Mend(sheet, _number(row), WHOLE_ROW, ""))
    return found


def _number(text: str) -> int:
    if not text.isdecimal() or len(text) > 6:
        raise HTTPException(HTTPStatus.BAD_REQUEST)
    return int(text)


def _download(data: bytes, name: str) -> Response:
    plain = quote(PurePath(name).name)
    return Response(data, media_type=XLSX, headers={"Content-Disposition": f"attachment; filename*=UTF-8''{plain}"})
