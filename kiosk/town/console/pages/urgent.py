"""What cannot wait for the month: an urgent notice to some or all rooms, a programme taken back everywhere."""

from collections import Counter
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kiosk.common.messages import Message, mark
from kiosk.contract.trust import Refused
from kiosk.town.console.access import Officer
from kiosk.town.console.desk import Desk
from kiosk.town.console.forms import Form
from kiosk.town.console.signers import NotOpened
from kiosk.town.console.told import told
from kiosk.town.database.store import now_ms
from kiosk.town.ledger.rooms import rooms
from kiosk.town.months import library, orders
from kiosk.town.months.books import MonthError
from kiosk.town.months.titles import Candidate, key
from kiosk.town.publishing.source import SourceError
from kiosk.town.signing import keys
from kiosk.town.signing.keys import KeyTrouble, Signer
from kiosk.town.town import TownError

USUAL = timedelta(hours=1)
"""How long a notice is shown unless somebody says otherwise."""
BAD = (MonthError, NotOpened, KeyTrouble, Refused, SourceError, TownError)


def routes(desk: Desk) -> list[Route]:
    """Their routes."""

    async def page(request: Request, template: str, problem: str = "") -> Response:
        officer, _ = await desk.officer(request), desk.translate(request)
        now = desk.now()

        def look() -> dict[str, Any]:
            version = desk.town.public.version(desk.town.public.urgent_path)
            with desk.town.store.read() as connection:
                names = sorted(_labels(library.candidates(desk.town, connection)))
            found = rooms(desk.town.store, now_ms())
            try:
                in_force, refused = orders.notices(desk.town, now), ""
            except Refused as error:
                in_force, refused = [], told(error, _)
            return {
                "labels": names,
                "new_notice": orders.new_notice(),
                "version": version,
                "rooms": {row["id"]: row["name"] for row in found},
                "have": {row["id"] for row in found if version and (row["urgent_version"] or 0) >= version},
                "in_force": in_force,
                "problem": problem or refused,
                "until": (now + USUAL).strftime("%Y-%m-%dT%H:%M"),
                "is_open": desk.signers.is_open(officer.session),
                "is_locked": keys.is_locked(desk.town.keys_folder),
                "least": keys.SHORTEST_PASSPHRASE,
            }

        status = HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK
        return await desk.page(request, template, status, **await desk.run(look))

    async def notices(request: Request) -> Response:
        return await page(request, "notices.html")

    async def withdraw(request: Request) -> Response:
        return await page(request, "withdraw.html")

    def signer(form: Form, officer: Officer) -> Signer:
        return desk.signers.signer(officer.session, officer.name, form.get("passphrase", ""), form.get("again", ""))

    def programme(typed: str) -> str:
        """The id of the programme of that title or label; empty where there is none. Raises :class:`MonthError`."""
        with desk.town.store.read() as connection:
            labels = _labels(library.candidates(desk.town, connection))
        if typed in labels:
            return labels[typed].id
        found = [one.id for one in labels.values() if key(one.title) == key(typed)]
        if len(found) > 1:
            text = mark("Several programmes are called 《{title}》: choose one of them from the list that opens below.")
            raise MonthError(Message(text, {"title": typed[:80]}))
        return found[0] if found else ""

    async def give(request: Request) -> Response:
        form = await desk.form(request)
        officer, _, now = await desk.officer(request, "officer"), desk.translate(request), desk.now()
        try:
            end = datetime.fromisoformat(form.get("until", "")).replace(tzinfo=now.tzinfo)
        except ValueError:
            return await page(request, "notices.html", _("Say until when, such as 18:30."))

        def order() -> None:
            stations = tuple(form.every("station")) if form.get("where") == "some" else ()
            if form.get("where") == "some" and not stations:
                raise MonthError(Message(mark("Choose the rooms, or all of them.")))
            text = form.get("text", "")
            notice = orders.Notice(programme(text), text, stations, end)
            ident, seen, key_of = form.get("notice", ""), form.number("version"), signer(form, officer)
            if not orders.NOTICE.fullmatch(ident):
                raise HTTPException(HTTPStatus.BAD_REQUEST)
            orders.give_notice(desk.town, notice, now, key_of, officer.name, ident, seen)

        return await _done(request, order, "/notices", "notices.html", _("The notice is on its way to the rooms."))

    async def end(request: Request) -> Response:
        form = await desk.form(request)
        officer, _, now = await desk.officer(request, "officer"), desk.translate(request), desk.now()

        def order() -> None:
            orders.end_notice(desk.town, form.get("notice", ""), now, signer(form, officer), officer.name)

        return await _done(request, order, "/notices", "notices.html", _("The notice is withdrawn."))

    async def take_back(request: Request) -> Response:
        form = await desk.form(request)
        officer, _ = await desk.officer(request, "officer"), desk.translate(request)

        def order() -> None:
            name, values = programme(form.get("title", "")), {"title": form.get("title", "")[:80]}
            if not name and orders.is_taken_back(desk.town, form.get("title", "")):
                raise MonthError(Message(mark("《{title}》 is taken back already; nothing more was done."), values))
            if not name:
                raise MonthError(Message(mark("No programme of the library is called 《{title}》."), values))
            orders.take_back(desk.town, name, signer(form, officer), officer.name)

        said = _(
            "《{title}》 is taken back: no week and no notice has it any more. A room stops it once it hears of that."
        )
        return await _done(request, order, "/withdraw", "withdraw.html", said.format(title=form.get("title", "")[:80]))

    async def _done(request: Request, order: Any, path: str, template: str, said: str) -> Response:
        try:
            await desk.run(order)
        except BAD as error:
            return await page(request, template, told(error, desk.translate(request)))
        return desk.to(path, request, said)

    return [
        Route("/notices", notices),
        Route("/notices", give, methods=["POST"]),
        Route("/notices/end", end, methods=["POST"]),
        Route("/withdraw", withdraw),
        Route("/withdraw", take_back, methods=["POST"]),
    ]


def _labels(offered: list[Candidate]) -> dict[str, Candidate]:
    """What each programme is chosen by: its title; where several have the same one, with its id."""
    times = Counter(key(one.title) for one in offered)
    return {one.title if times[key(one.title)] == 1 else f"{one.title} [{one.id}]": one for one in offered}
