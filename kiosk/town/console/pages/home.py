"""The console's first page: what the town as a whole needs, and the way to each part."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kiosk.town.console.desk import Desk
from kiosk.town.console.notices import all_notices


def routes(desk: Desk) -> list[Route]:
    """Its routes."""

    async def show(request: Request) -> Response:
        officer = await desk.officer(request, "officer", "viewer", "repair")
        notices = await desk.run(all_notices, desk.town, desk.translate(request))
        if officer.role == "repair":  # the rest is not theirs to mend, nor may they open its pages
            notices = [one for one in notices if one.path.startswith("/repairs")]
        return await desk.page(request, "home.html", notices=notices)

    return [Route("/", show)]
