"""One page for the inspector: what is asked for, with the evidence behind it; and the code of the month's record."""

import sqlite3
from datetime import timedelta
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kiosk.station.journal.errors import JournalError
from kiosk.station.journal.proof import code_of
from kiosk.station.panel.desk import Desk, to
from kiosk.station.panel.qr import qr_image
from kiosk.station.panel.record import books_of, month_of, months_about, read_month
from kiosk.station.panel.snapshot import Snapshot
from kiosk.station.record_book.standards import Facts, standards


def routes(desk: Desk) -> list[Route]:
    """The route of this page."""

    async def page(request: Request) -> Response:
        visitor = desk.visitor(request)
        if not visitor.logged_in:
            return to("/login")
        snapshot, found = desk.snapshot(), read_month(desk, request)
        first = month_of(request, snapshot)
        before, after = months_about(first, snapshot)
        try:
            proof, waiting = books_of(desk).proof(found.month)
            postings = tuple(books_of(desk).items(found.month, "posting"))
        except (JournalError, sqlite3.DatabaseError):
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE) from None
        facts = Facts(
            today=snapshot.now.date(),
            problems=len(snapshot.problems),
            posted=is_posted(snapshot),
            postings=postings,
            countersigned=proof is not None,
            waiting=waiting,
        )
        return desk.page(
            request, visitor, "inspector.html", month=f"{first:%Y-%m}", before=before, after=after, books=found,
            standards=standards(found, snapshot.document, facts, desk.language(request)),
            proof=proof, code=qr_image(code_of(proof), 2) if proof else "", code_text=code_of(proof) if proof else "",
            waiting=waiting,
        )  # fmt: skip

    return [Route("/inspector", page)]


def is_posted(snapshot: Snapshot) -> bool:
    """Whether the screen has a plan for this week to post."""
    monday = snapshot.now.date() - timedelta(days=snapshot.now.weekday())
    week = {(monday + timedelta(days=n)).isoformat() for n in range(7)}
    return snapshot.screen and snapshot.playlist is not None and any(s.date in week for s in snapshot.playlist.slots)
