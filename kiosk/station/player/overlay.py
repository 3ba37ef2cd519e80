"""What stands over the programme, the menu or the poster: raised again when another programme comes in above it."""

import time
from typing import Any

from Xlib import X

from kiosk.station.display.menu_words import Card
from kiosk.station.player.window import PosterWindow, Window

RAISE_EVERY = 0.02
"""Seconds between two times that it is raised, at least: a client that raises itself again and again must not keep the
stage busy."""


class Overlay:
    """What is drawn over the programme: a card, or the poster raised; or nothing. For the stage's process."""

    def __init__(self, connection: Any, poster: PosterWindow) -> None:
        self._connection, self._poster = connection, poster
        self._window: Window | None = None
        self._raised_at = 0.0
        self._covered = False
        self.poster_is_raised = False
        poster.watch_cover()

    def show(self, card: Card | None, table: bool) -> None:
        """Show the card, or the poster, or nothing."""
        before, self._window = self._window, None
        if card is not None:
            from kiosk.station.display.menu_image import draw  # loads Pillow; only once it is needed

            picture = draw(card, self._poster.width, self._poster.height)
            if before is not None and (before.width, before.height) == picture.size:
                self._window, before = before, None
            else:
                self._window = Window(self._connection, *picture.size)
                self._window.place(
                    (self._poster.width - picture.width) // 2, (self._poster.height - picture.height) // 2
                )
                self._window.watch_cover()
            self._window.paint(picture)
        lowered, self.poster_is_raised = self.poster_is_raised and not table, table
        self._raise()
        if lowered:
            self._poster.restack(X.Below)
        if before is not None:
            before.destroy()

    def see(self, event: Any) -> None:
        """An event of the X server: what stands over the programme may have been covered by one that came in."""
        if event.type == X.VisibilityNotify and (top := self._top()) is not None and event.window.id == top.id:
            self._covered = event.state != X.VisibilityUnobscured

    def wait(self, most: float) -> float:
        """Seconds until there is something to do, at most ``most``."""
        return max(0.0, min(most, self._raised_at + RAISE_EVERY - time.monotonic())) if self._covered else most

    def tick(self) -> None:
        """Raise the window again if something covers it."""
        if self._covered and time.monotonic() - self._raised_at >= RAISE_EVERY:
            self._raise()

    def _top(self) -> Window | None:
        return self._window or (self._poster if self.poster_is_raised else None)

    def _raise(self) -> None:
        self._covered, self._raised_at = False, time.monotonic()
        if (top := self._top()) is not None:
            top.restack(X.Above)
