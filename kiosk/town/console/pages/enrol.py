"""A station added, or its PC replaced: the sheet to print, with the enrolment code as text and as a QR code.

The town keeps only the hash of a code. Until the sheet is printed the code is held in memory, for the officer who made
it, so that the page can be loaded again.
"""

import base64
import io
import time
from http import HTTPStatus

import segno
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kiosk.contract.enrolment import Code
from kiosk.town.console.desk import Desk
from kiosk.town.database.store import now_ms
from kiosk.town.stations import registry
from kiosk.town.stations.register import Registered, find
from kiosk.town.town import TownError

CODE_DAYS = 14
"""How long a code is good for."""
HELD_S = 1800
"""How long the page with a code can be loaded again."""
MOST_HELD = 200


class Codes:
    """Codes that were made a moment ago, by officer and station. For the event loop only."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], tuple[Code, float, int]] = {}

    def keep(self, officer: str, station: str, code: Code) -> None:
        """Hold a code; one that another officer has made for the station is void now."""
        now = time.monotonic()
        kept = {key: one for key, one in self._held.items() if key[1] != station and now - one[1] < HELD_S}
        self._held = dict(list(kept.items())[-MOST_HELD:]) | {(officer, station): (code, now, now_ms())}

    def get(self, officer: str, station: str) -> tuple[Code, int] | None:
        """The code, and when it was made (UTC ms)."""
        code, at, made_ms = self._held.get((officer, station), (None, 0.0, 0))
        return (code, made_ms) if code is not None and time.monotonic() - at < HELD_S else None


def routes(desk: Desk) -> list[Route]:
    """Its routes."""
    codes = Codes()

    async def new(request: Request, problem: str = "", typed: dict[str, str] | None = None) -> Response:
        await desk.officer(request, "officer")
        status = HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK
        groups = await desk.run(registry.groups, desk.town)
        return await desk.page(request, "station_new.html", status, problem=problem, typed=typed or {}, groups=groups)

    async def show_new(request: Request) -> Response:
        return await new(request)

    async def add(request: Request) -> Response:
        form, _ = await desk.form(request), desk.translate(request)
        officer = await desk.officer(request, "officer")
        station, group, name = (form.get(field, "").strip() for field in ("id", "group", "name"))
        try:
            code = await desk.run(
                lambda: registry.add_station(
                    desk.town, station, group or "all", name[:400], None, days=CODE_DAYS, new=True, by=officer.name
                )
            )
        except registry.Taken:
            held = await desk.run(registered_of, desk, station)
            if codes.get(officer.name, station) and (held.name, held.group) == (name, group or "all"):  # pressed twice
                return desk.to(f"/stations/room/{station}/sheet")
            return await new(request, _("There is a station {id} already; choose another.").format(id=station), form)
        except TownError:
            said = _("Number and group: use 1 to 64 letters, digits, dots, dashes and underscores, such as room-12.")
            return await new(request, said, form)
        codes.keep(officer.name, station, code)
        return desk.to(f"/stations/room/{station}/sheet")

    async def replace(request: Request) -> Response:
        """A new code for a known station: a new PC, or one that was set up anew."""
        await desk.form(request)
        officer = await desk.officer(request, "officer")
        found = await _find(desk, request)
        try:
            code = await desk.run(
                lambda: registry.add_station(
                    desk.town, found.id, found.group, found.name, None, days=CODE_DAYS, by=officer.name
                )
            )
        except TownError:
            raise HTTPException(HTTPStatus.CONFLICT) from None  # retired meanwhile
        codes.keep(officer.name, found.id, code)
        return desk.to(f"/stations/room/{found.id}/sheet")

    async def sheet(request: Request) -> Response:
        officer = await desk.officer(request, "officer")
        found = await _find(desk, request)
        held = codes.get(officer.name, found.id)
        if held is None:
            return await desk.page(request, "station_sheet.html", room=found, code="", qr="", expires_ms=0, address="")
        code, made_ms = held
        address = f"https://{request.url.netloc}" if request.url.scheme == "https" else ""  # the stations' address too
        picture = io.BytesIO()
        await desk.run(lambda: segno.make(str(code), error="m").save(picture, kind="png", scale=8, border=4))
        qr = "data:image/png;base64," + base64.b64encode(picture.getvalue()).decode()
        expires_ms = made_ms + CODE_DAYS * registry.DAY_MS
        return await desk.page(
            request, "station_sheet.html", room=found, code=str(code), qr=qr, expires_ms=expires_ms, address=address
        )

    return [
        Route("/stations/new", show_new),
        Route("/stations/new", add, methods=["POST"]),
        Route("/stations/room/{id}/code", replace, methods=["POST"]),
        Route("/stations/room/{id}/sheet", sheet),
    ]


async def _find(desk: Desk, request: Request) -> Registered:
    return await desk.run(registered_of, desk, request.path_params["id"])


def registered_of(desk: Desk, station: str) -> Registered:
    """The register's entry of a station. Raises HTTPException 404."""
    with desk.town.store.read() as connection:
        found = find(connection, station[:64])
    if found is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return found
