"""What speaks against a station's record, in words: for a person to judge."""

from collections import Counter
from collections.abc import Callable, Iterator

from sqlalchemy import func, select

from kiosk.common.messages import mark
from kiosk.town.database import schema
from kiosk.town.database.store import Store
from kiosk.town.ledger import queries
from kiosk.town.ledger.condition import Translate

CAUSES = {
    "overlap": mark("two at once"),
    "future": mark("ending in the future"),
    "span": mark("longer than their span"),
    "unpublished": mark("of a file never published"),
}
"""Of ``intake.doubts``."""


def against(store: Store, station: str, local: Callable[[int], str], _: Translate) -> Iterator[str]:
    """A sentence for each kind; ``local`` writes an instant."""
    causes = Counter(row["cause"] for row in queries.doubts(store, station))
    if causes:
        kinds = _(", ").join(f"{_(CAUSES.get(cause, cause))} {count}" for cause, count in causes.most_common())
        yield _("{count} doubts about its plays: {kinds}").format(count=causes.total(), kinds=kinds)
    entry = schema.entry
    with store.read() as connection:
        wanted = (entry.c.station == station, entry.c.state == "refused")
        count = connection.execute(select(func.count()).select_from(entry).where(*wanted)).scalar_one()
        newest = (
            select(entry.c.received_ms, entry.c.reason).where(*wanted).order_by(entry.c.received_ms.desc()).limit(1)
        )
        last = connection.execute(newest).first()
        complaint = schema.complaint
        complaints = connection.execute(select(complaint).where(complaint.c.station == station)).all()
    if last is not None:
        said = _("{count} records were not taken, the last {time}: {reason}")
        yield said.format(count=count, time=local(last.received_ms), reason=last.reason)
    for row in queries.restarts(store, station):
        lost = row["facts"].get("lost")
        said = _("its record began anew {time}; entries {lost} are lost") if lost else _("its record began anew {time}")
        yield said.format(time=local(row["begun_ms"]), lost=lost)
    for one in complaints:
        said = _("turned away {count} times, the last {time}: {reason}")
        yield said.format(count=one.times, time=local(one.last_ms), reason=one.detail)
