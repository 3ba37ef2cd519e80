"""Log in with the PIN, and log out."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kiosk.station.panel.desk import Desk, to


def routes(desk: Desk) -> list[Route]:
    """The routes of this page."""

    async def login(request: Request) -> Response:
        return desk.page(request, desk.visitor(request), "login.html", refusal=None, wait_s=0)

    async def log_in(request: Request) -> Response:
        visitor, form = await desk.read_form(request, "login")
        answer = to("/")
        refusal = desk.access.log_in(visitor, form.get("pin", "").strip(), answer)
        if refusal is None:
            return answer
        wait_s = desk.access.wait_s(visitor)
        status = HTTPStatus.TOO_MANY_REQUESTS if refusal == "locked-out" else HTTPStatus.FORBIDDEN
        page = desk.page(request, visitor, "login.html", status=status, refusal=refusal, wait_s=wait_s)
        if wait_s:
            page.headers["Retry-After"] = str(wait_s)
        return page

    async def log_out(request: Request) -> Response:
        await desk.read_form(request, "logout")
        answer = to("/")
        desk.access.log_out(request, answer)
        return answer

    return [
        Route("/login", login),
        Route("/login", log_in, methods=["POST"]),
        Route("/logout", log_out, methods=["POST"]),
    ]
