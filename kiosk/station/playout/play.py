"""One play from its cue to its end: what the projector is ordered to show, and its as-run row."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from kiosk.contract.instants import to_ms
from kiosk.contract.playlist import Programme
from kiosk.contract.records import Evidence, Outcome, SoundWent
from kiosk.contract.station import StationDocument
from kiosk.station.clock.clock import Clock
from kiosk.station.config import Config
from kiosk.station.journal import Due, Journal
from kiosk.station.playout.heard import Heard
from kiosk.station.playout.loudness import gain_db
from kiosk.station.playout.outcome import outcome_at_end
from kiosk.station.playout.plan import Key, key_of
from kiosk.station.playout.volume import Level
from kiosk.station.projector.messages import Cue
from kiosk.station.projector.reports import OffScreen, OnScreen, Position, Showing
from kiosk.station.schedule import timetable as tt

CHECKPOINT_SECONDS = 5.0
"""No more than this of a play is unknown after an unexpected end."""
REPORT_SECONDS = 1.0
"""A child reports how far it is about so often: check-point early if the next report would come too late."""
ONE_PICTURE_MS = 100
"""By so much a film's picture may stand shorter than the film lasts and be its only one."""
SLIDE_S, KEPT_BACK = 1.0, 3
"""A picture that stands so long is a slide; a decoder keeps up to two back, and shows them with those that follow."""


@dataclass
class Play:
    """An as-run row that is still open."""

    id: str
    on_air: tt.OnAir
    joined: bool
    before_ms: int
    """What the plays that it continues have shown already."""
    cut_at: float
    """Monotonic instant at which it is to come on."""
    level: Level
    """How loud it is to be."""
    shown: bool = False
    late_ms: int = 0
    """By how much its first picture came after its instant."""
    point: float = 0.0
    """Monotonic instant of the last check-point."""
    base_ms: float | None = None
    """The clock's base when it came on the screen: both of a row's times are by one clock, whatever it is set to."""
    heard: Heard = field(default_factory=Heard)

    @property
    def key(self) -> Key:
        """What makes its showing the same one."""
        return key_of(self.on_air)

    def due(self, continues: str | None, playlist_version: int, clock: Clock, boot_id: str) -> Due:
        """Its row before anything of it is seen."""
        on_air = self.on_air
        return Due(
            id=self.id,
            playlist_version=playlist_version,
            programme=on_air.programme,
            origin=on_air.origin,
            occasion=on_air.occasion,
            planned_start_ms=to_ms(on_air.start),
            planned_end_ms=to_ms(on_air.end),
            continues=continues,
            volume=self.level.volume,
            muted=self.level.silent,
            clock=clock.state,
            boot_id=boot_id,
            practice=on_air.practice,
        )

    def showing(
        self,
        file: Path,
        path: Callable[[str, int], Path | None],
        config: Config,
        document: StationDocument | None,
        clock: Clock,
    ) -> Showing:
        """The order to the projector. ``path`` finds subtitles by SHA-256 and size; those that are not here are left
        out."""
        programme, screen = self.on_air.programme, config.screen
        subtitles = (path(part.sha256, part.size) for part in programme.subtitles)
        still, rest = _allowed(programme)
        cue = Cue(
            file=str(file),
            title=programme.title,
            subtitles=tuple(str(part) for part in subtitles if part is not None),
            display=screen.display,
            video_output=screen.video_output,
            sound=config.sound.output,
            hardware_decoding=screen.hardware_decoding,
            volume=self.level.heard,
            gain_db=gain_db(programme, document.target_clufs) if document is not None else 0.0,
            audio_track=programme.audio_track,
            picture_start_ms=programme.picture_start_ms or 0,
            slides=still >= SLIDE_S,
            stands=_stands(programme),
            width=screen.width,
            height=screen.height,
        )
        head, end = clock.monotonic_at(self.on_air.start), clock.monotonic_at(self.on_air.end)
        return Showing(self.id, cue, self.cut_at, head, end, still, rest)

    def record_shown(self, report: OnScreen, journal: Journal, clock: Clock, evidence: Evidence) -> None:
        """Its first picture is on the screen."""
        self.shown, self.point = True, report.at
        self.base_ms = clock.base_at(report.at)
        self.late_ms, gap_ms = round(report.late * 1000), round(report.gap * 1000)
        at_ms, sound = clock.ms_at(report.at, self.base_ms), (self.level.volume, self.level.silent)
        journal.shown(
            self.id, at_ms, round(report.at * 1000), self.late_ms, gap_ms, report.video_output, sound, evidence
        )

    def record_position(
        self, report: Position, journal: Journal, clock: Clock, evidence: Evidence, sink: SoundWent | None
    ) -> None:
        """How far it is: kept as a check-point now and then. ``sink``: where sound goes that is taken."""
        self.heard.add(report.taken, sink)
        if report.at - self.point >= CHECKPOINT_SECONDS - 1.5 * REPORT_SECONDS:
            self.point = report.at
            at_ms, counted = clock.ms_at(report.at, self.base_ms), (report.pictures, report.lost)
            journal.checkpoint(self.id, at_ms, round(report.played * 1000), *counted, evidence, self.heard.went())

    def record_end(
        self, report: OffScreen, outcome: Outcome, cause: str, journal: Journal, clock: Clock, evidence: Evidence
    ) -> tuple[Outcome, str] | None:
        """Close its row. Returns outcome and cause as they are entered, by what was seen of it where ``outcome`` is
        ``completed``; None where nobody has seen anything of it, and its row is gone."""
        if not self.shown and (self.joined or outcome in ("interrupted", "stopped")) and outcome != "failed":
            journal.forget(self.id)
            return None
        played_ms = round(report.played * 1000)
        if outcome == "completed":
            outcome, cause = outcome_at_end(
                self.on_air.programme.duration_ms, played_ms + self.before_ms,
                shown=self.shown, joined=self.joined, late_ms=self.late_ms, failure=report.cause,
                screen_lost=report.screen_lost,
            )  # fmt: skip
        at_ms, counted = clock.ms_at(report.at, self.base_ms), (report.pictures, report.lost)
        journal.close(self.id, at_ms, played_ms, outcome, cause, *counted, evidence, self.heard.went())
        return outcome, cause


def _stands(programme: Programme) -> bool:
    """Whether the programme has one picture, which stands while its sound goes on."""
    return programme.sound_end_ms is not None and (programme.still_ms or 0) >= programme.duration_ms - ONE_PICTURE_MS


def _allowed(programme: Programme) -> tuple[float, float]:
    """Seconds that one picture may stand, and in which nothing at all may come, as measured by the town."""
    still, rest = ((one or 0) / 1000 for one in (programme.still_ms, programme.rest_ms))
    return (still * KEPT_BACK if still >= SLIDE_S else still), rest
