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
REASONS = {
    "hash": mark("a record is not the one that its code was made over"),
    "malformed": mark("a record cannot be read"),
    "id": mark("a record has the number of another one"),
    "too-much": mark("a repair of the clock touches too many plays"),
    "fork": mark("it tells another story than before"),
}
"""The word that the reason of a refused record begins with."""
COMPLAINTS = {
    "unsigned": mark("the report did not bear the PC's signature: an old version, or another PC"),
    "fork-store": mark("it tells so many other stories that no more of them are kept"),
    "fork-bytes": mark("it tells too much of another story than before"),
    "requests": mark("it asks too often"),
    "reports": mark("it reports too often"),
    "bytes": mark("it reports too much at once"),
    "day-bytes": mark("it reports too much in a day"),
    "writer": mark("its reports keep the town's database too busy"),
}
"""Of ``intake.complaints``."""


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
        text = REASONS.get(last.reason.partition(":")[0])
        yield said.format(count=count, time=local(last.received_ms), reason=_(text) if text else last.reason)
    for row in queries.restarts(store, station):
        lost = row["facts"].get("lost")
        said = _("its record began anew {time}; entries {lost} are lost") if lost else _("its record began anew {time}")
        yield said.format(time=local(row["begun_ms"]), lost=lost)
    for one in complaints:
        said = _("turned away {count} times, the last {time}: {reason}")
        text = COMPLAINTS.get(one.cause)
        yield said.format(count=one.times, time=local(one.last_ms), reason=_(text) if text else one.detail)
