"""The stage: the process that holds the X screen for the daemon and paints the poster on it.

It ends when the X server goes away, which is how the daemon learns of that.
"""

import os
import select
import sys

import msgspec

from kiosk.station import poster
from kiosk.station.projector.confine import die_with_parent
from kiosk.station.projector.messages import SCREEN_GONE, Paint, Staged, line
from kiosk.station.projector.window import HUNG_UP, PosterWindow, connect


def main() -> None:
    """``python -m kiosk.station.projector.stage_child DISPLAY``; orders come on standard input."""
    die_with_parent()
    orders, pending = sys.stdin.fileno(), b""
    try:
        connection = connect(sys.argv[1])
        window = PosterWindow(connection)
        os.write(1, line(Staged(width=window.width, height=window.height)))
        while True:
            ready, _, _ = select.select([orders, connection.fileno()], [], [])
            if connection.fileno() in ready:
                connection.pending_events()  # raises when the server has hung up
            if orders not in ready:
                continue
            data = os.read(orders, 1 << 20)
            if not data:
                return
            *lines, pending = (pending + data).split(b"\n")
            if lines:  # of several posters only the newest is worth the time to draw it
                image = poster.draw(_poster(lines[-1]), window.width, window.height)
                window.paint(image.convert("RGBX").tobytes("raw", "BGRX"))
    except HUNG_UP as error:
        sys.stderr.write(f"stage: {error}\n")
        sys.exit(SCREEN_GONE)


def _poster(text: bytes) -> "poster.Poster":
    return msgspec.json.decode(msgspec.json.decode(text, type=Paint).poster, type=poster.Poster)


if __name__ == "__main__":
    main()
