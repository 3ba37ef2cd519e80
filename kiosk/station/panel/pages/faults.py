"""What is done about a problem of the station: the buttons on the first page."""

from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kiosk.station.panel import fault_form
from kiosk.station.panel.desk import Desk, to
from kiosk.station.panel.snapshot import Snapshot


def routes(desk: Desk) -> list[Route]:
    """The routes of this form."""

    async def fault(request: Request) -> Response:
        visitor, form = await desk.read_form(request, "fault")
        if not visitor.logged_in:
            return to("/login")
        before = desk.snapshot()
        wanted = fault_form.read(form, before.now, visitor.by)
        if wanted is None:
            raise HTTPException(HTTPStatus.BAD_REQUEST)
        desk.post(wanted)
        await desk.wait_until(lambda: _told(desk.snapshot()) != _told(before))
        return to("/#state")

    return [Route("/fault", fault, methods=["POST"])]


def _told(snapshot: Snapshot) -> tuple[object, ...]:
    return snapshot.problems, snapshot.known
