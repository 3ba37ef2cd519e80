"""The console's web application: its pages, the navigation, and the answers to errors."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from kiosk.common.i18n import pick
from kiosk.common.messages import mark
from kiosk.common.web import SecurityHeaders
from kiosk.common.web_templates import file_routes
from kiosk.town.console.desk import FOLDER, LANGUAGE_COOKIE, Desk, Entry, NotLoggedIn, own_path
from kiosk.town.console.pages import (
    account,
    channels,
    enrol,
    home,
    login,
    monday,
    month_publish,
    months,
    programmes,
    register,
    signing_keys,
    station,
    stations,
    tickets,
    urgent,
)
from kiosk.town.console.proxy import BehindProxy
from kiosk.town.town import Town

PAGES: tuple[Callable[[Desk], list[Route]], ...] = (
    login.routes,
    home.routes,
    months.routes,
    month_publish.routes,
    programmes.routes,
    urgent.routes,
    signing_keys.routes,
    stations.routes,
    enrol.routes,
    monday.routes,
    station.routes,
    register.routes,
    channels.routes,
    tickets.routes,
    account.routes,
)
"""Each module of pages, in the order of the navigation."""

NAVIGATION = (
    Entry("/", mark("Home"), ("officer", "viewer", "repair")),
    Entry("/months", mark("Months"), ("officer", "viewer")),
    Entry("/programmes", mark("Programmes"), ("officer", "viewer")),
    Entry("/stations", mark("Stations"), ("officer", "viewer")),
    Entry("/repairs", mark("Repairs"), ("officer", "viewer", "repair")),
    Entry("/accounts", mark("Accounts"), ("officer",)),
)
"""Shown as far as there are pages of these paths."""

LONGEST_PATH = 1000
BROKEN = """<!doctype html>
<html lang="zh-CN"><meta name="viewport" content="width=device-width"><title>500</title>
<main><h1>出错了，请稍后再打开。</h1><p lang="en">Something went wrong. Open the page again in a moment.</p></main>
"""


def create_console(town: Town) -> ASGIApp:
    """The console of an open town."""
    desk = Desk(town, NAVIGATION)

    async def language(request: Request) -> Response:
        answer = desk.to(own_path(request.query_params.get("at", "")))
        wanted = pick(request.query_params.get("to"))
        answer.set_cookie(LANGUAGE_COOKIE, wanted, max_age=400 * 86_400, httponly=True, samesite="lax")
        return answer

    async def refused(request: Request, error: Exception) -> Response:
        problem = error if isinstance(error, HTTPException) else HTTPException(HTTPStatus.BAD_REQUEST)
        page = await desk.page(
            request, "refused.html", problem.status_code, code=problem.status_code, detail=problem.detail
        )
        page.headers.update(problem.headers or {})
        return page

    async def to_login(_request: Request, error: Exception) -> Response:
        return RedirectResponse(error.page if isinstance(error, NotLoggedIn) else "/login", HTTPStatus.SEE_OTHER)

    async def broken(_request: Request, _error: Exception) -> Response:
        return HTMLResponse(BROKEN, HTTPStatus.INTERNAL_SERVER_ERROR)

    routes = [route for page in PAGES for route in page(desk)]
    desk.open({route.path for route in routes})
    routes += [*file_routes(FOLDER), Route("/language", language)]
    errors: dict[Any, Callable[[Request, Exception], Awaitable[Response]]] = {
        HTTPException: refused,
        NotLoggedIn: to_login,
        Exception: broken,
    }
    return BehindProxy(SecurityHeaders(SoundAddresses(Starlette(routes=routes, exception_handlers=errors))))


class SoundAddresses:
    """ASGI middleware: refuses an address with a NUL in it, or a very long one. Nobody types such a one; PostgreSQL
    takes no NUL in a text, and Python no number of thousands of digits."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._app
        if scope["type"] == "http":
            if "\0" in scope["path"] or b"%00" in scope["query_string"]:
                app = PlainTextResponse("there is no such page", HTTPStatus.BAD_REQUEST)
            elif len(scope["path"]) > LONGEST_PATH:
                app = PlainTextResponse("there is no such page", HTTPStatus.REQUEST_URI_TOO_LONG)
        await app(scope, receive, send)
