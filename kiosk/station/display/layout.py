"""Which rows of the poster stand on which page, in which size of letters: today, then the week, then the month.

No row is left out and no title is cut: there are as many pages as it takes. A day of the week is never split over
columns or pages unless it alone fills more than one. Of the layouts with the fewest pages the one with the largest
letters is taken.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from math import ceil

from msgspec import structs

from kiosk.common.i18n import translator
from kiosk.station.display.lettering import text_width, wrap
from kiosk.station.display.marks import Moment
from kiosk.station.display.poster import Poster, PosterDay, PosterRow

LARGEST, SMALLEST = 1 / 15, 1 / 26
"""Height of the table's letters as a part of the picture's shorter side; the smallest is what five metres allow: 20 mm
on a 43 inch screen (53 cm high), 4 mm for each metre."""
ROW = 1 / 20
"""The least height of a row."""
SIZES = 8
"""Tries between the largest letters and the smallest."""
MARK_ROOM = 0.26
"""The part of a row that marks may take at most."""
SHORTEST = 9
"""Characters that a line of a title has room for at least."""


@dataclass(frozen=True)
class Line:
    """A row of the table, or a part of one that is higher than a page; ``lines`` and ``mark`` as they are drawn."""

    row: PosterRow
    lines: tuple[str, ...]
    mark: tuple[str, ...]

    @property
    def rows(self) -> int:
        """Lines of text, one above the other."""
        return max(1, len(self.lines), len(self.mark))


@dataclass(frozen=True)
class Block:
    """A day's name with its rows, or some of them."""

    day: PosterDay
    name: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Measure:
    """Sizes of one try, in pixels."""

    size: int
    line: int
    """From one line of text to the next."""
    columns: int
    column: int
    times: int
    """Width of the column of times."""
    marks: int
    """Width of the column of marks; 0 where there are none."""

    @property
    def titles(self) -> int:
        """Width of the column of titles."""
        return self.column - self.times - self.marks

    @property
    def gap(self) -> int:
        """Between one day and the next."""
        return self.size // 3

    @property
    def name(self) -> int:
        """Height of a day's name."""
        return self.line + self.size // 3

    def height(self, line: Line) -> int:
        """Of a row."""
        return line.rows * self.line + self.size // 8


@dataclass(frozen=True)
class Page:
    """Columns of blocks, as they are drawn."""

    measure: Measure
    columns: tuple[tuple[Block, ...], ...]


def pages(poster: Poster, width: int, height: int, short: int) -> tuple[Page, ...]:
    """The pages of a poster whose table may take ``width`` x ``height`` pixels; one without a table where it has none.

    ``short`` is the shorter side of the picture.
    """
    today = [day for day in poster.days if day.today]
    week = [*poster.days] if len(poster.days) > 1 else []
    sections = [today, [_plan_only(day) for day in week] + _recommended(poster), [*poster.month]]
    found = [page for days in sections if days for page in _best(poster, days, width, height, short)]
    return tuple(found) or (Page(next(_measures([], width, short)), ()),)


def _plan_only(day: PosterDay) -> PosterDay:
    """The day as it stands in the week: what became of its slots is told on its own page."""
    return structs.replace(day, rows=tuple(structs.replace(row, mark="", moment=_as_planned(row)) for row in day.rows))


def _as_planned(row: PosterRow) -> Moment:
    return "past" if row.over else "now" if row.moment == "now" else "to-come"


def _recommended(poster: Poster) -> list[PosterDay]:
    """Recommended titles as a block of their own behind the week."""
    _ = translator(poster.language)
    rows = tuple(PosterRow(times="", titles=(title,)) for title in poster.recommended)
    return [PosterDay(name=_("Also recommended"), date="", rows=rows)] if rows else []


def _best(poster: Poster, days: list[PosterDay], width: int, height: int, short: int) -> list[Page]:
    """The layout with the fewest pages; of those, the one with the largest letters, and of those the fewest columns."""
    found: list[Page] = []
    for _, tries in groupby(_measures(days, width, short), lambda measure: measure.size):
        best = min((_flow(poster, days, measure, height) for measure in tries), key=len)
        if found and len(best) > len(found):
            break
        found = best
    return found


