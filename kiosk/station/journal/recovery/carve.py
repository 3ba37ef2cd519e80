"""Reads the rows of a broken SQLite file without SQLite: page by page, whatever has become of the tree around them.

A page that holds rows of a table says so in its first byte, and each row in it is whole in itself: so a row is lost
only with its own page. Read are the database and its write-ahead log, earlier states of a page among them. Format:
https://www.sqlite.org/fileformat2.html, sections 1.6 (pages), 1.5 (overflow), 2.1 (rows) and 4.1 (the log).
"""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

log = logging.getLogger(__name__)

Value = None | int | float | str | bytes
Row = tuple[int, list[Value]]
"""A row's number and its columns; a column that stands for the number itself is None."""

MAGIC = b"SQLite format 3\0"
PAGE_SIZE = 4096
"""Of a file whose head is gone: SQLite's own choice, and the journal's."""
WAL_HEAD, FRAME_HEAD = 32, 24
LEAF = 0x0D
"""First byte of a page that holds rows of a table."""
MOST_COLUMNS = 64
MOST_BYTES = 4 * 1024 * 1024
"""A row that claims more is none of the journal's."""


def carve(database: Path) -> Iterator[Row]:
    """Every row that can be read, of every table, the same one perhaps more than once and in more than one state.

    A file that cannot be opened or read has none.
    """
    size = _page_size(database)
    for path, first, step in (
        (database, 0, size),
        (database.with_name(database.name + "-wal"), WAL_HEAD, FRAME_HEAD + size),
    ):
        head = FRAME_HEAD if first else 0
        try:
            with path.open("rb") as file, database.open("rb") as pages:
                length = path.stat().st_size
                for at in range(first, length - step + 1, step):
                    file.seek(at + head)
                    page = file.read(size)
                    number = int.from_bytes(_at(file, at, 4)) if first else at // size + 1
                    yield from _rows(page, 100 if number == 1 else 0, _Overflow(pages, size))
        except FileNotFoundError:
            continue
        except OSError as error:
            log.warning("journal: %s cannot be read further: %s", path.name, error)


class _Overflow:
    """The rest of rows that are longer than a page takes, from the database's own pages."""

    def __init__(self, pages: BinaryIO, size: int) -> None:
        self._pages, self.size = pages, size

    def read(self, number: int, wanted: int) -> bytes:
        found = bytearray()
        while number and len(found) < wanted:
            page = _at(self._pages, (number - 1) * self.size, self.size)
            if len(page) < self.size:
                break
            number = int.from_bytes(page[:4])
            found += page[4:]
        return bytes(found[:wanted])


def _page_size(database: Path) -> int:
    try:
        with database.open("rb") as file:
            head = file.read(18)
    except OSError:
        return PAGE_SIZE
    size = int.from_bytes(head[16:18])
    fits = head.startswith(MAGIC) and 512 <= size <= 32_768 and size & (size - 1) == 0
    return size if fits else PAGE_SIZE


def _at(file: BinaryIO, offset: int, length: int) -> bytes:
    file.seek(offset)
    return file.read(length)


def _rows(page: bytes, start: int, overflow: _Overflow) -> Iterator[Row]:
    if len(page) < overflow.size or page[start] != LEAF:
        return
    count = int.from_bytes(page[start + 3 : start + 5])
    for place in range(start + 8, min(start + 8 + 2 * count, len(page) - 1), 2):
        try:
            yield _row(page, int.from_bytes(page[place : place + 2]), overflow)
        except (IndexError, ValueError):  # this row is damaged; the next one may not be
            continue


def _row(page: bytes, at: int, overflow: _Overflow) -> Row:
    length, at = _varint(page, at)
    number, at = _varint(page, at)
    if length > MOST_BYTES:
        raise ValueError(length)
    usable = overflow.size
    local = length
    if length > usable - 35:
        least = (usable - 12) * 32 // 255 - 23
        local = least + (length - least) % (usable - 4)
        local = local if local <= usable - 35 else least
    payload = page[at : at + local]
    if local < length:
        payload += overflow.read(int.from_bytes(page[at + local : at + local + 4]), length - local)
    if len(payload) < length:
        raise ValueError(length)
    return number, _columns(payload)


def _columns(payload: bytes) -> list[Value]:
    head, at = _varint(payload, 0)
    kinds: list[int] = []
    while at < head:
        kind, at = _varint(payload, at)
        kinds.append(kind)
    if at != head or len(kinds) > MOST_COLUMNS:
        raise ValueError(head)
    values: list[Value] = []
    for kind in kinds:
        value, at = _column(payload, at, kind)
        values.append(value)
    if at != len(payload):
        raise ValueError(at)
    return values


_INTEGERS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}
"""Bytes of an integer, by the kind of a column."""


def _column(payload: bytes, at: int, kind: int) -> tuple[Value, int]:
    if kind == 0:
        return None, at
    if kind in (8, 9):
        return kind - 8, at
    if kind in _INTEGERS:
        end = at + _INTEGERS[kind]
        return int.from_bytes(payload[at:end], signed=True), end
    if kind < 12:  # a float, which no table of the journal has, or a kind that is none
        raise ValueError(kind)
    end = at + (kind - 12) // 2
    if end > len(payload):
        raise ValueError(end)
    data = payload[at:end]
    return (data if kind % 2 == 0 else data.decode()), end


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for step in range(8):
        byte = data[at + step]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + step + 1
    return value << 8 | data[at + 8], at + 9
