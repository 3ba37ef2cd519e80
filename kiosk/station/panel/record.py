"""What the pages of the record share: the month that a request asks for, and its books."""

import re
import sqlite3
from datetime import date, timedelta
from http import HTTPStatus
from zoneinfo import ZoneInfo

from starlette.exceptions import HTTPException
from starlette.requests import Request

from kiosk.contract.instants import to_ms
from kiosk.contract.station import Opening
from kiosk.station.journal.errors import JournalError
from kiosk.station.panel.desk import Desk, Form
from kiosk.station.panel.snapshot import Snapshot
from kiosk.station.record_book.books import MonthBooks, RecordBooks
from kiosk.station.record_book.table import TITLES, Book

_MONTH = re.compile(r"([12][0-9]{3})-([0-9]{2})")
_PRESS = re.compile(r"[0-9a-f]{32}")
EARLIEST = date(2020, 1, 1)


def zone_of(snapshot: Snapshot) -> ZoneInfo:
    """The room's time zone, by which its days and months go."""
    zone = snapshot.now.tzinfo
    if isinstance(zone, ZoneInfo):
        return zone
    return ZoneInfo((snapshot.document.opening if snapshot.document else Opening()).time_zone)


def month_of(request: Request, snapshot: Snapshot) -> date:
    """The first day of the month that ``request`` asks for; of this month where it asks for none that there can be."""
    this = snapshot.now.date().replace(day=1)
    found = _MONTH.fullmatch(request.query_params.get("month", ""))
    if not found or not 1 <= int(found[2]) <= 12:
        return this
    return min(max(date(int(found[1]), int(found[2]), 1), EARLIEST), this)


def months_about(first: date, snapshot: Snapshot) -> tuple[str, str]:
    """The months before and after, as they stand in an address; empty where there is none."""
    before, after = (first - timedelta(days=1)).replace(day=1), (first + timedelta(days=32)).replace(day=1)
    this = snapshot.now.date().replace(day=1)
    return f"{before:%Y-%m}" if before >= EARLIEST else "", f"{after:%Y-%m}" if after <= this else ""


def books_of(desk: Desk) -> RecordBooks:
    """The reader of the record. Raises HTTPException 503 where the panel has none."""
    if desk.books is None:
        raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE)
    return desk.books


def read_month(desk: Desk, request: Request) -> MonthBooks:
    """The books of the month that ``request`` asks for. Raises HTTPException 503 where the record cannot be read."""
    snapshot = desk.snapshot()
    try:
        return books_of(desk).read(
            month_of(request, snapshot),
            zone_of(snapshot),
            desk.language(request),
            snapshot.document,
            to_ms(snapshot.now),
        )
    except (JournalError, sqlite3.DatabaseError):
        raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE) from None


def book_of(request: Request) -> Book:
    """The book that the address names. Raises HTTPException 404."""
    name = request.path_params.get("book", "")
    for book in TITLES:
        if book == name:
            return book
    raise HTTPException(HTTPStatus.NOT_FOUND)


def press_id(form: Form) -> str:
    """The press of a form, from which its record takes its id. Raises HTTPException 400."""
    press = form.get("press", "")
    if not _PRESS.fullmatch(press):
        raise HTTPException(HTTPStatus.BAD_REQUEST)
    return press


async def wait_for(desk: Desk, record: str) -> None:
    """Until the record of that id is on the disk, as long as a press waits."""
    books = books_of(desk)

    def there() -> bool:
        try:
            return books.has(record)
        except (JournalError, sqlite3.DatabaseError):
            return False

    await desk.wait_until(there)
