"""The months as they are kept: a workbook comes in, cells are mended, columns named; no change is lost unseen."""

import re
import secrets
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, insert, select, update

from kiosk.common.messages import Message, mark
from kiosk.common.text import one_line
from kiosk.town.database.store import Store, audit, now_ms, put
from kiosk.town.months.schema import column_name, mend, month
from kiosk.town.sheets.child import Order, SheetRead
from kiosk.town.sheets.confined import marked_sheet, read_sheet
from kiosk.town.sheets.mending import NAMES, Mend, name_key

MOST_MENDS = 2_000
LONGEST_MEND = 2_000
"""Characters of a cell."""


PRESSED_TWICE_MS = 300_000
FIRST = 1
"""The revision of a month that just came in."""


class MonthError(Exception):
    """An order that makes no sense, or that somebody has overtaken; the message is for people, in their language."""

    def __init__(self, message: Message) -> None:
        super().__init__(message.text)
        self.message = message


class NoSuchMonth(MonthError):
    """There is no month of that id."""

    def __init__(self) -> None:
        super().__init__(Message(mark("This month is not here any more. Begin again with the list of months.")))


class Overtaken(MonthError):
    """Somebody has changed the month since the form was made; nothing is stored."""

    def __init__(self, by: str) -> None:
        text = mark("{name} has changed this month in the meantime. Nothing was stored: look at it again below.")
        super().__init__(Message(text, {"name": by}))


@dataclass(frozen=True)
class Month:
    """A month as it stands."""

    id: str
    revision: int
    month: str
    """``YYYY-MM``; empty where neither the sheet nor an officer says it."""
    file: str
    by: str
    made_ms: int
    changed_ms: int
    published_ms: int | None
    read: SheetRead

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return PurePath(self.file).stem


def listed(connection: Connection, most: int = 60) -> list[dict[str, Any]]:
    """The months, the newest first: ``id``, ``month``, ``file``, ``by``, ``changed_ms``, ``published_ms``."""
    names = ("id", "month", "file", "by", "changed_ms", "published_ms")
    question = select(*(month.c[name] for name in names)).order_by(month.c.made_ms.desc(), month.c.id).limit(most)
    return [dict(row) for row in connection.execute(question).mappings()]


def load(store: Store, ident: str) -> Month:
    """The month of that id. Raises :class:`NoSuchMonth`."""
    names = [name for name in month.c.keys() if name != "sheet"]  # noqa: SIM118  no mapping
    with store.read() as connection:
        row = (
            connection.execute(select(*(month.c[name] for name in names)).where(month.c.id == ident)).mappings().first()
        )
    if row is None:
        raise NoSuchMonth
    fields = {name: value for name, value in row.items() if name != "understood"}
    return Month(**fields, read=msgspec.json.decode(row["understood"], type=SheetRead))


def add(store: Store, data: bytes, file: str, by: str, of: str = "") -> str:
    """Take a workbook in; ``of`` is the month (``YYYY-MM``) where the officer says it. Gives the month's id.

    The very same workbook once more, while nothing is done with it yet, is the same month: somebody has pressed twice.
    """
    ident, now = secrets.token_hex(8), now_ms()
    same = select(month.c.id).where(month.c.by == by, month.c.revision == FIRST, month.c.sheet == data)
    file = _file_name(file)
    with store.read() as connection:
        if (before := connection.execute(same.where(month.c.made_ms > now - PRESSED_TWICE_MS)).scalar()) is not None:
            return str(before)
        names = names_of(connection, by)
    read = read_sheet(data, Order(0, PurePath(file).stem, of, (), names))
    stands = of or _month_of(read)
    row = {
        "id": ident,
        "revision": FIRST,
        "month": stands,
        "file": file,
        "by": by,
        "made_ms": now,
        "changed_ms": now,
        "sheet": data,
        "understood": msgspec.json.encode(read).decode(),
    }
    with store.write() as connection:
        connection.execute(insert(month).values(row))
        audit(connection, by, "month-sheet", stands or file, file)
    return ident


def replace_sheet(store: Store, ident: str, revision: int, data: bytes, file: str, by: str) -> None:
    """Take the workbook in the place of the month's; mends are forgotten. Raises :class:`MonthError`."""
    held = load(store, ident)
    file = _file_name(file)
    with store.read() as connection:
        names = names_of(connection, by)
    read = read_sheet(data, Order(0, PurePath(file).stem, held.month, (), names))
    with store.write() as connection:
        _overtake(connection, ident, revision, by, _read_columns(held, read) | {"sheet": data, "file": file})
        connection.execute(delete(mend).where(mend.c.month == ident))
        audit(connection, by, "month-sheet", held.month or file, file)


def set_month(store: Store, ident: str, revision: int, of: str, by: str) -> None:
    """Say which month the sheet is of. Raises :class:`MonthError`."""
    if not re.fullmatch(r"20[0-9]{2}-(0[1-9]|1[0-2])", of):
        raise MonthError(Message(mark("{month} is no month; write it as 2026-03"), {"month": of[:20]}))
    read, _ = _read_again(store, ident, by, of=of)
    with store.write() as connection:
        held = {"month": of, "understood": msgspec.json.encode(read).decode()}
        _overtake(connection, ident, revision, by, held)
        audit(connection, by, "month-of", of)


