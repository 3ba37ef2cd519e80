"""Between timetable and projector: what should be on the screen now and next, and the as-run row of each play.

Nothing here keeps a plan: each :meth:`Playout.replan` asks the timetable afresh, and only what differs from what is
cued or on air becomes an order to the projector.
"""

import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from kiosk.contract.playlist import Playlist, Programme
from kiosk.contract.reports import Outcome
from kiosk.contract.station import StationDocument
from kiosk.station import timetable as tt
from kiosk.station.clock import Clock
from kiosk.station.config import Config
from kiosk.station.instants import FAR, to_ms, to_utc
from kiosk.station.journal import AsRun, Due, Journal
from kiosk.station.library import Library
from kiosk.station.projector.messages import Cue
from kiosk.station.projector.projector import Note, OffScreen, OnScreen, Position, Projector, Replaced, Showing

log = logging.getLogger(__name__)

CHECKPOINT_SECONDS = 5.0
CUT_SHORT = 8
"""How many plays that were cut short are remembered beside their rows."""
TAIL_MS = 1_000
"""A play that lacks no more than this of its signed length is completed."""
BROKEN_FOR = timedelta(hours=6)
"""How long a programme that failed is left out, unless a new week comes first."""
SEAM = timedelta(milliseconds=50)
"""Two plays follow each other if no more than this lies between them."""
END_SLACK = 0.02
"""Seconds before its end from which a play counts as over: a timer may ring a little early."""
STEPPED_BACK = timedelta(seconds=1)
"""A play on air that is not due for so long is so because the clock was set back: something else is on air now."""
FILLER_LEAD = timedelta(seconds=2.5)
"""Filler that could begin at once begins so much later: with its head, as a play that is to count as completed must."""
CLOSE_BY = timedelta(seconds=10)
"""A play closed no further than this from its end was ended by it, and what follows began then."""

Key = tuple[str, int, str]
"""One showing in the timetable: programme, start in ms, origin."""


@dataclass
class _Play:
    """An as-run row that is still open."""

    id: str
    on_air: tt.OnAir
    joined: bool
    before_ms: int
    """What the plays that it continues have shown already."""
    shown: bool = False
    point: float = 0.0
    """Monotonic instant of the last check-point."""

    @property
    def key(self) -> Key:
        return key_of(self.on_air)


def key_of(on_air: tt.OnAir) -> Key:
    """What makes a showing the same one."""
    return on_air.programme.id, to_ms(on_air.start), on_air.origin


