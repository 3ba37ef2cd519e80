"""Keeps the screen in step with the timetable: cues what comes, takes off what is over, keeps each play's as-run row.

Nothing here keeps a plan: each :meth:`Playout.replan` asks the timetable afresh, and only what differs from what is
cued or on air becomes an order to the projector.
"""

import logging
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from kiosk.contract.records import Evidence, Outcome, SoundWent
from kiosk.station.clock.clock import Clock
from kiosk.station.config import Config
from kiosk.station.journal import Journal
from kiosk.station.library.library import Library
from kiosk.station.playout.continuations import Continuations
from kiosk.station.playout.plan import FILLER_LEAD, Plan, key_of
from kiosk.station.playout.play import Play
from kiosk.station.playout.volume import Hand, Level, in_force
from kiosk.station.projector.projector import Projector
from kiosk.station.projector.reports import Coming, OffScreen, OnScreen, Position, Replaced, Report
from kiosk.station.schedule import timetable as tt

log = logging.getLogger(__name__)

VOLUME = 80
"""In percent, where neither plan nor station document says one."""
SEAM = timedelta(milliseconds=50)
"""Two plays follow each other if no more than this lies between them."""
END_SLACK = 0.02
"""Seconds before its end from which a play counts as over: a timer may ring a little early."""
STEPPED_BACK = timedelta(seconds=1)
"""A play on air that is not due for so long is so because the clock was set back: something else is on air now."""
CLOSE_BY = timedelta(seconds=10)
"""A play closed no further than this from its end was ended by it, and what follows began then."""


