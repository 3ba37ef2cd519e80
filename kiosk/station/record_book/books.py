"""The record books of one month as tables: what the kiosk recorded, and what administrators typed beside it."""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from kiosk.common.i18n import Language, translator
from kiosk.common.messages import mark
from kiosk.common.planned import Accepted
from kiosk.contract.instants import local_ms, to_utc
from kiosk.contract.records import Attendance, Item, Play
from kiosk.contract.station import StationDocument
from kiosk.station.journal.amendments import Later, PutRight
from kiosk.station.journal.database import connect_looking
from kiosk.station.journal.plays import readable
from kiosk.station.journal.proof import Proof, proof_of
from kiosk.station.record_book import power_log, register
from kiosk.station.record_book.figures import Figures, figures
from kiosk.station.record_book.forms import Forms
from kiosk.station.record_book.heads import heads
from kiosk.station.record_book.moments import last_of, moment, seqs_about
from kiosk.station.record_book.month import Month
from kiosk.station.record_book.play_record import play_rows
from kiosk.station.record_book.register import Entry
from kiosk.station.record_book.rows import (
    equipment_of,
    fault_rows,
    faults_of,
    of_document,
    people_of,
    power_rows,
    running_rows,
    typed_rows,
)
from kiosk.station.record_book.table import BOOKS, TITLES, Book, Row, Table


@dataclass(frozen=True)
class MonthBooks:
    """All books of one month, and its figures."""

    month: Month
    tables: dict[Book, Table]
    figures: Figures
    entries: tuple[Entry, ...]
    """What was typed, of all months."""

    def due(self, today: date) -> list[Entry]:
        """Upkeep whose next time has come, and has not been done since: the newest row of each device decides."""
        newest: dict[str, Entry] = {}
        for entry in sorted(self.entries, key=lambda one: one.values.get("day", "")):
            if entry.book == "upkeep" and not entry.withdrawn:
                newest[entry.values.get("device", "")] = entry
        return [one for one in newest.values() if "" < one.values.get("next_day", "") <= today.isoformat()]


