"""The panel's web application: the page modules, the files they use, the choice of a language, and refusals."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from kiosk.common.i18n import pick
from kiosk.common.web import SecurityHeaders
from kiosk.common.web_templates import file_routes
from kiosk.station.panel.desk import FOLDER, LANGUAGE_COOKIE, Desk, to
from kiosk.station.panel.pages import (
    administrators,
    attendance,
    books,
    clock,
    county_form,
    doctor,
    faults,
    home,
    inspector,
    items,
    login,
    maintenance,
    no_picture,
    posting,
    repairs,
    report,
    sessions,
    sound,
    stop,
)

PAGES = (
    *(home, login, stop, sound, sessions, maintenance, faults, repairs, report, no_picture, doctor, clock),
    *(books, county_form, inspector, posting, attendance, items, administrators),
)
"""Each has ``routes(desk)``."""
BROKEN = """<!doctype html>
<html lang="zh-CN"><meta name="viewport" content="width=device-width"><title>500</title>
<main><h1>出错了，请稍后再打开。</h1><p lang="en">Something went wrong. Open the page again in a moment.</p></main>
"""


class Pages:
    """The web application."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        pages = [route for page in PAGES for route in page.routes(desk)]
        desk.know(pages)
        own = [*file_routes(FOLDER), Route("/language", self._language)]
        errors: dict[Any, Callable[[Request, Exception], Awaitable[Response]]] = {
            HTTPException: self._refused,
            Exception: self._broken,
        }
        self.app = SecurityHeaders(Starlette(routes=[*pages, *own], exception_handlers=errors))

    async def _language(self, request: Request) -> Response:
        answer = to(self._desk.page_or_home(request.query_params.get("at", "")))
        wanted = pick(request.query_params.get("to"))
        answer.set_cookie(LANGUAGE_COOKIE, wanted, max_age=400 * 86_400, httponly=True, samesite="strict")
        return answer

    async def _refused(self, request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else HTTPStatus.BAD_REQUEST
        visitor = self._desk.visitor(request)
        page = self._desk.page(request, visitor, "refused.html", status=status, code=int(status))
        if isinstance(error, HTTPException) and error.headers:
            page.headers.update(error.headers)
        return page

    async def _broken(self, request: Request, error: Exception) -> Response:
        # One page that fails must not take the room along; Starlette logs the traceback after this answer.
        return HTMLResponse(BROKEN, HTTPStatus.INTERNAL_SERVER_ERROR)