class Playout:
    """Keeps the screen in step with the timetable. For the main loop only."""

    def __init__(
        self,
        config: Config,
        plan: Plan,
        projector: Projector,
        journal: Journal,
        clock: Clock,
        library: Library,
        boot_id: str,
        *,
        child_replaced: Callable[[float], None] = lambda at: None,
        play_closed: Callable[[], None] = lambda: None,
    ) -> None:
        """``child_replaced`` hears of each child that had to be replaced, at which monotonic instant; ``play_closed``
        of each row that is complete."""
        self._config = config
        self._plan = plan
        self._projector = projector
        self._journal = journal
        self._clock = clock
        self._library = library
        self._plays: dict[str, Play] = {}
        self._boot_id = boot_id
        self._child_replaced, self._play_closed = child_replaced, play_closed
        self._continuations = Continuations(journal)
        self._hand: Hand | None = None
        self._evidence: Evidence = "none"
        self._sink: SoundWent | None = None

    # --- the plan against the screen ---

    def replan(self, why: str) -> datetime:
        """Bring the screen in step with the timetable. Returns when to ask again (aware)."""
        now = self._clock.now()
        self._plan.refresh_unavailable(now)
        now = max([now, *self._end_what_is_over()])  # the timer may have rung early: what is over is not on air
        soon = now + FILLER_LEAD
        running = [play.on_air for play in self._plays.values()]
        self._plan.anchor_filler(now, any(one.origin == "filler" and one.start <= soon for one in running))
        settings = self._config.projector
        wanted, wake = self._plan.look_ahead(now, timedelta(milliseconds=settings.lead_ms), settings.ready_ahead)
        held = {play.key: play for play in self._plays.values()}
        for on_air, at in wanted:
            play = held.pop(key_of(on_air), None)
            if play is not None and play.shown and on_air.start - now > STEPPED_BACK:
                self._take_off(play, "interrupted", why)
                play = None
            if play is not None:
                self._retime(play, on_air)
            else:
                self._cue(on_air, at)
        for play in held.values():
            if self._plan.stop_in_force():
                self._take_off(play, "stopped", why)
            else:
                self._take_off(play, "interrupted", why, self._next_after(now))
        return wake

    def on_air(self) -> tt.OnAir | None:
        """What is on the screen now, if a programme is."""
        return next((play.on_air for play in self._plays.values() if play.shown), None)

    def play_on_screen(self) -> str:
        """The id of the play that is on the screen; empty for none."""
        return next((name for name, play in self._plays.items() if play.shown), "")

    def files(self) -> set[str]:
        """SHA-256 of the files that are on the screen or about to be."""
        programmes = (play.on_air.programme for play in self._plays.values())
        return {sha256 for one in programmes for sha256 in (one.sha256, *(part.sha256 for part in one.subtitles))}

    def cuts(self) -> list[float]:
        """The monotonic instants at which the screen is to change, as far as they are known by now.

        One that has passed is of a programme that is late, or joins as soon as it can.
        """
        plays = self._plays.values()
        return [self._clock.monotonic_at(play.on_air.end) if play.shown else play.cut_at for play in plays]

    def use_evidence(self, evidence: Evidence) -> None:
        """The newest word on whether the screen is lit: for the rows of what is on air and of what comes."""
        self._evidence = evidence

    def use_sink(self, sink: SoundWent | None) -> None:
        """The newest word on where sound goes that is taken; None: not known."""
        self._sink = sink

    def sound_goes(self) -> SoundWent | None:
        """Where sound goes now: what is on air knows best; None: not known."""
        return next((play.heard.now for play in self._plays.values() if play.shown and play.heard.told), self._sink)

    def sounding(self) -> bool:
        """Whether a programme with sound is on, and loud enough to be heard."""
        on = [play for play in self._plays.values() if play.shown]
        return any(play.on_air.programme.loudness_clufs is not None and play.level.heard > 0 for play in on)

    def restart_player(self, cause: str) -> bool:
        """Another player takes over what is on air, at the same place. True if the plan has to be looked at again."""
        on = [play.id for play in self._plays.values() if play.shown]
        reports = [self._projector.renew(play, cause, self._clock.monotonic()) for play in on]
        return self.handle([one for each in reports for one in each])

    # --- volume ---

    @property
    def hand(self) -> Hand | None:
        """What somebody has set of the volume; None: the plan holds."""
        return self._hand

    def set_by_hand(self, hand: Hand | None) -> None:
        """Somebody has set the volume, or what was set has lapsed: for what is on air and for what comes."""
        self._hand = hand
        for play in self._plays.values():
            self._turn(play)

    def planned_volume(self) -> int:
        """What the plan says for what is on air, urgent notices apart; else for the room, in percent."""
        on_air = self.on_air()
        return self._planned(None if on_air is None or on_air.origin == "urgent" else on_air.volume)

    def room_level(self) -> Level:
        """How loud the room is, urgent notices apart."""
        return in_force(self.planned_volume(), self._hand, "slot")

    def urgent_volume(self) -> int | None:
        """How loud the urgent notice is that is on air; None while none is."""
        return next(
            (play.level.volume for play in self._plays.values() if play.shown and play.on_air.origin == "urgent"), None
        )

    def _planned(self, volume: int | None) -> int:
        if volume is not None:
            return volume
        return self._plan.document.volume if self._plan.document else VOLUME

    def _turn(self, play: Play) -> None:
        """Make it as loud as it is to be by now."""
        level = self._level(play.on_air)
        if level.heard != play.level.heard:
            self._projector.volume(play.id, level.heard)
        play.level = level

    def _level(self, on_air: tt.OnAir) -> Level:
        return in_force(self._planned(on_air.volume), self._hand, on_air.origin)

    # --- inside ---

    def _end_what_is_over(self) -> list[datetime]:
        """Close the plays whose end has come; the last picture stays until the next one is there. Gives their ends."""
        over = [play for play in self._plays.values() if self._is_over(play)]
        for play in over:
            self._take_off(play, "completed", "", self._next_after(play.on_air.end))
        return [play.on_air.end for play in over]

    def _is_over(self, play: Play) -> bool:
        return self._clock.monotonic_at(play.on_air.end) <= self._clock.monotonic() + END_SLACK

    def _next_after(self, moment: datetime) -> str | None:
        """The play that takes over the screen at ``moment``."""
        runs = [
            play for play in self._plays.values() if play.on_air.start <= moment + SEAM and play.on_air.end > moment
        ]
        return runs[-1].id if runs else None

    def _cue(self, on_air: tt.OnAir, at: datetime) -> None:
        path = self._library.path(on_air.programme.sha256, on_air.programme.size)
        if path is None:
            return
        joined = at > on_air.start
        before, before_ms = self._continuations.before(key_of(on_air)) if joined else (None, 0)
        level = self._level(on_air)
        play = Play(secrets.token_hex(16), on_air, joined, before_ms, self._clock.monotonic_at(at), level)
        self._plays[play.id] = play
        version = self._plan.playlist.version if self._plan.playlist else 0
        self._journal.due(play.due(before, version, self._clock, self._boot_id))
        showing = play.showing(path, self._library.path, self._config, self._plan.document, self._clock)
        self._projector.cue(showing, self._clock.monotonic())

    def _retime(self, play: Play, on_air: tt.OnAir) -> None:
        play.on_air = on_air
        start = None if play.joined else self._clock.monotonic_at(on_air.start)
        play.cut_at = play.cut_at if start is None else start
        self._projector.retime(play.id, start, self._clock.monotonic_at(on_air.end))
        self._turn(play)

    def _take_off(self, play: Play, outcome: Outcome, cause: str, follower: str | None = None) -> None:
        for report in self._projector.drop(play.id, self._clock.monotonic(), follower):
            if isinstance(report, OffScreen):
                self._close(play, report, outcome, cause)

    # --- the record ---

    def handle(self, reports: list[Report]) -> bool:
        """Record what the projector reports. True if the plan has to be looked at again."""
        again = False
        for report in reports:
            play = self._plays.get(report.play)
            if play is None:
                continue
            match report:
                case Coming(at=at):
                    self._journal.expect(play.id, self._clock.ms_at(at))
                case OnScreen():
                    if play.on_air.origin == "filler":
                        self._plan.filler_went_on(play.on_air)
                    play.record_shown(report, self._journal, self._clock, self._evidence)
                    log.info("on air: %s (%s), %d ms late", play.on_air.programme.id, play.on_air.origin, play.late_ms)
                case Position():
                    play.record_position(report, self._journal, self._clock, self._evidence, self._sink)
                case Replaced():
                    self._child_replaced(self._clock.monotonic())
                case OffScreen(cause=cause):
                    self._child_replaced(self._clock.monotonic())
                    self._plan.leave_out(play.on_air.programme.id)
                    self._close(play, report, "failed", cause)
                    again = True
        return again

    def close(self, cause: str) -> None:
        """The daemon ends: close what is open."""
        for play in list(self._plays.values()):
            self._take_off(play, "interrupted", cause)

    def _close(self, play: Play, report: OffScreen, outcome: Outcome, cause: str) -> None:
        del self._plays[play.id]
        entered = play.record_end(report, outcome, cause, self._journal, self._clock, self._evidence)
        if entered is None:
            return
        outcome, cause = entered
        if outcome in ("interrupted", "stopped"):
            self._continuations.remember(play.key, play.id, play.before_ms + round(report.played * 1000))
        if outcome in ("completed", "failed"):
            now, end = self._clock.now(), play.on_air.end
            self._plan.refresh_owed(end if abs(end - now) < CLOSE_BY and self._is_over(play) else now)
        log.info("off air: %s, %s %s", play.on_air.programme.id, outcome, cause)
        self._play_closed()
