"""Stop: until when and why."""

from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kiosk.common.stop_reasons import MAX_REASON, REASONS
from kiosk.station.panel import stop_form
from kiosk.station.panel.access import Visitor
from kiosk.station.panel.desk import Desk, Form, press_of, to
from kiosk.station.playout.events import StopPressed


def form_fields(
    desk: Desk, request: Request, sent: Form | None = None, problem: stop_form.Problem | None = None
) -> dict[str, Any]:
    """What ``_stop_form.html`` shows; with ``problem`` as it was ``sent``, to be mended."""
    sent = sent or {}
    return {
        "reasons": REASONS,
        "untils": stop_form.choices(desk.snapshot(), desk.language(request), sent.get("until", "")),
        "typed": sent.get("words", "")[:MAX_REASON],
        "most": MAX_REASON,
        "problem": problem,
    }


def routes(desk: Desk) -> list[Route]:
    """The routes of this page."""

    def asked(
        request: Request, visitor: Visitor, sent: Form | None = None, problem: stop_form.Problem | None = None
    ) -> Response:
        status = HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK
        fields = form_fields(desk, request, sent, problem)
        return desk.page(request, visitor, "stop.html", status=status, **fields)

    async def page(request: Request) -> Response:
        visitor = desk.visitor(request)
        return asked(request, visitor) if visitor.logged_in else to("/login")

    async def stop(request: Request) -> Response:
        visitor, form = await desk.read_form(request, "stop")
        if not visitor.logged_in:
            return to("/login")
        try:
            filled = stop_form.read(form, desk.snapshot())
        except stop_form.NotOurs:
            raise HTTPException(HTTPStatus.BAD_REQUEST) from None
        if filled.problem:
            return asked(request, visitor, form, filled.problem)
        desk.post(StopPressed(by=visitor.by, reason=filled.reason, until_ms=filled.until_ms, press=press_of(form)))
        await desk.wait_until(lambda: desk.snapshot().stopped is not None)
        return to("/")

    return [Route("/stop", page), Route("/stop", stop, methods=["POST"])]
