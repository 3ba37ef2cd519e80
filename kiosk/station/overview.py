"""The station seen from outside: the poster, the panel's snapshot, the heartbeat, what the health rules are told."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import kiosk
from kiosk.contract.instants import to_ms
from kiosk.contract.playlist import span
from kiosk.contract.reports import Heartbeat, HeartbeatAnswer, OnAir
from kiosk.station.clock.clock import Clock
from kiosk.station.config import Config
from kiosk.station.display import poster
from kiosk.station.health.monitor import HealthMonitor
from kiosk.station.health.rules import Observation
from kiosk.station.identity import Identity
from kiosk.station.journal import Journal
from kiosk.station.journal.refused import RefusedEntries
from kiosk.station.library.accepted import Accepted
from kiosk.station.link import progress
from kiosk.station.link.link import Link
from kiosk.station.panel import snapshot as panel
from kiosk.station.playout.plan import Plan
from kiosk.station.playout.playout import Playout
from kiosk.station.playout.volume import in_force
from kiosk.station.projector.stage import Stage
from kiosk.station.schedule.opening_hours import room_open


@dataclass(frozen=True)
class Overview:
    """Everything that there is to look at. Changes nothing of it."""

    config: Config
    identity: Identity
    accepted: Accepted
    clock: Clock
    journal: Journal
    plan: Plan
    playout: Playout
    upkeep: HealthMonitor
    boot_id: str
    link: Link
    aside: RefusedEntries
    stage: Stage | None = None

    @property
    def zone(self) -> ZoneInfo:
        """The room's time zone."""
        return self.accepted.zone

    def fetching(self) -> progress.Fetching:
        """How far the fetching of programmes has come."""
        now = self.clock.now().astimezone(self.zone)
        return progress.look(self.accepted, self.link, now, self.clock.state != "untrusted")

    def poster(self) -> poster.Poster:
        """The public posting as it should be now."""
        stop = self.plan.stop_in_force()
        return poster.compose(
            self.accepted.playlist,
            self.accepted.document,
            self.clock.now(),
            language=self.config.station.language,
            stopped=stop is not None,
            reason=stop.reason if stop else "",
            until=stop.until if stop else None,
            clock=self.clock.state,
            station=self.identity.name,
        )

    def snapshot(self) -> panel.Snapshot:
        """What the panel's pages show."""
        now = self.clock.now().astimezone(self.zone)
        stop, on_air, coming = self.plan.stop_in_force(), self.playout.on_air(), self.plan.coming()
        document = self.accepted.document
        return panel.Snapshot(
            now=now,
            station=document.name if document else self.identity.name,
            language=self.config.station.language,
            stopped=panel.Stopped(stop.reason, stop.until) if stop else None,
            on_air=panel.Showing(on_air.programme.title, on_air.start, on_air.end, on_air.origin) if on_air else None,
            coming=panel.Coming(coming.programme.title, coming.start) if coming else None,
            today=self._today(now),
            tomorrow=self._tomorrow(now),
            clock=self.clock.state,
            waiting=self.journal.waiting_count(),
            refused=self.aside.newest(),
            refused_count=self.aside.count,
            fetching=self.fetching(),
            problems=self.upkeep.problems(),
            sound=self._sound(),
            screen=self.stage is None or self.stage.up,
        )

    def _sound(self) -> panel.Sound:
        hand, planned = self.playout.hand, self.playout.planned_volume()
        level = in_force(planned, hand, "slot")
        return panel.Sound(level.volume, level.muted, hand is not None, self.playout.urgent_volume())

    def heartbeat(self) -> Heartbeat:
        """How this room is, for the town. The link puts in a fresh nonce at each sending."""
        accepted, playlist = self.accepted, self.accepted.playlist
        on_air = self.playout.on_air()
        seq, digest = self.journal.head()
        free = self.upkeep.facts.get("disk.free_mb")
        coming = self.fetching()
        return Heartbeat(
            station=self.identity.station,
            epoch=self.journal.epoch,
            sent_ms=self.clock.now_ms(),
            nonce="",
            boot_id=self.boot_id,
            up_ms=round(self.clock.monotonic() * 1000),
            software=kiosk.__version__,
            root_version=accepted.root.version,
            playlist_version=playlist.version if playlist else 0,
            urgent_version=accepted.urgent_version,
            station_version=accepted.document.version if accepted.document else 0,
            clock=self.clock.state,
            stopped=self.plan.stop_in_force() is not None,
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
            waiting=self.journal.waiting_count(),
            programmes_missing=coming.files,
            bytes_missing=coming.missing,
            bytes_per_s=coming.bytes_per_s,
            ready_ms=to_ms(coming.ready) if coming.ready else 0,
            planned_until_ms=self._planned_until_ms(),
            disk_free_mb=free if isinstance(free, int) else 0,
            open_faults=tuple(problem.cause for problem in self.upkeep.problems()),
            refusals=tuple(accepted.refusals),
        )

    def observation(self, inbox: int) -> Observation:
        """What the health rules are told beside what the upkeep knows itself."""
        return Observation(
            inbox=inbox,
            plan_until_ms=self._planned_until_ms(),
            refused=self.accepted.week_refused,
            clock=self.clock.state,
        )

    def is_behind(self, answer: HeartbeatAnswer) -> bool:
        """Does the town hold something newer than this station?"""
        held = self.heartbeat()
        return (
            answer.root_version > held.root_version
            or answer.playlist_version > held.playlist_version
            or answer.urgent_version > held.urgent_version
            or answer.station_version > held.station_version
        )

    def _planned_until_ms(self) -> int:
        playlist = self.accepted.playlist
        if playlist is None:
            return 0
        last = datetime.fromisoformat(playlist.last_day).replace(tzinfo=self.zone)
        return to_ms(last + timedelta(days=1))

    def _today(self, now: datetime) -> tuple[panel.Row, ...]:
        playlist = self.accepted.playlist
        if playlist is None:
            return ()
        titles = {programme.id: programme.title for programme in playlist.programmes}
        rows = []
        for slot in sorted((s for s in playlist.slots if s.date == now.date().isoformat()), key=lambda s: s.start):
            start, end = span(slot, self.zone)
            state: panel.RowState = "to-come"
            if now >= end:
                state = "done" if self.journal.was_shown("slot", to_ms(start), to_ms(end)) else "missed"
            elif now >= start:
                state = "on-air"
            rows.append(panel.Row(start, end, " ".join(titles[name] for name in dict.fromkeys(slot.programmes)), state))
        return tuple(rows)

    def _tomorrow(self, now: datetime) -> datetime | None:
        document = self.accepted.document
        if document is None:
            return None
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        is_open, until = room_open(document.opening, midnight)
        return None if is_open or until > midnight + timedelta(days=1) else until
