"""An administrator looks at a watch and says what time it is, where neither network nor town do."""

import time
from datetime import datetime, timedelta
from http import HTTPStatus
from unicodedata import normalize

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kiosk.contract.instants import to_ms
from kiosk.station.events import ClockDeclared
from kiosk.station.panel.desk import Desk, Form, press_of, to

HALF_A_MINUTE = timedelta(seconds=30)
"""A watch that shows a minute is half a minute into it, give or take as much."""
LEAST, MOST = 2020, 2099
"""Years that can be meant."""


def routes(desk: Desk) -> list[Route]:
    """The routes of this page."""

    async def page(request: Request) -> Response:
        visitor = desk.visitor(request)
        if not visitor.logged_in:
            return to("/login")
        return desk.page(request, visitor, "clock.html", sent={}, problem="")

    async def declared(request: Request) -> Response:
        """The time as it was typed, or that the one shown is right."""
        visitor, form = await desk.read_form(request, "clock")
        if not visitor.logged_in:
            return to("/login")
        before = desk.snapshot()
        told = before.now if form.get("button") == "right" else read_time(form, before.now)
        if told is None:
            wrong = HTTPStatus.UNPROCESSABLE_ENTITY
            return desk.page(request, visitor, "clock.html", status=wrong, sent=form, problem="time")
        desk.post(ClockDeclared(visitor.by, to_ms(told), time.monotonic(), press_of(form)))
        await desk.wait_until(lambda: desk.snapshot().clock != before.clock)
        return to("/clock")

    return [Route("/clock", page), Route("/clock", declared, methods=["POST"])]


def read_time(form: Form, now: datetime) -> datetime | None:
    """``day`` and ``time`` of the form in the zone of ``now``, in the middle of that minute; None for what is none."""
    typed = (normalize("NFKC", form.get(name, "")).strip() for name in ("day", "time"))
    try:
        told = datetime.strptime(" ".join(typed), "%Y-%m-%d %H:%M")  # noqa: DTZ007 - its zone is set below
    except ValueError:
        return None
    return told.replace(tzinfo=now.tzinfo) + HALF_A_MINUTE if LEAST <= told.year <= MOST else None
