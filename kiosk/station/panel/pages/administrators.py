"""The named administrators: each has a PIN, sets the other's anew where it is forgotten, and is named in the record."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kiosk.common.i18n import translator
from kiosk.common.messages import Message, mark
from kiosk.station.events import AdministratorSet
from kiosk.station.panel.access import Visitor
from kiosk.station.panel.desk import Desk, press_of, to
from kiosk.station.panel.people import MOST, MOST_NAME, Refused

NOT_TWICE = Message(mark("The PIN was not the same twice; nothing was changed."))
LAST_STAYS = Message(mark("The last administrator stays; name another first."))


def routes(desk: Desk) -> list[Route]:
    """The routes of this page."""

    def shown(request: Request, visitor: Visitor, trouble: Message | None = None, name: str = "") -> Response:
        _ = translator(desk.language(request))
        status = HTTPStatus.UNPROCESSABLE_ENTITY if trouble else HTTPStatus.OK
        return desk.page(
            request, visitor, "administrators.html", status=status, people=desk.access.people(), most=MOST,
            most_name=MOST_NAME, trouble=trouble.render(_) if trouble else "", name=name,
        )  # fmt: skip

    async def page(request: Request) -> Response:
        visitor = desk.visitor(request)
        return shown(request, visitor) if visitor.logged_in else to("/login")

    async def name(request: Request) -> Response:
        visitor, form = await desk.read_form(request, "administrators")
        if not visitor.logged_in:
            return to("/login")
        wanted, typed, press = form.get("name", ""), form.get("pin", "").strip(), press_of(form)
        if form.get("button") == "out":
            if not desk.access.take_out(wanted):
                return shown(request, visitor, LAST_STAYS)
            desk.post(AdministratorSet(visitor.by, "administrator-out", wanted, press))
            return to("/administrators")
        if typed != form.get("again", "").strip():
            return shown(request, visitor, NOT_TWICE, wanted)
        try:
            called, new = desk.access.name(wanted, typed)
        except Refused as refused:
            return shown(request, visitor, refused.message, wanted)
        desk.post(AdministratorSet(visitor.by, "administrator-named" if new else "pin-reset", called, press))
        return to("/administrators" if desk.visitor(request).logged_in else "/login")

    return [Route("/administrators", page), Route("/administrators", name, methods=["POST"])]
