"""Accounts: one's own password and sessions; for officers everybody's, and the audit of all changes."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from sqlalchemy import Connection, select
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kiosk.common.messages import mark
from kiosk.town.accounts import accounts, passwords, sessions
from kiosk.town.accounts.accounts import ROLE_NAMES
from kiosk.town.accounts.errors import AccountError
from kiosk.town.console.access import SESSION_COOKIE, Busy
from kiosk.town.console.deeds import DEEDS
from kiosk.town.console.desk import Desk
from kiosk.town.database import schema

ANYBODY: tuple[accounts.Role, ...] = accounts.ROLES
AUDIT_ROWS = 100
"""On one page of the audit."""
BUSY = mark("Too many passwords are being checked just now. Try again in a moment.")
WRONG = {
    "wrong": mark("That is not the password that you have now."),
    "locked-out": mark("Too many wrong passwords. Try again in a few minutes."),
    "busy": BUSY,
}


def routes(desk: Desk) -> list[Route]:
    """Its routes."""

    async def own(request: Request, problem: str = "") -> Response:
        await desk.officer(request, *ANYBODY)
        status = HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK
        return await desk.page(
            request, "account.html", status, problem=problem, least=passwords.LEAST, roles=ROLE_NAMES
        )

    async def show_own(request: Request) -> Response:
        return await own(request)

    async def set_own_password(request: Request) -> Response:
        form = await desk.form(request, ANYBODY)
        officer, _ = await desk.officer(request, *ANYBODY), desk.translate(request)
        typed = form.get("new", "")
        if typed != form.get("again", ""):
            return await own(request, _("The two new passwords are not the same."))
        found = await desk.access.check(desk.device(request), officer.name, form.get("old", ""))
        if isinstance(found, str):
            return await own(request, _(WRONG[found]))
        if typed == form.get("old"):
            return await own(request, _("The new password is the old one; choose another."))
        try:
            hashed = await desk.access.hashing(lambda: passwords.hash_password(typed, officer.name))
        except Busy:
            return await own(request, _(BUSY))
        except AccountError as error:
            return await own(request, error.text(_))
        await _write(
            desk,
            lambda connection: accounts.set_password(
                connection, officer.name, officer.id, hashed, temporary=False, keep=officer.session
            ),
        )
        return desk.to("/", request, _("Your password is changed. Other devices have to log in again."))

    async def log_out_everywhere(request: Request) -> Response:
        await desk.form(request, ANYBODY)
        officer = await desk.officer(request, *ANYBODY)
        await _write(desk, lambda connection: sessions.end_all(connection, officer.id))
        await desk.audit(request, "log-out-everywhere", officer.name)
        answer = desk.to("/login")
        answer.delete_cookie(SESSION_COOKIE)
        return answer

    async def listed(request: Request, problem: str = "", typed: dict[str, str] | None = None) -> Response:
        await desk.officer(request, "officer")

        def read() -> list[accounts.Account]:
            with desk.town.store.read() as connection:
                return accounts.everybody(connection)

        return await desk.page(
            request,
            "accounts.html",
            HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK,
            accounts=await desk.run(read),
            roles=ROLE_NAMES,
            problem=problem,
            typed=typed or {},
            least=passwords.LEAST,
            suggested=passwords.suggest(),
        )

    async def show_all(request: Request) -> Response:
        return await listed(request)

    async def add(request: Request) -> Response:
        form = await desk.form(request)
        officer, _ = await desk.officer(request, "officer"), desk.translate(request)
        name, role, telephone = (form.get(field, "") for field in ("name", "role", "telephone"))
        try:
            hashed = await desk.access.hashing(lambda: passwords.hash_password(form.get("password", ""), name))
            await _write(desk, lambda c: accounts.add(c, officer.name, name, role, hashed, telephone))
        except Busy:
            return await listed(request, _(BUSY), form)
        except AccountError as error:
            return await listed(request, error.text(_), form)
        said = _("{name} can log in now, and has to choose another password first.").format(name=name)
        return desk.to("/accounts", request, said)

    async def one(request: Request, problem: str = "") -> Response:
        await desk.officer(request, "officer")
        found = await desk.run(_read_account, desk, request.path_params["id"])
        status = HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK
        return await desk.page(
            request, "account_change.html", status, account=found, roles=ROLE_NAMES, problem=problem,
            least=passwords.LEAST, suggested=passwords.suggest(),
        )  # fmt: skip

    async def show_one(request: Request) -> Response:
        return await one(request)

    async def change(request: Request) -> Response:
        """One of the buttons on the page of an account."""
        form = await desk.form(request)
        officer, _ = await desk.officer(request, "officer"), desk.translate(request)
        number = request.path_params["id"]
        found = await desk.run(_read_account, desk, number)
        by, version, button = officer.name, form.number("version"), form.get("button", "")
        try:
            if button == "password":
                typed = form.get("password", "")
                hashed = await desk.access.hashing(lambda: passwords.hash_password(typed, found.name))
                own_one = number == officer.id
                keep = officer.session if own_one else ""
                await _write(
                    desk, lambda c: accounts.set_password(c, by, number, hashed, temporary=not own_one, keep=keep)
                )
            elif button == "change":
                role, telephone = form.get("role", ""), form.get("telephone", "")
                await _write(desk, lambda c: accounts.change(c, by, number, version, role, telephone))
            elif button in ("retire", "restore"):
                deed = accounts.retire if button == "retire" else accounts.restore
                await _write(desk, lambda c: deed(c, by, number, version))
            else:
                raise HTTPException(HTTPStatus.BAD_REQUEST)
        except Busy:
            return await one(request, _(BUSY))
        except AccountError as error:
            return await one(request, error.text(_))
        return desk.to("/accounts", request, _("The account of {name} is changed.").format(name=found.name))

    async def audit(request: Request) -> Response:
        await desk.officer(request, "officer")
        before = request.query_params.get("before", "")
        rows = await desk.run(_read_audit, desk, int(before) if before.isdecimal() and len(before) < 19 else None)
        return await desk.page(
            request, "audit.html", rows=rows[:AUDIT_ROWS], more=len(rows) > AUDIT_ROWS, deeds=DEEDS
        )  # fmt: skip

    return [
        Route("/account", show_own),
        Route("/account/password", set_own_password, methods=["POST"]),
        Route("/account/everywhere", log_out_everywhere, methods=["POST"]),
        Route("/accounts", show_all),
        Route("/accounts", add, methods=["POST"]),
        Route("/accounts/audit", audit),
        Route("/accounts/{id:int}", show_one),
        Route("/accounts/{id:int}", change, methods=["POST"]),
    ]


async def _write(desk: Desk, deed: Callable[[Connection], Any]) -> None:
    def written() -> None:
        with desk.town.store.write() as connection:
            deed(connection)

    await desk.run(written)


def _read_account(desk: Desk, number: int) -> accounts.Account:
    with desk.town.store.read() as connection:
        found = accounts.get(connection, number) if number < 1 << 62 else None
    if found is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return found


def _read_audit(desk: Desk, before: int | None) -> list[Any]:
    """The newest rows, or those before the row of this number; one more than are shown."""
    table = schema.audit
    query = select(table).order_by(table.c.id.desc()).limit(AUDIT_ROWS + 1)
    if before is not None:
        query = query.where(table.c.id < before)
    with desk.town.store.read() as connection:
        return list(connection.execute(query))
