"""The stage: the process that holds the X screen for the daemon and paints the poster on it.

It ends when the X server goes away, which is how the daemon learns of that.
"""

import ctypes
import os
import select
import signal
import sys

import msgspec

from kiosk.station import poster
from kiosk.station.projector.messages import Paint, Staged, line
from kiosk.station.projector.window import PosterWindow, ScreenGone, connect


def main() -> None:
    """``python -m kiosk.station.projector.stage_child DISPLAY``; orders come on standard input."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    orders = sys.stdin.buffer
    try:
        connection = connect(sys.argv[1])
        window = PosterWindow(connection)
        os.write(1, line(Staged(width=window.width, height=window.height)))
        while True:
            ready, _, _ = select.select([orders.fileno(), connection.fileno()], [], [])
            if connection.fileno() in ready:
                connection.pending_events()  # raises when the server has hung up
            if orders.fileno() not in ready:
                continue
            text = orders.readline()
            if not text:
                return
            image = poster.draw(_poster(text), window.width, window.height)
            window.paint(image.convert("RGBX").tobytes("raw", "BGRX"))
    except (ScreenGone, ConnectionError) as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(3)


def _poster(text: bytes) -> "poster.Poster":
    return msgspec.json.decode(msgspec.json.decode(text, type=Paint).poster, type=poster.Poster)


if __name__ == "__main__":
    try:
        main()
    except Exception as error:  # python-xlib raises errors of its own kinds when the connection breaks
        sys.stderr.write(f"stage: {error!r}\n")
        sys.exit(1)
