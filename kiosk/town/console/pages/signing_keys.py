"""The town's keys, for an officer: what lies where, what to do when one is lost or known to others."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kiosk.town.console.desk import Desk
from kiosk.town.console.signers import NotOpened
from kiosk.town.console.told import told
from kiosk.town.database.store import audit
from kiosk.town.signing import keys
from kiosk.town.signing.keys import KeyTrouble


def routes(desk: Desk) -> list[Route]:
    """Its routes."""

    async def show(request: Request, problem: str = "") -> Response:
        await desk.officer(request)
        folder = desk.town.keys_folder
        status = HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK
        needed, count = await desk.run(keys.root_keys_needed, desk.town.public)
        return await desk.page(
            request,
            "keys.html",
            status,
            problem=problem,
            folder=str(folder),
            root_keys=await desk.run(keys.root_keys_here, folder),
            is_locked=await desk.run(keys.is_locked, folder),
            least=keys.SHORTEST_PASSPHRASE,
            needed=needed,
            count=count,
        )

    async def change(request: Request) -> Response:
        form = await desk.form(request)
        officer, _ = await desk.officer(request, "officer"), desk.translate(request)
        new = form.get("new", "")
        if new != form.get("again", ""):
            return await show(request, _("The two passphrases are not the same."))

        def protect() -> None:
            if keys.is_locked(desk.town.keys_folder):
                desk.signers.end(officer.session)
                desk.signers.signer(officer.session, officer.name, form.get("old", ""))
            keys.protect(desk.town.keys_folder, desk.town.public, new, form.get("old", ""))
            with desk.town.store.write() as connection:
                audit(connection, officer.name, "protect-key", "targets")

        try:
            await desk.run(protect)
        except (NotOpened, KeyTrouble) as error:
            return await show(request, told(error, _))
        return desk.to("/keys", request, _("The publishing key is under the new passphrase."))

    return [Route("/keys", show), Route("/keys", change, methods=["POST"])]
