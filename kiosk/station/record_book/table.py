"""A table of the record books as page, workbook and paper show it: headings and rows of text. Pure."""

from dataclasses import dataclass
from typing import Literal

from kiosk.common.messages import mark

Book = Literal["viewing", "feedback", "equipment", "running", "roster", "upkeep", "power", "faults", "evidence"]

TITLES: dict[Book, str] = {
    "viewing": mark("Viewing record"),
    "feedback": mark("Feedback record"),
    "equipment": mark("Equipment register"),
    "running": mark("Running record of the equipment"),
    "roster": mark("Roster of learners"),
    "upkeep": mark("Upkeep log"),
    "power": mark("Power-on log"),
    "faults": mark("Fault and repair record"),
    "evidence": mark("What inspectors ask for, as seen"),
}
"""The five books of the county (四簿一册), and what stands behind them."""
BOOKS: tuple[Book, ...] = tuple(TITLES)


@dataclass(frozen=True)
class Row:
    """One line. ``entry`` is the record that somebody typed and can correct; empty for what the kiosk wrote itself."""

    cells: tuple[str, ...]
    entry: str = ""
    was: tuple[str, ...] = ()
    """What was corrected, in words: from what, by whom, and why."""
    withdrawn: bool = False


@dataclass(frozen=True)
class Table:
    """A book for one month, in one language."""

    book: Book
    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...] = ()
    remark: str = ""
    """What a reader has to know of it."""

    @property
    def counted(self) -> tuple[Row, ...]:
        """The rows that stand: without the withdrawn."""
        return tuple(row for row in self.rows if not row.withdrawn)
