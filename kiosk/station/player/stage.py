"""The child process of the stage: holds the X screen, shows the poster on it, takes screenshots of it.

It ends when the X server goes away, or the screen gets another size: so the daemon learns of that, and starts all anew.
"""

import os
import select
import sys
import time
from typing import Any

import msgspec

from kiosk.common.sandbox import confine, die_with_parent
from kiosk.common.terminal import escape
from kiosk.station.display.poster import Poster
from kiosk.station.player.reach import stage_reach
from kiosk.station.player.screenshot import NotGrabbed, grab
from kiosk.station.player.window import (
    HUNG_UP,
    PosterWindow,
    ScreenDenied,
    ScreenResized,
    connect,
    keep_awake,
    sweep,
)
from kiosk.station.projector.messages import (
    MOST_WORDS,
    SCREEN_DENIED,
    SCREEN_GONE,
    SCREEN_RESIZED,
    Grabbed,
    Held,
    Message,
    Paint,
    Staged,
    ToStage,
    line,
)

SWEEP_EVERY = 1.0
"""Seconds after which a window that a dead process has left on the screen is taken away, and the daemon is told that
the X server still answers."""
_ORDERS = msgspec.json.Decoder(ToStage)


def main() -> None:
    """``python -m kiosk.station.player.stage DISPLAY``; orders come on standard input."""
    die_with_parent()
    if trouble := confine(stage_reach(sys.argv[1])):
        sys.stderr.write(f"stage: {escape(str(trouble))}\n")
    orders, pending = sys.stdin.fileno(), b""
    try:
        connection = connect(sys.argv[1])
        keep_awake(connection)
        window = PosterWindow(connection)
        _report(Staged(width=window.width, height=window.height))
        swept_at = time.monotonic()
        while True:
            ready, _, _ = select.select([orders, connection.fileno()], [], [], SWEEP_EVERY)
            if time.monotonic() - swept_at >= SWEEP_EVERY:
                sweep(connection)
                swept_at = time.monotonic()
                _report(Held())
            if connection.fileno() in ready:
                while connection.pending_events():  # raises when the server has hung up
                    window.check_screen(connection.next_event())  # any client may send us events: they are read
            if orders not in ready:
                continue
            data = os.read(orders, 1 << 20)
            if not data:
                return
            *lines, pending = (pending + data).split(b"\n")
            given: list[ToStage] = [_ORDERS.decode(text) for text in lines]
            posters = [order.poster for order in given if isinstance(order, Paint)]
            if posters:  # of several only the newest is worth the time to draw it
                from kiosk.station.display.poster_image import draw  # loads Pillow; only once the screen is there

                window.paint(draw(msgspec.json.decode(posters[-1], type=Poster), window.width, window.height))
            if len(posters) < len(given):
                _report(_screenshot(connection))
    except ScreenDenied:
        sys.exit(SCREEN_DENIED)
    except ScreenResized:
        sys.exit(SCREEN_RESIZED)
    except HUNG_UP as error:
        sys.stderr.write(f"stage: {escape(str(error))}\n")
        sys.exit(SCREEN_GONE)


def _screenshot(connection: Any) -> Grabbed:
    at = time.monotonic()
    try:
        return Grabbed(at=at, picture=grab(connection))
    except NotGrabbed as error:
        return Grabbed(at=at, trouble=str(error)[:MOST_WORDS])


def _report(message: Message) -> None:
    """Send one line to the daemon, in several writes: a pipe takes 64 KB at a time, and a screenshot is longer."""
    rest = memoryview(line(message))
    while rest:
        rest = rest[os.write(1, rest) :]


if __name__ == "__main__":
    main()
