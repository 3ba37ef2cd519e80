"""Somebody works on the PC or its devices: the buttons on the first page."""

from datetime import timedelta
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kiosk.station.health.events import MaintenanceSet
from kiosk.station.panel.desk import Desk, press_of, to

HOURS = {"0": 0, "1": 1, "4": 4}
"""What the buttons offer: hours of work from now on; 0: it is done."""


def routes(desk: Desk) -> list[Route]:
    """The routes of this form."""

    async def maintenance(request: Request) -> Response:
        visitor, form = await desk.read_form(request, "maintenance")
        if not visitor.logged_in:
            return to("/login")
        try:
            hours = HOURS[form.get("hours", "")]
        except KeyError:
            raise HTTPException(HTTPStatus.BAD_REQUEST) from None
        before = desk.snapshot()
        until_ms = int((before.now + timedelta(hours=hours)).timestamp() * 1000) if hours else None
        desk.post(MaintenanceSet(by=visitor.by, until_ms=until_ms, press=press_of(form)))
        await desk.wait_until(lambda: desk.snapshot().work != before.work)
        return to("/#maintenance")

    return [Route("/maintenance", maintenance, methods=["POST"])]
