"""What the room says of a repair that the town has a ticket of: the button *It is repaired*."""

from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kiosk.station.health.events import RepairConfirmed
from kiosk.station.panel.desk import Desk, to


def routes(desk: Desk) -> list[Route]:
    """The routes of this form."""

    async def repair(request: Request) -> Response:
        visitor, form = await desk.read_form(request, "repair")
        if not visitor.logged_in:
            return to("/login")
        fault = form.get("fault", "")
        if not 0 < len(fault) <= 64:
            raise HTTPException(HTTPStatus.BAD_REQUEST)
        desk.post(RepairConfirmed(visitor.by, fault))
        await desk.wait_until(lambda: fault in desk.snapshot().repairs_said)
        return to("/#state")

    return [Route("/repair", repair, methods=["POST"])]
