"""Report a fault by hand, and say that it is mended."""

import logging
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from kiosk.common.text import one_line
from kiosk.contract.picture import CONTENT_TYPE
from kiosk.station.health.events import FaultMended, FaultReported
from kiosk.station.health.reported import MOST_OPEN
from kiosk.station.panel import no_picture
from kiosk.station.panel.access import Visitor
from kiosk.station.panel.desk import Desk, Form, press_of, to
from kiosk.station.panel.uploads import Upload, read_upload

log = logging.getLogger(__name__)

MOST_DEVICE, MOST_TEXT = 60, 400
"""In characters."""


def routes(desk: Desk) -> list[Route]:
    """The routes of this page."""

    def asked(request: Request, visitor: Visitor, sent: Form | None = None, problem: str = "") -> Response:
        status = HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK
        filled = {name: (sent or {}).get(name, "") for name in ("device", "text")}
        return desk.page(request, visitor, "report.html", status=status, sent=filled, problem=problem, most=MOST_TEXT)

    async def page(request: Request) -> Response:
        visitor = desk.visitor(request)
        return asked(request, visitor) if visitor.logged_in else to("/login")

    async def report(request: Request) -> Response:
        upload = await read_upload(desk, request, "report")
        if not upload.visitor.logged_in:
            return to("/login")
        form, press = upload.form, press_of(upload.form)
        device, text = (one_line(form.get(name, "")).strip() for name in ("device", "text"))
        if not device or not text:
            return asked(request, upload.visitor, form, "words")
        if upload.unread:
            return asked(request, upload.visitor, form, "photo")
        before = desk.snapshot().reports
        if len(before) >= MOST_OPEN:
            return asked(request, upload.visitor, form, "many")
        answers = no_picture.read_answers(form)
        desk.post(
            FaultReported(
                upload.visitor.by,
                device[:MOST_DEVICE],
                text[:MOST_TEXT],
                answers,
                picture=_picture(desk, upload),
                press=press,
            )
        )
        await desk.wait_until(lambda: desk.snapshot().reports != before)
        return to("/#state")

    async def mended(request: Request) -> Response:
        visitor, form = await desk.read_form(request, "mended")
        if not visitor.logged_in:
            return to("/login")
        fault, before = form.get("fault", ""), desk.snapshot().reports
        if not 0 < len(fault) <= 200:
            raise HTTPException(HTTPStatus.BAD_REQUEST)
        desk.post(FaultMended(visitor.by, fault, press_of(form)))
        await desk.wait_until(lambda: desk.snapshot().reports != before)
        return to("/#state")

    async def photo(request: Request) -> Response:
        path = desk.photos.path(request.path_params["sha256"])
        if not desk.visitor(request).logged_in or not path.is_file():
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return FileResponse(path, media_type=CONTENT_TYPE)

    return [
        Route("/report", page),
        Route("/report", report, methods=["POST"]),
        Route("/report/mended", mended, methods=["POST"]),
        Route("/photo/{sha256}.jpg", photo),
    ]


def _picture(desk: Desk, upload: Upload) -> str:
    """The SHA-256 of the photo that came with the form, or of one that was sent before it."""
    try:
        if upload.photo is not None:
            return desk.photos.keep(upload.photo)
        return desk.photos.take_over(upload.form.get("sent_photo", ""), desk.looked_at)
    except OSError as error:  # a report without a photo is better than none
        log.warning("a photo cannot be kept: %s", error)
        return ""
