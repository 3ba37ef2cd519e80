"""The main loop's part for tests of the projector: a real inbox, a real stage, and notes gathered."""

import os
import queue
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from screen import SECONDS, XServer, children_of

from kiosk.station.display import poster
from kiosk.station.events import ChildGone, ChildSaid, Event, StageGone, StageSaid
from kiosk.station.projector.messages import Cue, Held, Ready, Staged
from kiosk.station.projector.projector import Projector
from kiosk.station.projector.reports import Report, Showing
from kiosk.station.projector.stage import Stage

POSTER = poster.compose(None, None, datetime(2026, 3, 5, tzinfo=UTC), language="en", station="test room")

N = TypeVar("N")


class Rig:
    """A projector and its stage, driven as the daemon drives them."""

    def __init__(self, screen: XServer) -> None:
        self.screen = screen
        self.inbox: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self.events: list[Event] = []
        self.notes: list[Report] = []
        self.stage = Stage(screen.name, self.inbox.put)
        self.stage.show(POSTER)
        self.projector = Projector(self.inbox.put)
        self._ticked = 0.0

    def cue(
        self,
        play: str,
        file: Path,
        at: float,
        *,
        head: float | None = None,
        end: float | None = None,
        volume: int = 80,
        sound: str = "none",
        stands: bool = False,
        still: float = 0.0,
    ) -> Showing:
        """Cue a clip to be on the screen at ``at`` (monotonic). One picture of it may stand for ``still`` seconds."""
        head = at if head is None else head
        end = head + SECONDS if end is None else end
        cue = Cue(
            file=str(file), display=self.screen.name, video_output="xcb_x11", sound=sound, hardware_decoding=False,
            volume=volume, stands=stands, slides=still > 0,
        )  # fmt: skip
        showing = Showing(play, cue, at, head, end, still, still if sound == "none" else 0.0)
        self.projector.cue(showing, time.monotonic())
        return showing

    def lose_patience(self) -> None:
        """Replace children that hang after 1.5 s already."""
        self.projector = Projector(self.inbox.put, stall=0.5)
        self.projector.screen_came(time.monotonic())

    def turn(self) -> None:
        """One turn of the main loop."""
        now = time.monotonic()
        if now - self._ticked >= 0.5:
            self._ticked = now
            self.stage.tick(now)
            self.notes += self.projector.tick(now)
        try:
            event = self.inbox.get(timeout=0.02)
        except queue.Empty:
            return
        self.events.append(event)
        match event:
            case StageSaid(message=Staged() as size):
                self.stage.ready(size, time.monotonic())
                self.projector.screen_came(time.monotonic())
            case StageSaid(message=Held()):
                self.stage.held(time.monotonic())
            case StageGone():
                if self.stage.gone(event, time.monotonic()):
                    self.projector.screen_went()
            case ChildSaid() | ChildGone():
                self.notes += self.projector.handle(event, time.monotonic())

    def until(self, truth: Callable[[], object], seconds: float = 20) -> None:
        """Run the loop until ``truth`` holds."""
        deadline = time.monotonic() + seconds
        while not truth():
            assert time.monotonic() < deadline, f"waited in vain; notes: {self.notes}"
            self.turn()

    def run_to(self, monotonic: float) -> None:
        """Run the loop until an instant."""
        while time.monotonic() < monotonic:
            self.turn()

    def of(self, kind: type[N], play: str | None = None) -> list[N]:
        """The notes of one kind, and of one play."""
        return [note for note in self.notes if isinstance(note, kind) and play in (None, note.play)]  # type: ignore[attr-defined]

    def note(self, kind: type[N], play: str | None = None, seconds: float = 20) -> N:
        """The first note of a kind; waits for it."""
        self.until(lambda: self.of(kind, play), seconds)
        return self.of(kind, play)[0]

    def ready(self, child: str) -> None:
        """Wait until a child has its first picture."""
        self.until(lambda: child in self.ready_children())

    def ready_children(self) -> list[str]:
        """The children that have their first picture."""
        said = [event for event in self.events if isinstance(event, ChildSaid)]
        return [event.child for event in said if isinstance(event.message, Ready)]

    def said(self, kind: type[N], since: int = 0) -> list[N]:
        """The messages of one kind that came from the children and the stage, from the event with this number on."""
        events = [event for event in self.events[since:] if isinstance(event, ChildSaid | StageSaid)]
        return [event.message for event in events if isinstance(event.message, kind)]

    def children(self) -> dict[int, str]:
        return children_of(os.getpid())

    def close(self) -> None:
        """End everything, and see that nothing is left: no process, no zombie, no window."""
        self.projector.close()
        self.stage.close()
        stages = "kiosk.station.player.stage"
        self.until(lambda: not self.children() and not children_of(os.getpid(), stages))
