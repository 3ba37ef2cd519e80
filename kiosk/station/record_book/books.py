"""The record books of one month as tables: what the kiosk recorded, and what administrators typed beside it."""

import calendar
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from kiosk.common.i18n import Language, day_name, translator
from kiosk.common.messages import mark
from kiosk.common.planned import Accepted
from kiosk.contract.instants import local_ms, to_utc
from kiosk.contract.records import Attendance, Fault, Item, Play
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
from kiosk.station.record_book.play_record import play_rows
from kiosk.station.record_book.register import TYPED, Entry
from kiosk.station.record_book.table import BOOKS, TITLES, Book, Row, Table

Translate = Callable[[str], str]

POSTS = {
    "A": mark("administrator A"),
    "B": mark("administrator B"),
    "secretary": mark("secretary"),
    "member": mark("party member"),
    "villager": mark("villager"),
}


@dataclass(frozen=True)
class Month:
    """A month of the calendar, in the room's time zone."""

    first: date
    zone: ZoneInfo

    @property
    def last(self) -> date:
        """Its last day."""
        return self.first.replace(day=calendar.monthrange(self.first.year, self.first.month)[1])

    @property
    def begin_ms(self) -> int:
        """When it begins (UTC ms)."""
        return local_ms(self.first, datetime.min.time(), self.zone)

    @property
    def end_ms(self) -> int:
        """When the next one begins."""
        return local_ms(self.last + timedelta(days=1), datetime.min.time(), self.zone)


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
        faults = list(_faults(db, month))
        rows: dict[Book, list[Row]] = {
            "viewing": [
                Row(tuple(cells))
                for cells in play_rows(db, month.zone, (month.first, month.last), language, self._plans())
            ],
            "running": list(_running(running, faults, typed, month, now_ms, language)),
            "power": list(_power(running, month, language)),
            "faults": list(_fault_rows(faults, document, month.zone, language)),
            "equipment": [*_of_document(_equipment(document)), *_typed("equipment", typed, month, language)],
            "roster": [*_of_document(_people(document, language)), *_typed("roster", typed, month, language)],
            "feedback": list(_typed("feedback", typed, month, language)),
            "upkeep": list(_typed("upkeep", typed, month, language)),
            "evidence": list(_typed("evidence", typed, month, language)),
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
# --- rows ---


def _typed(book: Book, typed: Sequence[Entry], month: Month, language: Language) -> Iterator[Row]:
    _ = translator(language)
    titles = {column.name: _(column.title) for column in TYPED[book]}
    for entry in sorted((one for one in typed if one.book == book), key=lambda one: one.values.get("day", "")):
        if book in register.MONTHLY and not entry.values.get("day", "").startswith(f"{month.first:%Y-%m}"):
            continue
        was = tuple(
            _("{field} corrected from {was} to {now} by {by}: {reason}").format(
                field=titles.get(one.field, one.field), was=one.was or _("nothing"), now=one.now or _("nothing"),
                by=one.by, reason=one.reason,
            )
            if one.field != register.WITHDRAWN
            else _("taken out by {by}: {reason}").format(by=one.by, reason=one.reason)
            for one in entry.corrections
        )  # fmt: skip
        cells = (*(entry.values.get(column.name, "") for column in TYPED[book]), entry.by)
        yield Row(cells, entry.id, was, entry.withdrawn)


def _of_document(rows: Iterator[tuple[str, ...]]) -> Iterator[Row]:
    return (Row((*cells, "")) for cells in rows)


def _equipment(document: StationDocument | None) -> Iterator[tuple[str, ...]]:
    for one in document.equipment if document else ():
        yield one.name, one.model, one.specification, str(one.quantity), one.bought or "", one.bought_by, ""


def _people(document: StationDocument | None, language: Language) -> Iterator[tuple[str, ...]]:
    _ = translator(language)
    for one in document.people if document else ():
        yield one.name, _(POSTS[one.post]), one.telephone, "", ""


def _clock(instant: int, zone: ZoneInfo) -> str:
    return f"{to_utc(instant).astimezone(zone):%H:%M}"


def _hours(ms: int) -> str:
    return f"{ms // 3_600_000}:{ms // 60_000 % 60:02d}"


def _running(
    runs: list[power_log.Running],
    faults: Sequence[Fault],
    typed: Sequence[Entry],
    month: Month,
    now_ms: int,
    language: Language,
) -> Iterator[Row]:
    """A line for each day on which the kiosk ran, something was broken, or somebody looked after the devices."""
    _ = translator(language)
    for number in range(month.last.day):
        day = month.first + timedelta(days=number)
        begin, end = (local_ms(one, datetime.min.time(), month.zone) for one in (day, day + timedelta(days=1)))
        ran = [one for one in runs if one.clock_sure and one.start_ms < end and (one.end_ms or one.start_ms) >= begin]
        found = dict.fromkeys(
            _line(one.text, language)
            for one in faults
            if one.found_ms < min(end, now_ms) and (one.cleared_ms is None or one.cleared_ms >= begin)
        )
        care = [
            one.values.get("text", "")
            for one in typed
            if one.book == "upkeep" and not one.withdrawn and one.values.get("day") == day.isoformat()
        ]
        if ran or found or care:
            yield Row(
                (
                    day_name(day, language),
                    *_on_and_off(ran, begin, end, month.zone, _),
                    _hours(power_log.on_ms(ran, begin, min(end, now_ms))) if ran else "",
                    _("; ").join(found) if found else _("in order") if ran else "",
                    _("; ").join(care),
                )
            )


def _on_and_off(
    ran: Sequence[power_log.Running], begin: int, end: int, zone: ZoneInfo, _: Translate
) -> tuple[str, str]:
    """When the first run of a day began, and when the last one ended, as far as they did so on that day."""
    if not ran:
        return "", ""
    on = _clock(ran[0].start_ms, zone) if ran[0].start_ms >= begin else _("was on")
    last = ran[-1]
    if last.end_ms is None:
        return on, _("not known")
    if last.end_ms >= end:
        return on, _("stayed on")
    return on, _("runs") if last.goes_on else _clock(last.end_ms, zone)


def _power(runs: list[power_log.Running], month: Month, language: Language) -> Iterator[Row]:
    _ = translator(language)
    for one in runs:
        started = to_utc(one.start_ms).astimezone(month.zone)
        remarks = {True: _("the PC was switched on"), False: _("the kiosk started anew"), None: ""}[one.pc]
        if one.goes_on:
            end, ran = _("runs"), ""
        elif one.end_ms is None:
            end, ran = _("not known"), _("not known")
        else:
            end, ran = _clock(one.end_ms, month.zone), _hours(one.end_ms - one.start_ms)
        if not one.clock_sure:
            yield Row(("", "", end, "", _("the clock could not be trusted")))
        else:
            yield Row((f"{started:%Y-%m-%d}", f"{started:%H:%M}", end, ran, remarks))


def _faults(db: sqlite3.Connection, month: Month) -> Iterator[Fault]:
    """The faults of the month as they stand last: found in it, or not repaired before it."""
    found: dict[str, Fault] = {}
    sql = "SELECT seq, record FROM entries WHERE seq <= ? AND kind = 'fault' ORDER BY seq"
    for seq, data in db.execute(sql, [seqs_about(db, month.begin_ms, month.end_ms)[1]]):
        if isinstance(record := readable(bytes(data), seq), Fault):
            found[record.fault] = record
    for one in found.values():
        if one.found_ms < month.end_ms and (one.cleared_ms is None or one.cleared_ms >= month.begin_ms):
            yield one


def _fault_rows(
    faults: Sequence[Fault], document: StationDocument | None, zone: ZoneInfo, language: Language
) -> Iterator[Row]:
    _ = translator(language)
    tickets = {one.fault: one for one in (document.tickets if document else ())}
    for one in faults:
        ticket = tickets.get(one.fault)
        yield Row(
            (
                f"{to_utc(one.found_ms).astimezone(zone):%Y-%m-%d %H:%M}",
                one.device,
                _line(one.text, language),
                ticket.work_order if ticket else "",
                ticket.contact if ticket else "",
                f"{to_utc(one.cleared_ms).astimezone(zone):%Y-%m-%d %H:%M}" if one.cleared_ms else _("not yet"),
                _("yes") if one.state == "confirmed" or (ticket and ticket.state in ("confirmed", "closed")) else "",
            )
        )


def _line(text: str, language: Language) -> str:
    """The line of a fault's text in a language: it has one for each, the room's own first."""
    lines = text.splitlines() or [""]
    return lines[-1] if language == "en" else lines[0]
