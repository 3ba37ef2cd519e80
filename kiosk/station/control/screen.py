"""What the stage and the programmes' children report, and what follows from it for screen, plan and record."""

from collections.abc import Callable

from kiosk.station.clock.clock import Clock
from kiosk.station.events import ChildGone, ChildSaid, FromScreen, StageGone, StageSaid
from kiosk.station.playout.playout import Playout
from kiosk.station.projector.messages import SCREEN_GONE, Grabbed, Held, Shown, Staged
from kiosk.station.projector.projector import Projector
from kiosk.station.projector.screenshots import Screenshot, Screenshots
from kiosk.station.projector.stage import Stage

DOUBT_SECONDS = 2.0
"""Seconds after which the stage should have lost a screen that a programme has not found."""
DOUBT_EVERY = 60.0
"""Seconds between two times that the stage has to connect anew because of that, at least."""


class Screen:
    """For the main loop only."""

    def __init__(
        self, stage: Stage, projector: Projector, screenshots: Screenshots, playout: Playout, clock: Clock,
        replan: Callable[[str], None], send_screenshot: Callable[[Screenshot], None], refresh: Callable[[], None],
        read_soon: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        """``replan`` brings the screen in step with the plan, ``send_screenshot`` takes each picture to
        the town, if it has asked for one, ``refresh`` tells people that the screen is there, or is not,
        and ``read_soon`` has the devices looked at then."""
        self._read_soon = read_soon
        self._stage, self._projector, self._screenshots = stage, projector, screenshots
        self._playout, self._clock = playout, clock
        self._replan, self._send_screenshot, self._refresh = replan, send_screenshot, refresh
        self._doubted_at: float | None = None
        self._next_doubt = 0.0

    def handle(self, event: FromScreen) -> None:
        """What one of the processes at the screen has reported."""
        now, before = self._clock.monotonic(), self._stage.screen
        match event:
            case StageSaid(message=Staged() as size):
                self._stage.ready(size, now)
                self._projector.screen_came(now)
            case StageSaid(message=Held()):
                self._stage.held(now)
            case StageGone():
                self._doubted_at = None
                self._screenshots.screen_went()
                if self._stage.gone(event, now):
                    self._projector.screen_went()
            case StageSaid(message=Grabbed() as answer):
                if screenshot := self._screenshots.receive(answer):
                    self._send_screenshot(screenshot)
            case ChildSaid() | ChildGone():
                if isinstance(event, ChildGone) and event.returncode == SCREEN_GONE and self._doubted_at is None:
                    self._doubted_at = now
                reports = self._projector.handle(event, now)
                shown = isinstance(event, ChildSaid) and isinstance(event.message, Shown)
                if self._playout.handle(reports) or shown:
                    self._replan("a programme failed")
        if self._stage.screen != before:
            self._refresh()
            self._read_soon()

    def tick(self) -> None:
        """About once a second: what hangs is replaced, what has gone is started anew."""
        now = self._clock.monotonic()
        self._stage.tick(now)
        if self._doubted_at is not None and now - self._doubted_at >= DOUBT_SECONDS:
            self._doubted_at = None
            idle = self._playout.on_air() is None  # what is on air was let in, and plays to its end
            if self._stage.up and idle and now >= self._next_doubt:
                self._next_doubt = now + DOUBT_EVERY
                self._stage.connect_anew("the X server lets no programme in")
        if self._playout.handle(self._projector.tick(now)):
            self._replan("a programme failed")

    def close(self) -> None:
        """End all that is on the screen."""
        self._projector.close()
        self._stage.close()
