"""The child process of the stage: holds the X screen, shows the poster on it, takes screenshots of it.

The poster's pages are turned here. While a programme is on the screen or about to be, the poster is left as it is, but
for a new banner: drawing keeps the X server busy for some milliseconds, which a cut has not.

The process ends when the X server goes away, or the screen gets another size: so the daemon learns of that, and starts
all anew.
"""

import os
import select
import sys
import time
from typing import Any

import msgspec

from kiosk.common.sandbox import confine, die_with_parent
from kiosk.common.terminal import escape
from kiosk.station.display.menu_words import Card
from kiosk.station.display.poster import Poster
from kiosk.station.player.overlay import Overlay
from kiosk.station.player.reach import stage_reach
from kiosk.station.player.screenshot import NotGrabbed, grab
from kiosk.station.player.window import (
    HUNG_UP,
    PosterWindow,
    ScreenDenied,
    ScreenResized,
    connect,
    keep_awake,
    programme_is_near,
    sweep,
)
from kiosk.station.projector.messages import (
    MOST_WORDS,
    SCREEN_DENIED,
    SCREEN_GONE,
    SCREEN_RESIZED,
    Grab,
    Grabbed,
    Held,
    Message,
    Overlaid,
    Paint,
    Staged,
    ToStage,
    line,
)

SWEEP_EVERY = 1.0
"""Seconds after which a window that a dead process has left on the screen is taken away, and the daemon is told that
the X server still answers."""
FIRST_PAGE = 0
NEAR_S = 0.25
"""Seconds between two looks whether a programme has gone for which the poster waits."""
_ORDERS = msgspec.json.Decoder(ToStage)
_CARD = msgspec.json.Decoder(Card | None)


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
        posting, overlay = Posting(connection, window), Overlay(connection, window)
        _report(Staged(width=window.width, height=window.height))
        swept_at = time.monotonic()
        while True:
            ready, _, _ = select.select([orders, connection.fileno()], [], [], overlay.wait(posting.wait(SWEEP_EVERY)))
            if time.monotonic() - swept_at >= SWEEP_EVERY:
                sweep(connection)
                swept_at = time.monotonic()
                _report(Held())
            posting.turn_page(overlay.poster_is_raised)
            if connection.fileno() in ready:
                while connection.pending_events():  # raises when the server has hung up
                    event = connection.next_event()  # any client may send us events: they are read
                    window.check_screen(event)
                    overlay.see(event)
            overlay.tick()
            if orders not in ready:
                continue
            data = os.read(orders, 1 << 20)
            if not data:
                return
            *lines, pending = (pending + data).split(b"\n")
            given: list[ToStage] = [_ORDERS.decode(text) for text in lines]
            menus = [order for order in given if isinstance(order, Overlaid)]
            if menus:  # first: somebody waits for it
                overlay.show(_CARD.decode(menus[-1].card), menus[-1].table)
            posters = [order for order in given if isinstance(order, Paint)]
            if posters:  # of several only the newest is worth the time to draw it
                posting.show(msgspec.json.decode(posters[-1].poster, type=Poster), posters[-1].page_ms / 1000)
            if any(isinstance(order, Grab) for order in given):
                _report(_screenshot(connection))
    except ScreenDenied:
        sys.exit(SCREEN_DENIED)
    except ScreenResized:
        sys.exit(SCREEN_RESIZED)
    except HUNG_UP as error:
        sys.stderr.write(f"stage: {escape(str(error))}\n")
        sys.exit(SCREEN_GONE)


class Posting:
    """The poster in its window: which of its pages, and when that is turned. Instants are monotonic seconds."""

    def __init__(self, connection: Any, window: PosterWindow) -> None:
        self._connection, self._window = connection, window
        self._poster: Poster | None = None
        self._page, self._pages = FIRST_PAGE, 1
        self._page_s = 0.0
        self._turn_at = 0.0
        self._waits = False
        """Whether a programme keeps the page from being turned, or a new poster from being drawn."""

    def show(self, poster: Poster, page_s: float) -> None:
        """Show this poster, on the page that was reached; another banner is news, and begins with the first page."""
        news = self._poster is None or poster.banner != self._poster.banner
        self._poster, self._page_s = poster, page_s
        if news:
            self._begin()
        elif programme_is_near(self._connection):
            self._waits = True
        else:
            self._lay_out()
            self._page = min(self._page, self._pages - 1)
            self._paint()

    def _lay_out(self) -> None:
        """Count the pages: a third of a second, in which the menu would wait; only for a poster that is shown."""
        from kiosk.station.display.poster_image import count  # loads Pillow; only once the screen is there

        assert self._poster is not None  # noqa: S101
        self._pages = count(self._poster, self._window.width, self._window.height)

    def _begin(self) -> None:
        self._waits = False
        self._lay_out()
        self._page, self._turn_at = FIRST_PAGE, time.monotonic() + self._page_s
        self._paint()

    def wait(self, most: float) -> float:
        """Seconds until there is something to do, at most ``most``."""
        if self._waits:
            return min(most, NEAR_S)
        return most if self._pages == 1 else max(0.0, min(most, self._turn_at - time.monotonic()))

    def turn_page(self, raised: bool = False) -> None:
        """Show the next page if it is time, and no programme is near; the first one after a programme. ``raised``: the
        poster is above the programme."""
        now = time.monotonic()
        if self._poster is None or not (self._waits or (self._pages > 1 and now >= self._turn_at)):
            return
        if not raised and programme_is_near(self._connection):
            self._waits = True
        elif self._waits:
            self._begin()
        else:
            self._page, self._turn_at = (self._page + 1) % self._pages, now + self._page_s
            self._paint()

    def _paint(self) -> None:
        from kiosk.station.display.poster_image import draw

        assert self._poster is not None  # noqa: S101
        self._window.paint(draw(self._poster, self._window.width, self._window.height, self._page))


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
