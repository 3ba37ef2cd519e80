"""The chains of a station: each enrolment and epoch has one, numbered in the order in which they began to report.

A PC that is enrolled once more with a new key keeps its journal, and may have removed what the town had countersigned.
It goes on with its old chain, then, from where it can still tell.
"""

from sqlalchemy import Connection, and_, insert, or_, select, update

from kiosk.contract.reports import GENESIS, Report
from kiosk.town.database import schema
from kiosk.town.database.store import update_station
from kiosk.town.intake.duplicates import Row

chain = schema.chain


def chain_of(connection: Connection, station: Row, epoch: str) -> Row | None:
    """The chain of this epoch under the station's newest enrolment; None where it has not reported yet."""
    mine = and_(chain.c.station == station.id, chain.c.enrolment == station.enrolment, chain.c.epoch == epoch)
    return connection.execute(select(chain).where(mine)).one_or_none()


def chain_for(connection: Connection, station: Row, report: Report, now_ms: int) -> Row:
    """The chain that a report goes on with, begun if its epoch is new. ``station`` is locked.

    One of an earlier enrolment belongs to the newest from now on; one from before stations named their epochs is given
    that of the report.
    """
    if (found := chain_of(connection, station, report.epoch)) is not None:
        return found
    if (found := _continued(connection, station, report)) is not None:
        place = and_(chain.c.station == station.id, chain.c.chain == found.chain)
        values = {"epoch": report.epoch, "enrolment": station.enrolment}
        return connection.execute(update(chain).where(place).values(values).returning(chain)).one()
    row = {
        "station": station.id,
        "chain": station.chain + 1,
        "enrolment": station.enrolment,
        "epoch": report.epoch,
        "head_seq": 0,
        "head_hash": GENESIS,
        "begun_ms": now_ms,
    }
    update_station(connection, station.id, chain=row["chain"])
    return connection.execute(insert(chain).values(row).returning(chain)).one()


def _continued(connection: Connection, station: Row, report: Report) -> Row | None:
    """The chain of this epoch, or without one, that has the very entry behind which the report begins; the newest."""
    if not report.entries or report.entries[0].seq == 1:
        return None
    entry = schema.entry
    joined = and_(entry.c.station == chain.c.station, entry.c.chain == chain.c.chain)
    behind = entry.c.seq == report.entries[0].seq - 1, entry.c.hash == report.previous
    named = or_(chain.c.epoch == report.epoch, chain.c.epoch.is_(None))
    mine = select(chain).join(entry, joined).where(chain.c.station == station.id, named, *behind)
    return connection.execute(mine.order_by(chain.c.chain.desc()).limit(1)).one_or_none()


def flag_clone(connection: Connection, station: Row, found: Row, now_ms: int) -> None:
    """Flag a station of which an older epoch reports after a newer one has begun: two PCs have the same state.

    An epoch that a PC with another key has begun since counts not: the room has gone back to its first PC.
    """
    if found.chain == station.chain or station.cloned_ms is not None:
        return
    newer = select(chain.c.chain).where(chain.c.station == station.id, chain.c.enrolment == station.enrolment)
    if connection.execute(newer.where(chain.c.chain > found.chain).limit(1)).first():
        update_station(connection, station.id, cloned_ms=now_ms)
