"""Cue and cut: one child process per programme, its instants, its replacement where it fails, and its reports.

All methods are for the main loop. All instants are CLOCK_MONOTONIC in seconds; the caller knows the wall clock.
"""

import logging
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import mkdtemp

from msgspec import structs

from kiosk.station.events import ChildGone, ChildSaid, Post
from kiosk.station.projector.messages import SCREEN_GONE, Cut, Failed, FromChild, Leave, Progress, Ready, Shown, Volume
from kiosk.station.projector.process import Process
from kiosk.station.projector.reports import Coming, OffScreen, OnScreen, Replaced, Report, Showing
from kiosk.station.projector.showing import ShowingRun

log = logging.getLogger(__name__)

ATTEMPTS = 3
"""Children that a programme may lose before it has failed."""
SCREENLESS = 20
"""Children that say that there is no screen, though there is one, before that counts against their programme: the stage
has looked by then, and it is the file that says so."""
JOIN_LEAD = 0.6
"""Seconds that the first child to join needs from its start to its picture: it is aimed so far ahead. Each later one
is aimed by the time of the one before and :data:`JOIN_SPARE`: a child that is late stays late to the end."""
JOIN_SPARE = 0.05
MOST_LEAD = 4.0
LINGER = 2.0
"""Seconds that a programme's last picture stays on the screen where the next programme is late."""
SAME_INSTANT = 0.005
"""Seconds by which two instants may differ and count as the same: wall and monotonic clock drift so much."""
LEAVE_WITHIN = 2.0
"""Seconds that a child is given to leave before it is killed."""


@dataclass
class _Leaver:
    """A child that is to leave: it stays until ``follower`` is on the screen, or until ``until``."""

    process: Process
    follower: str | None
    until: float
    told: bool = False


