"""What stands in a workbook beside its values: merges, formulas, errors, formats, what is hidden; and its limits."""

from dataclasses import dataclass, field

from kiosk.common.messages import mark
from kiosk.town.sheets.formats import Unreadable
from kiosk.town.sheets.grid import Merge, Trouble, letters

MOST_ROWS, MOST_COLUMNS = 5_000, 120
"""The most of a sheet in which something may stand: a month's plan has a hundred rows and a dozen columns."""
MOST_MERGED = 200_000
"""The most cells of all merged areas of a sheet."""


@dataclass
class Structure:
    """Of one sheet; rows and columns from 0."""

    hidden: bool = False
    merges: list[Merge] = field(default_factory=list)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    troubles: dict[tuple[int, int], tuple[Trouble, str]] = field(default_factory=dict)
    formats: dict[tuple[int, int], str] = field(default_factory=dict)
    struck: set[tuple[int, int]] = field(default_factory=set)
    far: str = ""
    """A cell beyond the limits; the sheet is not read then."""

    def reach(self, row: int, column: int) -> bool:
        """Note that something stands in a cell; whether it is within the limits."""
        if row < MOST_ROWS and column < MOST_COLUMNS:
            return True
        self.far = self.far or f"{letters(column)}{row + 1}"
        return False

    def add_merge(self, top: int, left: int, bottom: int, right: int) -> None:
        """Add a merged area, as far as it lies within the limits."""
        bottom, right = min(bottom, MOST_ROWS - 1), min(right, MOST_COLUMNS - 1)
        if top <= bottom and left <= right and (top, left) != (bottom, right):
            self.merges.append(Merge(top, left, bottom, right))

    def check(self, name: str) -> None:
        """Raises :class:`Unreadable` for a sheet beyond the limits."""
        if self.far:
            raise Unreadable(
                mark('sheet "{sheet}": something stands in {cell}, far off the table'),
                mark("delete the rows below and the columns right of the table, and save it"),
                sheet=name,
                cell=self.far,
            )
        if sum((m.bottom - m.top + 1) * (m.right - m.left + 1) for m in self.merges) > MOST_MERGED:
            raise Unreadable(
                mark('sheet "{sheet}" has too many merged cells'),
                mark("copy the table into a new workbook"),
                sheet=name,
            )
