"""The play record as a table that opens in Excel and WPS, in the columns that the county asks for (FIELD-NOTES.md).

Of people two columns, not one: ``12/3`` would become the third of December.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from kiosk.common.causes import cause_text, why_text
from kiosk.common.i18n import Language, translator
from kiosk.common.messages import mark
from kiosk.common.occasions import occasion_text
from kiosk.common.planned import Accepted, NotShown
from kiosk.common.spreadsheet import BOM, csv_line
from kiosk.contract.instants import FAR_MS, to_ms, to_utc
from kiosk.contract.records import Evidence, Outcome, Play
from kiosk.station.journal.amendments import Changed, Later, PutRight
from kiosk.station.journal.plays import readable
from kiosk.station.record_book.moments import moment, seqs_about
from kiosk.station.record_book.not_shown import find_not_shown

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
WORDS: dict[tuple[str, object], str] = {
    **{("outcome", key): text for key, text in OUTCOMES.items()},
    **{("screen_evidence", key): text for key, text in EVIDENCE.items()},
}
"""Values of fields that the record holds as a key."""
FIELDS = {
    "actual_start_ms": mark("Start"),
    "actual_end_ms": mark("End"),
    "planned_start_ms": mark("Planned start"),
    "planned_end_ms": mark("Planned end"),
    "played_ms": mark("Length"),
    "title": mark("Programme"),
    "category": mark("Category"),
    "source": mark("Source"),
    "occasion": mark("Activity"),
    "outcome": mark("Outcome"),
    "cause": mark("Remarks"),
    "screen_evidence": mark("Evidence of a picture"),
    "muted": mark("Muted"),
    "volume": mark("Volume"),
    "practice": mark("Practice"),
    "present": mark("Party members"),
    "others": mark("Villagers"),
    "expected": mark("Expected"),
    "on_leave": mark("On leave"),
    "remark": mark("Put to use"),
    "by": mark("Administrator"),
}
"""What people call the fields that are put right; another one is named as the record names it."""
_TIMES = ("actual_start_ms", "actual_end_ms")

Days = tuple[date | None, date | None]
"""From and to, both included."""


def play_sheet(
    db: sqlite3.Connection, zone: ZoneInfo, days: Days, language: Language, plans: Iterable[Accepted] = ()
) -> Iterator[bytes]:
    """The play record as CSV, piece by piece: the plays, and among them what ``plans`` promised and was not shown."""
    _ = translator(language)
    yield BOM + csv_line([_(column) for column in COLUMNS])
    for cells in play_rows(db, zone, days, language, plans):
        yield csv_line(cells)


def play_rows(
    db: sqlite3.Connection, zone: ZoneInfo, days: Days, language: Language, plans: Iterable[Accepted] = ()
) -> Iterator[list[str]]:
    """The rows of the play record, each a text for every one of :data:`COLUMNS`."""
    reach = _reach(days, zone)
    missing = [one for one in find_not_shown(db, plans, reach) if _within(_local(one.start_ms, zone).date(), days)]
    missing.reverse()
    number = 0
    for start_ms, cells in _play_rows(db, zone, days, language):
        while missing and missing[-1].start_ms < start_ms:
            number += 1
            yield [str(number), *_not_shown(missing.pop(), zone, language)]
        number += 1
        yield [str(number), *cells]
    while missing:
        number += 1
        yield [str(number), *_not_shown(missing.pop(), zone, language)]


def _reach(days: Days, zone: ZoneInfo) -> tuple[int, int]:
    """The instants (UTC ms) between which ``days`` lie."""
    first, last = days
    begin = to_ms(datetime.combine(first, time(), zone)) if first else 0
    end = to_ms(datetime.combine(last + timedelta(days=1), time(), zone)) if last else FAR_MS
    return begin, end


def _play_rows(
    db: sqlite3.Connection, zone: ZoneInfo, days: Days, language: Language
) -> Iterator[tuple[int, list[str]]]:
    """Each play with its start (UTC ms) and its cells behind the number; one that cannot be read goes before all."""
    later, (first, last) = Later(db), seqs_about(db, *_reach(days, zone))
    sql = "SELECT seq, record FROM entries WHERE seq >= ? AND seq <= ? AND kind = 'play' ORDER BY seq"
    for seq, data in db.execute(sql, [first, last]):
        play = readable(bytes(data), seq)
        if not isinstance(play, Play):
            yield 0, _unreadable(seq, translator(language))
            continue
        right = later.put_right(seq, play)
        if _within(_local(right.play.actual_start_ms, zone).date(), days):
            yield right.play.actual_start_ms, _cells(right, zone, language)


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
        if (at_ms := moment(bytes(data))) is not None and _within(_local(at_ms, zone).date(), days)
    ]
    return (found[0], found[-1]) if found else (1, 0)


def _within(day: date, days: Days) -> bool:
    first, last = days
    return (first is None or first <= day) and (last is None or day <= last)


def _local(instant: int, zone: ZoneInfo) -> datetime:
    return to_utc(instant).astimezone(zone)


def _cells(right: PutRight, zone: ZoneInfo, language: Language) -> list[str]:
    _ = translator(language)
    play, there = right.play, right.attendance
    start, end = _local(play.actual_start_ms, zone), _local(play.actual_end_ms, zone)
    planned = play.origin in ("slot", "filler")
    return [
        start.strftime("%Y-%m-%d"),
        start.strftime("%H:%M:%S"),
        end.strftime("%H:%M:%S"),
        play.title,
        play.category,
        play.source,
        _length(play.played_ms),
        _("planned") if planned else _("extra"),
        occasion_text(play.occasion, language),
        str(there.present) if there else "",
        str(there.others) if there else "",
        there.remark if there else "",
        there.by if there else "",
        _("; ").join(_remarks(right, zone, language)),
        _(OUTCOMES[play.outcome]) if _was_seen(play) else _("not shown"),
        _(EVIDENCE[play.screen_evidence]),
        str(right.seq),
    ]


def _was_seen(play: Play) -> bool:
    return play.actual_end_ms > play.actual_start_ms or play.played_ms > 0 or play.pictures_shown > 0


def _not_shown(row: NotShown, zone: ZoneInfo, language: Language) -> list[str]:
    """What was planned and not shown: its planned times, why, and no entry of the record."""
    _ = translator(language)
    start, end = _local(row.start_ms, zone), _local(row.end_ms, zone)
    lost = any(why.reason == "record-lost" for why in row.why)
    cells = {
        "Date": start.strftime("%Y-%m-%d"),
        "Start": start.strftime("%H:%M:%S"),
        "End": end.strftime("%H:%M:%S"),
        "Programme": _("; ").join(one.title for one in row.programmes),
        "Category": _("; ").join(dict.fromkeys(one.category for one in row.programmes if one.category)),
        "Source": _("; ").join(dict.fromkeys(one.source for one in row.programmes if one.source)),
        "Length": _length(0),
        "Planned / extra": _("planned"),
        "Activity": occasion_text(row.slot.occasion, language),
        "Remarks": _("; ").join(why_text(why, language) for why in row.why),
        "Outcome": _("not known whether it was shown") if lost else _("not shown"),
    }
    return [cells.get(column, "") for column in COLUMNS[1:]]


def _unreadable(seq: int, _: Callable[[str], str]) -> list[str]:
    """A play that is there, and of which nothing is known: whichever days are asked for."""
    cells = {"Remarks": _("this entry cannot be read"), "Entry": str(seq)}
    return [cells.get(column, "") for column in COLUMNS[1:]]


def _length(milliseconds: int) -> str:
    minutes, seconds = divmod(round(milliseconds / 1000), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"


def _remarks(right: PutRight, zone: ZoneInfo, language: Language) -> Iterator[str]:
    _ = translator(language)
    play = right.play
    if play.practice:
        yield _("practice, not counted")
    if play.cause:
        yield cause_text(play.cause, language)
    if play.continues:
        yield _("goes on after an interruption")
    if play.muted:
        yield _("without sound")
    elif play.sound in UNHEARD:
        yield _(UNHEARD[play.sound])
    if play.clock == "untrusted" and not any(change.field in _TIMES and not change.reason for change in right.changes):
        yield _("the clock could not be trusted")
    for change in right.changes:
        yield _changed(change, zone, language)


def _changed(change: Changed, zone: ZoneInfo, language: Language) -> str:
    _ = translator(language)
    field = _(FIELDS.get(change.field, change.field))
    was, now = (_value(change.field, value, zone, language) for value in (change.was, change.now))
    if not change.reason:
        return _("{field} by the wrong clock: {was}").format(field=field, was=was)
    why = {"field": field, "was": was, "now": now, "by": change.by, "reason": change.reason}
    return _("{field} corrected from {was} to {now} by {by}: {reason}").format(**why)


def _value(field: str, value: Any, zone: ZoneInfo, language: Language) -> str:
    """The value of a field as people read it."""
    _ = translator(language)
    if value is None or value == "":
        return _("nothing")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if field == "played_ms" and isinstance(value, int):
        return _length(value)
    if field.endswith("_ms") and isinstance(value, int):
        return _local(value, zone).strftime("%Y-%m-%d %H:%M:%S")
    if field == "cause":
        return cause_text(str(value), language)
    return _(WORDS.get((field, value), str(value)))
