"""Monday's page: only the rooms that need something, each with a sentence to send and a telephone number."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kiosk.common.causes import why_text
from kiosk.common.i18n import Language, translator
from kiosk.contract.station import Person
from kiosk.town.console.desk import Desk
from kiosk.town.console.pages.stations import local_of, natural
from kiosk.town.console.room_words import RoomWords, line_of, room_words
from kiosk.town.database.store import now_ms
from kiosk.town.ledger.condition import Row
from kiosk.town.ledger.needs import Missed, Need, missed_of, needs, sentence, telephones
from kiosk.town.ledger.played import days, room_of
from kiosk.town.ledger.rooms import rooms


@dataclass(frozen=True)
class Listed:
    """A room that needs something."""

    words: RoomWords
    needs: list[Need]
    people: list[Person]
    sentence: str


def routes(desk: Desk) -> list[Route]:
    """Its routes."""

    async def monday(request: Request) -> Response:
        await desk.officer(request)
        language, today = desk.language(request), desk.now().date()
        first = today - timedelta(days=today.weekday() + 7)
        last = first + timedelta(days=6)
        found, others = await desk.run(_read, desk, first, last, language)
        return await desk.page(request, "monday.html", found=found, others=others, first=first, last=last)

    return [Route("/stations/monday", monday)]


def _read(desk: Desk, first: date, last: date, language: Language) -> tuple[list[Listed], int]:
    now, _, line = now_ms(), translator(language), line_of(language)
    local = local_of(desk, language)
    rows = rooms(desk.town.store, now)
    found: list[tuple[int, Listed]] = []
    with desk.town.store.read() as connection:
        for row in rows:
            missed = _missed(connection, row, desk.zone, (first, last), now, language)
            if wanted := needs(row, missed, now, local, line, _):
                people = telephones(row["people"])
                said = sentence(row, wanted, people[0].name if people else "", _)
                found.append((wanted[0].rank, Listed(room_words(row, local, language), wanted, people, said)))
    found.sort(key=lambda one: (one[0], natural(one[1].words.id)))
    return [one for _, one in found], len(rows) - len(found)


def _missed(
    connection: Connection, row: Row, zone: ZoneInfo, of: tuple[date, date], now: int, language: Language
) -> Missed | None:
    """What the room missed in those days; None where it has never reported."""
    if row["heard_ms"] is None:
        return None
    states, reasons = Counter[str](), Counter[str]()
    for day in days(connection, room_of(row, zone), *of, now).days:
        for one in day.outcomes:
            states[one.state] += 1
            if one.state == "missed":
                reasons.update({why_text(why, language): 1 for why in one.why})
    return missed_of(states, reasons)
