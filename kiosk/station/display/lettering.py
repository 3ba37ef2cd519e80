"""Letters on a picture with Pillow: fonts, one of which has each character, widths, lines, writing."""

import logging
import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path

from PIL import ImageDraw, ImageFont

from kiosk.common.fonts import chinese_font

log = logging.getLogger(__name__)

OTHERS = (
    ("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf", 0),
    ("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", 2),
    *((f"/usr/share/fonts/truetype/noto/NotoSans{name}-Regular.ttf", 0) for name in (
        "", "Arabic", "Hebrew", "Thai", "Tibetan", "Mongolian", "Devanagari", "Symbols", "Symbols2",
    )),
    ("/usr/share/fonts/truetype/ancient-scripts/Symbola_hint.ttf", 0),
    ("/usr/share/fonts/truetype/hanazono/HanaMinA.ttf", 0),
    ("/usr/share/fonts/truetype/hanazono/HanaMinB.ttf", 0),
    ("/usr/share/fonts/truetype/babelstone/BabelStoneHan.ttf", 0),
    *((f"/usr/share/fonts/opentype/unifont/unifont{name}.otf", 0) for name in ("", "_upper", "_jp")),
)  # fmt: skip
"""Fonts for the characters that the first one lacks, in this order."""
NO_FONT = "No Chinese font: sudo apt install fonts-wqy-microhei"
REFERENCE = 64
"""Size at which letters are measured, in pixels."""
NOBODY_HAS = "\U0010ffff"
"""A character of which every font draws its sign for a missing one."""

UNBROKEN = re.compile(
    r"[《（「『【“]*(?:[\u2e80-\u2fff\u3040-\uffef]|[^\s\u2e80-\uffef《（「『【“]+)[》）」』】”、，。：；！？…]*\s*|\S|\s+"
)
"""Pieces that are never broken over two lines: one Chinese character, or a word, with its punctuation."""

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@cache
def faces() -> tuple[tuple[str, int], ...]:
    """The fonts that are there, the first one for everything that it has. Empty where there is none at all."""
    chinese = chinese_font()
    if chinese is None:
        log.error("the poster cannot show Chinese: no font found; install one: apt install fonts-wqy-microhei")
    others = [face for face in OTHERS if Path(face[0]).exists() and face != chinese]
    return tuple(others if chinese is None else [chinese, *others])


@cache
def font(size: int, number: int = 0) -> Font:
    """The font ``number`` of :func:`faces` in a size, in pixels."""
    if number >= len(faces()):
        return ImageFont.load_default(size)
    path, face = faces()[number]
    return ImageFont.truetype(path, size, index=face)


@cache
def _font_of(letter: str) -> int:
    """The number of the first font that has this character; 0 where none has it, for its sign says so."""
    return next((number for number in range(len(faces())) if _has(number, letter)), 0)


def _has(number: int, letter: str) -> bool:
    here, missing = font(REFERENCE, number).getmask(letter), font(REFERENCE, number).getmask(NOBODY_HAS)
    return letter.isspace() or here.size != missing.size or bytes(here) != bytes(missing)


def runs(text: str) -> Iterator[tuple[int, str]]:
    """``text`` in pieces of one font each, with the font's number.

    Spaces between words of another font stay with them: so what is written from right to left keeps the order of its
    words.
    """
    found: list[tuple[int, str]] = []
    for letter in text:
        kind = unicodedata.category(letter)
        if kind == "Mn" and 0xFE00 <= ord(letter) <= 0xFE0F:
            continue  # asks for another look of the letter before it
        number = _font_of(letter)
        stays = letter.isspace() or kind.startswith("M")
        if found and number != found[-1][0] and stays and _has(found[-1][0], letter):
            number = found[-1][0]
        if found and found[-1][0] == number:
            found[-1] = (number, found[-1][1] + letter)
        else:
            found.append((number, letter))
    yield from found


@cache
def _advance(letter: str) -> float:
    return sum(float(font(REFERENCE, number).getlength(piece)) for number, piece in runs(letter)) / REFERENCE


def text_width(text: str, size: int) -> int:
    """Width in pixels, to within a pixel or two: letter by letter, since asking Pillow for each try takes seconds."""
    return round(sum(map(_advance, text)) * size)


def drawn_width(text: str, size: int) -> int:
    """Width in pixels as :func:`write` draws it: some letters are narrower in a word than alone."""
    return round(sum(font(size, number).getlength(piece) for number, piece in runs(text)))


def write(
    pen: ImageDraw.ImageDraw,
    at: tuple[int, int],
    text: str,
    size: int,
    ink: str | tuple[int, int, int],
    bold: bool = False,
) -> None:
    """Write one line with its upper left corner at ``at``. ``text`` has no control characters."""
    left, base = at[0], at[1] + size
    for number, piece in runs(text):
        face = font(size, number)
        pen.text((left, base), piece, font=face, fill=ink, anchor="ls")
        if bold:  # the fonts have one weight; a stroke would close the counters of small letters
            pen.text((left + max(1, size // 28), base), piece, font=face, fill=ink, anchor="ls")
        left += round(face.getlength(piece))


@lru_cache(maxsize=4096)
def wrap(text: str, size: int, width: int) -> tuple[str, ...]:
    """``text`` broken into as many lines of at most ``width`` pixels as it takes; nothing of it is left out."""
    lines: list[str] = [""]
    for piece in UNBROKEN.findall(text):
        for part in _parts(piece, size, width):
            if lines[-1] and text_width(lines[-1] + part.rstrip(), size) > width:
                lines.append("")
            lines[-1] += part
    return tuple(line.strip() for line in lines)


def _parts(piece: str, size: int, width: int) -> Iterator[str]:
    """A piece; in parts where a whole line does not hold it."""
    while text_width(piece.rstrip(), size) > width and len(piece) > 1:
        length = next((n for n in range(1, len(piece)) if text_width(piece[: n + 1], size) > width), len(piece))
        yield piece[:length]
        piece = piece[length:]
    yield piece


def shorten(text: str, size: int, width: int) -> str:
    """``text``, with an ellipsis for its end where it is wider than ``width``."""
    if min(text_width(text, size), drawn_width(text, size)) <= width:
        return text
    while text and text_width(text + "…", size) > width:
        text = text[:-1]
    return text.rstrip("…") + "…"
