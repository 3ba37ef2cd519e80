"""Draws a page of the poster with Pillow, to be read from five metres; imported in the stage's process only."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec
import segno
from PIL import Image, ImageDraw

from kiosk.common.fonts import chinese_font
from kiosk.common.i18n import translator
from kiosk.common.text import one_line
from kiosk.station.display.layout import Block, Line, Measure, Page, pages
from kiosk.station.display.lettering import NO_FONT, shorten, text_width, wrap, write
from kiosk.station.display.poster import Poster

PAPER, INK, QUIET, LINE = "#fdfaf3", "#161616", "#5a554c", "#cfc7b6"
BLACK = "#000000"
CARD_INK = "#f3d9d9"
HEAD, HEAD_INK = "#8f1414", "#ffffff"
TODAY, NOW, BANNER = "#fdeab8", "#0b6b2e", "#ffc21a"
INKS = {"past": QUIET, "shown": QUIET, "partly": HEAD, "not-shown": HEAD, "made-up": QUIET, "now": NOW, "to-come": INK}
CODE, QUIET_ZONE = 6, 4
"""The QR code's side as a part of the shorter side of the picture (9 cm of a 43 inch screen, for a phone a metre away);
the white that it needs around it, in modules."""
TITLE_LINES, BANNER_LINES, FOOT_LINES = 3, 6, 2
"""The most lines of the plan's own title, of the banner, and of each text of the foot, in their smallest letters: the
table needs the room. Longer ones end in an ellipsis."""


@dataclass(frozen=True)
class Frame:
    """What surrounds the table on every page, measured. Sizes in pixels."""

    width: int
    height: int
    margin: int
    title: tuple[str, ...]
    title_size: int
    small: int
    """Letters of station, days and foot."""
    banner: tuple[str, ...]
    banner_size: int
    foot: tuple[tuple[str, str], ...]
    """Lines of the foot, each with its left and its right text."""
    code: int
    """Side of the QR code in the head; 0 where there is none."""
    head_bottom: int
    top: int
    """Where the table begins ..."""
    bottom: int
    """... and ends."""


def count(poster: Poster, width: int, height: int) -> int:
    """How many pages the poster has on a screen of ``width`` x ``height`` pixels."""
    return 1 if poster.dark or poster.card else len(_laid_out(poster, width, height)[2])


def draw(poster: Poster, width: int, height: int, number: int = 0) -> Image.Image:
    """Page ``number``, from 0, as a picture of ``width`` x ``height`` pixels; counted on from the last page to the
    first. Takes about 0.1 s and 30 MB."""
    if poster.dark:
        return Image.new("RGB", (width, height), BLACK)
    if poster.card:
        return _card(_drawable(poster), width, height)
    poster, frame, found = _laid_out(poster, width, height)
    number %= len(found)
    picture = Image.new("RGB", (width, height), PAPER)
    pen = ImageDraw.Draw(picture)
    _head(pen, poster, frame, f"{number + 1}/{len(found)}" if len(found) > 1 else "")
    _foot(pen, frame)
    _table(pen, poster, frame, found[number])
    return picture


def _card(poster: Poster, width: int, height: int) -> Image.Image:
    """The title card: quiet, its lines in the middle, the first one large; the room's name at the foot."""
    picture = Image.new("RGB", (width, height), HEAD)
    pen = ImageDraw.Draw(picture)
    short = min(width, height)
    room = width - short // 5
    large = next((size for size in range(short // 6, short // 12, -2) if text_width(poster.card[0], size) <= room), 0)
    sizes = [large or short // 12] + [short // 16] * (len(poster.card) - 1)
    lines = [(line, size) for text, size in zip(poster.card, sizes, strict=True) for line in wrap(text, size, room)]
    top = (height - sum(size * 3 // 2 for _, size in lines)) // 2
    for line, size in lines:
        write(pen, ((width - text_width(line, size)) // 2, top), line, size, HEAD_INK, bold=size == sizes[0])
        top += size * 3 // 2
    small = short // 24
    name = shorten(poster.station, small, room)
    write(pen, ((width - text_width(name, small)) // 2, height - small * 2), name, small, CARD_INK)
    return picture


def _drawable(poster: Poster) -> Poster:
    """Every text of the poster without line breaks and control characters: Pillow cannot measure them."""
    return msgspec.convert(_on_one_line(msgspec.to_builtins(poster)), Poster)


def _on_one_line(tree: Any) -> Any:
    if isinstance(tree, str):
        return one_line(tree)
    if isinstance(tree, dict):
        return {key: _on_one_line(value) for key, value in tree.items()}
    return [_on_one_line(one) for one in tree] if isinstance(tree, list | tuple) else tree


@lru_cache(maxsize=1)
def _laid_out(poster: Poster, width: int, height: int) -> tuple[Poster, Frame, tuple[Page, ...]]:
    """The poster as it can be drawn, what surrounds its table, and its pages; of the poster shown last."""
    poster = _drawable(poster)
    frame = _frame(poster, width, height)
    room = (width - 2 * frame.margin, frame.bottom - frame.top)
    return poster, frame, pages(poster, *room, min(width, height))


def _frame(poster: Poster, width: int, height: int) -> Frame:
    short = min(width, height)
    margin, small = short // 28, short // 27
    room = width - 2 * margin
    code = short // CODE if poster.public else 0
    title, title_size = _title(poster, room - text_width(" 00/00", small) - code, short)
    head_bottom = max(margin // 2 + len(title) * title_size * 5 // 4 + small * 7 // 4, code + margin // 2)
    banner, banner_size = _banner(poster.banner, room, short)
    foot = tuple(_foot_lines(poster, small, room))
    top = head_bottom + (len(banner) * banner_size * 4 // 3 + margin // 2 if banner else 0)
    bottom = height - margin // 2 - len(foot) * small * 4 // 3
    return Frame(
        width, height, margin, title, title_size, small, banner, banner_size, foot, code, head_bottom,
        top + margin // 2, bottom - margin // 3,
    )  # fmt: skip


def _title(poster: Poster, room: int, short: int) -> tuple[tuple[str, ...], int]:
    """The plan's own title in the largest letters that need one line; else on several lines of small ones."""
    for size in range(short // 15, short // 24, -2):
        if text_width(poster.title, size) <= room:
            return (poster.title,), size
    return _few_lines(poster.title, short // 24, room, TITLE_LINES), short // 24


def _banner(text: str, room: int, short: int) -> tuple[tuple[str, ...], int]:
    """In large letters where two lines hold it."""
    for size in range(short // 17, short // 24, -2) if text else ():
        if len(lines := wrap(text, size, room)) <= 2:
            return lines, size
    return _few_lines(text, short // 24, room, BANNER_LINES) if text else (), short // 24


def _few_lines(text: str, size: int, room: int, most: int) -> tuple[str, ...]:
    lines = wrap(text, size, room)
    return lines if len(lines) <= most else (*lines[: most - 1], shorten("".join(lines[most - 1 :]), size, room))


def _foot_lines(poster: Poster, size: int, room: int) -> list[tuple[str, str]]:
    texts = [text for text in (poster.footer, poster.address) if text]
    if len(texts) == 2 and sum(text_width(text, size) for text in texts) + 2 * size <= room:
        lines = [(texts[0], texts[1])]
    else:
        lines = [(line, "") for text in texts for line in _few_lines(text, size, room, FOOT_LINES)]
    return lines if chinese_font() else [*lines, (NO_FONT, "")]


def _head(pen: ImageDraw.ImageDraw, poster: Poster, frame: Frame, page: str) -> None:
    small, margin, right = frame.small, frame.margin, frame.width - frame.margin
    pen.rectangle((0, 0, frame.width, frame.head_bottom), HEAD)
    if frame.code:
        left = frame.width - frame.code - margin // 4
        _qr(pen, poster.public, (left, (frame.head_bottom - frame.code) // 2), frame.code)
        right = left - margin // 2
    top = margin // 2
    for line in frame.title:
        write(pen, (margin, top), line, frame.title_size, HEAD_INK, bold=True)
        top += frame.title_size * 5 // 4
    write(pen, (right - text_width(page, small), margin // 2), page, small, HEAD_INK, bold=True)
    room = right - 2 * margin - text_width(poster.days_of, small)
    write(pen, (margin, top), shorten(poster.station, small, room), small, HEAD_INK)
    write(pen, (right - text_width(poster.days_of, small), top), poster.days_of, small, HEAD_INK)
    if not frame.banner:
        return
    pen.rectangle((0, frame.head_bottom + 1, frame.width, frame.top - margin // 2), BANNER)
    for n, line in enumerate(frame.banner):
        at = (margin, frame.head_bottom + margin // 4 + n * frame.banner_size * 4 // 3)
        write(pen, at, line, frame.banner_size, INK, bold=True)


def _qr(pen: ImageDraw.ImageDraw, text: str, at: tuple[int, int], side: int) -> None:
    """A QR code with its quiet zone, in a square; its modules are whole pixels, so that it is sharp."""
    modules = segno.make(text, error="l", micro=False).matrix
    module = max(1, side // (len(modules) + 2 * QUIET_ZONE))
    pen.rectangle((*at, at[0] + side, at[1] + side), HEAD_INK)
    left, top = (one + (side - module * len(modules)) // 2 for one in at)
    for y, row in enumerate(modules):
        for x, dark in enumerate(row):
            if dark:
                place = (left + x * module, top + y * module)
                pen.rectangle((*place, place[0] + module - 1, place[1] + module - 1), INK)


def _foot(pen: ImageDraw.ImageDraw, frame: Frame) -> None:
    if not frame.foot:
        return
    margin, size = frame.margin, frame.small
    top = frame.bottom + margin // 3
    pen.line((margin, top, frame.width - margin, top), LINE, max(1, size // 14))
    for n, (left, right) in enumerate(frame.foot):
        y = top + size // 4 + n * size * 4 // 3
        write(pen, (margin, y), left, size, QUIET)
        write(pen, (frame.width - margin - text_width(right, size), y), right, size, QUIET)


# --- the table ---


def _table(pen: ImageDraw.ImageDraw, poster: Poster, frame: Frame, page: Page) -> None:
    measure = page.measure
    for n, column in enumerate(page.columns):
        top = frame.top
        for block in column:
            top = _block(pen, poster, block, measure, frame.margin + n * (measure.column + measure.size), top)


def _block(pen: ImageDraw.ImageDraw, poster: Poster, block: Block, measure: Measure, left: int, top: int) -> int:
    """A day's name and its rows; returns where the next block begins."""
    size, right = measure.size, left + measure.column
    write(pen, (left, top + size // 6), block.name, size, HEAD, bold=True)
    pen.line((left, top + measure.name - size // 6, right, top + measure.name - size // 6), LINE, max(1, size // 14))
    top += measure.name
    if not block.lines:
        _ = translator(poster.language)
        write(pen, (left, top), _("Nothing is planned for today."), size, QUIET)
        top += measure.line
    for line in block.lines:
        _row(pen, line, measure, left, top)
        top += measure.height(line)
    return top + measure.gap


def _row(pen: ImageDraw.ImageDraw, line: Line, measure: Measure, left: int, top: int) -> None:
    size, moment = measure.size, line.row.moment
    ink, bold = INKS[moment], moment == "now"
    if bold:
        bottom = top + measure.height(line) - size // 6
        pen.rectangle((left - size // 3, top - size // 8, left + measure.column + size // 3, bottom), TODAY)
    write(pen, (left, top), line.row.times, size, QUIET if moment in ("partly", "not-shown") else ink, bold)
    for n, text in enumerate(line.lines):
        plain = QUIET if moment in ("partly", "not-shown") else ink
        write(pen, (left + measure.times, top + n * measure.line), text, size, plain, bold)
    for n, text in enumerate(line.mark):
        at = (left + measure.column - measure.marks + size, top + n * measure.line)
        write(pen, at, text, size, ink, bold)
