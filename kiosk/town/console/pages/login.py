"""Log in to the console, and out of it."""

from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kiosk.town.console.access import SESSION_COOKIE
from kiosk.town.console.desk import Desk, own_path
from kiosk.town.console.forms import read_form
from kiosk.town.console.proxy import is_safe

STATUS = {
    "wrong": HTTPStatus.FORBIDDEN,
    "locked-out": HTTPStatus.TOO_MANY_REQUESTS,
    "busy": HTTPStatus.SERVICE_UNAVAILABLE,
}
BUSY_S = 5


def routes(desk: Desk) -> list[Route]:
    """Its routes."""

    async def show(request: Request) -> Response:
        if await desk.visitor(request) is not None:
            return desk.to("/")
        return await desk.page(
            request, "login.html", refusal="", wait_s=0, name="", next=own_path(request.query_params.get("next", "/"))
        )

    async def log_in(request: Request) -> Response:
        device = desk.device(request)
        form = await read_form(request)
        officer, back = await desk.visitor(request), own_path(form.get("next", "/"))
        if officer is not None:  # in another tab, since this page was opened
            return desk.to(back)
        if not is_safe(request) or not desk.access.is_ours(request, device, None, form.get("token", "")):
            raise HTTPException(HTTPStatus.FORBIDDEN)
        name = form.get("name", "").strip()[:200]
        answer = desk.to(back)
        refusal = await desk.access.log_in(request, device, name, form.get("password", ""), answer)
        if refusal is None:
            return answer
        wait_s = BUSY_S if refusal == "busy" else desk.access.wait_s(device, name)
        page = await desk.page(
            request, "login.html", STATUS[refusal], refusal=refusal, wait_s=wait_s, name=name, next=back
        )  # fmt: skip
        if wait_s:
            page.headers["Retry-After"] = str(wait_s)
        return page

    async def log_out(request: Request) -> Response:
        await desk.form(request, ("officer", "viewer", "repair"))
        if (officer := await desk.visitor(request)) is not None:
            desk.signers.end(officer.session)
        await desk.run(desk.access.log_out, request.cookies.get(SESSION_COOKIE, ""))
        answer = desk.to("/login")
        answer.delete_cookie(SESSION_COOKIE)
        return answer

    return [
        Route("/login", show),
        Route("/login", log_in, methods=["POST"]),
        Route("/logout", log_out, methods=["POST"]),
    ]
