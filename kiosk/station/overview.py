"""The read model: what poster, panel, heartbeat and health rules are told of the station. It changes nothing."""

from datetime import datetime, timedelta

import kiosk
from kiosk.common.i18n import Language
from kiosk.contract.instants import to_ms
from kiosk.contract.playlist import Slot, span
from kiosk.contract.reports import Heartbeat, OnAir
from kiosk.contract.station import Opening
from kiosk.station.clock.clock import Clock
from kiosk.station.display import poster
from kiosk.station.health.monitor import HealthMonitor
from kiosk.station.health.observation import Observation
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
from kiosk.station.schedule import timetable as tt
from kiosk.station.schedule.opening_hours import next_morning

SOON = timedelta(seconds=30)
"""What begins within this is *about to begin*: more than the panel's snapshot and page are apart, and than filler waits
after Start."""


class Overview:
    """Reads the other parts of the station; nobody reaches them through it."""

    def __init__(
        self,
        language: Language,
        identity: Identity,
        accepted: Accepted,
        clock: Clock,
        journal: Journal,
        plan: Plan,
        playout: Playout,
        monitor: HealthMonitor,
        boot_id: str,
        link: Link,
        refused: RefusedEntries,
        stage: Stage | None = None,
    ) -> None:
        self._language, self._identity, self._accepted, self._clock = language, identity, accepted, clock
        self._journal, self._plan, self._playout, self._monitor = journal, plan, playout, monitor
        self._boot_id, self._link, self._refused, self._stage = boot_id, link, refused, stage

    def fetching(self) -> progress.FetchProgress:
        """How far the fetching of programmes has come."""
        now = self._clock.now().astimezone(self._accepted.zone)
        return progress.fetch_progress(self._accepted, self._link, now, self._clock.state != "untrusted")

    def poster(self) -> poster.Poster:
        """The public posting as it should be now."""
        stop = self._plan.stop_in_force()
        return poster.compose(
            self._accepted.playlist,
            self._accepted.document,
            self._clock.now(),
            language=self._language,
            stopped=stop is not None,
            reason=stop.reason if stop else "",
            until=stop.until if stop else None,
            clock=self._clock.state,
            station=self._identity.name,
        )

    def snapshot(self) -> panel.Snapshot:
        """What the panel's pages show."""
        now = self._clock.now().astimezone(self._accepted.zone)
        stop, on_air, coming = self._plan.stop_in_force(), self._playout.on_air(), self._plan.coming()
        document, starting = self._accepted.document, None
        if on_air is None:
            starting = self._plan.due() or (coming[0] if coming and not stop and coming[1] - now <= SOON else None)
        if coming and coming[0] == starting:
            coming = None
        return panel.Snapshot(
            now=now,
            station=document.name if document else self._identity.name,
            language=self._language,
            stopped=panel.Stopped(stop.reason, stop.until) if stop else None,
            on_air=_showing(on_air),
            starting=_showing(starting),
            coming=panel.Coming(coming[0].programme.title, coming[1]) if coming else None,
            today=self._today(now, stop, on_air, [one for one in (starting, coming and coming[0]) if one]),
            morning=next_morning(document.opening if document else Opening(time_zone=self._accepted.zone.key), now),
            clock=self._clock.state,
            waiting=self._journal.waiting_count(),
            refused=self._refused.newest(),
            refused_count=self._refused.count,
            fetching=self.fetching(),
            problems=self._monitor.problems(),
            sound=self._sound(),
            screen=self._stage is None or self._stage.up,
        )

    def _sound(self) -> panel.Sound:
        hand, planned = self._playout.hand, self._playout.planned_volume()
        level = in_force(planned, hand, "slot")
        return panel.Sound(level.volume, level.muted, hand is not None, self._playout.urgent_volume())

    def heartbeat(self) -> Heartbeat:
        """How this room is, for the town. The link puts in a fresh nonce at each sending."""
        accepted, playlist = self._accepted, self._accepted.playlist
        on_air = self._playout.on_air()
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
            playlist_version=playlist.version if playlist else 0,
            urgent_version=accepted.urgent_version,
            station_version=accepted.document.version if accepted.document else 0,
            clock=self._clock.state,
            stopped=self._plan.stop_in_force() is not None,
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
            planned_until_ms=self._planned_until_ms(),
            disk_free_mb=self._monitor.disk_free_mb,
            open_faults=tuple(problem.cause for problem in self._monitor.problems()),
            refusals=tuple(accepted.refusals),
        )

    def observation(self, inbox: int) -> Observation:
        """What the health rules are told beside what the monitor knows itself."""
        return Observation(
            inbox=inbox,
            poster_fails=None if self._stage is None else self._stage.plain,
            plan_until_ms=self._planned_until_ms(),
            refused=self._accepted.week_refused,
            clock=self._clock.state,
        )

    def _planned_until_ms(self) -> int:
        return self._accepted.planned_until_ms

    def _today(
        self, now: datetime, stop: tt.Stop | None, on_air: tt.OnAir | None, to_come: list[tt.OnAir]
    ) -> tuple[panel.Row, ...]:
        """Today's slots. ``on_air`` is on the screen; ``to_come`` is what the plan shows next, after a Stop too."""
        playlist = self._accepted.playlist
        if playlist is None:
            return ()
        titles = {programme.id: programme.title for programme in playlist.programmes}
        rows = []
        for slot in sorted((s for s in playlist.slots if s.date == now.date().isoformat()), key=lambda s: s.start):
            start, end = span(slot, self._accepted.zone)
            state: panel.RowState = "missed"
            if now < end and on_air and _is_of(on_air, slot, start, end):
                state = "on-air"
            elif start <= now < end and stop:
                state = "stopped"
            elif now < end and any(_is_of(one, slot, start, end) for one in to_come):
                state = "to-come"
            elif now < start and stop and (stop.until is None or start < stop.until):
                state = "stopped"
            elif now < start:
                state = "to-come"
            elif self._journal.was_shown("slot", to_ms(start), to_ms(end)):
                state = "done"
            rows.append(panel.Row(start, end, " ".join(titles[name] for name in dict.fromkeys(slot.programmes)), state))
        return tuple(rows)


def _showing(one: tt.OnAir | None) -> panel.Showing | None:
    return panel.Showing(one.programme.title, one.start, one.end, one.origin) if one else None


def _is_of(one: tt.OnAir, slot: Slot, start: datetime, end: datetime) -> bool:
    """Whether a showing belongs to ``slot``, which lasts from ``start`` to ``end``."""
    return one.origin == "slot" and one.programme.id in slot.programmes and start <= one.start < end
