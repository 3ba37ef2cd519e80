"""Programmes: the library with its search and states, one programme with its preview, and what is done with it."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from sqlalchemy import Connection
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from kiosk.common.messages import mark
from kiosk.town.console.desk import Desk
from kiosk.town.console.pages import uploads as uploading
from kiosk.town.database.store import audit
from kiosk.town.months.library import from_folders, offer_again
from kiosk.town.months.titles import Candidate, key
from kiosk.town.programmes import dropped, library, subtitles, uploads
from kiosk.town.programmes.library import Edited, Entry
from kiosk.town.programmes.shelves import LARGEST, shelves
from kiosk.town.publishing.measure import MAX_SUBTITLE
from kiosk.town.publishing.subtitles import SubtitleError
from kiosk.town.sheets.categories import ALIASES

STATES = {
    "ready": mark("may be shown"),
    "waiting": mark("waits for its turn"),
    "working": mark("is being worked on"),
    "refused": mark("not taken"),
    "failed": mark("went wrong"),
    "withdrawn": mark("withdrawn"),
    "removed": mark("withdrawn, and its file removed"),
}
STEPS = {
    "read": mark("reading the file"),
    "measure": mark("watching it to the end"),
    "convert": mark("making the MP4"),
    "check": mark("checking what was made"),
}
LANGUAGES = {"zh": mark("Chinese"), "en": mark("English")}
SOMEBODY_ELSE = mark("Somebody else has changed this programme meanwhile. This is how it stands now; change it again.")
STILL_GOES_ON = ("waiting", "working")
MOST_FORM = MAX_SUBTITLE + 64 * 1024

Deed = Callable[[Connection, str, int], None]
DEEDS: dict[str, tuple[Deed, str]] = {
    "withdraw": (library.withdraw, mark("《{title}》 is offered no more. What is published already stays published.")),
    "restore": (library.restore, mark("《{title}》 may be shown again.")),
    "forget": (library.forget, mark("《{title}》 is off the list.")),
    "again": (library.try_again, mark("《{title}》 is worked on once more.")),
}


def routes(desk: Desk) -> list[Route]:
    """Its routes."""
    place = shelves(desk.town.folder)

    async def listed(request: Request) -> Response:
        await desk.officer(request)
        query = request.query_params
        text, state = query.get("q", "")[:100], query.get("state", "")
        number = int(query["page"][:4]) if query.get("page", "").isdecimal() else 0
        wanted = state if state in STATES else ""

        def read() -> tuple[list[Entry], dict[str, int], list[Candidate]]:
            with desk.town.store.read() as connection:
                found, fits = library.listing(connection, text, wanted, number), key(text)
                beside = [] if number else from_folders(desk.town, connection)
                return found, library.counts(connection), [one for one in beside if fits in key(one.title)]

        found, counts, beside = await desk.run(read)
        waiting = await desk.run(uploads.unfinished, desk.town, place)
        return await desk.page(
            request,
            "programmes.html",
            entries=found[: library.PAGE],
            more=len(found) > library.PAGE,
            number=number,
            counts=counts,
            from_folders=sorted(beside, key=lambda one: one.title),
            unfinished=waiting,
            states=STATES,
            steps=STEPS,
            text=text,
            state=wanted,
            length=length,
            megabytes=megabytes,
            most_megabytes=LARGEST >> 20,
            most_form=uploading.MOST_FORM >> 20,
        )

    async def states(request: Request) -> Response:
        """What changes by itself, for the script of the pages."""
        await desk.officer(request)
        asked = request.query_params.get("ids", "").split(",")[: library.PAGE]
        names = [name for name in asked if library.ID.fullmatch(name)]
        _ = desk.translate(request)

        def read() -> list[dict[str, Any]]:
            with desk.town.store.read() as connection:
                found = [library.get(connection, name) for name in names]
            return [
                {"id": one.id, "state": one.state, "text": words(one, _), "permille": one.permille}
                for one in found
                if one is not None
            ]

        return JSONResponse(await desk.run(read), headers={"Cache-Control": "no-store"})

    async def shown(request: Request, problem: str = "", typed: dict[str, str] | None = None) -> Response:
        await desk.officer(request)
        one = await entry(request)

        def read() -> list[tuple[str, str]]:
            with desk.town.store.read() as connection:
                return library.subtitles(connection, one.id)

        return await desk.page(
            request,
            "programme.html",
            HTTPStatus.CONFLICT if problem else HTTPStatus.OK,
            entry=one,
            typed=typed or {},
            problem=problem,
            words=words(one, desk.translate(request)),
            goes_on=one.state in STILL_GOES_ON,
            subtitles=await desk.run(read),
            languages=LANGUAGES,
            has_poster=(place.posters / f"{one.id}.jpg").is_file(),
            categories=list(ALIASES),
            length=length,
            megabytes=megabytes,
        )

    async def edited(request: Request) -> Response:
        form = await desk.form(request)
        officer, name, _ = await desk.officer(request), (await entry(request)).id, desk.translate(request)
        version, short = form.number("version"), form.get("short") == "yes"
        title, category, source = (form.get(field, "") for field in ("title", "category", "source"))

        def write() -> None:
            with desk.town.store.write() as connection:
                library.edit(connection, name, version, title, category, source, short)
                audit(connection, officer.name, "programme-edit", name, title[:300])

        try:
            await desk.run(write)
        except Edited:
            return await shown(request, _(SOMEBODY_ELSE), dict(form))
        except ValueError:
            return await shown(request, _("A programme needs a title."), dict(form))
        return desk.to(f"/programmes/{name}", request, _("Saved."))

    async def done(request: Request) -> Response:
        what, name = request.path_params["deed"], request.path_params["id"]
        if what not in DEEDS:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        deed, told = DEEDS[what]
        form, one = await desk.form(request), await entry(request)
        officer, _ = await desk.officer(request), desk.translate(request)
        version = form.number("version")

        def write() -> None:
            with desk.town.store.write() as connection:
                deed(connection, name, version)
                if what == "restore":
                    offer_again(connection, one.sha256 or "")
                audit(connection, officer.name, f"programme-{what}", name, one.title[:300])

        try:
            await desk.run(write)
        except Edited:
            return await shown(request, _(SOMEBODY_ELSE))
        if what == "forget":
            await desk.run(dropped.release, place, one)
        return desk.to(
            "/programmes" if what == "forget" else f"/programmes/{name}", request, _(told).format(title=one.title)
        )

    async def subtitled(request: Request) -> Response:
        form = await desk.form(request, most=MOST_FORM)
        officer, one, _ = await desk.officer(request), await entry(request), desk.translate(request)
        language = form.get("language", "")
        files = form.files.get("file", [])
        if language not in LANGUAGES or one.state not in ("ready", "withdrawn"):
            raise HTTPException(HTTPStatus.BAD_REQUEST)
        if not files:
            return await shown(request, _("Choose a file first."))
        try:
            version = form.number("version")
            await desk.run(subtitles.put, desk.town, place, one, version, language, files[0].content, officer.name)
        except Edited:
            return await shown(request, _(SOMEBODY_ELSE))
        except SubtitleError as error:
            return await shown(request, error.cause.render(_))
        return desk.to(f"/programmes/{one.id}", request, _("The subtitles are in."))

    async def film(request: Request) -> Response:
        await desk.officer(request)
        one = await entry(request)
        return served(place.files / one.file, "video/mp4")

    async def poster(request: Request) -> Response:
        await desk.officer(request)
        one = await entry(request)
        return served(place.posters / f"{one.id}.jpg", "image/jpeg")

    async def entry(request: Request) -> Entry:
        """The programme of the address. Raises HTTPException 404."""

        def read() -> Entry | None:
            with desk.town.store.read() as connection:
                return library.get(connection, request.path_params["id"])

        found = await desk.run(read) if library.ID.fullmatch(request.path_params["id"]) else None
        if found is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return found

    return [
        Route("/programmes", listed),
        *uploading.routes(desk, place),
        Route("/programmes/states", states),
        Route("/programmes/{id}", shown),
        Route("/programmes/{id}", edited, methods=["POST"]),
        Route("/programmes/{id}/film.mp4", film),
        Route("/programmes/{id}/poster.jpg", poster),
        Route("/programmes/{id}/subtitles", subtitled, methods=["POST"]),
        Route("/programmes/{id}/{deed}", done, methods=["POST"]),
    ]


def served(path: Any, kind: str) -> Response:
    """A file of the shelf, as much of it as is asked for. Raises HTTPException 404."""
    if not path.is_file():
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return FileResponse(path, media_type=kind, headers={"Cache-Control": "private, max-age=3600"})


def words(one: Entry, translate: Callable[[str], str]) -> str:
    """How a programme stands."""
    if one.state != "working" or not one.step:
        return translate(STATES[one.state])
    step = translate(STEPS.get(one.step, STEPS["read"]))
    return f"{step} {one.permille // 10} %" if one.permille else step


def length(ms: int | None) -> str:
    """``1:02:03``, ``2:03``; empty where it is not known."""
    if ms is None:
        return ""
    minutes, seconds = divmod(round(ms / 1000), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}" if minutes >= 60 else f"{minutes}:{seconds:02}"


def megabytes(size: int | None) -> str:
    """``12.3 MB``; empty where it is not known."""
    return "" if size is None else f"{size / 1e6:.1f} MB" if size < 1e8 else f"{size / 1e6:.0f} MB"
