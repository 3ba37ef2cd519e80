"""Draws the menu with Pillow, to be read from five metres; imported in the stage's process only."""

import io

import segno
from PIL import Image, ImageDraw

from kiosk.common.text import one_line
from kiosk.station.display.lettering import drawn_width, shorten, wrap, write
from kiosk.station.display.menu_words import Card

GROUND, INK, QUIET, CHOSEN, CHOSEN_INK = "#14243d", "#ffffff", "#c9d3e2", "#ffc21a", "#161616"
LETTERS = range(17, 60)
"""So many letters of the menu fill the screen's height: the first number with which the widest line fits."""
MOST_LINES = 8


def draw(card: Card, width: int, height: int) -> Image.Image:
    """The card for a screen of ``width`` x ``height`` pixels: smaller than it, but for a card with a code."""
    return _test_picture(card, width, height) if card.code else _list(card, width, height)


def _list(card: Card, screen_width: int, screen_height: int) -> Image.Image:
    texts = [one_line(line.text) for line in card.lines[:MOST_LINES]]
    for letters in LETTERS:
        size = max(12, screen_height // letters)
        small = size * 2 // 3
        wide = (drawn_width(text, size) for text in (*texts, one_line(card.title)))
        widest = max(*wide, drawn_width(one_line(card.hint), small), size * 12)
        if widest + 2 * size <= screen_width and size * 17 // 10 * (len(texts) + 3) <= screen_height:
            break
    pad, row = size // 2, size * 17 // 10
    width = min(screen_width, widest + 4 * pad)
    height = min(screen_height, row * (len(texts) + 2) + 2 * pad)
    picture = Image.new("RGB", (width, height), GROUND)
    pen = ImageDraw.Draw(picture)
    write(pen, (2 * pad, pad), one_line(card.title), size, QUIET, bold=True)
    for n, (line, text) in enumerate(zip(card.lines, texts, strict=False), 1):
        top = pad + n * row
        if line.chosen:
            pen.rectangle((pad, top, width - pad, top + row - 1), fill=CHOSEN)
        ink = CHOSEN_INK if line.chosen else INK
        write(pen, (2 * pad, top + (row - size * 6 // 5) // 2), shorten(text, size, width - 4 * pad), size, ink)
    hint = shorten(one_line(card.hint), small, width - 4 * pad)
    write(pen, (2 * pad, height - pad - small * 6 // 5), hint, small, QUIET)
    return picture


def _test_picture(card: Card, width: int, height: int) -> Image.Image:
    """Stripes in the corners' colours, the code in the middle, words below: a dark or shifted picture shows it."""
    picture = Image.new("RGB", (width, height), "#ffffff")
    pen = ImageDraw.Draw(picture)
    stripe = height // 12
    for n, colour in enumerate(("#c00000", "#00a000", "#0000c0", "#ffffff", "#000000", "#ffc21a")):
        pen.rectangle((n * width // 6, 0, (n + 1) * width // 6, stripe), fill=colour)
    texts = [one_line(text) for text in (card.title, *(line.text for line in card.lines), card.hint)]
    for letters in range(24, 60):  # the first size in which all words fit
        size = max(12, height // letters)
        lines = [line for text in texts for line in wrap(text, size, width * 9 // 10)]
        top = height - len(lines) * size * 7 // 5 - size // 2
        if top >= height * 2 // 3:
            break
    code = _code(card.code, top - stripe - size)
    picture.paste(code, ((width - code.width) // 2, stripe + size // 2))
    for n, line in enumerate(lines):
        at = (width - drawn_width(line, size)) // 2, top + n * size * 7 // 5
        write(pen, at, line, size, CHOSEN_INK)
    return picture


def _code(text: str, side: int) -> Image.Image:
    """The code, at most ``side`` pixels high, with its quiet zone."""
    drawn, file = segno.make(text, error="h", micro=False), io.BytesIO()
    drawn.save(file, kind="png", scale=max(1, side // drawn.symbol_size(border=4)[0]), border=4)
    return Image.open(file).convert("RGB")
