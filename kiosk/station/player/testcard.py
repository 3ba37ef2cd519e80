"""The child process of the installer's test: a number on the room's screen and some tones, on each line of its input.

``python -m kiosk.station.player.testcard DISPLAY LANGUAGE NUMBER TONES``. After each showing it prints a line of JSON:
what went wrong with the screen and with the sound, and the screen's size. It ends with its standard input.
"""

import array
import contextlib
import json
import math
import sys
from typing import Any

from PIL import Image, ImageDraw

from kiosk.common.i18n import pick, translator
from kiosk.station.display.lettering import font, wrap
from kiosk.station.player.sound.pcm import RATE
from kiosk.station.player.sound.pulse import Lost, _Stream
from kiosk.station.player.window import HUNG_UP, PosterWindow, connect, keep_awake

GROUND, INK, EDGE = "#1f3a5f", "#ffffff", "#ffc21a"
TONE_HZ, TONE_S, PAUSE_S, LEVEL = 880, 0.35, 0.35, 0.3


def draw_card(width: int, height: int, number: str, language: str) -> Image.Image:
    """The test picture: a border at the screen's very edge, a grey wedge, the number, and what to do with it."""
    _ = translator(pick(language))
    picture = Image.new("RGB", (width, height), GROUND)
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, 0, width - 1, height - 1), outline=EDGE, width=max(2, height // 180))
    for step in range(11):
        shade = step * 255 // 10
        left = width * (1 + step) // 13
        pen.rectangle((left, height * 4 // 5, left + width // 13, height * 9 // 10), fill=(shade, shade, shade))
    middle, short = width // 2, min(width, height)
    pen.text((middle, height * 2 // 5), number, INK, font(short // 3), anchor="mm")
    pen.text((middle, height // 8), _("Test picture of the installer"), INK, font(short // 18), anchor="mm")
    asked = _("Type this number at the installer. The yellow border must be seen on all four sides.")
    size = short // 27
    for n, line in enumerate(wrap(asked, size, width * 9 // 10)):
        pen.text((middle, height * 2 // 3 + n * size * 4 // 3), line, INK, font(size), anchor="mm")
    return picture


def tones(count: int) -> bytes:
    """``count`` tones as samples for the sound server: 16 bits, two channels."""
    samples = array.array("h")
    for _n in range(count):
        long = round(TONE_S * RATE)
        for n in range(long):
            edge = min(1.0, n / 480, (long - n) / 480)
            value = round(32767 * LEVEL * edge * math.sin(2 * math.pi * TONE_HZ * n / RATE))
            samples.extend((value, value))
        samples.extend([0, 0] * round(PAUSE_S * RATE))
    return samples.tobytes()


def main() -> None:
    """Show, sound and report, once for each line of standard input. The screen may be another one each time."""
    display, language, number, count = sys.argv[1:5]
    connection: Any = None
    for _order in sys.stdin:
        if connection is not None:
            with contextlib.suppress(*HUNG_UP):
                connection.close()
        size, trouble = {}, ""
        try:
            connection = connect(display)
            keep_awake(connection)
            window = PosterWindow(connection)
            window.paint(draw_card(window.width, window.height, number, language))
            size = {"width": window.width, "height": window.height}
        except HUNG_UP as error:
            trouble = str(error) or "the X server has gone away"
        report = {"screen_trouble": trouble, "sound_trouble": _sound(int(count)), **size}
        print(json.dumps(report), flush=True)  # noqa: T201 - the report to the process that started this one


def _sound(count: int) -> str:
    try:
        stream = _Stream()
        stream.write(tones(count))
        stream.drain()
    except (Lost, OSError) as error:
        return str(error) or "no sound server"
    return ""


if __name__ == "__main__":
    main()
