"""The first page, what the screen shows, and Start."""

from datetime import datetime, timedelta
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from kiosk.contract.instants import to_utc
from kiosk.contract.picture import CONTENT_TYPE
from kiosk.station.events import PictureAsked
from kiosk.station.panel.desk import Desk, press_of, to
from kiosk.station.panel.pages import stop
from kiosk.station.playout.events import StartPressed
from kiosk.station.projector.screenshots import Screenshot

STARTING_S, IN_VAIN_S = 1, 30
"""Seconds until the page is renewed while a programme is about to begin; while it says that no picture came."""
PICTURE_AGAIN_S = 3
OLD = timedelta(minutes=1)
"""An older picture of the screen is taken anew for whoever looks at the page."""


def routes(desk: Desk) -> list[Route]:
    """The routes of this page."""

    async def home(request: Request) -> Response:
        visitor = desk.visitor(request)
        looks = visitor.logged_in and "look" in request.query_params
        in_vain = looks and await desk.fresh_picture() is None
        if visitor.logged_in and not looks and desk.snapshot().screen and is_old(desk.picture(), desk.snapshot().now):
            desk.post(PictureAsked(by=visitor.by))  # the next renewal shows it
        renew = IN_VAIN_S if in_vain else STARTING_S if desk.snapshot().starting else desk.renew_s
        return desk.page(request, visitor, "home.html", renew=renew, in_vain=in_vain, **stop.form_fields(desk, request))

    async def screen(request: Request) -> Response:
        """What is on the screen, as a JPEG file; with ``fresh`` a new one."""
        if not desk.visitor(request).logged_in:
            return PlainTextResponse("log in first", HTTPStatus.UNAUTHORIZED)
        picture = await desk.fresh_picture() if "fresh" in request.query_params else desk.picture()
        if picture is None:
            again = {"Retry-After": str(PICTURE_AGAIN_S)}
            return PlainTextResponse("there is no picture of the screen", HTTPStatus.SERVICE_UNAVAILABLE, again)
        return Response(picture.jpeg, media_type=CONTENT_TYPE)

    async def start(request: Request) -> Response:
        visitor, form = await desk.read_form(request, "start")
        if not visitor.logged_in:
            return to("/login")
        desk.post(StartPressed(by=visitor.by, press=press_of(form)))
        await desk.wait_until(lambda: desk.snapshot().stopped is None)
        return to("/")

    return [Route("/", home), Route("/screen.jpg", screen), Route("/start", start, methods=["POST"])]


def is_old(picture: Screenshot | None, now: datetime) -> bool:
    """Whether a picture of the screen should be taken anew for whoever looks at it."""
    return picture is None or abs(now - to_utc(picture.at_ms)) > OLD