def _measures(days: list[PosterDay], width: int, short: int) -> Iterator[Measure]:
    """From small letters to large; of one size, one column before several."""
    smallest, largest = ceil(short * SMALLEST), int(short * LARGEST)
    marks = {row.mark for day in days for row in day.rows if row.mark}
    timed = any(row.times for day in days for row in day.rows)
    own_page = any(row.mark for day in days for row in day.rows) or len(days) == 1
    for size in range(smallest, largest + 1, max(1, (largest - smallest) // SIZES)):
        line = max(ceil(short * ROW), size * 4 // 3)
        times = text_width("00:00–00:00", size) + size if timed else 0
        for columns in (1,) if own_page else (1, 2, 3):
            column = (width - (columns - 1) * size) // columns
            widest = max((text_width(text, size) for text in marks), default=0)
            room = min(widest, int(column * MARK_ROOM)) + size if marks else 0
            if columns == 1 or column - times - room >= SHORTEST * size:
                yield Measure(size, line, columns, column, times, room)


def _flow(poster: Poster, days: list[PosterDay], measure: Measure, height: int) -> list[Page]:
    """The days in columns of ``height``, as many pages as it takes."""
    columns: list[list[Block]] = [[]]
    free = height
    for day in days:
        block = Block(day, day.name, tuple(_line(poster, row, measure) for row in day.rows))
        for part in _parts(poster, block, measure, height):
            needed = _block_height(part, measure) + (measure.gap if columns[-1] else 0)
            if needed > free and columns[-1]:
                columns.append([])
                free, needed = height, needed - measure.gap
            columns[-1].append(part)
            free -= needed
    n = measure.columns
    return [Page(measure, tuple(map(tuple, columns[at : at + n]))) for at in range(0, len(columns), n)]


def _block_height(block: Block, measure: Measure) -> int:
    rows = sum(map(measure.height, block.lines)) or measure.line
    return measure.name + rows


def _parts(poster: Poster, block: Block, measure: Measure, height: int) -> Iterator[Block]:
    """The block whole; in parts, each with the day's name, where it alone fills more than a column."""
    if _block_height(block, measure) <= height:
        yield block
        return
    _ = translator(poster.language)
    room = height - measure.name
    part: list[Line] = []
    name = block.name
    for line in _short_lines(block.lines, measure, room):
        if part and sum(map(measure.height, part)) + measure.height(line) > room:
            yield replace(block, name=name, lines=tuple(part))
            name, part = _("{day} (continued)").format(day=block.name), []
        part.append(line)
    yield replace(block, name=name, lines=tuple(part))


def _short_lines(lines: Iterable[Line], measure: Measure, room: int) -> Iterator[Line]:
    """The rows; one that is higher than ``room`` in parts."""
    most = max(1, (room - measure.size // 8) // measure.line)
    for line in lines:
        for at in range(0, line.rows, most):
            yield replace(line, lines=line.lines[at : at + most], mark=line.mark[at : at + most])


def _line(poster: Poster, row: PosterRow, measure: Measure) -> Line:
    """Occasion and titles, in full; the category only where it costs no line."""
    text = titles(poster, row.titles)
    if row.occasion:
        text = f"{row.occasion}{'：' if poster.language == 'zh' else ': '}{text}"
    lines = wrap(text, measure.size, measure.titles)
    with_category = f"{lines[-1]}  {row.category}"
    if row.category and text_width(with_category, measure.size) <= measure.titles:
        lines = (*lines[:-1], with_category)
    mark = wrap(row.mark, measure.size, measure.marks - measure.size) if row.mark and measure.marks else ()
    return Line(row, lines, mark)


def titles(poster: Poster, names: tuple[str, ...]) -> str:
    """Titles one after the other, in the language's marks."""
    if poster.language == "zh":
        return "".join(name if name.startswith("《") else f"《{name}》" for name in names)
    return ", ".join(names)
