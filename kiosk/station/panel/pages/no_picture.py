"""The television shows no picture: what the PC sends, a test picture, three questions or one photo, and what to do."""

import logging
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kiosk.common.photos import Photo
from kiosk.station.events import PictureAsked, PictureCheckSet
from kiosk.station.panel import no_picture as told
from kiosk.station.panel.desk import Desk, press_of, to
from kiosk.station.panel.pages.home import is_old
from kiosk.station.panel.uploads import read_upload

log = logging.getLogger(__name__)

RENEW_S = 3
"""Seconds until the page shows the newest picture and whether the test picture stands."""


def routes(desk: Desk) -> list[Route]:
    """The routes of this page."""

    async def page(request: Request) -> Response:
        visitor = desk.visitor(request)
        if not visitor.logged_in:
            return to("/login")
        if desk.snapshot().screen and is_old(desk.picture(), desk.snapshot().now):
            desk.post(PictureAsked(by=visitor.by))
        return desk.page(
            request, visitor, "no_picture.html", renew=RENEW_S, questions=told.QUESTIONS, answers=told.ANSWERS
        )

    async def test(request: Request) -> Response:
        """Put the test picture on the screen, or take it away."""
        visitor, form = await desk.read_form(request, "picture-check")
        if not visitor.logged_in:
            return to("/login")
        on = form.get("on") == "1"
        desk.post(PictureCheckSet(visitor.by, on, press_of(form)))
        await desk.wait_until(lambda: bool(desk.snapshot().picture_check) == on)
        return to("/no-picture#check")

    async def judged(request: Request) -> Response:
        """What is wrong, by the answers and the photo."""
        upload = await read_upload(desk, request, "no-picture")
        if not upload.visitor.logged_in:
            return to("/login")
        snapshot, answers = desk.snapshot(), told.read_answers(upload.form)
        codes = upload.photo.codes if upload.photo else None
        if not answers and codes is None and not upload.unread:
            return to("/no-picture#questions")
        verdict = told.judge(answers, snapshot.screen, snapshot.picture_check, codes, upload.unread)
        text, remedy = told.TEXTS[verdict.kind]
        return desk.page(
            request, upload.visitor, "no_picture_verdict.html",
            status=HTTPStatus.OK, verdict=verdict, text=text, remedy=remedy, given=answers,
            questions=told.QUESTIONS, answers=told.ANSWERS,
            photo=_looked_at(desk, upload.photo),
        )  # fmt: skip

    return [
        Route("/no-picture", page),
        Route("/no-picture", judged, methods=["POST"]),
        Route("/no-picture/test", test, methods=["POST"]),
    ]


def _looked_at(desk: Desk, photo: Photo | None) -> str:
    """The SHA-256 of the photo, which may yet be reported; empty without one, or where the disk takes none."""
    if photo is None:
        return ""
    try:
        return desk.looked_at.keep(photo)
    except OSError as error:
        log.warning("a photo cannot be kept: %s", error)
        return ""
