"""The daemon's side of the stage: starts its process, again when the X server comes back, and sends it the poster."""

import logging
from collections import deque

import msgspec

from kiosk.contract.reports import ScreenState
from kiosk.station.display.menu_words import Card
from kiosk.station.display.poster import Poster, plain
from kiosk.station.events import Post, StageGone, StageSaid
from kiosk.station.projector.messages import (
    SCREEN_DENIED,
    SCREEN_GONE,
    SCREEN_RESIZED,
    FromStage,
    Grab,
    Overlaid,
    Paint,
    Staged,
)
from kiosk.station.projector.process import Process

log = logging.getLogger(__name__)

RETRY_SECONDS = 1.0
PAGE_MS = 15_000
ANSWERS_WITHIN = 15.0
"""Seconds after which an X server that has not answered the stage's process counts as none."""
MOST_DEATHS, WITHIN_SECONDS = 3, 60.0
"""So many ends of the stage's process within so long are the doing of what it draws: the card over the programme is
left out, if there is one; if that does not help, a plain poster is shown in place of the right one ..."""
PLAIN_SECONDS = 600.0
"""... for so long, and then both are tried again."""


class Stage:
    """The stage's process and the X screen. All methods are for the main loop; instants are monotonic seconds."""

    def __init__(self, display: str, post: Post, page_ms: int = PAGE_MS) -> None:
        """``page_ms``: how long each page of the poster is shown."""
        self._display, self._page_ms = display, page_ms
        self._post = post
        self._process: Process | None = None
        self._poster: Poster | None = None
        self._card: Card | None = None
        self._table = False
        self._retry_at = self._heard_at = 0.0
        self._silent = ""
        """Why the process was ended, where it was the X server's doing; empty where it was not."""
        self._told = ""
        """What was logged of the screen that is not there; empty while it is."""
        self._deaths: deque[float] = deque(maxlen=MOST_DEATHS)
        self._plain_until = 0.0
        self.plain = self.cardless = False
        """Whether a plain poster is shown, and whether no card is, since the right one ends the process."""
        self.size: tuple[int, int] | None = None
        """Of the screen in pixels; None while there is none."""
        self.screen: ScreenState | None = None
        """None: not known yet, or just being set up anew."""

    @property
    def up(self) -> bool:
        """Whether there is a screen."""
        return self.size is not None

    def tick(self, now: float) -> None:
        """Start the stage's process, if there is none and a second has passed since the last one ended; end one that
        the X server does not answer."""
        if (self.plain or self.cardless) and now >= self._plain_until:
            self.plain = self.cardless = False
            self._deaths.clear()
            self._paint()
            self._draw_over()
        if self._process is None and now >= self._retry_at:
            module, arguments = "kiosk.station.player.stage", (self._display,)
            try:
                self._process = Process(module, "stage", self._post, FromStage, StageSaid, StageGone, arguments)
            except OSError as error:
                log.warning("the stage cannot be started: %s", error)
                self._retry_at = now + RETRY_SECONDS
                return
            self._heard_at, self._silent = now, ""
        elif now - self._heard_at > ANSWERS_WITHIN:
            self.connect_anew(f"the X server at {self._display} does not answer")

    def show(self, poster: Poster) -> None:
        """Show this poster whenever no programme is on air."""
        if poster == self._poster:
            return
        self._poster = poster
        self._paint()

    def overlay(self, card: Card | None, table: bool = False) -> None:
        """Draw this over the programme, until the next call: a card, the poster (``table``), or nothing."""
        self._card, self._table = card, table
        self._draw_over()

    def ready(self, size: Staged, now: float) -> None:
        """The screen is there: send the poster."""
        self.size, self.screen = (size.width, size.height), "up"
        if self._told:
            log.info("the screen is there: %d x %d", *self.size)
        self._told = ""
        self.held(now)
        self._paint()
        self._draw_over()

    def connect_anew(self, why: str) -> None:
        """End the process because of the X server; the next one finds out whether there is one that lets it in."""
        if self._process is not None and not self._silent:
            self._silent = why
            self._process.kill()

    def held(self, now: float) -> None:
        """The process says that the X server answers."""
        self._heard_at = now

    def gone(self, event: StageGone, now: float) -> bool:
        """The stage has ended; it is started again in a second. Returns whether the screen is gone too.

        Why is logged once, however often it is found again.
        """
        self.screen, why = self._state_after(event.returncode)
        screen_gone = self.screen is not None or event.returncode == SCREEN_RESIZED
        if why != self._told:
            log.warning("the stage is gone: %s", why)
        self._told = why
        self.size = None
        self._process = None
        self._retry_at = now + RETRY_SECONDS
        if not screen_gone:
            self._deaths.append(now)
            if len(self._deaths) == MOST_DEATHS and now - self._deaths[0] <= WITHIN_SECONDS:
                self._leave_out(now)
        return screen_gone

    def _leave_out(self, now: float) -> None:
        """What is drawn ends the process again and again: do without the card, or else without the poster."""
        self._deaths.clear()
        self._plain_until = now + PLAIN_SECONDS
        if self._card is not None and not self.cardless:
            log.error("the card over the programme cannot be drawn; it is left out for %.0f s", PLAIN_SECONDS)
            self.cardless = True
        elif not self.plain:
            log.error("the poster cannot be drawn; a plain one is shown for %.0f s", PLAIN_SECONDS)
            self.plain = True

    def _state_after(self, returncode: int) -> tuple[ScreenState | None, str]:
        """What the process's end tells of the screen, and in words."""
        if self._silent:
            return "none", self._silent
        if returncode == SCREEN_GONE:
            return "none", f"there is no X server at {self._display}"
        if returncode == SCREEN_DENIED:
            return (
                "denied",
                f"the X server at {self._display} does not let this user in; run install.sh station again",
            )
        if returncode == SCREEN_RESIZED:
            return None, "the screen has another size"
        return None, f"its process ended with {returncode}"

    def grab(self) -> None:
        """Order a screenshot; it comes as :class:`messages.Grabbed`, or not at all where the stage ends."""
        if self._process is not None:
            self._process.send(Grab())

    def close(self) -> None:
        """End the stage; the screen goes black."""
        if self._process is not None:
            self._process.kill()

    def _draw_over(self) -> None:
        if self._process is not None and self.up:
            card = None if self.cardless else self._card
            self._process.send(Overlaid(card=msgspec.Raw(msgspec.json.encode(card)), table=self._table))

    def _paint(self) -> None:
        if self._process is not None and self._poster is not None and self.up:
            poster = plain(self._poster.language) if self.plain else self._poster
            self._process.send(Paint(poster=msgspec.Raw(msgspec.json.encode(poster)), page_ms=self._page_ms))
