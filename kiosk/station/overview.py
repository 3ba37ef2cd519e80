"""The read model: what poster, panel, commands, town and health rules are told of the station. It changes nothing."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Literal

import kiosk
from kiosk.common.i18n import Language
from kiosk.common.opening_hours import next_morning
from kiosk.contract.instants import to_ms
from kiosk.contract.playlist import Slot, span
from kiosk.contract.records import SoundWent
from kiosk.contract.reports import Heartbeat, OnAir, ScreenState
from kiosk.contract.station import Thresholds
from kiosk.station.clock.clock import Clock
from kiosk.station.display import poster
from kiosk.station.display.marks import Mark
from kiosk.station.health import ticket_states
from kiosk.station.health.maintenance import Work
from kiosk.station.health.monitor import HealthMonitor
from kiosk.station.health.observation import Observation
from kiosk.station.health.reported import HandReport
from kiosk.station.identity import Identity
from kiosk.station.journal import Journal
from kiosk.station.journal.refused import RefusedEntries
from kiosk.station.library.accepted import Accepted
from kiosk.station.library.plans import Plans
from kiosk.station.link import progress
from kiosk.station.link.link import Link
from kiosk.station.link.news import News
from kiosk.station.panel import now_file
from kiosk.station.panel import snapshot as panel
from kiosk.station.playout.plan import Plan
from kiosk.station.playout.playout import Playout
from kiosk.station.playout.slot_marks import SlotMarks
from kiosk.station.projector.stage import Stage
from kiosk.station.record_book.count import CountSoFar
from kiosk.station.schedule import timetable as tt
from kiosk.station.sessions import words as session_words
from kiosk.station.sessions.seen import SessionsSeen

SOON = timedelta(seconds=30)
"""What begins within this is *about to begin*: more than the panel's snapshot and page are apart, and than filler waits
after Start."""
NEAR = timedelta(minutes=30)
"""A programme that is to begin within this should be here."""


class Overview:
    """Reads the other parts of the station; nobody reaches them through it."""

    def __init__(
        self,
        language: Language,
        identity: Identity,
        accepted: Accepted,
        news: News,
        clock: Clock,
        journal: Journal,
        plan: Plan,
        playout: Playout,
        monitor: HealthMonitor,
        boot_id: str,
        link: Link,
        refused: RefusedEntries,
        stage: Stage | None = None,
        plans: Plans | None = None,
        address: Callable[[], str] = lambda: "",
        *,
        sounds: bool = True,
        dark_until: Callable[[], datetime | None] = lambda: None,
        work: Callable[[], Work | None] = lambda: None,
        pc_stays_on: Callable[[], bool | None] = lambda: None,
        repairs_said: Callable[[], frozenset[str]] = frozenset,
        reports: Callable[[], tuple[HandReport, ...]] = lambda: (),
        picture_check: Callable[[], str] = lambda: "",
        sessions: Callable[[], SessionsSeen] = SessionsSeen,
        pin_reset: Callable[[], str] = lambda: "",
        spot_check: Callable[[], str] = lambda: "",
        spot_shown: Callable[[], str | None] = lambda: None,
    ) -> None:
        """``plans`` are those accepted so far, ``address`` is that of the panel; ``sounds``: whether the settings want
        sound at all. ``dark_until``: until when the screen rests, ``work``: who works on the devices, ``pc_stays_on``:
        whether the PC did not shut down at night, ``repairs_said``: faults that are said to be repaired, ``reports``:
        faults reported by hand, ``picture_check``: the code of the test picture that is on the screen,
        ``pin_reset``: by which the town lets a PIN be set anew."""
        self._pin_reset, self._spot_check, self._spot_shown = pin_reset, spot_check, spot_shown
        self._reports, self._picture_check = reports, picture_check
        self._language, self._identity, self._clock = language, identity, clock
        self._accepted, self._news = accepted, news
        self._journal, self._plan, self._playout, self._monitor = journal, plan, playout, monitor
        self._boot_id, self._link, self._refused, self._stage = boot_id, link, refused, stage
        self._address, self._sounds = address, sounds
        self._dark_until, self._work, self._pc_stays_on = dark_until, work, pc_stays_on
        self._repairs_said = repairs_said
        self._sessions = sessions
        self._slots = SlotMarks(accepted, plan, journal, clock, plans)
        self._counts = CountSoFar(journal)

    def fetching(self) -> progress.FetchProgress:
        """How far the fetching of programmes has come."""
        now = self._clock.now().astimezone(self._accepted.zone)
        return progress.fetch_progress(self._accepted, self._link, now, self._clock.state != "untrusted")

    def poster(self) -> poster.Poster:
        """The public posting as it should be now; black while the screen rests."""
        if self._dark_until() is not None:
            return poster.dark(self._language)
        stop, now = self._plan.stop_in_force(), self._clock.now()
        if stop is None and self._plan.session_on():
            lines = session_words.card_lines(self._sessions(), self._accepted.zone, self._language)
            if lines:
                return poster.card(self._language, self._identity.name, lines)
        return poster.compose(
            self._accepted.playlist,
            self._accepted.document,
            now,
            language=self._language,
            stopped=stop is not None,
            reason=stop.reason if stop else "",
            until=stop.until if stop else None,
            clock=self._clock.state,
            station=self._identity.name,
            marks=self._marks(now),
            address=self._address(),
        )

    def snapshot(self) -> panel.Snapshot:
        """What the panel's pages show."""
        now = self._clock.now().astimezone(self._accepted.zone)
        stop, on_air, coming = self._plan.stop_in_force(), self._on_air(), self._plan.coming()
        document, starting = self._accepted.document, None
        told, faults = document.tickets if document else (), self._faults()
        asked = document.thresholds if document else Thresholds()
        if on_air is None:
            starting = self._plan.due() or (coming[0] if coming and not stop and coming[1] - now <= SOON else None)
        if coming and coming[0] == starting:
            coming = None
        before_stop = self._plan.due_without_stop() if stop else None
        return panel.Snapshot(
            now=now,
            station=document.name if document else self._identity.name,
            language=self._language,
            stopped=panel.Stopped(stop.reason, stop.until) if stop else None,
            on_air=_showing(on_air),
            starting=_showing(starting),
            coming=panel.Coming(coming[0].programme.title, coming[1]) if coming else None,
            on_start=_showing(before_stop),
            why=self._plan.explain(),
            count=None if self._clock.state == "untrusted" else self._counts.count(now, self._accepted.zone, asked),
            today=self._today(now),
            morning=next_morning(self._accepted.opening, now),
            clock=self._clock.state,
            waiting=self._journal.waiting_count(),
            refused=self._refused.newest(),
            refused_count=self._refused.count,
            fetching=self.fetching(),
            problems=self._monitor.problems(),
            known=self._monitor.known,
            reports=self._reports(),
            picture_check=self._picture_check(),
            equipment=tuple(one.name for one in document.equipment) if document else (),
            tickets=ticket_states.of_faults(told, faults),
            other_tickets=ticket_states.others(told, faults, self._clock.now_ms()),
            repairs_said=self._repairs_said(),
            sound=self._sound(),
            display=self._display(),
            dark_until=self._dark_until(),
            work=self._work(),
            sessions=self._sessions(),
            pin_reset=self._pin_reset(),
            spot_check=self._spot_check(),
            document=document,
            playlist=self._accepted.playlist,
            address=self._address(),
        )

    def _faults(self) -> dict[str, str]:
        """What is wrong now: the name of each problem and report, and its fault's in the record."""
        keys = {problem.name: problem.key(self._identity.station) for problem in self._monitor.problems()}
        return keys | {report.fault: report.fault for report in self._reports()}

    def _sound(self) -> panel.Sound:
        level, by_hand = self._playout.room_level(), self._playout.hand is not None
        goes: SoundWent | Literal["off"] | None = self._playout.sound_goes() if self._sounds else "off"
        return panel.Sound(level.volume, level.muted, by_hand, self._playout.urgent_volume(), goes)

    def _display(self) -> ScreenState | None:
        return "up" if self._stage is None else self._stage.screen

    def _on_air(self) -> tt.OnAir | None:
        """What is on the screen: nothing where there is none, whatever is due."""
        return self._playout.on_air() if self._display() == "up" else None

    def heartbeat(self) -> Heartbeat:
        """How this room is, for the town. The link puts in a fresh nonce at each sending."""
        accepted = self._accepted
        on_air, stop = self._on_air(), self._plan.stop_in_force()
        seq, digest = self._journal.head()
        coming = self.fetching()
        return Heartbeat(
            station=self._identity.station,
            epoch=self._journal.epoch,
            sent_ms=self._clock.now_ms(),
            nonce="",
            boot_id=self._boot_id,
            up_ms=round(self._clock.monotonic() * 1000),
            software=kiosk.__version__,
            root_version=accepted.root.version,
            playlist_version=accepted.newest.version if accepted.newest else 0,
            urgent_version=accepted.urgent_version,
            station_version=accepted.document.version if accepted.document else 0,
            clock=self._clock.state,
            stopped=stop is not None,
            stopped_until_ms=None if stop is None else to_ms(stop.until) if stop.until else 0,
            maintenance_until_ms=to_ms(work.until) if (work := self._work()) else None,
            screen=self._display(),
            sound=self._playout.sound_goes() if self._sounds else "none",
            on_air=OnAir(
                programme=on_air.programme.id,
                title=on_air.programme.title,
                origin=on_air.origin,
                started_ms=to_ms(on_air.start),
                ends_ms=to_ms(on_air.end),
            )
            if on_air
            else None,
            head_seq=seq,
            head_hash=digest,
            waiting=self._journal.waiting_count(),
            programmes_missing=coming.files,
            bytes_missing=coming.missing,
            bytes_per_s=coming.bytes_per_s,
            ready_ms=to_ms(coming.ready) if coming.ready else 0,
            bytes_lacking=coming.lacking,
            lacking_for=coming.lacking_title,
            planned_until_ms=accepted.planned_until_ms,
            disk_free_mb=self._monitor.disk_free_mb,
            open_faults=tuple(problem.cause for problem in self._monitor.problems()),
            refusals=tuple(accepted.refusals),
            behind_since_ms=self._news.behind_since_ms,
            refusing=accepted.refusing,
            spot_check=self._spot_shown(),
        )

    def as_now(self, snapshot: panel.Snapshot) -> now_file.NowFile:
        """What the daemon goes by, for the commands that say why and examine."""
        now, playlist = self._clock.now(), self._accepted.playlist
        return now_file.NowFile(
            ahead_ms=to_ms(now) - to_ms(self._clock.on_system(now)),
            clock=self._clock.state,
            group=playlist.group if playlist else "",
            playlist_version=playlist.version if playlist else 0,
            situation=self._plan.situation,
            screen=snapshot.screen,
            on_screen=snapshot.on_air,
            dark=snapshot.dark_until is not None,
            examination=self._monitor.examination,
        )

    def observation(self, inbox: int) -> Observation:
        """What the health rules are told beside what the monitor knows itself."""
        coming = self.fetching()
        return Observation(
            inbox=inbox,
            lacking=coming.lacking,
            lacking_title=coming.lacking_title,
            screen=self._display(),
            sound=self._playout.sound_goes(),
            sound_wanted=self._sounds,
            poster_fails=None if self._stage is None else self._stage.plain,
            card_fails=None if self._stage is None else self._stage.cardless,
            plan_until_ms=self._accepted.planned_until_ms,
            refused=self._accepted.week_refused,
            clock=self._clock.state,
            pc_stays_on=self._pc_stays_on(),
            clock_doubtful=self._clock.doubtful,
            ntp_overruled=self._clock.overruled,
            missing_soon=self._plan.missing_soon(NEAR),
            sounding=self._sounds and self._playout.sounding(),
            lent=self._plan.lent(),
        )

    def _marks(self, now: datetime) -> Mapping[Slot, Mark]:
        has_screen = self._display() not in ("none", "denied")
        return self._slots.marks(now, self._on_air(), has_screen, self._sessions())

    def _today(self, now: datetime) -> tuple[panel.Row, ...]:
        """Today's slots, marked as on the poster."""
        playlist, marks = self._accepted.playlist, self._marks(now)
        titles = {programme.id: programme.title for programme in playlist.programmes} if playlist else {}
        rows = []
        for slot in sorted((s for s in marks if s.date == now.date().isoformat()), key=lambda s: s.start):
            start, end = span(slot, self._accepted.zone)
            title = " ".join(titles[name] for name in dict.fromkeys(slot.programmes))
            rows.append(panel.Row(start, end, title, marks[slot]))
        return tuple(rows)


def _showing(one: tt.OnAir | None) -> panel.Showing | None:
    return panel.Showing(one.programme.title, one.start, one.end, one.origin, one.occasion) if one else None
