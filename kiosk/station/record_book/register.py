"""What administrators type into the record books: a row each, entered into the chain; later corrected, never changed.

A typed row is an :class:`Action` of the record with its columns as facts, and a correction is a :class:`Correction`
that names it. So there is one owner (the journal's writer), the town gets and countersigns what was typed as it does
plays, and a row lasts as long as the record: ``[record] keep_days``, five years by default.
"""

import secrets
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from kiosk.common.messages import Message, mark
from kiosk.common.text import one_line
from kiosk.contract.records import Action, ClockState, Correction, Entryable
from kiosk.station.journal.plays import readable
from kiosk.station.record_book.table import Book

PREFIX = "book-"
"""How the ids of typed rows begin, and the names of their actions."""
WITHDRAWN = "withdrawn"
"""The field whose correction takes a row out of the book."""
MOST_TEXT, MOST_WORDS = 1_000, 200
"""Characters of a long text, and of any other."""
MOST_NUMBER = 100_000

Kind = Literal["day", "number", "text", "words"]
"""``text`` may be long. ``day`` is ``YYYY-MM-DD``."""


@dataclass(frozen=True)
class Column:
    """A column that is typed."""

    name: str
    title: str
    kind: Kind = "words"
    needed: bool = False


TYPED: dict[Book, tuple[Column, ...]] = {
    "feedback": (
        Column("day", mark("Day"), "day", needed=True),
        Column("whose", mark("From whom"), needed=True),
        Column("about", mark("About what")),
        Column("text", mark("What was said"), "text", needed=True),
        Column("done", mark("What was done about it"), "text"),
    ),
    "equipment": (
        Column("name", mark("Name"), needed=True),
        Column("model", mark("Model")),
        Column("specification", mark("Specification")),
        Column("quantity", mark("Quantity"), "number"),
        Column("day", mark("Bought on"), "day"),
        Column("bought_by", mark("Bought by")),
        Column("remark", mark("Remarks"), "text"),
    ),
    "roster": (
        Column("name", mark("Name"), needed=True),
        Column("group", mark("Group")),
        Column("telephone", mark("Telephone")),
        Column("day", mark("Since"), "day"),
        Column("remark", mark("Remarks"), "text"),
    ),
    "upkeep": (
        Column("day", mark("Day"), "day", needed=True),
        Column("device", mark("Device"), needed=True),
        Column("text", mark("What was done"), "text", needed=True),
        Column("next_day", mark("Next time on"), "day"),
        Column("remark", mark("Remarks"), "text"),
    ),
    "evidence": (
        Column("day", mark("Day"), "day", needed=True),
        Column("standard", mark("What is asked for"), needed=True),
        Column("text", mark("What was seen"), "text", needed=True),
    ),
}
"""The books that people write, and their columns."""
MONTHLY: frozenset[Book] = frozenset({"feedback", "upkeep"})
"""Books whose rows belong to the month of their day; of the others all rows stand in every month."""
_BY_ACTION = {f"{PREFIX}{book}": book for book in TYPED}


@dataclass(frozen=True)
class Corrected:
    """A field that is no longer what was typed first."""

    field: str
    was: str
    now: str
    by: str
    reason: str


@dataclass
class Entry:
    """A typed row as it is known today."""

    id: str
    book: Book
    at_ms: int
    by: str
    values: dict[str, str]
    corrections: list[Corrected] = field(default_factory=list)

    @property
    def withdrawn(self) -> bool:
        """Whether somebody took it out of the book, with a reason."""
        return bool(self.values.get(WITHDRAWN))


# --- what was typed ---


def tidy(book: Book, typed: Mapping[str, str]) -> dict[str, str]:
    """The columns of ``book`` among what was ``typed``, each on one line; empty ones are left out."""
    cut = {column.name: one_line(typed.get(column.name, "")) for column in TYPED[book]}
    return {name: text for name, text in cut.items() if text}


def problems(book: Book, values: Mapping[str, str]) -> dict[str, Message]:
    """What is wrong with the columns of a row, by their names; empty where it can be entered."""
    return {column.name: trouble for column in TYPED[book] if (trouble := _problem(column, values))}


def _problem(column: Column, values: Mapping[str, str]) -> Message | None:
    text = values.get(column.name, "")
    if not text:
        return Message(mark("This has to be filled in.")) if column.needed else None
    most = MOST_TEXT if column.kind == "text" else MOST_WORDS
    if len(text) > most:
        return Message(mark("This is longer than {most} characters; write it shorter."), {"most": str(most)})
    if column.kind == "day" and not is_day(text):
        return Message(mark("This is no date; write it as 2026-03-05."))
    if column.kind == "number" and not (
        text.isascii() and text.isdigit() and len(text) < 8 and int(text) <= MOST_NUMBER
    ):
        return Message(mark("This is no number from 0 to {most}."), {"most": str(MOST_NUMBER)})
    return None


def is_day(text: str) -> bool:
    """Whether it is a day of the calendar, as ``2026-03-05``."""
    try:
        return len(text) == 10 and 1970 < date.fromisoformat(text).year < 3000
    except ValueError:
        return False


def row(book: Book, values: Mapping[str, str], by: str, at_ms: int, clock: ClockState, name: str = "") -> Action:
    """The record of a new row. ``name`` makes its id: the same name twice is one row."""
    return Action(
        id=f"{PREFIX}{name or secrets.token_hex(16)}",
        at_ms=at_ms,
        by=by,
        action=f"{PREFIX}{book}",
        facts=dict(values),
        clock=clock,
    )


def correction(entry: str, name: str, value: str, by: str, reason: str, at_ms: int, made: str = "") -> Correction:
    """The record that column ``name`` of the row ``entry`` is to read ``value``."""
    made = f"correct-{made or secrets.token_hex(16)}"
    return Correction(id=made, at_ms=at_ms, by=by, corrects=entry, field=name, value=value, reason=reason)


# --- what stands ---


def entries(db: sqlite3.Connection, *books: Book) -> list[Entry]:
    """The typed rows of ``books``, or of all, in the order of their entering, as they were corrected since."""
    found: dict[str, Entry] = {}
    sql = "SELECT seq, record FROM entries WHERE id >= ? AND id < ? AND kind = 'action' ORDER BY seq"
    for record in _read(db.execute(sql, [PREFIX, PREFIX[:-1] + "."])):
        book = _BY_ACTION.get(record.action) if isinstance(record, Action) else None
        if isinstance(record, Action) and book and book in (books or TYPED):
            found[record.id] = Entry(record.id, book, record.at_ms, record.by, dict(record.facts))
    for record in _read(db.execute("SELECT seq, record FROM entries WHERE kind = 'correction' ORDER BY seq")):
        if isinstance(record, Correction) and (entry := found.get(record.corrects)):
            was = entry.values.get(record.field, "")
            entry.values[record.field] = record.value
            entry.corrections.append(Corrected(record.field, was, record.value, record.by, record.reason))
    return list(found.values())


def _read(rows: Iterable[tuple[int, bytes]]) -> Iterator[Entryable]:
    """Without what is damaged: `kiosk journal verify` tells of that."""
    return (record for seq, data in rows if (record := readable(bytes(data), seq)) is not None)
