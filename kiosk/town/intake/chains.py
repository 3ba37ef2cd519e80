"""The chains of a station: each enrolment and epoch has one, numbered in the order in which they began to report."""

from sqlalchemy import Connection, and_, insert, select, update

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

    A chain from before stations named their epochs is given that of the report that goes on with it.
    """
    if (found := chain_of(connection, station, report.epoch)) is not None:
        return found
    if report.entries and report.entries[0].seq > 1:
        mine = and_(chain.c.station == station.id, chain.c.enrolment == station.enrolment, chain.c.epoch.is_(None))
        named = update(chain).where(mine).values(epoch=report.epoch).returning(chain)
        if (found := connection.execute(named).one_or_none()) is not None:
            return found
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


def flag_clone(connection: Connection, station: Row, found: Row, now_ms: int) -> None:
    """Flag a station of which an older epoch reports after a newer one has begun: two PCs have the same state."""
    if found.chain < station.chain and station.cloned_ms is None:
        update_station(connection, station.id, cloned_ms=now_ms)
