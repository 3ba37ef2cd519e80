"""Sessions, other sources, programmes on demand, what is made up, practice, and somebody who is there."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kiosk.common.causes import why_text
from kiosk.common.i18n import day_name
from kiosk.common.occasions import occasion_text
from kiosk.contract.instants import to_utc
from kiosk.contract.occasions import KINDS, MAKE_UP, MEMBER, ON_DEMAND
from kiosk.station.panel import session_form
from kiosk.station.panel.access import Visitor
from kiosk.station.panel.desk import Desk, Form, press_of, to
from kiosk.station.panel.session_form import NotOurs
from kiosk.station.sessions import words
from kiosk.station.sessions.events import (
    DemandOver,
    DemandPressed,
    FromSessions,
    PracticePressed,
    PresenceNoticed,
    SessionOver,
)

FIELDS = ("clock", "day", "title", "place", "words", "source")
"""Those that a page shows again as they were sent."""
Answer = Callable[[Request], Awaitable[Response]]
Done = Callable[[Request, Visitor, Form], Awaitable[Response]]


def routes(desk: Desk) -> list[Route]:
    """The routes of these pages."""

    def page(template: str, **more: Any) -> Answer:
        async def show(request: Request) -> Response:
            visitor = desk.visitor(request)
            return _show(desk, request, visitor, template, **more) if visitor.logged_in else to("/login")

        return show

    def form(name: str, done: Done) -> Answer:
        async def read(request: Request) -> Response:
            visitor, fields = await desk.read_form(request, name)
            if not visitor.logged_in:
                return to("/login")
            try:
                return await done(request, visitor, fields)
            except NotOurs:
                raise HTTPException(HTTPStatus.BAD_REQUEST) from None

        return read

    async def pressed(event: FromSessions, back: str) -> Response:
        """Post it, wait for its effect, and go on at ``back``."""
        before = desk.snapshot().sessions
        desk.post(event)
        await desk.wait_until(lambda: desk.snapshot().sessions != before)
        return to(back)

    async def hold(request: Request, visitor: Visitor, fields: Form) -> Response:
        wanted = session_form.read_session(fields, desk.snapshot(), press_of(fields))
        if isinstance(wanted, str):
            kind = fields.get("kind", "")
            return _show(desk, request, visitor, "hold.html", problem=wanted, kind=kind, sent=fields)
        return await pressed(replace(wanted, by=visitor.by), "/sessions")

    async def lend(request: Request, visitor: Visitor, fields: Form) -> Response:
        wanted = session_form.read_loan(fields, desk.snapshot(), desk.snapshot().language, press_of(fields))
        if isinstance(wanted, str):
            return _show(desk, request, visitor, "lend.html", problem=wanted, sent=fields)
        return await pressed(replace(wanted, by=visitor.by), "/sessions")

    async def over(request: Request, visitor: Visitor, fields: Form) -> Response:
        told = session_form.read_minutes(fields)
        if isinstance(told, str):
            return _show(desk, request, visitor, "sessions.html", problem=told)
        return await pressed(SessionOver(visitor.by, fields.get("session", ""), told, press_of(fields)), "/sessions")

    async def demand(request: Request, visitor: Visitor, fields: Form) -> Response:
        if fields.get("over"):
            return await pressed(DemandOver(visitor.by, press_of(fields), fields.get("demand", "")), "/sessions")
        seen = desk.snapshot().sessions
        here, chosen = {one.id for one in seen.programmes}, fields.get("programme", "")
        occasion = {"make-up": MAKE_UP, "member": MEMBER}.get(fields.get("occasion", ""), ON_DEMAND)
        known = {member for member, _ in seen.members}
        members = tuple(member for member in known if fields.get(f"member-{member}"))
        if occasion == MEMBER and not members:
            return _show(desk, request, visitor, "make_up.html", problem="members", sent=fields)
        missed = tuple(one.programme.id for one in seen.missed if one.programme.id in here)
        names = missed if chosen == "all" and occasion == MAKE_UP else (chosen,) if chosen in here else ()
        if not names:
            return _show(desk, request, visitor, "programmes.html", problem="gone")
        return await pressed(DemandPressed(visitor.by, occasion, names, members, press_of(fields)), "/sessions")

    async def practice(_request: Request, visitor: Visitor, fields: Form) -> Response:
        wanted = PracticePressed(visitor.by, fields.get("on") == "1", press_of(fields))
        return await pressed(wanted, "/sessions#practice")

    async def presence(_request: Request, visitor: Visitor, fields: Form) -> Response:
        return await pressed(PresenceNoticed(visitor.by, press_of(fields)), "/")

    async def hold_page(request: Request) -> Response:
        visitor = desk.visitor(request)
        try:
            kind = session_form.read_kind(request.path_params["kind"])
        except NotOurs:
            raise HTTPException(HTTPStatus.NOT_FOUND) from None
        if not visitor.logged_in:
            return to("/login")
        template = "lend.html" if kind == "other-source" else "hold.html"
        return _show(desk, request, visitor, template, kind=kind)

    return [
        Route("/sessions", page("sessions.html", renew=desk.renew_s)),
        Route("/sessions/over", form("session-over", over), methods=["POST"]),
        Route("/sessions/hold", form("session", hold), methods=["POST"]),
        Route("/sessions/lend", form("lend", lend), methods=["POST"]),
        Route("/sessions/{kind}", hold_page),
        Route("/programmes", page("programmes.html")),
        Route("/make-up", page("make_up.html")),
        Route("/demand", form("demand", demand), methods=["POST"]),
        Route("/practice", form("practice", practice), methods=["POST"]),
        Route("/presence", form("presence", presence), methods=["POST"]),
    ]


def _show(
    desk: Desk,
    request: Request,
    visitor: Visitor,
    template: str,
    problem: str = "",
    sent: Form | None = None,
    **more: Any,
) -> Response:
    """One of these pages; with ``problem``, as it was sent, to be mended."""
    snapshot, language = desk.snapshot(), desk.language(request)
    now, seen = snapshot.now, snapshot.sessions
    terms = {str(kind): term for kind, term in KINDS.items()}
    values: dict[str, Any] = {
        "sent": dict.fromkeys(FIELDS, "") | (sent or {}),
        "kind": "",
        "kinds": [(kind, occasion_text(term, language)) for kind, term in KINDS.items()],
        "occasion": lambda term: occasion_text(terms[term] if term in terms else str(term), language),
        "times": session_form.times(now),
        "lengths": session_form.lengths(seen.session_ms, language),
        "sources": session_form.sources(language),
        "session": words.state_of(seen, now, language),
        "later": words.later(seen, now, language),
        "first_day": f"{now:%Y-%m-%d}",
        "last_day": f"{now + session_form.FURTHEST:%Y-%m-%d}",
        "clock": lambda at: f"{(to_utc(at) if isinstance(at, int) else at).astimezone(now.tzinfo):%H:%M}",
        "day": lambda at: day_name(to_utc(at).astimezone(now.tzinfo).date(), language),
        "minutes": lambda ms: f"{ms // 60_000}:{ms // 1000 % 60:02d}",
        "why_text": lambda why: why_text(why, language),
        "short": [one for one in seen.programmes if one.short],
        "problem": problem,
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK
    return desk.page(request, visitor, template, status=status, **values | more)
