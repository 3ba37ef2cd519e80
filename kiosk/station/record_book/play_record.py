"""The play record as a table that opens in Excel and WPS, in the columns that the county asks for (FIELD-NOTES.md).

Of people two columns, not one: ``12/3`` would become the third of December.
"""

import csv
import io
import json
import sqlite3
from collections.abc import Callable, Iterator
from datetime import date, datetime
from zoneinfo import ZoneInfo

from kiosk.common.i18n import Language, translator
from kiosk.common.messages import mark
from kiosk.contract.instants import to_utc
from kiosk.contract.records import Evidence, Outcome, Play
from kiosk.station.journal.amendments import Changed, Later, PutRight
from kiosk.station.journal.plays import readable

BOM = b"\xef\xbb\xbf"
"""Without it Excel takes Chinese in a CSV for another encoding."""

COLUMNS = (
    mark("No."), mark("Date"), mark("Start"), mark("End"), mark("Programme"), mark("Category"), mark("Source"),
    mark("Length"), mark("Planned / extra"), mark("Activity"), mark("Party members"), mark("Villagers"),
    mark("Put to use"), mark("Administrator"), mark("Remarks"), mark("Outcome"), mark("Evidence of a picture"),
    mark("Entry"),
)  # fmt: skip
OUTCOMES: dict[Outcome, str] = {
    "completed": mark("played to its end"),
    "stopped": mark("stopped"),
    "interrupted": mark("interrupted"),
    "failed": mark("failed"),
}
EVIDENCE: dict[Evidence, str] = {
    "none": mark("no evidence"),
    "link": mark("screen connected"),
    "cec": mark("screen says that it is on"),
    "person": mark("seen by a person"),
}
UNHEARD = {
    "none": mark("not heard: there was no sound device"),
    "null": mark("not heard: no loudspeaker, or the PC was muted"),
}
FIELDS = {"actual_start_ms": mark("Start"), "actual_end_ms": mark("End"), "title": mark("Programme")}
"""What people call the fields that are put right most."""

Days = tuple[date | None, date | None]
"""From and to, both included."""


def play_sheet(db: sqlite3.Connection, zone: ZoneInfo, days: Days, language: Language) -> Iterator[bytes]:
    """The play record as CSV, piece by piece."""
    yield BOM + _line([translator(language)(column) for column in COLUMNS])
    later, number = Later(db), 0
    for seq, data in db.execute("SELECT seq, record FROM entries WHERE kind = 'play' ORDER BY seq"):
        play = readable(bytes(data), seq)
        if not isinstance(play, Play):
            number += 1
            yield _line(_unreadable(number, seq, translator(language)))
            continue
        right = later.put_right(seq, play)
        if _within(_local(right.play.actual_start_ms, zone).date(), days):
            number += 1
            yield _line(_cells(number, right, zone, translator(language)))


def raw_entries(db: sqlite3.Connection, zone: ZoneInfo, days: Days) -> Iterator[bytes]:
    """The entries as they stand in the chain, one JSON object a line, their records byte for byte.

    With ``days``, from the first entry of those days to the last, without a gap: so that they still are a chain.
    """
    first, last = _span(db, zone, days) if any(days) else (0, None)
    sql = "SELECT seq, hash, record FROM entries WHERE seq >= ? AND seq <= coalesce(?, seq) ORDER BY seq"
    for seq, digest, data in db.execute(sql, [first, last]):
        yield b'{"hash":"%s","record":%s,"seq":%d}\n' % (digest.encode(), data, seq)


def _span(db: sqlite3.Connection, zone: ZoneInfo, days: Days) -> tuple[int, int]:
    found = [
        seq
        for seq, data in db.execute("SELECT seq, record FROM entries ORDER BY seq")
        if (moment := _moment(data)) is not None and _within(_local(moment, zone).date(), days)
    ]
    return (found[0], found[-1]) if found else (1, 0)


def _moment(data: bytes) -> int | None:
    """When what a record tells was, in UTC ms; None where it cannot be read."""
    try:
        record = json.loads(data)
    except ValueError:
        return None
    names = ("actual_start_ms", "at_ms", "start_ms", "cleared_ms", "found_ms")
    return next((value for name in names if isinstance(value := record.get(name), int)), None)


def _within(day: date, days: Days) -> bool:
    first, last = days
    return (first is None or first <= day) and (last is None or day <= last)


def _local(instant: int, zone: ZoneInfo) -> datetime:
    return to_utc(instant).astimezone(zone)


def _cells(number: int, right: PutRight, zone: ZoneInfo, _: Callable[[str], str]) -> list[str]:
    play, there = right.play, right.attendance
    start, end = _local(play.actual_start_ms, zone), _local(play.actual_end_ms, zone)
    planned = play.origin in ("slot", "filler")
    return [
        str(number),
        start.strftime("%Y-%m-%d"),
        start.strftime("%H:%M:%S"),
        end.strftime("%H:%M:%S"),
        play.title,
        play.category,
        play.source,
        _length(play.played_ms),
        _("planned") if planned else _("extra"),
        play.occasion,
        str(there.present) if there else "",
        str(there.others) if there else "",
        there.remark if there else "",
        there.by if there else "",
        _("; ").join(_remarks(right, zone, _)),
        _(OUTCOMES[play.outcome]),
        _(EVIDENCE[play.screen_evidence]),
        str(right.seq),
    ]


def _unreadable(number: int, seq: int, _: Callable[[str], str]) -> list[str]:
    """A play that is there, and of which nothing is known: whichever days are asked for."""
    cells = {COLUMNS[0]: str(number), COLUMNS[14]: _("this entry cannot be read"), COLUMNS[-1]: str(seq)}
    return [cells.get(column, "") for column in COLUMNS]


def _length(milliseconds: int) -> str:
    minutes, seconds = divmod(round(milliseconds / 1000), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"


def _remarks(right: PutRight, zone: ZoneInfo, _: Callable[[str], str]) -> Iterator[str]:
    play = right.play
    if play.practice:
        yield _("practice, not counted")
    if play.cause:
        yield play.cause
    if play.continues:
        yield _("goes on after an interruption")
    if play.muted:
        yield _("without sound")
    elif play.sound in UNHEARD:
        yield _(UNHEARD[play.sound])
    if play.clock == "untrusted" and not any(change.field in FIELDS and not change.reason for change in right.changes):
        yield _("the clock could not be trusted")
    for change in right.changes:
        yield _changed(change, zone, _)


def _changed(change: Changed, zone: ZoneInfo, _: Callable[[str], str]) -> str:
    field, was = _(FIELDS[change.field]) if change.field in FIELDS else change.field, str(change.was)
    if change.field.endswith("_ms") and isinstance(change.was, int):
        was = _local(change.was, zone).strftime("%Y-%m-%d %H:%M:%S")
    if not change.reason:
        return _("{field} by the wrong clock: {was}").format(field=field, was=was)
    why = {"field": field, "was": was, "now": change.now, "by": change.by, "reason": change.reason}
    return _("{field} corrected from {was} to {now} by {by}: {reason}").format(**why)


def _line(cells: list[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerow([_harmless(cell) for cell in cells])
    return text.getvalue().encode()


def _harmless(cell: str) -> str:
    """A text that a spreadsheet does not take for a formula (OWASP, CSV injection)."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")) else cell
