"""What a table says before its days are settled: its date cells, and the rows that show something. Pure."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from kiosk.town.sheets.around import Days
from kiosk.town.sheets.durations import Length
from kiosk.town.sheets.grid import BLANK, Cell, Finding
from kiosk.town.sheets.times import Stretch

Tell = Callable[[Finding], None]


@dataclass
class DateCell:
    """A date cell, for all rows that take their date from it. ``days`` is None where it is not understood."""

    row: int
    column: int | None
    days: Days | None
    cell: Cell = BLANK
    chosen: tuple[date, ...] | None = None
    told: bool = False
    whole_week: bool = False
    """It stands for every day of a week."""
    called_off: bool = False
    """It says that nothing is shown then."""
    heading: bool = False
    """It stands in a line across the table, for the rows below."""


@dataclass
class Draft:
    """A row that shows something, before its days are settled."""

    row: int
    date: DateCell
    stretches: tuple[Stretch, ...]
    titles: tuple[str, ...]
    category: str | None
    length: Length
    audience: str | None
    note: str | None
    weekday: tuple[int, ...] = ()
    sound: bool = True
    """Whether every cell of it is understood."""
    places: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Where its cells stand, by role; rows and columns from 0."""


@dataclass
class Table:
    """What one table says."""

    drafts: list[Draft] = field(default_factory=list)
    dates: list[DateCell] = field(default_factory=list)
    """In the order of the sheet."""
    skipped_hidden: list[int] = field(default_factory=list)
