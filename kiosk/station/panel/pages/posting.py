"""The posting: a public page without log-in and with nothing private, the plan to print on A4, when it was put up."""

from dataclasses import dataclass
from datetime import date
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kiosk.common.i18n import Language, translator
from kiosk.common.text import one_line
from kiosk.station.display import poster
from kiosk.station.display.month import MonthPosting, month_posting
from kiosk.station.display.poster import Poster
from kiosk.station.panel.desk import Desk, to
from kiosk.station.panel.qr import qr_image
from kiosk.station.panel.record import press_id, wait_for
from kiosk.station.panel.snapshot import Snapshot
from kiosk.station.record_book.events import ItemWritten

MOST_WORDS = 200


@dataclass(frozen=True)
class Posting:
    """What is public: no names of people, no attendance, no faults, and why the room is stopped only as the screen
    says it too."""

    poster: Poster
    month: MonthPosting | None
    address: str
    """Of the public page; empty where the PC is in no network."""
    code: str
    rules: tuple[str, ...]


def posting_of(snapshot: Snapshot, language: Language) -> Posting:
    """The posting as it is now."""
    stopped = snapshot.stopped
    made = poster.compose(
        snapshot.playlist,
        snapshot.document,
        snapshot.now,
        language=language,
        stopped=stopped is not None,
        reason=stopped.reason if stopped else "",
        until=stopped.until if stopped else None,
        clock=snapshot.clock,
        station=snapshot.station,
    )
    address = f"{snapshot.address}/public" if snapshot.address else ""
    rules = snapshot.document.rules if snapshot.document else ""
    return Posting(
        made, month_posting(snapshot.playlist, _month(snapshot), language), address,
        qr_image(address) if address else "", tuple(line.strip() for line in rules.splitlines() if line.strip()),
    )  # fmt: skip


def _month(snapshot: Snapshot) -> date:
    return snapshot.now.date()


def routes(desk: Desk) -> list[Route]:
    """The routes of these pages."""

    def posted(request: Request, template: str, renew: float = 0) -> Response:
        visitor = desk.visitor(request)
        found = posting_of(desk.snapshot(), desk.language(request))
        return desk.page(request, visitor, template, renew=renew, posting=found, most=MOST_WORDS)

    async def public(request: Request) -> Response:
        return posted(request, "public.html")

    async def rules(request: Request) -> Response:
        return posted(request, "rules.html")

    async def paper(request: Request) -> Response:
        return posted(request, "posting.html")

    async def put_up(request: Request) -> Response:
        """Somebody has put the printed plan, or the rules, up on the wall."""
        visitor, form = await desk.read_form(request, "posting")
        if not visitor.logged_in:
            return to("/login")
        what = form.get("what", "")
        if what not in ("plan", "rules"):
            raise HTTPException(HTTPStatus.BAD_REQUEST)
        _ = translator(desk.snapshot().language)
        found = posting_of(desk.snapshot(), desk.snapshot().language)
        title = _("The wall-mounted rules") if what == "rules" else f"{found.poster.title} {found.poster.days_of}"
        press = press_id(form)
        where = one_line(form.get("where", ""))[:MOST_WORDS]
        desk.post(ItemWritten(visitor.by, "posting", title[:MOST_WORDS], where, category=what, press=press))
        await wait_for(desk, f"posting-{press}")
        return to("/rules" if what == "rules" else "/posting")

    return [
        Route("/public", public),
        Route("/rules", rules),
        Route("/posting", paper),
        Route("/posting", put_up, methods=["POST"]),
    ]
