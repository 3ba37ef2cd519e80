"""Draws the poster with Pillow, to be read from four metres; imported in the stage's process only."""

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import msgspec
from PIL import Image, ImageDraw, ImageFont

from kiosk.common.i18n import translator
from kiosk.common.text import one_line
from kiosk.station.display.poster import Poster, PosterDay, PosterRow

log = logging.getLogger(__name__)

FONTS = (
    ("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc", 0, True),
    ("/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc", 0, True),
    ("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", 2, True),
    ("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf", 0, False),
)
"""File, face in it, and whether it holds Chinese; the first one found is used."""
NO_FONT = "No Chinese font: sudo apt install fonts-wqy-microhei"

PAPER, INK, QUIET, LINE = "#fdfaf3", "#161616", "#5a554c", "#cfc7b6"
HEAD, HEAD_INK = "#8f1414", "#ffffff"
TODAY, NOW, BANNER = "#fdeab8", "#0b6b2e", "#ffc21a"
LARGEST, SMALLEST = 1 / 16, 1 / 31
"""Height of the table's letters as a part of the picture's shorter side; the smallest is what four metres allow."""
ONE_LINE = 1 / 24
"""The largest letters with which titles are cut to one line; that is tried before any row is left out."""
TRIES = 12
"""Tries between the largest letters and the smallest."""
REFERENCE = 64
"""Size at which letters are measured, in pixels."""

UNBROKEN = re.compile(
    r"[《（「『【“]*(?:[\u2e80-\u2fff\u3040-\uffef]|[^\s\u2e80-\uffef《（「『【“]+)[》）」』】”、，。：；！？…]*\s*|\S|\s+"
)
"""Pieces that are never broken over two lines: one Chinese character, or a word, with its punctuation."""

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@dataclass(frozen=True)
class Cell:
    """A line of the table with its height: a day's name, or a slot (``row``)."""

    day: PosterDay
    row: PosterRow | None
    text: tuple[str, ...]
    height: int


@dataclass(frozen=True)
class Measure:
    """Sizes of one try, in pixels."""

    size: int
    columns: int
    column: int
    times: int
    """Width of the column of times."""
    lines: int
    """The most lines that a slot's titles may take."""

    @property
    def line(self) -> int:
        """From one line of text to the next."""
        return self.size * 4 // 3


