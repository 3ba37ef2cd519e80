"""The console's first page: what the town as a whole needs, and the way to each part."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kiosk.town.console.desk import Desk
from kiosk.town.console.notices import NOTICES


def routes(desk: Desk) -> list[Route]:
    """Its routes."""

    async def show(request: Request) -> Response:
        await desk.officer(request, "officer", "viewer", "repair")
        translate = desk.translate(request)
        notices = await desk.run(lambda: [one for ask in NOTICES for one in ask(desk.town, translate)])
        return await desk.page(request, "home.html", notices=notices)

    return [Route("/", show)]