class RecordBooks:
    """Reads the journal at ``path`` as a tool does: through a connection of its own that cannot write.

    A month is kept as long as nothing was added to the record. For one thread.
    """

    def __init__(self, path: Path, plans: Callable[[], Sequence[Accepted]] = tuple) -> None:
        """``plans`` gives those accepted so far. The county's forms lie beside the journal."""
        self._path, self._plans = path, plans
        self.forms = Forms(path.parent)
        self._kept: tuple[object, MonthBooks] | None = None

    def read(
        self, first: date, zone: ZoneInfo, language: Language, document: StationDocument | None, now_ms: int
    ) -> MonthBooks:
        """The books of the month that begins with ``first``. Raises :class:`JournalError` or
        :class:`sqlite3.DatabaseError` where the record cannot be read."""
        with closing(connect_looking(self._path)) as db:
            db.execute("BEGIN")
            head = db.execute("SELECT max(seq) FROM entries").fetchone()[0]
            day = to_utc(now_ms).astimezone(zone).date()
            key = (first, zone.key, language, document.version if document else 0, head, day)
            if self._kept is None or self._kept[0] != key:
                self._kept = (key, self._read(db, Month(first, zone), language, document, now_ms))
            return self._kept[1]

    def day(self, day: date, zone: ZoneInfo) -> list[PutRight]:
        """The plays of a day that were seen, as they are known today, in order. Raises as :meth:`read`."""
        begin, end = (local_ms(one, datetime.min.time(), zone) for one in (day, day + timedelta(days=1)))
        with closing(connect_looking(self._path)) as db:
            later = Later(db)
            sql = "SELECT seq, record FROM entries WHERE seq >= ? AND seq <= ? AND kind = 'play' ORDER BY seq"
            found = ((seq, readable(bytes(data), seq)) for seq, data in db.execute(sql, seqs_about(db, begin, end)))
            rows = [later.put_right(seq, one) for seq, one in found if isinstance(one, Play) and one.played_ms]
        own = [row for row in rows if begin <= row.play.actual_start_ms < end and not row.play.practice]
        return sorted(own, key=lambda row: row.play.actual_start_ms)

    def attendance(self, name: str) -> Attendance | None:
        """The attendance of that id, as it was corrected since. Raises as :meth:`read`."""
        with closing(connect_looking(self._path)) as db:
            found = db.execute(
                "SELECT seq, record FROM entries WHERE id = ? AND kind = 'attendance'", [name]
            ).fetchone()
            record = readable(bytes(found[1]), found[0]) if found else None
            return Later(db).corrected(record) if isinstance(record, Attendance) else None

    def proof(self, month: Month) -> tuple[Proof | None, int]:
        """The code of a month as far as the town has countersigned it, and how many of its entries wait for that.
        Raises as :meth:`read`."""
        with closing(connect_looking(self._path)) as db:
            db.execute("BEGIN")
            last = last_of(db, month.begin_ms, month.end_ms)
            (done,) = db.execute("SELECT seq FROM delivery").fetchone()
            found = db.execute("SELECT record FROM entries WHERE seq = ?", [min(last, done)]).fetchone()
            begun = found and (moment(bytes(found[0])) or 0) >= month.begin_ms
            return (proof_of(db, f"{month.first:%Y-%m}", min(last, done)) if begun else None), max(0, last - done)

    def items(self, month: Month, *kinds: str) -> list[Item]:
        """What was written or put up in a month. Raises as :meth:`read`."""
        with closing(connect_looking(self._path)) as db:
            sql = "SELECT seq, record FROM entries WHERE kind = 'item' ORDER BY seq"
            found = (readable(bytes(data), seq) for seq, data in db.execute(sql))
            return [
                one
                for one in found
                if isinstance(one, Item) and one.item_kind in kinds and month.begin_ms <= one.at_ms < month.end_ms
            ]

    def typed(self, *books: Book) -> list[Entry]:
        """What was typed into ``books``, or into all. Raises as :meth:`read`."""
        with closing(connect_looking(self._path)) as db:
            return register.entries(db, *books)

    def entry(self, name: str) -> Entry | None:
        """The typed row of that id, as it stands now. Raises as :meth:`read`."""
        with closing(connect_looking(self._path)) as db:
            return next((one for one in register.entries(db) if one.id == name), None)

    def has(self, name: str) -> bool:
        """Whether the record of that id is on the disk. Raises as :meth:`read`."""
        with closing(connect_looking(self._path)) as db:
            return db.execute("SELECT 1 FROM entries WHERE id = ?", [name]).fetchone() is not None

    def _read(
        self, db: sqlite3.Connection, month: Month, language: Language, document: StationDocument | None, now_ms: int
    ) -> MonthBooks:
        typed = register.entries(db)
        running = power_log.runs(db, month.begin_ms, month.end_ms)
        faults = list(faults_of(db, month))
        rows: dict[Book, list[Row]] = {
            "viewing": [
                Row(tuple(cells))
                for cells in play_rows(db, month.zone, (month.first, month.last), language, self._plans())
            ],
            "running": list(running_rows(running, faults, typed, month, now_ms, language)),
            "power": list(power_rows(running, month, language)),
            "faults": list(fault_rows(faults, document, month.zone, language)),
            "equipment": [*of_document(equipment_of(document)), *typed_rows("equipment", typed, month, language)],
            "roster": [*of_document(people_of(document, language)), *typed_rows("roster", typed, month, language)],
            "feedback": list(typed_rows("feedback", typed, month, language)),
            "upkeep": list(typed_rows("upkeep", typed, month, language)),
            "evidence": list(typed_rows("evidence", typed, month, language)),
        }
        _ = translator(language)
        tables = {
            book: Table(book, _(TITLES[book]), tuple(map(_, heads(book))), tuple(rows[book]), _(REMARKS.get(book, "")))
            for book in BOOKS
        }
        counted = figures(db, month.begin_ms, month.end_ms, month.zone, document, running, typed, now_ms)
        return MonthBooks(month, tables, counted, tuple(typed))


REMARKS: dict[Book, str] = {
    "viewing": mark("Minutes played are not minutes watched. An empty number of people means that nobody said it."),
    "running": mark(
        "Times are those of the kiosk; whether the TV was switched on is told only where there is evidence."
    ),
    "equipment": mark("Lines without a name behind them come from the town."),
    "roster": mark("Lines without a name behind them come from the town."),
    "power": mark("When the kiosk ran, to the minute. Times that the clock cannot vouch for are left out."),
}