class Playout:
    """Keeps the screen in step with the timetable. For the main loop only."""

    def __init__(
        self,
        config: Config,
        projector: Projector,
        journal: Journal,
        clock: Clock,
        library: Library,
        boot_id: str,
    ) -> None:
        self._config = config
        self._projector = projector
        self._journal = journal
        self._clock = clock
        self._library = library
        self._plays: dict[str, _Play] = {}
        self._broken: dict[str, datetime] = {}
        self._playlist: Playlist | None = None
        self._timetable = tt.compile_playlist(None)
        self._document: StationDocument | None = None
        self._boot_id = boot_id
        self._cut_short: dict[Key, tuple[str, int]] = {}
        self._goes_on = False
        """The filler item of before the restart is to be taken up again."""
        self.situation = tt.Situation()
        self.restarts: list[float] = []
        """Monotonic instants at which a child had to be replaced."""
        self.closed = 0
        """Plays closed since the start: whoever delivers looks for a change."""

    # --- what bears on the answer ---

    def use_playlist(self, playlist: Playlist | None) -> None:
        """A new week is in force from now on."""
        self._playlist = playlist
        self._timetable = tt.compile_playlist(playlist)
        self._broken.clear()
        self.refresh_owed()

    def use_document(self, document: StationDocument | None) -> None:
        """The town's word on hours, volume and loudness."""
        self._document = document
        if document is not None:
            self.situation = replace(self.situation, opening=document.opening)

    def change(self, **changes: object) -> None:
        """Other circumstances: ``stop``, ``session``, ``urgents``, ``clock_trusted``."""
        self.situation = replace(self.situation, **changes)  # type: ignore[arg-type]

    def refresh_owed(self, at: datetime | None = None) -> None:
        """Count afresh what recommended items are owed; filler begins anew at ``at`` (now)."""
        if self._playlist is None:
            self.situation = replace(self.situation, owed=None)
            return
        at = at or self._clock.now()
        self.situation = replace(
            self.situation,
            owed=tt.owed(self._playlist, at, self._completed(), by_date=self.situation.clock_trusted),
        )

    def go_on_with(self, row: AsRun | None) -> None:
        """After a restart: the filler item that was on air goes on where the clock says it would be."""
        owed = self.situation.owed
        if row is None or owed is None or row.origin != "filler" or row.planned_end_ms <= self._clock.now_ms():
            return
        self._goes_on = True
        self.situation = replace(
            self.situation, owed=replace(owed, at=to_utc(row.planned_start_ms), first=row.programme)
        )

    def _completed(self) -> Mapping[str, int]:
        assert self._playlist is not None  # noqa: S101
        zone = ZoneInfo(self._playlist.time_zone)
        today = self._clock.now().astimezone(zone).date().isoformat()
        counts: dict[str, int] = {}
        for first_day in {item.first_day for item in self._playlist.recommended}:
            since = datetime.combine(datetime.fromisoformat(first_day).date(), time(), zone)
            found = self._journal.completed(to_ms(since.astimezone(UTC)), to_ms(FAR))
            for item in self._playlist.recommended:
                if item.first_day == first_day and (
                    first_day <= today <= item.last_day or item.programme not in counts
                ):
                    counts[item.programme] = found.get(item.programme, 0)
        return counts

    # --- the plan against the screen ---

    def replan(self, why: str) -> datetime:
        """Bring the screen in step with the timetable. Returns when to ask again (aware)."""
        now = self._clock.now()
        self._refresh_unavailable(now)
        now = max([now, *self._end_what_is_over()])  # the timer may have rung early: what is over is not on air
        self._anchor_filler(now)
        wanted, wake = self._look_ahead(now)
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
            if self.stop_in_force():
                self._take_off(play, "stopped", why)
            else:
                self._take_off(play, "interrupted", why, self._next_after(now))
        return wake

    def on_air(self) -> tt.OnAir | None:
        """What is on the screen now, if a programme is."""
        return next((play.on_air for play in self._plays.values() if play.shown), None)

    def stop_in_force(self) -> tt.Stop | None:
        """The Stop that holds now, if one does."""
        stop = self.situation.stop
        return None if stop is None or (stop.until is not None and stop.until <= self._clock.now()) else stop

    def coming(self) -> tt.OnAir | None:
        """What comes next, as far as the look-ahead sees; else by asking the timetable."""
        moment = tt.decide(self._timetable, self._clock.now(), self.situation).next_change
        for _ in range(8):
            if moment >= FAR:
                return None
            decision = tt.decide(self._timetable, moment, self.situation)
            if decision.on_air is not None:
                return decision.on_air
            moment = decision.next_change
        return None

    def _look_ahead(self, now: datetime) -> tuple[list[tuple[tt.OnAir, datetime]], datetime]:
        """What to have on the screen or ready, each with its instant; and when to look again."""
        lead = timedelta(milliseconds=self._config.projector.lead_ms)
        wanted: list[tuple[tt.OnAir, datetime]] = []
        moment, situation = now, self.situation
        first_change = tt.decide(self._timetable, now, situation).next_change
        while moment - now <= lead and len(wanted) <= self._config.projector.ready_ahead:
            decision = tt.decide(self._timetable, moment, situation)
            if decision.on_air is not None:
                if any(key_of(decision.on_air) == key_of(on_air) for on_air, _ in wanted):
                    break
                wanted.append((decision.on_air, moment))
                situation = _after(decision.on_air, situation)
            moment = decision.next_change
        again = moment - lead if moment - lead > now else first_change
        return wanted, min(first_change, again)

    def _anchor_filler(self, now: datetime) -> None:
        """Where no filler is on air or about to be, it begins now: what came in with the day has not run yet."""
        soon = now + FILLER_LEAD
        if self._goes_on:
            self._goes_on = False
        elif not any(play.on_air.origin == "filler" and play.on_air.start <= soon for play in self._plays.values()):
            self.refresh_owed(soon)

    def _refresh_unavailable(self, now: datetime) -> None:
        self._broken = {name: until for name, until in self._broken.items() if until > now}
        programmes = [*(self._playlist.programmes if self._playlist else ())]
        programmes += [programme for urgent in self.situation.urgents for programme in urgent.programmes]
        missing = {
            programme.id for programme in programmes if self._library.path(programme.sha256, programme.size) is None
        }
        unavailable = frozenset(missing | self._broken.keys())
        if unavailable != self.situation.unavailable:
            self.situation = replace(self.situation, unavailable=unavailable)

    def _end_what_is_over(self) -> list[datetime]:
        """Close the plays whose end has come; the last picture stays until the next one is there. Gives their ends."""
        over = [play for play in self._plays.values() if self._is_over(play)]
        for play in over:
            self._take_off(play, "completed", "", self._next_after(play.on_air.end))
        return [play.on_air.end for play in over]

    def _is_over(self, play: _Play) -> bool:
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
        before, before_ms = self._before(on_air) if joined else (None, 0)
        volume = on_air.volume if on_air.volume is not None else (self._document.volume if self._document else 80)
        play = _Play(secrets.token_hex(16), on_air, joined, before_ms)
        self._plays[play.id] = play
        programme = on_air.programme
        self._journal.due(
            Due(
                id=play.id,
                playlist_version=self._playlist.version if self._playlist else 0,
                programme=programme,
                origin=on_air.origin,
                occasion=on_air.occasion,
                planned_start_ms=to_ms(on_air.start),
                planned_end_ms=to_ms(on_air.end),
                continues=before,
                volume=volume,
                clock=self._clock.state,
                boot_id=self._boot_id,
            )
        )
        screen = self._config.screen
        subtitles = (self._library.path(part.sha256, part.size) for part in programme.subtitles)
        cue = Cue(
            file=str(path),
            title=programme.title,
            subtitles=tuple(str(part) for part in subtitles if part is not None),
            display=screen.display,
            video_output=screen.video_output,
            sound=self._config.sound.output,
            hardware_decoding=screen.hardware_decoding,
            volume=volume,
            gain_db=self._gain(programme),
            width=screen.width,
            height=screen.height,
        )
        head, end = self._clock.monotonic_at(on_air.start), self._clock.monotonic_at(on_air.end)
        showing = Showing(play.id, cue, self._clock.monotonic_at(at), head, end)
        self._projector.cue(showing, self._clock.monotonic())

    def _before(self, on_air: tt.OnAir) -> tuple[str | None, int]:
        """The row of the same showing that was cut short, which this one takes up; and what was shown of it, in ms.

        One that was cut short a moment ago may not be on the disk yet.
        """
        if (fresh := self._cut_short.get(key_of(on_air))) is not None:
            return fresh
        name, start, origin = key_of(on_air)
        rows = [
            row
            for row in self._journal.plays(start - 1000)
            if (row.programme, row.planned_start_ms, row.origin) == (name, start, origin)
            and row.outcome in ("interrupted", "stopped")
        ]
        return (rows[-1].id, sum(row.played_ms for row in rows)) if rows else (None, 0)

    def _gain(self, programme: Programme) -> float:
        if programme.loudness_clufs is None or self._document is None:
            return 0.0
        return min(0.0, (self._document.target_clufs - programme.loudness_clufs) / 100)

    def _retime(self, play: _Play, on_air: tt.OnAir) -> None:
        play.on_air = on_air
        start = None if play.joined else self._clock.monotonic_at(on_air.start)
        self._projector.retime(play.id, start, self._clock.monotonic_at(on_air.end))

    def _take_off(self, play: _Play, outcome: Outcome, cause: str, follower: str | None = None) -> None:
        notes = self._projector.drop(play.id, self._clock.monotonic(), follower)
        for note in notes:
            if isinstance(note, OffScreen):
                self._close(play, note, outcome, cause)

    # --- the record ---

    def take(self, notes: list[Note]) -> bool:
        """Write down what the projector says. True if the plan has to be looked at again."""
        again = False
        for note in notes:
            play = self._plays.get(note.play)
            if play is None:
                continue
            match note:
                case OnScreen():
                    self._shown(play, note)
                case Position():
                    self._point(play, note)
                case Replaced():
                    self.restarts.append(self._clock.monotonic())
                case OffScreen(cause=cause):
                    self.restarts.append(self._clock.monotonic())
                    self._broken[play.on_air.programme.id] = self._clock.now() + BROKEN_FOR
                    self._close(play, note, "failed", cause)
                    again = True
        return again

    def close(self, cause: str) -> None:
        """The daemon ends: close what is open."""
        for play in list(self._plays.values()):
            self._take_off(play, "interrupted", cause)

    def _shown(self, play: _Play, note: OnScreen) -> None:
        play.shown, play.point = True, note.at
        if play.on_air.origin == "filler" and self.situation.owed is not None:
            # It goes on to its end, though an item that would go before it may be fetched meanwhile.
            owed = replace(self.situation.owed, at=play.on_air.start, first=play.on_air.programme.id)
            self.situation = replace(self.situation, owed=owed)
        at_ms = self._clock.ms_at(note.at)
        late, gap = round(note.late * 1000), round(note.gap * 1000)
        self._journal.shown(play.id, at_ms, round(note.at * 1000), late, gap, note.video_output)
        log.info("on air: %s (%s), %d ms late", play.on_air.programme.id, play.on_air.origin, late)

    def _point(self, play: _Play, note: Position) -> None:
        if note.at - play.point >= CHECKPOINT_SECONDS:
            play.point = note.at
            at_ms = self._clock.ms_at(note.at)
            self._journal.checkpoint(play.id, at_ms, round(note.played * 1000), note.pictures, note.lost)

    def _close(self, play: _Play, note: OffScreen, outcome: Outcome, cause: str) -> None:
        del self._plays[play.id]
        if not play.shown and (play.joined or outcome in ("interrupted", "stopped")) and outcome != "failed":
            self._journal.forget(play.id)  # nobody has seen anything of it
            return
        played_ms = round(note.played * 1000)
        if outcome == "completed":
            outcome, cause = self._judge(play, played_ms)
        self._journal.close(play.id, self._clock.ms_at(note.at), played_ms, outcome, cause, note.pictures, note.lost)
        self.closed += 1
        if outcome in ("interrupted", "stopped"):
            self._cut_short.pop(play.key, None)
            self._cut_short[play.key] = play.id, play.before_ms + played_ms
            while len(self._cut_short) > CUT_SHORT:
                del self._cut_short[next(iter(self._cut_short))]
        if outcome in ("completed", "failed"):
            now, end = self._clock.now(), play.on_air.end
            self.refresh_owed(end if abs(end - now) < CLOSE_BY and self._is_over(play) else now)
        log.info("off air: %s, %s %s", play.on_air.programme.id, outcome, cause)

    def _judge(self, play: _Play, played_ms: int) -> tuple[Outcome, str]:
        if not play.shown:
            return "failed", "it was not ready in time"
        if played_ms + play.before_ms >= play.on_air.programme.duration_ms - TAIL_MS:
            return "completed", ""
        return "interrupted", "joined in progress" if play.joined else "cut by the plan"


def _after(on_air: tt.OnAir, situation: tt.Situation) -> tt.Situation:
    """The situation once a planned showing has run to its end: the timetable itself counts filler only."""
    owed, name = situation.owed, on_air.programme.id
    whole = on_air.end - on_air.start >= timedelta(milliseconds=on_air.programme.duration_ms - TAIL_MS)
    if owed is None or on_air.origin == "filler" or not whole:
        return situation
    plays = tuple((item, max(0, left - 1) if item == name else left) for item, left in owed.plays)
    return replace(situation, owed=replace(owed, at=on_air.end, plays=plays, first=None))
