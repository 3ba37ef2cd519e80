"""A month's sheet as the table that its officer knows: cells in colour, and the sentences beside."""

from collections.abc import Callable
from dataclasses import dataclass, field

from kiosk.common.messages import mark
from kiosk.town.sheets.child import Preview, SheetRead
from kiosk.town.sheets.grid import Finding, letters

Translate = Callable[[str], str]


@dataclass
class ShownCell:
    """One cell: its text, how far it spans, and whether it is ``bad``, ``odd`` or plain."""

    text: str
    state: str = ""
    rows: int = 1
    columns: int = 1


@dataclass
class ShownRow:
    """One row, its number in the sheet, and what is said of it."""

    number: int
    cells: list[ShownCell] = field(default_factory=list)
    said: list[tuple[str, str]] = field(default_factory=list)
    """State and sentence."""


@dataclass
class ShownTable:
    """One sheet."""

    name: str
    letters: list[str]
    rows: list[ShownRow]
    cut: bool


@dataclass(frozen=True)
class Problem:
    """A problem that can be mended in place: its cell, and what stands there."""

    finding: Finding
    text: str


def problems_of(read: SheetRead) -> list[Problem]:
    """The problems, each with what stands whole in its cell."""
    return [Problem(one, _whole(read, one)) for one in read.problems]


def tables(read: SheetRead, _: Translate) -> list[ShownTable]:
    """The sheets of a workbook as they are shown."""
    return [_table(preview, read, _) for preview in read.previews]


def _whole(read: SheetRead, finding: Finding) -> str:
    preview = next((one for one in read.previews if one.name == finding.sheet), None)
    row, column = finding.row, finding.column
    if preview is None or row is None or column is None or row >= len(preview.rows):
        return finding.text
    line = preview.rows[row]
    return line[column] if column < len(line) else finding.text


def _table(preview: Preview, read: SheetRead, _: Translate) -> ShownTable:
    found: dict[tuple[int, int], str] = {}
    said: dict[int, list[tuple[str, str]]] = {}
    for state, findings in (("odd", read.warnings), ("bad", read.problems)):
        for one in findings:
            if one.sheet == preview.name and one.row is not None and one.column is not None:
                found[one.row, one.column] = state
                text = one.message.render(_) + _(mark("; ")) + one.remedy.render(_)
                said.setdefault(one.row, []).insert(0, (state, f"{letters(one.column)}{one.row + 1}: {text}"))
    spans = {(top, left): (bottom - top + 1, right - left + 1) for top, left, bottom, right in preview.merges}
    covered = {
        (r, c)
        for top, left, bottom, right in preview.merges
        for r in range(top, bottom + 1)
        for c in range(left, right + 1)
    } - spans.keys()
    width = max((len(line) for line in preview.rows), default=0)
    rows = []
    for r, line in enumerate(preview.rows):
        row = ShownRow(r, said=said.get(r, []))
        for c in range(width):
            if (r, c) not in covered:
                high, wide = spans.get((r, c), (1, 1))
                text = line[c] if c < len(line) else ""
                high, wide = min(high, len(preview.rows) - r), min(wide, width - c)
                row.cells.append(ShownCell(text, found.get((r, c), ""), high, wide))
        rows.append(row)
    return ShownTable(preview.name, [letters(n) for n in range(width)], rows, preview.cut)
