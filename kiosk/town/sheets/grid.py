"""A sheet as a grid of cells: values, what is wrong with a cell, merges, what is hidden. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Literal

from kiosk.common.messages import Message

Value = str | int | float | bool | date | datetime | time | timedelta | None
Trouble = Literal["", "formula", "error"]
"""Why a cell has no value that counts: a formula that was never calculated, or an error such as #REF!."""
MOST_SHOWN = 120
"""The most characters of a cell that a sentence quotes."""


@dataclass(frozen=True)
class Cell:
    """One cell. ``value`` is None for a blank one; ``format`` is the number format where it is known."""

    value: Value = None
    trouble: Trouble = ""
    source: str = ""
    """The formula, or the error as it is shown."""
    format: str = ""
    struck: bool = False

    @property
    def blank(self) -> bool:
        """Whether nothing stands in it."""
        return self.value is None and not self.trouble

    @property
    def text(self) -> str:
        """What a person sees in it, about."""
        return self.source if self.trouble else shown(self.value)


BLANK = Cell()


@dataclass(frozen=True)
class Merge:
    """A merged area, rows and columns from 0, both ends within."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass
class Grid:
    """A sheet of a workbook; rows and columns count from 0."""

    name: str
    rows: list[list[Cell]]
    merges: list[Merge] = field(default_factory=list)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    hidden: bool = False

    def __post_init__(self) -> None:
        self.width = max((len(row) for row in self.rows), default=0)
        self._covered = {place: merge for merge in self.merges for place in _places(merge)}

    def own(self, row: int, column: int) -> Cell:
        """What stands in the cell itself; blank where it is covered by a merged area that begins elsewhere."""
        if (
            0 <= row < len(self.rows)
            and 0 <= column < len(self.rows[row])
            and self.origin(row, column) == (row, column)
        ):
            return self.rows[row][column]
        return BLANK

    def origin(self, row: int, column: int) -> tuple[int, int]:
        """The cell that this one is merged with; the cell itself if with none."""
        merge = self._covered.get((row, column))
        return (merge.top, merge.left) if merge else (row, column)

    def filled(self, row: int) -> list[tuple[int, Cell]]:
        """The columns of a row in which something stands, with their cells."""
        cells = self.rows[row] if row < len(self.rows) else []
        return [(column, cell) for column, cell in enumerate(cells) if not cell.blank and self.own(row, column) is cell]

    def at(self, row: int, column: int) -> Cell:
        """What a person sees at the cell: that of its merged area, else its own."""
        return self.own(*self.origin(row, column))

    def merge_at(self, row: int, column: int) -> Merge | None:
        """The merged area that the cell is part of."""
        return self._covered.get((row, column))


@dataclass(frozen=True)
class Finding:
    """A problem or a warning: where, what stands there, what is wrong, and what to do. Row and column from 0."""

    sheet: str
    row: int | None
    column: int | None
    text: str
    message: Message
    remedy: Message

    @property
    def cell(self) -> str | None:
        """The cell's name, such as D14; None for the sheet or workbook as a whole."""
        return None if self.row is None or self.column is None else f"{letters(self.column)}{self.row + 1}"


def _places(merge: Merge) -> Iterator[tuple[int, int]]:
    for row in range(merge.top, merge.bottom + 1):
        for column in range(merge.left, merge.right + 1):
            yield row, column


def letters(column: int) -> str:
    """The name of a column: A for 0, AA for 26."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name


def shown(value: Value) -> str:
    """A value as text, cut short."""
    match value:
        case None:
            return ""
        case bool():
            return "TRUE" if value else "FALSE"
        case float() if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        case datetime():
            return value.isoformat(" ")
        case date() | time():
            return value.isoformat()
        case _:
            text = str(value)
            return text if len(text) <= MOST_SHOWN else text[:MOST_SHOWN] + "…"
