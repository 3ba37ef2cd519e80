"""The rows of the books that the kiosk derives from its record, and of those that people typed."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from kiosk.common.i18n import Language, day_name, translator
from kiosk.common.messages import mark
from kiosk.contract.instants import local_ms, to_utc
from kiosk.contract.records import Fault
from kiosk.contract.station import StationDocument
from kiosk.station.journal.plays import readable
from kiosk.station.record_book import power_log, register
from kiosk.station.record_book.moments import seqs_about
from kiosk.station.record_book.month import Month
from kiosk.station.record_book.register import TYPED, Entry
from kiosk.station.record_book.table import Book, Row

Translate = Callable[[str], str]

POSTS = {
    "A": mark("administrator A"),
    "B": mark("administrator B"),
    "secretary": mark("secretary"),
    "member": mark("party member"),
    "villager": mark("villager"),
}


def typed_rows(book: Book, typed: Sequence[Entry], month: Month, language: Language) -> Iterator[Row]:
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


def of_document(rows: Iterator[tuple[str, ...]]) -> Iterator[Row]:
    return (Row((*cells, "")) for cells in rows)


def equipment_of(document: StationDocument | None) -> Iterator[tuple[str, ...]]:
    for one in document.equipment if document else ():
        yield one.name, one.model, one.specification, str(one.quantity), one.bought or "", one.bought_by, ""


def people_of(document: StationDocument | None, language: Language) -> Iterator[tuple[str, ...]]:
    _ = translator(language)
    for one in document.people if document else ():
        yield one.name, _(POSTS[one.post]), one.telephone, "", ""


def _clock(instant: int, zone: ZoneInfo) -> str:
    return f"{to_utc(instant).astimezone(zone):%H:%M}"


def _hours(ms: int) -> str:
    return f"{ms // 3_600_000}:{ms // 60_000 % 60:02d}"


def running_rows(
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


def power_rows(runs: list[power_log.Running], month: Month, language: Language) -> Iterator[Row]:
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


def faults_of(db: sqlite3.Connection, month: Month) -> Iterator[Fault]:
    """The faults of the month as they stand last: found in it, or not repaired before it."""
    found: dict[str, Fault] = {}
    sql = "SELECT seq, record FROM entries WHERE seq <= ? AND kind = 'fault' ORDER BY seq"
    for seq, data in db.execute(sql, [seqs_about(db, month.begin_ms, month.end_ms)[1]]):
        if isinstance(record := readable(bytes(data), seq), Fault):
            found[record.fault] = record
    for one in found.values():
        if one.found_ms < month.end_ms and (one.cleared_ms is None or one.cleared_ms >= month.begin_ms):
            yield one


def fault_rows(
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
