"""Cue and cut: one child per programme, its instants, its replacement where it fails, and what was really shown.

All methods are for the main loop. All instants are CLOCK_MONOTONIC in seconds; the wall clock is the caller's affair.
"""

import logging
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import mkdtemp

from msgspec import structs

from kiosk.station.events import ChildFailed, ChildGone, ChildProgress, ChildReady, ChildShown, Event, Post
from kiosk.station.projector.messages import (
    SCREEN_GONE,
    Cue,
    Cut,
    Failed,
    FromChild,
    Leave,
    Progress,
    Ready,
    Shown,
    Volume,
)
from kiosk.station.projector.process import Process

log = logging.getLogger(__name__)

ATTEMPTS = 3
"""Children that a programme may use up before it has failed."""
JOIN_LEAD = 0.8
"""Seconds that the first child to join needs from its start to its picture: it is aimed that far ahead. Each later one
is aimed by what the one before it took, and :data:`JOIN_SPARE`: what lacks stays lost until the programme's end."""
JOIN_SPARE = 0.05
MOST_LEAD = 4.0
SILENT = 2.2
"""Seconds of silence that tell a child that hangs at the earliest: it reports once a second."""
TAIL = 2.0
"""Seconds before the end in which standing media time is the file's tail and no fault."""
LINGER = 2.0
"""Seconds that a programme's last picture stays for one that is late to follow it."""
SAME_INSTANT = 0.005
"""Seconds by which an instant may differ and still be the same: wall and monotonic clock drift by as much."""
LEAVE_WITHIN = 2.0
"""Seconds that a child is given to leave before it is killed."""
READY_WITHIN = 25.0
"""Seconds from its start in which a child says that it is ready, or that it has failed; else it hangs."""
SETTLE = 4.0
"""Seconds after a cut in which media time need not have moved yet."""


@dataclass(frozen=True)
class Showing:
    """One programme to be shown once. ``play`` is the as-run row's id."""

    play: str
    cue: Cue
    """Without a position: that follows from ``head`` and the instant of the cut."""
    at: float
    """When its picture is to be on the screen."""
    head: float
    """When its head was or is due; earlier than ``at`` where it is joined in progress."""
    end: float


@dataclass(frozen=True)
class OnScreen:
    """A play's first picture is there."""

    play: str
    at: float
    late: float
    gap: float
    video_output: str = ""


@dataclass(frozen=True)
class Position:
    """How far a play on air is. ``played`` in seconds, without stand-stills."""

    play: str
    at: float
    played: float
    pictures: int
    lost: int


@dataclass(frozen=True)
class OffScreen:
    """A play is over. ``cause`` is empty where the clock or the caller ended it, else why it failed."""

    play: str
    at: float
    played: float
    pictures: int
    lost: int
    cause: str = ""


@dataclass(frozen=True)
class Replaced:
    """A child had to be replaced at the same position."""

    play: str
    cause: str


Note = OnScreen | Position | OffScreen | Replaced


@dataclass
class _Run:
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


@dataclass
class _Leaver:
    """A child on its way out: it stays until ``follower`` is on the screen, or until ``until``."""

    process: Process
    follower: str | None
    until: float
    told: bool = False


