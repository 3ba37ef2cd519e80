"""What every check of the PC says, to be read out on the telephone."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kiosk.station.panel import doctor as told
from kiosk.station.panel.desk import Desk, to


def routes(desk: Desk) -> list[Route]:
    """The routes of this page."""

    async def doctor(request: Request) -> Response:
        visitor = desk.visitor(request)
        if not visitor.logged_in:
            return to("/login")
        said = told.of(desk.examination(), desk.language(request), desk.snapshot().now)
        return desk.page(request, visitor, "doctor.html", renew=desk.renew_s, doctor=said)

    return [Route("/doctor", doctor)]
