"""The process that reads one workbook: whatever the file does to its reader, only this process is lost.

One line of JSON (:class:`Order`) and then the file come on standard input, the answer goes out on standard output. It
is confined before it looks at the file: no network, no other file, limits on time and memory. The argument is its own
folder, for temporary files.
"""

import os
import resource
import sys
from datetime import date
from pathlib import Path

import msgspec

from kiosk.common.i18n import Language, translator
from kiosk.common.launcher import NOT_CONFINED
from kiosk.common.messages import Message, mark
from kiosk.common.sandbox import Reach, confine, is_too_weak
from kiosk.town.sheets.formats import Unreadable
from kiosk.town.sheets.grid import Cell, Finding, Grid
from kiosk.town.sheets.holidays import holiday
from kiosk.town.sheets.marking import marked
from kiosk.town.sheets.mending import Mend, UnknownColumn, mended, unknown_columns
from kiosk.town.sheets.reading import read_bytes
from kiosk.town.sheets.rows import Row
from kiosk.town.sheets.sheet import Reading, read_grids
from kiosk.town.sheets.titles import LONGEST

SECONDS = 10
"""Of the processor, for one workbook."""
MOST_MEMORY = 300 << 20
"""Of data, in bytes."""
MOST_SHEETS, MOST_PREVIEW_ROWS, MOST_PREVIEW_COLUMNS = 12, 600, 40
"""How much of a workbook is shown; all of it is read."""


class Order(msgspec.Struct, frozen=True):
    """What to do with the ``size`` bytes that follow."""

    size: int
    name: str
    """Of the file, without its ending: it may state the month."""
    month: str = ""
    """``YYYY-MM`` where the officer has said it."""
    mends: tuple[Mend, ...] = ()
    names: dict[str, str] = {}
    mark: Language | None = None
    """Answer with the marked workbook in this language, in place of what was read."""
    file: str = ""
    """What a problem of the whole file calls it; empty: by its name."""

    @property
    def called(self) -> str:
        """What a problem of the whole file calls it."""
        return self.file or self.name


class Preview(msgspec.Struct, frozen=True):
    """A sheet as a person sees it: its texts, and its merged areas as top, left, bottom, right."""

    name: str
    rows: list[list[str]]
    merges: list[tuple[int, int, int, int]]
    cut: bool = False
    """There is more than is shown."""


class SheetRead(msgspec.Struct, frozen=True):
    """What was read of a workbook, mends in place."""

    previews: list[Preview]
    rows: list[Row]
    problems: list[Finding]
    warnings: list[Finding]
    months: list[str]
    unknown: list[UnknownColumn] = []


def main() -> None:
    """Do one order."""
    order = msgspec.json.decode(sys.stdin.buffer.readline(), type=Order)
    data = sys.stdin.buffer.read(order.size)
    translate = translator(order.mark or "zh")
    holiday(date(2026, 1, 1))
    resource.setrlimit(resource.RLIMIT_DATA, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    if trouble := confine(Reach(folder=Path(sys.argv[1]))):
        print(trouble, file=sys.stderr, flush=True)  # noqa: T201  the parent writes it into its log
        if is_too_weak(trouble):
            os._exit(NOT_CONFINED)
    grids, reading = _read(data, order)
    if order.mark:
        answer = marked(data, grids, reading, translate, order.mends)
    else:
        answer = msgspec.json.encode(_told(grids, reading))
    sys.stdout.buffer.write(answer)
    sys.stdout.buffer.flush()
    os._exit(0)


def _read(data: bytes, order: Order) -> tuple[list[Grid], Reading]:
    try:
        grids = read_bytes(data, order.name)
    except Unreadable as error:
        return [], Reading(problems=[Finding("", None, None, order.called, error.message, error.remedy)])
    except MemoryError:
        message = Message(mark("the workbook is far larger inside than a plan can be"))
        remedy = Message(mark("copy the table alone into a new workbook, and save that"))
        return [], Reading(problems=[Finding("", None, None, order.called, message, remedy)])
    month = date.fromisoformat(order.month + "-01") if order.month else None
    grids = mended(grids, order.mends, order.names)
    return grids, read_grids(grids, holiday, order.name, month)


def _told(grids: list[Grid], reading: Reading) -> SheetRead:
    return SheetRead(
        previews=[_preview(grid) for grid in grids[:MOST_SHEETS] if not grid.hidden],
        rows=reading.rows,
        problems=reading.problems,
        warnings=reading.warnings,
        months=reading.months,
        unknown=unknown_columns(grids),
    )


def _preview(grid: Grid) -> Preview:
    width = 1 + max((n for line in grid.rows for n, cell in enumerate(line) if not cell.blank), default=-1)
    height = 1 + max((n for n, line in enumerate(grid.rows) if any(not cell.blank for cell in line)), default=-1)
    shown = range(min(height, MOST_PREVIEW_ROWS))
    columns = range(min(width, MOST_PREVIEW_COLUMNS))
    rows = [[_text(grid.own(r, c)) for c in columns] for r in shown]
    merges = [(m.top, m.left, m.bottom, m.right) for m in grid.merges if m.top in shown and m.left in columns]
    return Preview(grid.name, rows, merges, height > len(shown) or width > len(columns))


def _text(cell: Cell) -> str:
    """As ``cell.text``, but longer: it is there to be mended."""
    return cell.value[:LONGEST] if isinstance(cell.value, str) else cell.text


if __name__ == "__main__":
    main()