def mend_cells(store: Store, ident: str, revision: int, mends: Iterable[Mend], by: str) -> None:
    """Put texts in the place of cells. Raises :class:`MonthError`."""
    new = {(one.sheet, one.row, one.column): _sound(one) for one in mends}
    with store.read() as connection:
        held = {(one.sheet, one.row, one.column): one for one in mends_of(connection, ident)}
    held |= new
    if len(held) > MOST_MENDS:
        raise MonthError(Message(mark("These are too many mended cells; mend the workbook and upload it again.")))
    read, before = _read_again(store, ident, by, tuple(held.values()))
    now = now_ms()
    with store.write() as connection:
        _overtake(connection, ident, revision, by, _read_columns(before, read))
        for one in new.values():
            put(connection, mend, msgspec.structs.asdict(one) | {"month": ident, "by": by, "at_ms": now})
            place = f"{one.sheet} {one.row + 1}:{one.column + 1}"
            audit(connection, by, "month-mend", before.month or before.file, f"{place} {one.text[:200]}")


def name_columns(store: Store, ident: str, revision: int, roles: dict[str, str], by: str) -> None:
    """Remember for this officer what columns of these names hold, and read the sheet anew.

    A role is one of ``mending.NAMES``. Raises :class:`MonthError`.
    """
    if unknown := [role for role in roles.values() if role not in NAMES]:
        raise MonthError(Message(mark("{role} is no kind of column"), {"role": unknown[0][:20]}))
    with store.read() as connection:
        names = names_of(connection, by) | {name_key(name): role for name, role in roles.items()}
    read, before = _read_again(store, ident, by, names=names)
    with store.write() as connection:
        _overtake(connection, ident, revision, by, _read_columns(before, read))
        for name, role in roles.items():
            put(connection, column_name, {"who": by, "name": name_key(name), "role": role})
            audit(connection, by, "month-column", before.month or before.file, f"{name_key(name)}: {role}")


def published(connection: Connection, ident: str, revision: int, by: str) -> None:
    """Note that this revision of the month is published, in the same transaction. Raises :class:`MonthError`."""
    now = now_ms()
    _overtake(connection, ident, revision, by, {"published_ms": now, "changed_ms": now})


def marked_book(store: Store, ident: str, language: Any) -> bytes:
    """The workbook with what needs a person in colour and as comments. Raises :class:`MonthError`, SheetTrouble."""
    held = load(store, ident)
    with store.read() as connection:
        mends, names = tuple(mends_of(connection, ident)), names_of(connection, held.by)
        data = connection.execute(select(month.c.sheet).where(month.c.id == ident)).scalar_one()
    return marked_sheet(data, Order(0, held.name, held.month, mends, names, language))


def mends_of(connection: Connection, ident: str) -> list[Mend]:
    """The mended cells of a month."""
    found = connection.execute(select(mend).where(mend.c.month == ident).order_by(mend.c.at_ms))
    return [Mend(row.sheet, row.row, row.column, row.text) for row in found]


def names_of(connection: Connection, who: str) -> dict[str, str]:
    """What this officer's columns hold, by the key of their names."""
    found = connection.execute(select(column_name).where(column_name.c.who == who))
    return {row.name: row.role for row in found}


def _read_again(
    store: Store,
    ident: str,
    by: str,
    mends: tuple[Mend, ...] | None = None,
    names: dict[str, str] | None = None,
    of: str | None = None,
) -> tuple[SheetRead, Month]:
    held = load(store, ident)
    with store.read() as connection:
        data = connection.execute(select(month.c.sheet).where(month.c.id == ident)).scalar_one()
        mends = tuple(mends_of(connection, ident)) if mends is None else mends
        names = names_of(connection, held.by) | names_of(connection, by) if names is None else names
    return read_sheet(data, Order(0, held.name, held.month if of is None else of, mends, names)), held


def _overtake(connection: Connection, ident: str, revision: int, by: str, values: dict[str, Any]) -> None:
    """Write the month's next revision where ``revision`` is still the newest. Raises :class:`MonthError`."""
    change = update(month).where(month.c.id == ident, month.c.revision == revision)
    done = connection.execute(change.values({"changed_ms": now_ms()} | values | {"revision": revision + 1, "by": by}))
    if done.rowcount == 0:
        found = connection.execute(select(month.c.by).where(month.c.id == ident)).scalar()
        raise NoSuchMonth if found is None else Overtaken(found)


def _read_columns(held: Month, read: SheetRead) -> dict[str, Any]:
    return {"month": held.month or _month_of(read), "understood": msgspec.json.encode(read).decode()}


def _month_of(read: SheetRead) -> str:
    """The month of the sheet: that of most of its rows; without rows the one that it states."""
    counted = Counter(row.date[:7] for row in read.rows)
    return max(sorted(counted), key=counted.__getitem__) if counted else next(iter(read.months), "")


def _sound(one: Mend) -> Mend:
    if len(one.text) > LONGEST_MEND or len(one.sheet) > 200:
        raise MonthError(Message(mark("This is too long for a cell.")))
    return Mend(one.sheet, one.row, one.column, "".join(c for c in one.text if c >= " " or c == "\n"))


def _file_name(name: str) -> str:
    return one_line(PurePath(name.replace("\\", "/")).name)[-200:] or "sheet"