def draw(poster: Poster, width: int, height: int) -> Image.Image:
    """The poster as a picture of ``width`` x ``height`` pixels. Takes about 0.1 s and 30 MB.

    Rows that do not fit are left out, first the past days, then the last days of the week, never today; a line says
    how many.
    """
    poster = msgspec.convert(_on_one_line(msgspec.to_builtins(poster)), Poster)
    picture = Image.new("RGB", (width, height), PAPER)
    pen = ImageDraw.Draw(picture)
    short = min(width, height)
    margin = short // 24
    top = _head(pen, poster, width, short, margin)
    if poster.banner:
        top = _banner(pen, poster.banner, top, width, short, margin)
    bottom = _foot(pen, poster, width, height, short, margin)
    if poster.days:
        _table(pen, poster, (margin, top + margin // 2, width - margin, bottom), short)
    return picture


def _on_one_line(tree: Any) -> Any:
    """Every text of the poster without line breaks and control characters: Pillow cannot measure them."""
    if isinstance(tree, str):
        return one_line(tree)
    if isinstance(tree, dict):
        return {key: _on_one_line(value) for key, value in tree.items()}
    return [_on_one_line(one) for one in tree] if isinstance(tree, list | tuple) else tree


def find_font() -> tuple[str, int, bool]:
    """The font's file and face, and whether it holds Chinese; an empty file name where there is none at all."""
    for path, face, chinese in FONTS:
        if Path(path).exists():
            return path, face, chinese
    return "", 0, False


@cache
def font(size: int) -> Font:
    """The font in a size, in pixels."""
    path, face, chinese = find_font()
    if not chinese:
        log.error("the poster cannot show Chinese: no font found; install one: apt install fonts-wqy-microhei")
    if not path:
        return ImageFont.load_default(size)
    return ImageFont.truetype(path, size, index=face)


@cache
def _advance(letter: str) -> float:
    return float(font(REFERENCE).getlength(letter)) / REFERENCE


def _width(text: str, size: int) -> int:
    """Width in pixels, to within a pixel or two: letter by letter, since asking Pillow for each try takes seconds."""
    return round(sum(map(_advance, text)) * size)


def _write(
    pen: ImageDraw.ImageDraw, at: tuple[int, int], text: str, size: int, ink: str = INK, bold: bool = False
) -> None:
    pen.text(at, text, font=font(size), fill=ink)
    if bold:  # the fonts have one weight; a stroke would close the counters of small letters
        pen.text((at[0] + max(1, size // 28), at[1]), text, font=font(size), fill=ink)


@lru_cache(maxsize=4096)
def wrap(text: str, size: int, width: int, most: int) -> tuple[str, ...]:
    """``text`` broken into lines of at most ``width`` pixels, at most ``most`` of them."""
    lines: list[str] = [""]
    for piece in UNBROKEN.findall(text):
        if lines[-1] and _width(lines[-1] + piece.rstrip(), size) > width:
            lines.append("")
        lines[-1] += piece
    kept = [_cut(line.strip(), size, width) for line in lines[:most]]
    if len(lines) > most:
        kept[-1] = _cut(kept[-1] + "…", size, width)
    return tuple(kept)


def _cut(text: str, size: int, width: int) -> str:
    """``text``, shortened with an ellipsis where it is wider than ``width``."""
    if _width(text, size) <= width:
        return text
    while text and _width(text + "…", size) > width:
        text = text[:-1]
    return text.rstrip("…") + "…"


def _head(pen: ImageDraw.ImageDraw, poster: Poster, width: int, short: int, margin: int) -> int:
    large, small = short // 15, short // 26
    under = margin // 2 + large + small * 3 // 4
    bottom = under + small + margin * 3 // 4
    pen.rectangle((0, 0, width, bottom), HEAD)
    _write(pen, (margin, margin // 2), _cut(poster.title, large, width - 2 * margin), large, HEAD_INK, bold=True)
    room = width - 3 * margin - _width(poster.days_of, small)
    _write(pen, (margin, under), _cut(poster.station, small, room), small, HEAD_INK)
    _write(pen, (width - margin - _width(poster.days_of, small), under), poster.days_of, small, HEAD_INK)
    return bottom


def _banner(pen: ImageDraw.ImageDraw, text: str, top: int, width: int, short: int, margin: int) -> int:
    size = short // 15
    lines = wrap(text, size, width - 2 * margin, 2)
    bottom = top + len(lines) * size * 4 // 3 + margin
    pen.rectangle((0, top + 1, width, bottom), BANNER)
    for n, line in enumerate(lines):
        _write(pen, (margin, top + margin // 2 + n * size * 4 // 3), line, size, bold=True)
    return bottom


def _foot(pen: ImageDraw.ImageDraw, poster: Poster, width: int, height: int, short: int, margin: int) -> int:
    """Draw recommended titles and footer at the bottom; returns where the table must end."""
    _ = translator(poster.language)
    size = short // 28
    lines = [poster.footer] if poster.footer else []
    if not find_font()[2]:
        lines.append(NO_FONT)
    if poster.recommended:
        titles = _("Also recommended: {titles}").format(titles=_titles(poster, poster.recommended))
        lines = [*wrap(titles, size, width - 2 * margin, 2), *lines]
    if not lines:
        return height - margin // 2
    top = height - margin // 2 - len(lines) * size * 4 // 3
    pen.line((margin, top - margin // 3, width - margin, top - margin // 3), LINE, max(1, short // 400))
    for n, line in enumerate(lines):
        at = (margin, top + n * size * 4 // 3)
        _write(pen, at, _cut(line, size, width - 2 * margin), size, QUIET if line == poster.footer else INK)
    return top - margin // 2


def _titles(poster: Poster, titles: tuple[str, ...]) -> str:
    if poster.language == "zh":
        return "".join(title if title.startswith("《") else f"《{title}》" for title in titles)
    return ", ".join(titles)


# --- the table ---


def _table(pen: ImageDraw.ImageDraw, poster: Poster, box: tuple[int, int, int, int], short: int) -> None:
    _ = translator(poster.language)
    left, top, right, bottom = box
    rows = sum(len(day.rows) for day in poster.days)
    for measure in _tries(right - left, short):
        if rows * measure.line > measure.columns * (bottom - top):
            continue  # it cannot fit: spare the measuring
        cells = _cells(poster, measure, poster.days)
        columns = _flow(cells, measure, bottom - top)
        if columns is not None:
            break
    else:
        # Even the smallest letters are too large for the whole week.
        note = measure.line
        columns, left_out = _as_much_as_fits(poster, measure, bottom - top - note)
        text = _("{count} more are not shown here.").format(count=left_out)
        _write(pen, (left, bottom - note), text, measure.size, QUIET)
    gap = measure.size
    for n, column in enumerate(columns):
        _column(pen, column, measure, left + n * (measure.column + gap), top)


def _tries(width: int, short: int) -> Iterator[Measure]:
    """Letters from large to small, one column before several; then smaller letters with titles cut to a line."""
    smallest = int(short * SMALLEST)
    for largest, lines in ((int(short * LARGEST), 2), (int(short * ONE_LINE), 1)):
        for size in range(largest, smallest - 1, -max(1, (largest - smallest) // TRIES)):
            times = _width("00:00–00:00", size) + size
            most = max(1, (width + size) // (times + size * 10))
            for columns in range(1, min(most, 3) + 1):
                yield Measure(size, columns, (width - (columns - 1) * size) // columns, times, lines)


def _cells(poster: Poster, measure: Measure, days: tuple[PosterDay, ...]) -> list[Cell]:
    """The lines of the table: each day's name, then its slots."""
    found: list[Cell] = []
    for day in days:
        found.append(Cell(day, None, (day.name,), measure.line + measure.size // 2))
        for row in day.rows:
            lines = _slot_lines(poster, row, measure)
            found.append(Cell(day, row, lines, len(lines) * measure.line + measure.size // 4))
    return found


def _slot_lines(poster: Poster, row: PosterRow, measure: Measure) -> tuple[str, ...]:
    """Occasion and titles; the category only where it costs no line."""
    text = _titles(poster, row.titles)
    if row.occasion:
        text = f"{row.occasion}{'：' if poster.language == 'zh' else ': '}{text}"
    room = measure.column - measure.times
    lines = wrap(text, measure.size, room, measure.lines)
    with_category = f"{lines[-1]}  {row.category}"
    if row.category and _width(with_category, measure.size) <= room:
        return (*lines[:-1], with_category)
    return lines


def _flow(cells: list[Cell], measure: Measure, height: int) -> list[list[Cell]] | None:
    """The cells in columns; None where they do not fit.

    A day's name is never the last line of a column, and a day that goes on in the next column is named there again.
    """
    columns: list[list[Cell]] = [[]]
    free = height
    name: Cell | None = None
    for n, cell in enumerate(cells):
        if cell.row is None:
            name = cell
        needed = cell.height + (cells[n + 1].height if cell.row is None and n + 1 < len(cells) else 0)
        if needed > free:
            columns.append([name] if name is not None and cell.row is not None else [])
            free = height - sum(again.height for again in columns[-1])
            if needed > free or len(columns) > measure.columns:
                return None
        columns[-1].append(cell)
        free -= cell.height
    return columns


def _as_much_as_fits(poster: Poster, measure: Measure, height: int) -> tuple[list[list[Cell]], int]:
    """The table with as many rows as fit, and how many do not. Today's come first, then later days, then past ones."""
    today = next((day.date for day in poster.days if day.today), "")
    chosen: dict[str, int] = {}
    fitting: list[list[Cell]] = []
    total = sum(len(day.rows) for day in poster.days)
    for day in sorted(poster.days, key=lambda day: (day.date < today, day.date)):
        for count in range(1, len(day.rows) + 1):
            trial = chosen | {day.date: count}
            days = tuple(_first_rows(day, trial[day.date]) for day in poster.days if day.date in trial)
            flowed = _flow(_cells(poster, measure, days), measure, height)
            if flowed is None:
                return fitting, total - sum(chosen.values())
            chosen, fitting = trial, flowed
    return fitting, 0


def _first_rows(day: PosterDay, count: int) -> PosterDay:
    """The day with ``count`` of its rows; rows that are on or to come go before past ones."""
    past = [row for row in day.rows if row.moment == "past"]
    rest = [row for row in day.rows if row.moment != "past"]
    kept = (rest + past[::-1])[:count]
    return PosterDay(name=day.name, date=day.date, today=day.today, rows=tuple(r for r in day.rows if r in kept))


def _column(pen: ImageDraw.ImageDraw, cells: list[Cell], measure: Measure, left: int, top: int) -> None:
    size, right = measure.size, left + measure.column
    for cell in cells:
        if cell.day.today:
            pen.rectangle((left - size // 3, top, right, top + cell.height), TODAY)
        if cell.row is None:
            _write(pen, (left, top + size // 3), cell.text[0], size, HEAD, bold=True)
            pen.line((left, top + cell.height - 2, right, top + cell.height - 2), LINE, max(1, size // 16))
        else:
            ink = {"past": QUIET, "now": NOW, "to-come": INK}[cell.row.moment]
            _write(pen, (left, top), cell.row.times, size, ink, bold=cell.row.moment == "now")
            for n, line in enumerate(cell.text):
                at = (left + measure.times, top + n * measure.line)
                _write(pen, at, line, size, ink, bold=cell.row.moment == "now")
        top += cell.height