class Projector:
    """The children, and what each is to show."""

    def __init__(self, post: Post, stall: float = 3.0, memory_mb: int = 1024, runtime: Path | None = None) -> None:
        """``stall``: seconds after which a picture that stands still is replaced; ``memory_mb``: a child's ceiling;
        ``runtime``: where each child gets a folder of its own, the only one that it may write to."""
        self._post = post
        self._runtime = runtime
        self._unconfined = ""
        self._stall = stall
        self._memory_mb = memory_mb
        self._runs: dict[str, _Run] = {}
        self._leavers: dict[str, _Leaver] = {}
        self._last_end = 0.0
        self._join_lead = JOIN_LEAD
        self.screen_up = False

    @property
    def plays(self) -> frozenset[str]:
        """Ids of the plays that are cued or on air."""
        return frozenset(self._runs)

    def cue(self, showing: Showing, now: float) -> None:
        """Make a programme ready to be on the screen at ``showing.at``."""
        run = self._runs[showing.play] = _Run(showing, showing.at)
        if self.screen_up:
            self._start(run, now)

    def retime(self, play: str, at: float | None, end: float) -> None:
        """The clock has been put right, or the end has moved: other instants for the same play.

        ``at`` is None where the play was joined in progress: it is shown as soon as it can be.
        """
        run = self._runs[play]
        showing = run.showing
        moved = replace(showing, end=end)
        if at is not None and run.shown_at is None and abs(at - run.asked) >= SAME_INSTANT:
            late_already = showing.at > run.asked + SAME_INSTANT  # it had become a join: as soon as it can be, then
            moved = replace(moved, at=showing.at if late_already else at, head=showing.head + (at - run.asked))
            run.asked = at
        if abs(moved.at - showing.at) < SAME_INSTANT and abs(moved.end - showing.end) < SAME_INSTANT:
            return
        run.showing = moved
        if run.shown_at is None:
            run.due = moved.at
        if run.process is not None:
            run.process.tell(Cut(at=moved.at, end=moved.end))

    def drop(self, play: str, now: float, follower: str | None = None) -> list[Note]:
        """Take a play off: at once, or when ``follower`` is on the screen in its place."""
        run = self._runs.pop(play)
        self._let_go(run, now, follower if follower in self._runs else None)
        return [self._over(run, min(now, run.showing.end))]

    def volume(self, play: str, percent: int) -> None:
        """Set the volume of a play that is cued or on air, in percent; 0 is mute."""
        run = self._runs[play]
        run.showing = replace(run.showing, cue=structs.replace(run.showing.cue, volume=percent))
        if run.process is not None:
            run.process.tell(Volume(percent=percent))

    def screen_came(self, now: float) -> None:
        """There is a screen: start, or join again, all that is to be shown."""
        self.screen_up = True
        for run in self._runs.values():
            if run.process is None:
                self._start(run, now)

    def screen_went(self) -> None:
        """The X server is gone, and all windows with it: libVLC would play on to nobody until the programme's end."""
        self.screen_up = False
        for run in self._runs.values():
            if run.process is not None:
                self._end_child(run)
        for leaver in self._leavers.values():
            leaver.process.kill()

    def handle(self, event: Event, now: float) -> list[Note]:
        """Take in what a child says. Events of children that were let go are theirs alone."""
        match event:
            case ChildReady(play=child):
                if run := self._run_of(child):
                    if run.joins:
                        self._join_lead = min(MOST_LEAD, now - run.heard_at + JOIN_SPARE)
                    run.ready, run.heard_at = True, now
                    run.kind, run.video_output = event.kind, event.video_output
                self._note_confinement(event.unconfined)
                return []
            case ChildShown(play=child, monotonic=at):
                return self._shown(child, at)
            case ChildProgress():
                return self._progress(event)
            case ChildFailed(play=child, cause=cause):
                run = self._run_of(child)
                return self._replace(run, cause, now) if run else []
            case ChildGone(play=child, returncode=code):
                self._leavers.pop(child, None)
                run = self._run_of(child)
                if run and code == SCREEN_GONE:  # no fault of the file: it starts again with its screen, or by tick()
                    self._end_child(run)
                    return []
                return self._replace(run, f"the player ended with {code}", now) if run else []
        return []

    def tick(self, now: float) -> list[Note]:
        """Look for children that hang, stand still, or overstay. To be called about once a second."""
        notes: list[Note] = []
        for run in list(self._runs.values()):
            if run.process is None and self.screen_up and not run.cause:
                self._start(run, now)
            elif cause := self._trouble(run, now):
                notes += self._replace(run, cause, now)
        for leaver in self._leavers.values():
            if now < leaver.until:
                continue
            if leaver.told:
                leaver.process.kill()
            else:
                self._tell_leave(leaver, now)
        return notes

    def close(self) -> None:
        """End all children at once."""
        processes = [run.process for run in self._runs.values()] + [one.process for one in self._leavers.values()]
        for process in processes:
            if process is not None:
                process.kill()
        self._runs.clear()

    # --- inside ---

    def _note_confinement(self, trouble: str) -> None:
        if trouble and trouble != self._unconfined:
            log.warning("the players are not shut off from network and files: %s", trouble)
        self._unconfined = trouble

    def _start(self, run: _Run, now: float) -> None:
        showing = run.showing
        run.attempts += 1
        run.joins = run.shown_at is not None or now > showing.at
        if run.joins:
            showing = replace(showing, at=now + self._join_lead)
        run.child = f"{showing.play}.{run.attempts}"
        run.since, run.counted, run.media_ms = None, (0, 0), -1
        run.ready, run.due = False, showing.at
        run.heard_at = run.moved_at = now
        position = max(0, round((showing.at - showing.head) * 1000))
        if run.shown_at is None:
            run.showing = showing
        child = run.child
        run.process = Process(
            "kiosk.station.projector.child",
            child,
            self._post,
            FromChild,
            partial(_translate, child),
            partial(ChildGone, child),
            folder=Path(mkdtemp(prefix="play-", dir=self._runtime)),
        )
        run.process.tell(structs.replace(showing.cue, position_ms=position))
        run.process.tell(Cut(at=showing.at, end=showing.end))

    def _shown(self, child: str, at: float) -> list[Note]:
        run = self._run_of(child)
        if run is None:
            return []
        before = [
            leaver for leaver in self._leavers.values() if leaver.follower == run.showing.play and not leaver.told
        ]
        for leaver in before:
            self._tell_leave(leaver, at)
        run.since = run.heard_at = at
        run.moved_at = run.drawn_at = at + SETTLE
        if run.shown_at is not None:
            return []
        run.shown_at = at
        bare = at - self._last_end if self._last_end and not before else 0.0  # the last picture before stayed until now
        gap = max(0.0, bare) if bare < LINGER else 0.0
        return [OnScreen(run.showing.play, at, at - run.showing.at, gap, run.video_output)]

    def _progress(self, event: ChildProgress) -> list[Note]:
        run = self._run_of(event.play)
        if run is None or run.since is None:
            return []
        run.heard_at = event.monotonic
        if event.pictures != run.counted[0]:
            run.drawn_at = max(run.drawn_at, event.monotonic)
        run.counted = (event.pictures, event.lost)
        if event.media_ms != run.media_ms:
            run.media_ms = event.media_ms
            run.moved_at = max(run.moved_at, event.monotonic)
        return [self._position(run, event.monotonic)]

    def _trouble(self, run: _Run, now: float) -> str:
        if run.process is None:
            return ""
        if run.process.memory_mb() > self._memory_mb:
            return f"the player takes more than {self._memory_mb} MB of memory"
        if now > run.showing.end - TAIL:
            return ""
        if run.since is None:
            return self._trouble_before_cut(run, now)
        if now - run.heard_at > max(self._stall, SILENT):
            return "the player hangs"
        if now - run.moved_at > self._stall:
            return "the programme stands still"
        if run.kind == "film" and now - run.drawn_at > self._stall:
            return "the picture stands still"
        return ""

    def _trouble_before_cut(self, run: _Run, now: float) -> str:
        if run.ready:
            return "the player does not come up" if now - max(run.due, run.heard_at) > self._stall + 1 else ""
        return "the player does not get ready" if now - run.heard_at > READY_WITHIN else ""

    def _replace(self, run: _Run, cause: str, now: float) -> list[Note]:
        log.warning("play %s: %s (attempt %d)", run.showing.play, cause, run.attempts)
        self._end_child(run)
        if not self.screen_up:
            return []
        run.faults += 1
        if run.faults >= ATTEMPTS:
            del self._runs[run.showing.play]
            return [self._over(run, min(now, run.showing.end), cause)]
        if now > run.showing.end - TAIL:
            run.cause = cause
            return []
        self._start(run, now)
        return [Replaced(run.showing.play, cause)]

    def _end_child(self, run: _Run) -> None:
        if run.process is not None:
            run.process.kill()
        self._count(run)
        run.process, run.child = None, ""

    def _count(self, run: _Run) -> None:
        """Add the present child's share to the sums; it has shown nothing after it was last heard of."""
        if run.since is not None:
            run.played += max(0.0, min(run.heard_at, run.showing.end) - run.since)
        run.pictures += run.counted[0]
        run.lost += run.counted[1]
        run.since, run.counted = None, (0, 0)

    def _position(self, run: _Run, at: float) -> Position:
        here = max(0.0, min(at, run.showing.end) - run.since) if run.since is not None else 0.0
        pictures, lost = run.pictures + run.counted[0], run.lost + run.counted[1]
        return Position(run.showing.play, at, run.played + here, pictures, lost)

    def _over(self, run: _Run, at: float, cause: str = "") -> OffScreen:
        if run.shown_at is not None:
            self._last_end = at
        place = self._position(run, at)
        return OffScreen(run.showing.play, at, place.played, place.pictures, place.lost, cause or run.cause)

    def _let_go(self, run: _Run, now: float, follower: str | None) -> None:
        if run.process is None:
            return
        leaver = self._leavers[run.child] = _Leaver(run.process, follower, now + LINGER)
        if follower is None or run.since is None or self._runs[follower].since is not None:
            self._tell_leave(leaver, now)

    def _tell_leave(self, leaver: _Leaver, now: float) -> None:
        if not leaver.told:
            leaver.told, leaver.until = True, now + LEAVE_WITHIN
            leaver.process.tell(Leave())

    def _run_of(self, child: str) -> _Run | None:
        run = self._runs.get(child.rpartition(".")[0])
        return run if run is not None and run.child == child else None


def _translate(child: str, message: FromChild) -> Event:
    match message:
        case Ready(video_output=output, kind=kind, unconfined=unconfined):
            return ChildReady(child, output, kind, unconfined)
        case Shown(at=at):
            return ChildShown(child, at)
        case Progress(at=at, media_ms=media, pictures=pictures, lost=lost):
            return ChildProgress(child, at, media, pictures, lost)
        case Failed(cause=cause):
            return ChildFailed(child, cause)