class Projector:
    """The child processes of programmes, and what each is to show."""

    def __init__(self, post: Post, stall: float = 3.0, memory_mb: int = 1024, runtime: Path | None = None) -> None:
        """``stall``: seconds after which a picture that stands still is replaced; ``memory_mb``: a child's ceiling;
        ``runtime``: where each child gets a folder of its own, the only one that it may write to."""
        self._post = post
        self._runtime = runtime
        self._unconfined = ""
        self._stall = stall
        self._memory_mb = memory_mb
        self._runs: dict[str, ShowingRun] = {}
        self._leavers: dict[str, _Leaver] = {}
        self._last_end = 0.0
        self._join_lead = JOIN_LEAD
        self.screen_up = False
        self._screen_missed = False
        """Whether it is known that there is none; not before the stage has looked."""

    @property
    def plays(self) -> frozenset[str]:
        """Ids of the plays that are cued or on air."""
        return frozenset(self._runs)

    def cue(self, showing: Showing, now: float) -> None:
        """Prepare a programme to be on the screen at ``showing.at``."""
        run = self._runs[showing.play] = ShowingRun(showing, showing.at)
        if self.screen_up:
            self._start(run, now)

    def retime(self, play: str, at: float | None, end: float) -> None:
        """Set other instants for a play: the clock has been put right, or the end has moved.

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
            run.process.send(Cut(at=moved.at, end=moved.end))

    def drop(self, play: str, now: float, follower: str | None = None) -> list[Report]:
        """Take a play off the screen: at once, or when ``follower`` is on it."""
        run = self._runs.pop(play)
        self._let_go(run, now, follower if follower in self._runs else None)
        return [self._over(run, now)]

    def volume(self, play: str, percent: int) -> None:
        """Set the volume of a play that is cued or on air, in percent; 0 is mute."""
        run = self._runs[play]
        run.showing = replace(run.showing, cue=structs.replace(run.showing.cue, volume=percent))
        if run.process is not None:
            run.process.send(Volume(percent=percent))

    def renew(self, play: str, cause: str, now: float) -> list[Report]:
        """Replace the player of a play that is on air."""
        run = self._runs.get(play)
        return self._replace(run, cause, now) if run is not None and run.shown_at is not None else []

    def screen_came(self, now: float) -> None:
        """The X server is there: start, or join again, every play that is cued or on air."""
        self.screen_up, missed = True, self._screen_missed
        self._screen_missed = False
        for run in self._runs.values():
            run.screen_lost |= missed and run.process is None and now > run.asked
            if run.process is None:
                self._start(run, now)

    def screen_went(self) -> None:
        """The X server is gone, and all windows with it: end the children, as libVLC would play on without a window."""
        self.screen_up, self._screen_missed = False, True
        for run in self._runs.values():
            if run.process is not None:
                run.lose_screen()
        for leaver in self._leavers.values():
            leaver.process.kill()

    def handle(self, event: ChildSaid | ChildGone, now: float) -> list[Report]:
        """Handle an event of a child. Events of children that have left, or were replaced, change nothing."""
        run = self._run_of(event.child)
        match event:
            case ChildSaid(message=Ready() as ready):
                self._log_confinement(ready.unconfined)
                if run is None:
                    return []
                if run.joins:
                    self._join_lead = min(MOST_LEAD, now - run.last_report + JOIN_SPARE)
                run.ready, run.last_report = True, now
                run.kind, run.video_output = ready.kind, ready.video_output
                return self._set_cut(run, now) if ready.waits else []
            case ChildSaid(message=Shown(at=at)) if run:
                return self._shown(run, _within(run, at, now))
            case ChildSaid(message=Progress() as progress) if run and run.since is not None:
                progress = structs.replace(progress, at=_within(run, progress.at, now))
                run.progressed(progress)
                taken = None if progress.sound is None else progress.sound == "taken"
                return [replace(run.position(progress.at), taken=taken)]
            case ChildSaid(message=Failed(cause=cause)) if run:
                return self._replace(run, cause, now)
            case ChildGone(child, code):
                self._leavers.pop(child, None)
                if run and code == SCREEN_GONE and run.screenless < SCREENLESS:
                    run.screenless += self.screen_up
                    run.lose_screen()  # not the file's fault: it starts again with the screen, or by tick()
                elif run:
                    return self._replace(run, f"the player ended with {code}", now)
        return []

    def tick(self, now: float) -> list[Report]:
        """Replace children that hang or stand still, kill those that do not leave. To be called about once a second."""
        notes: list[Report] = []
        for run in list(self._runs.values()):
            if run.process is None and self.screen_up and not run.cause:
                self._start(run, now)
            elif cause := run.trouble(now, self._stall, self._memory_mb):
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

    def _log_confinement(self, trouble: str) -> None:
        if trouble and trouble != self._unconfined:
            log.warning("the players are not shut off from network and files: %s", trouble)
        self._unconfined = trouble

    def _start(self, run: ShowingRun, now: float) -> None:
        showing = run.showing
        run.attempts += 1
        run.joins = run.shown_at is not None or now > showing.at
        if run.joins:
            showing = replace(showing, at=now + self._join_lead + run.notice)
        child = f"{showing.play}.{run.attempts}"
        run.begin(child, showing, now)
        position = max(0, round((showing.at - showing.head) * 1000))
        if run.shown_at is None:
            run.showing = showing
        module, translate = "kiosk.station.player.programme", (partial(ChildSaid, child), partial(ChildGone, child))
        try:
            folder = Path(mkdtemp(prefix="play-", dir=self._runtime))
            try:
                run.process = Process(module, child, self._post, FromChild, *translate, folder=folder)
            except OSError:
                folder.rmdir()
                raise
        except OSError as error:  # no memory, or no room in the runtime folder: tick() tries again
            log.warning("play %s: its player cannot be started: %s", showing.play, error)
            return
        run.process.send(structs.replace(showing.cue, position_ms=position))
        run.process.send(Cut(at=showing.at, end=showing.end))

    def _set_cut(self, run: ShowingRun, now: float) -> list[Report]:
        """Order the cut of a picture that is late, or joins: soon, but reported first, so that its row has a start."""
        at = max(run.due, now + run.notice)
        if run.process is not None:
            run.process.send(Cut(at=at, end=run.showing.end))
        return [Coming(run.showing.play, at)] if run.shown_at is None else []

    def _shown(self, run: ShowingRun, at: float) -> list[Report]:
        before = [leaver for leaver in self._followed_by(run.showing.play) if not leaver.told]
        for leaver in before:
            self._tell_leave(leaver, at)
        if not run.is_shown(at):
            return []
        bare = at - self._last_end if self._last_end and not before else 0.0  # the picture before stayed until now
        gap = max(0.0, bare) if bare < LINGER else 0.0
        return [OnScreen(run.showing.play, at, at - run.showing.at, gap, run.video_output)]

    def _replace(self, run: ShowingRun, cause: str, now: float) -> list[Report]:
        log.warning("play %s: %s (attempt %d)", run.showing.play, cause, run.attempts)
        run.end_child()
        if not self.screen_up:
            return []
        run.faults += 1
        if run.faults >= ATTEMPTS:
            del self._runs[run.showing.play]
            for leaver in self._followed_by(run.showing.play):
                self._tell_leave(leaver, now)
            return [self._over(run, now, cause)]
        if run.in_tail(now):
            run.cause = cause
            return []
        self._start(run, now)
        return [Replaced(run.showing.play, cause)]

    def _over(self, run: ShowingRun, now: float, cause: str = "") -> OffScreen:
        at = min(now, run.showing.end)
        run.screen_lost |= self._screen_missed and now > run.asked
        if run.shown_at is not None:
            self._last_end = at
        return run.over(at, cause)

    def _let_go(self, run: ShowingRun, now: float, follower: str | None) -> None:
        if run.process is None:
            return
        leaver = self._leavers[run.child] = _Leaver(run.process, follower, now + LINGER)
        if follower is None or run.since is None or self._runs[follower].since is not None:
            self._tell_leave(leaver, now)
        elif now < run.showing.end:  # its row ends here: it stands still, silent, until the next one is on the screen
            run.process.send(Cut(at=run.showing.at, end=now))

    def _followed_by(self, play: str) -> list[_Leaver]:
        return [leaver for leaver in self._leavers.values() if leaver.follower == play]

    def _tell_leave(self, leaver: _Leaver, now: float) -> None:
        if not leaver.told:
            leaver.told, leaver.until = True, now + LEAVE_WITHIN
            leaver.process.send(Leave())

    def _run_of(self, child: str) -> ShowingRun | None:
        run = self._runs.get(child.rpartition(".")[0])
        return run if run is not None and run.child == child else None


def _within(run: ShowingRun, at: float, now: float) -> float:
    """The instant that a child names, in the time that it has been there: it may have been taken over by its file."""
    return min(max(at, run.began), now)
