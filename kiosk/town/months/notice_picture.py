"""A notice in words as a picture that every room can show: large letters, as few lines as they need."""

import io

from PIL import Image, ImageDraw, ImageFont

from kiosk.common.fonts import chinese_font
from kiosk.common.messages import Message, mark
from kiosk.common.text import one_line
from kiosk.town.months.books import MonthError

SIZE = (1920, 1080)
GROUND, INK = "#7a1010", "#ffffff"
MARGIN = 120
LARGEST, SMALLEST = 220, 56
"""Of the letters, in pixels."""
MOST_LETTERS = 300
NOT_FIRST = "，。、；：？！）》」』”’"
"""What begins no line."""


def notice_picture(text: str) -> bytes:
    """A PNG of the notice. Raises :class:`MonthError` where it is empty, too long, or there is no Chinese font."""
    paragraphs = [one_line(line) for line in text.splitlines() if one_line(line)]
    if not paragraphs:
        raise MonthError(Message(mark("Write what is to be shown.")))
    if sum(map(len, paragraphs)) > MOST_LETTERS:
        raise MonthError(
            Message(mark("At most {most} characters can be read on a screen."), {"most": str(MOST_LETTERS)})
        )
    found = chinese_font()
    if found is None:
        raise MonthError(Message(mark("This server has no Chinese font: have fonts-wqy-microhei installed.")))
    for size in range(LARGEST, SMALLEST - 1, -8):
        font = ImageFont.truetype(found[0], size, index=found[1])
        lines = [line for paragraph in paragraphs for line in _lines(paragraph, font)]
        if len(lines) * size * 1.4 <= SIZE[1] - 2 * MARGIN:
            break
    picture = Image.new("RGB", SIZE, GROUND)
    draw = ImageDraw.Draw(picture)
    top = (SIZE[1] - len(lines) * size * 1.4) / 2
    for n, line in enumerate(lines):
        draw.text(((SIZE[0] - font.getlength(line)) / 2, top + n * size * 1.4), line, INK, font=font)
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def _lines(paragraph: str, font: ImageFont.FreeTypeFont) -> list[str]:
    """The paragraph broken where the line is full; punctuation stays with what is before it."""
    lines = [""]
    for letter in paragraph:
        if font.getlength(lines[-1] + letter) > SIZE[0] - 2 * MARGIN and letter not in NOT_FIRST:
            lines.append("")
        lines[-1] += letter
    return lines
