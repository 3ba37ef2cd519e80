"""Uploads of programmes: in pieces by the pages' script, or whole as a form where there is no script."""

import asyncio
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from kiosk.town.console.desk import Desk, own_path
from kiosk.town.months import library
from kiosk.town.months.titles import key
from kiosk.town.programmes import uploads
from kiosk.town.programmes.shelves import Shelves
from kiosk.town.programmes.uploads import Upload, UploadError, WrongOffset

MOST_FORM = 15 << 20
"""The most that comes without a script, in bytes: such a form is read into memory; web servers in front take 16 MB."""
BLOCK = 1 << 20
"""So much of a piece is written at once, in bytes."""


def routes(desk: Desk, place: Shelves) -> list[Route]:
    """Its routes."""
    whole = asyncio.Semaphore(2)
    """Forms with a whole file at the same time."""

    async def begun(request: Request) -> Response:
        form = await desk.form(request)
        officer = await desk.officer(request)
        size = form.number("size")
        begin = (desk.town, place, form.get("name", ""), size, form.get("mark", ""), officer.name)
        try:
            one = await desk.run(uploads.begin, *begin)
        except UploadError as error:
            return refusal(request, error)
        return JSONResponse({"id": one.id, "offset": one.offset})

    async def piece(request: Request) -> Response:
        officer, one = await desk.check(request), await upload(request)
        text, title = request.query_params.get("offset", ""), request.query_params.get("title", "")
        if not text.isdecimal():
            raise HTTPException(HTTPStatus.BAD_REQUEST)
        try:
            await take(request, one, int(text[:20]))
        except WrongOffset as error:
            return JSONResponse({"offset": error.offset}, HTTPStatus.CONFLICT)
        except UploadError as error:
            return refusal(request, error)
        await desk.run(uploads.touched, desk.town, one.id)
        programme = await desk.run(uploads.finish, desk.town, place, one, title)
        if programme is not None:
            await meant(programme, title, officer.name)
            return JSONResponse({"programme": programme, "offset": one.size})
        now = await desk.run(uploads.get, desk.town, place, one.id)
        return JSONResponse({"offset": now.offset if now else 0})

    async def take(request: Request, one: Upload, offset: int) -> None:
        """Append what comes, block by block; what came before the line broke stays."""
        with uploads.opened(place, one, offset) as target:
            block = bytearray()
            try:
                async for data in request.stream():
                    block += data
                    if len(block) >= BLOCK:
                        await desk.run(target.write, bytes(block))
                        block.clear()
            except ClientDisconnect:
                raise HTTPException(HTTPStatus.BAD_REQUEST) from None
            finally:
                if block:
                    await desk.run(target.write, bytes(block))
                await desk.run(target.sync)

    async def meant(programme: str, title: str, by: str) -> None:
        """A file brought in for a title of a month is the programme that it means, unless it has one by now."""

        def settle() -> None:
            with desk.town.store.read() as connection:
                held = library.known(connection).get(key(title), "")
                offered = {one.id for one in library.candidates(desk.town, connection)}
            if held not in offered:
                library.confirm(desk.town, {title: programme}, by, {title: held})

        if title:
            await desk.run(settle)

    async def discarded(request: Request) -> Response:
        await desk.form(request)
        await desk.run(uploads.discard, desk.town, place, (await upload(request)).id)
        return desk.to("/programmes", request, desk.translate(request)("The upload is thrown away."))

    async def form(request: Request) -> Response:
        """Whole files as a form: without a script, and small ones only."""
        _ = desk.translate(request)
        too_large = _(
            "Without a script a file of at most {most} MB can be uploaded. Larger ones: switch the script on."
        )
        if int(request.headers.get("content-length", "0")) > MOST_FORM:
            return desk.to("/programmes", request, too_large.format(most=MOST_FORM >> 20))
        async with whole:
            fields = await desk.form(request, most=MOST_FORM)
            officer, title = await desk.officer(request), fields.get("title", "")
            back, names = own_path(fields.get("back", "/programmes")), []
            for file in fields.files.get("file", []):
                come = (file.name, file.content, officer.name, title)
                try:
                    names.append(await desk.run(uploads.whole, desk.town, place, *come))
                except UploadError as error:
                    return desk.to(back, request, error.cause.render(_))
                await meant(names[-1], title, officer.name)
        told = _("{count} files have come in.").format(count=len(names)) if names else _("Choose a file first.")
        return desk.to(back, request, told)

    async def upload(request: Request) -> Upload:
        """The upload of the address. Raises HTTPException 404."""
        name = request.path_params["id"]
        found = await desk.run(uploads.get, desk.town, place, name) if uploads.ID.fullmatch(name) else None
        if found is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return found

    def refusal(request: Request, error: UploadError) -> Response:
        return JSONResponse({"problem": error.cause.render(desk.translate(request))}, error.status)

    return [
        Route("/programmes", form, methods=["POST"]),
        Route("/programmes/uploads", begun, methods=["POST"]),
        Route("/programmes/uploads/{id}", piece, methods=["PUT"]),
        Route("/programmes/uploads/{id}/discard", discarded, methods=["POST"]),
    ]
