"""One showing on its way: its present child, what is wrong with it, and the sum of those before it."""

from dataclasses import dataclass

from kiosk.station.projector.process import Process
from kiosk.station.projector.reports import OffScreen, Position, Showing

SILENT = 2.2
"""Seconds of silence that tell a child that hangs at the earliest: it reports once a second."""
TAIL = 2.0
"""Seconds before the end in which standing media time is the file's tail and no fault."""
READY_WITHIN = 25.0
"""Seconds from its start in which a child says that it is ready, or that it has failed; else it hangs."""
NOTICE = 0.1
"""Seconds before a play's first picture, where that is late or joins, in which the record hears when it comes: should
all end just then, the row has its start."""
SETTLE = 4.0
"""Seconds after a cut in which media time need not have moved yet."""


@dataclass
class ShowingRun:
    """What the projector keeps of a showing: its present child, and the sum of those before."""

    showing: Showing
    asked: float
    """The instant that the caller asked for; ``showing.at`` is later where there was no screen or no time."""
    child: str = ""
    process: Process | None = None
    attempts: int = 0
    """Children so far."""
    faults: int = 0
    """Children that failed; those that went with their screen did not."""
    shown_at: float | None = None
    """First picture of all attempts."""
    since: float | None = None
    """First picture of the present child."""
    joins: bool = False
    """The present child was started when its programme had begun."""
    ready: bool = False
    """The present child has its picture and waits for ``due``."""
    due: float = 0.0
    heard_at: float = 0.0
    media_ms: int = -1
    moved_at: float = 0.0
    played: float = 0.0
    """Seconds shown by children before the present one."""
    pictures: int = 0
    lost: int = 0
    counted: tuple[int, int] = (0, 0)
    """Pictures shown and lost by the present child."""
    cause: str = ""
    """Why there is no child any more: it failed too near to the end to be replaced."""
    drawn_at: float = 0.0
    """When the count of pictures last moved."""
    kind: str = "film"
    video_output: str = ""

    @property
    def notice(self) -> float:
        """Seconds before its picture that the record has to hear of it: one that has its start needs none."""
        return NOTICE if self.shown_at is None else 0.0

    def begin(self, child: str, showing: Showing, now: float) -> None:
        """A child is started, to show ``showing``."""
        self.child, self.due = child, showing.at
        self.since, self.counted, self.media_ms, self.ready = None, (0, 0), -1, False
        self.heard_at = self.moved_at = now

    def comes_up(self, at: float) -> bool:
        """The child's picture is on the screen; is it the play's first?"""
        self.since = self.heard_at = at
        self.moved_at = self.drawn_at = at + SETTLE
        first = self.shown_at is None
        if first:
            self.shown_at = at
        return first

    def goes_on(self, at: float, media_ms: int, pictures: int, lost: int) -> None:
        """The child has reported."""
        self.heard_at = at
        if pictures != self.counted[0]:
            self.drawn_at = max(self.drawn_at, at)
        self.counted = (pictures, lost)
        if media_ms != self.media_ms:
            self.media_ms = media_ms
            self.moved_at = max(self.moved_at, at)

    def end_child(self) -> None:
        """Kill the child and add its share to the sums; it has shown nothing after it was last heard of."""
        if self.process is not None:
            self.process.kill()
        if self.since is not None:
            self.played += max(0.0, min(self.heard_at, self.showing.end) - self.since)
        self.pictures += self.counted[0]
        self.lost += self.counted[1]
        self.since, self.counted = None, (0, 0)
        self.process, self.child = None, ""

    def trouble(self, now: float, stall: float, memory_mb: int) -> str:
        """Why the child has to be replaced; empty where it does its work."""
        if self.process is None:
            return ""
        if self.process.memory_mb() > memory_mb:
            return f"the player takes more than {memory_mb} MB of memory"
        if self.in_tail(now):
            return ""
        if self.since is None:
            return self._trouble_before_cut(now, stall)
        if now - self.heard_at > max(stall, SILENT):
            return "the player hangs"
        if now - self.moved_at > stall:
            return "the programme stands still"
        if self.kind == "film" and now - self.drawn_at > stall:
            return "the picture stands still"
        return ""

    def _trouble_before_cut(self, now: float, stall: float) -> str:
        if self.ready:
            return "the player does not come up" if now - max(self.due, self.heard_at) > stall + 1 else ""
        return "the player does not get ready" if now - self.heard_at > READY_WITHIN else ""

    def in_tail(self, now: float) -> bool:
        """Is the end too near for another child?"""
        return now > self.showing.end - TAIL

    def position(self, at: float) -> Position:
        """How far it is."""
        here = max(0.0, min(at, self.showing.end) - self.since) if self.since is not None else 0.0
        pictures, lost = self.pictures + self.counted[0], self.lost + self.counted[1]
        return Position(self.showing.play, at, self.played + here, pictures, lost)

    def over(self, at: float, cause: str = "") -> OffScreen:
        """What there is to say of it at its end."""
        place = self.position(at)
        return OffScreen(self.showing.play, at, place.played, place.pictures, place.lost, cause or self.cause)
