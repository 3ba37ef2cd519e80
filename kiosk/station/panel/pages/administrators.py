"""The named administrators: each has a PIN, sets the other's anew where it is forgotten, and is named in the record."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kiosk.common.i18n import translator
from kiosk.common.messages import Message, mark
from kiosk.station.events import AdministratorSet, PictureCheckSet
from kiosk.station.panel.access import Visitor
from kiosk.station.panel.desk import Desk, Form, press_of, to
from kiosk.station.panel.people import MOST, MOST_NAME, Refused

NOT_TWICE = Message(mark("The PIN was not the same twice; nothing was changed."))
NOT_THE_CODE = Message(mark("That is not the code that stands on the room's screen; have it shown anew."))
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

    async def pair(request: Request) -> Response:
        """Keep this phone logged in: whoever holds it has read the code from the room's screen."""
        visitor, form = await desk.read_form(request, "pair")
        if not visitor.logged_in:
            return to("/login")
        if form.get("button") == "show":
            return await show_code(form, visitor.by, "/administrators#pair")
        answer = to("/administrators#pair")
        if not desk.access.pair(visitor, form.get("code", ""), desk.snapshot().picture_check, answer):
            return shown(request, visitor, NOT_THE_CODE)
        desk.post(AdministratorSet(visitor.by, "phone-paired", visitor.name, press_of(form)))
        desk.post(PictureCheckSet(visitor.by, False))
        return answer

    async def show_code(form: Form, by: str, back: str) -> Response:
        desk.post(PictureCheckSet(by, True, press_of(form)))
        await desk.wait_until(lambda: bool(desk.snapshot().picture_check))
        return to(back)

    def asked(request: Request, visitor: Visitor, trouble: Message | None = None, name: str = "") -> Response:
        _ = translator(desk.language(request))
        return desk.page(
            request, visitor, "new_pin.html", status=HTTPStatus.UNPROCESSABLE_ENTITY if trouble else HTTPStatus.OK,
            people=desk.access.people(), most_name=MOST_NAME, trouble=trouble.render(_) if trouble else "", name=name,
        )  # fmt: skip

    async def new_pin_page(request: Request) -> Response:
        return asked(request, desk.visitor(request))

    async def new_pin(request: Request) -> Response:
        """Set a forgotten PIN anew, as far as the town allows it now, with the code on the room's screen."""
        visitor, form = await desk.read_form(request, "new-pin")
        reset = desk.snapshot().pin_reset
        if not reset:
            return to("/new-pin")
        if form.get("button") == "show":
            return await show_code(form, "town", "/new-pin")
        wanted, typed = form.get("name", ""), form.get("pin", "").strip()
        if typed != form.get("again", "").strip():
            return asked(request, visitor, NOT_TWICE, wanted)
        if not desk.access.is_code(visitor, form.get("code", ""), desk.snapshot().picture_check):
            return asked(request, visitor, NOT_THE_CODE, wanted)
        try:
            called, _new = desk.access.name(wanted, typed)
        except Refused as refused:
            return asked(request, visitor, refused.message, wanted)
        desk.post(AdministratorSet("town", "pin-reset", called, press_of(form), reset))
        desk.post(PictureCheckSet("town", False))
        await desk.wait_until(lambda: not desk.snapshot().pin_reset)
        return to("/login")

    return [
        Route("/administrators", page),
        Route("/administrators", name, methods=["POST"]),
        Route("/administrators/pair", pair, methods=["POST"]),
        Route("/new-pin", new_pin_page),
        Route("/new-pin", new_pin, methods=["POST"]),
    ]
