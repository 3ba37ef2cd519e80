"""The state of one showing: its present child, what is wrong with it, and the sums of the children before."""

from dataclasses import dataclass

from kiosk.station.projector.messages import Progress
from kiosk.station.projector.process import Process
from kiosk.station.projector.reports import OffScreen, Position, Showing

SILENT = 2.2
"""Seconds without a report after which a child hangs, at the earliest: it reports once a second."""
TAIL = 2.0
"""Seconds before the end in which media time that stands still is the end of the file and no fault."""
READY_WITHIN = 25.0
"""Seconds after its start in which a child reports that it is ready, or has failed; else it hangs."""
NOTICE = 0.1
"""Seconds by which the start of a play that is late, or joins, is reported before its first picture: so the row has its
start, should the PC fail just then."""
SETTLE = 4.0
"""Seconds after a cut in which nothing need have moved yet."""


@dataclass
class ShowingRun:
    """One showing: its present child, and the sums of the children before."""

    showing: Showing
    asked: float
    """The instant that the caller asked for; ``showing.at`` is later where there was no screen or no time."""
    child: str = ""
    process: Process | None = None
    attempts: int = 0
    """Children so far."""
    faults: int = 0
    """Children that failed; those that went with their screen did not."""
    screenless: int = 0
    """Children that found no screen, though there is one."""
    shown_at: float | None = None
    """First picture of all attempts."""
    since: float | None = None
    """First picture of the present child."""
    joins: bool = False
    """The present child was started when its programme had begun."""
    ready: bool = False
    """The present child has its picture and waits for ``due``."""
    began: float = 0.0
    """When the present child was started."""
    due: float = 0.0
    last_report: float = 0.0
    advanced: tuple[int, int, int, int | None] = (-1, 0, 0, None)
    """Media time in ms, pictures, changes and pieces of sound at the last report."""
    moved_at: float = 0.0
    """When any of these last moved."""
    played: float = 0.0
    """Seconds shown by children before the present one."""
    pictures: int = 0
    lost: int = 0
    counted: tuple[int, int] = (0, 0)
    """Pictures shown and lost by the present child."""
    cause: str = ""
    """Why there is no child any more: it failed too near to the end to be replaced."""
    screen_lost: bool = False
    """There was no screen when it should have been on it."""
    drawn_at: float = 0.0
    """When the count of pictures last moved."""
    kind: str = "film"
    video_output: str = ""

    @property
    def notice(self) -> float:
        """Seconds by which its picture is reported beforehand; none where the row has its start already."""
        return NOTICE if self.shown_at is None else 0.0

    def begin(self, child: str, showing: Showing, now: float) -> None:
        """A child is started, to show ``showing``."""
        self.child, self.due = child, showing.at
        self.since, self.counted, self.advanced, self.ready = None, (0, 0), (-1, 0, 0, None), False
        self.began = self.last_report = self.moved_at = now

    def is_shown(self, at: float) -> bool:
        """The child's picture is on the screen. Returns whether it is the play's first."""
        self.since = self.last_report = at
        self.moved_at = self.drawn_at = at + SETTLE
        first = self.shown_at is None
        if first:
            self.shown_at = at
        return first

    def progressed(self, progress: Progress) -> None:
        """The child has reported its progress."""
        at = self.last_report = progress.at
        advanced = (progress.media_ms, progress.pictures, progress.changes, progress.sounds)
        if advanced[1:3] != self.advanced[1:3]:
            self.drawn_at = max(self.drawn_at, at)
        self.counted = (progress.pictures, progress.lost)
        if advanced != self.advanced:
            self.advanced = advanced
            self.moved_at = max(self.moved_at, at)

    def end_child(self) -> None:
        """Kill the child and add its figures to the sums, up to its last report."""
        if self.process is not None:
            self.process.kill()
        if self.since is not None:
            self.played += max(0.0, min(self.last_report, self.showing.end) - self.since)
        self.pictures += self.counted[0]
        self.lost += self.counted[1]
        self.since, self.counted = None, (0, 0)
        self.process, self.child = None, ""

    def lose_screen(self) -> None:
        """The screen is gone, and with it the child."""
        self.screen_lost |= self.since is not None
        self.end_child()

    def trouble(self, now: float, stall: float, memory_mb: int) -> str:
        """Why the child has to be replaced; empty where it need not be."""
        if self.process is None:
            return ""
        if self.process.memory_mb() > memory_mb:
            return f"the player takes more than {memory_mb} MB of memory"
        if self.in_tail(now):
            return ""
        if self.since is None:
            return self._trouble_before_cut(now, stall)
        if now - self.last_report > max(stall, SILENT):
            return "the player hangs"
        heard = self.advanced[3] is not None
        if now - self.moved_at > stall + (self.showing.rest if heard else self.showing.still):
            return "the programme stands still"
        if self.kind == "film" and now - self.drawn_at > stall + self.showing.still:
            return "the picture stands still"
        return ""

    def _trouble_before_cut(self, now: float, stall: float) -> str:
        if self.ready:
            return "the player does not come up" if now - max(self.due, self.last_report) > stall + 1 else ""
        return "the player does not get ready" if now - self.last_report > READY_WITHIN else ""

    def in_tail(self, now: float) -> bool:
        """Whether the end is too near for another child."""
        return now > self.showing.end - TAIL

    def position(self, at: float) -> Position:
        """How far the play is."""
        here = max(0.0, min(at, self.showing.end) - self.since) if self.since is not None else 0.0
        pictures, lost = self.pictures + self.counted[0], self.lost + self.counted[1]
        return Position(self.showing.play, at, self.played + here, pictures, lost)

    def over(self, at: float, cause: str = "") -> OffScreen:
        """The report at the play's end."""
        place = self.position(at)
        counted = (place.pictures, place.lost)
        return OffScreen(self.showing.play, at, place.played, *counted, cause or self.cause, self.screen_lost)
