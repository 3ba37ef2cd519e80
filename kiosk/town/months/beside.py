"""What stands beside the next month's draft: what villagers ask for, and what was watched most."""

from collections.abc import Iterator
from datetime import datetime, tzinfo

from sqlalchemy import Connection, case, func, select

from kiosk.common.text import one_line
from kiosk.contract.instants import to_ms, to_utc
from kiosk.contract.records import Item, read_record
from kiosk.contract.wire import Malformed
from kiosk.town.database import schema
from kiosk.town.sheets.draft import Beside, length_text

MOST = 15
MOST_REQUESTS = 60
"""The newest requests."""
LONGEST = 200
"""Characters of a request."""
HEADING = "上月收看最多（有人收看的次数、时长）"
REQUESTS = "村民想看的（站点、日期）"
"""In Chinese whatever the language, as the draft itself."""


def beside(connection: Connection, month: str, zone: tzinfo) -> list[Beside]:
    """All of it for the draft after ``month`` (``YYYY-MM``)."""
    return [*requests(connection, month, zone), *watched_most(connection, month)]


def requests(connection: Connection, month: str, zone: tzinfo) -> list[Beside]:
    """What villagers have asked for, as the rooms have reported it since ``month`` began; the newest first."""
    since = to_ms(datetime.fromisoformat(f"{month}-01").replace(tzinfo=zone))
    names = dict(connection.execute(select(schema.station.c.id, schema.station.c.name)).tuples().all())
    found = sorted(_requests(connection, since), key=lambda one: -one[1].at_ms)[:MOST_REQUESTS]
    lines = [_request(names[station], one, zone) for station, one in found]
    return [Beside(REQUESTS, lines)] if lines else []


def _requests(connection: Connection, since: int) -> Iterator[tuple[str, Item]]:
    """The requests received since then, with the station. Each chain is read from its end, as far as that."""
    chain, entry = schema.chain, schema.entry
    newest = select(chain.c.station, chain.c.chain).where(chain.c.witnessed_ms >= since)
    wanted = case((entry.c.kind == "item", entry.c.record), else_=None)
    for station, number in connection.execute(newest).all():
        place = (entry.c.station == station, entry.c.chain == number)
        question = select(entry.c.received_ms, entry.c.state, wanted).where(*place).order_by(entry.c.seq.desc())
        with connection.execution_options(yield_per=500).execute(question) as rows:
            for received_ms, state, data in rows:
                if received_ms < since:
                    break
                one = _item(data) if data is not None and state == "accepted" else None
                if one is not None and one.item_kind == "request":
                    yield station, one


def _item(data: bytes) -> Item | None:
    try:
        record = read_record(bytes(data), "item")
    except Malformed:
        return None
    return record if isinstance(record, Item) else None


def _request(room: str, one: Item, zone: tzinfo) -> str:
    day = to_utc(one.at_ms).astimezone(zone)
    said = "：".join(text for text in (one.title, one_line(one.text)) if text)[:LONGEST]
    return f"{room} {day.month}月{day.day}日 {said}"


def watched_most(connection: Connection, month: str) -> list[Beside]:
    """The programmes that were attended most in ``month``; nothing where nobody's attendance is known."""
    tally, programme = schema.tally, schema.programme
    newest = select(programme.c.title).where(programme.c.id == tally.c.programme)
    newest = newest.order_by(programme.c.version.desc()).limit(1)
    plays, played = func.sum(tally.c.plays), func.sum(tally.c.played_ms)
    question = select(tally.c.programme, newest.scalar_subquery().label("title"), plays, played).where(
        tally.c.seen == "attended", tally.c.day >= f"{month}-01", tally.c.day <= f"{month}-31"
    )
    rows = connection.execute(question.group_by(tally.c.programme).order_by(plays.desc(), played.desc()).limit(MOST))
    lines = [f"《{row[1] or row[0]}》 {row[2]}次 {length_text(int(row[3]))}" for row in rows]
    return [Beside(HEADING, lines)] if lines else []
