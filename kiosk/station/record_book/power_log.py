"""When the kiosk ran: its starts and ends, from what its record says at each start. Derived, never kept.

A start tells when the run before it was seen last, to the minute, and whether the PC was off since.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from kiosk.common.known import SEEN_MS
from kiosk.contract.records import Action
from kiosk.station.journal.plays import readable
from kiosk.station.record_book.moments import seqs_about
from kiosk.station.record_book.not_shown import covered


@dataclass(frozen=True)
class Running:
    """One run of the kiosk. Instants are UTC milliseconds."""

    start_ms: int
    end_ms: int | None
    """When it was seen last; None: that is not known, for the clock was in doubt."""
    pc: bool | None
    """Whether the PC was switched on at its start, rather than the kiosk alone; None: not known."""
    goes_on: bool = False
    clock_sure: bool = True


def runs(db: sqlite3.Connection, first_ms: int, until_ms: int) -> list[Running]:
    """The runs that lie at least in part between two instants, in order."""
    found = [*_runs(db, *seqs_about(db, first_ms, until_ms))]
    return [one for one in found if one.start_ms < until_ms and (one.end_ms or one.start_ms) >= first_ms]


def _runs(db: sqlite3.Connection, first: int, last: int) -> Iterator[Running]:
    sql = """SELECT seq, record FROM entries WHERE seq >= ? AND seq <= ? AND kind = 'action'
             AND instr(record, CAST('"action":"boot"' AS BLOB)) ORDER BY seq"""
    boots = [
        record
        for seq, data in db.execute(sql, [first, last])
        if isinstance(record := readable(bytes(data), seq), Action) and record.action == "boot"
    ]
    for boot, following in zip(boots, [*boots[1:], None], strict=False):
        pc = {"off": True, "on": False}.get(boot.facts.get("pc", ""))
        sure = boot.clock != "untrusted"
        if following is None:
            yield Running(boot.at_ms, max(boot.at_ms, covered(db)[1]), pc, goes_on=True, clock_sure=sure)
        else:
            seen = following.facts.get(SEEN_MS, "")
            end_ms = int(seen) if seen.isascii() and seen.isdigit() else None
            yield Running(boot.at_ms, max(boot.at_ms, end_ms) if end_ms is not None else None, pc, clock_sure=sure)


def on_ms(found: list[Running], first_ms: int, until_ms: int) -> int:
    """For how long the kiosk is known to have run between two instants."""
    spans = ((max(one.start_ms, first_ms), min(one.end_ms or one.start_ms, until_ms)) for one in found)
    return sum(max(0, end - start) for start, end in spans)
