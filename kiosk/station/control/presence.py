"""Who is there: recommended items are shown once somebody was noticed; each slot's attendance is recorded."""

from bisect import bisect_right
from collections.abc import Callable
from datetime import datetime

import msgspec

from kiosk.common.opening_hours import room_open
from kiosk.contract.endings import slot_spans
from kiosk.contract.instants import to_utc
from kiosk.contract.playlist import Playlist
from kiosk.contract.station import StationDocument, Thresholds
from kiosk.contract.wire import Instant, Text
from kiosk.station.clock.clock import Clock
from kiosk.station.control.audit import AuditTrail
from kiosk.station.journal import Journal
from kiosk.station.playout.plan import Plan
from kiosk.station.schedule.rest import has_hours
from kiosk.station.schedule.situation import Presence
from kiosk.station.sessions.attended import Stretch, attended, noticed_again
from kiosk.station.sessions.events import SENSOR, PresenceNoticed

MEMORY = "presence"
AGAIN_MS = 30_000
"""A sensor speaks every second: what it says is kept this often."""
SENSOR_TRUSTED_MS = 86_400_000
"""A sensor that has not spoken for so long may be broken: its silence does not say that nobody was there."""


class Kept(msgspec.Struct, frozen=True):
    """What is remembered over a restart."""

    since_ms: Instant = 0
    until_ms: Instant = 0
    sensor_ms: Instant = 0
    """When a sensor spoke last."""
    stretches: tuple[Stretch, ...] = ()
    by: Text = ""


class PresencePolicy:
    """For the main loop only. The one owner of who was noticed, and when."""

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        plan: Plan,
        audit: AuditTrail,
        *,
        document: Callable[[], StationDocument | None],
        replan: Callable[[str], None],
    ) -> None:
        """``replan`` brings the screen in step with the plan, and renews what people see."""
        self._journal, self._clock, self._plan, self._audit = journal, clock, plan, audit
        self._document, self._replan = document, replan
        self._kept = journal.recall(MEMORY, Kept) or Kept()
        self._deadline = 0.0
        self._slots_of: Playlist | None = None
        self._slots: list[tuple[int, int, str]] = []
        """End, start (UTC ms) and occasion of each slot of that week, by their ends."""
        self._began_ms = self._looked_ms = clock.now_ms()
        """Since when this run has looked who is there, and up to when slots are recorded."""

    def restore(self) -> None:
        """Who was noticed in the last run, and may still be there. Before anything is shown."""
        left_ms = min(self._kept.until_ms - self._clock.now_ms(), self._kept.until_ms - self._kept.since_ms)
        if left_ms > 0:
            self._hold(left_ms)

    @property
    def until(self) -> datetime | None:
        """Until when recommended items may begin; None: nobody was noticed of late."""
        presence = self._plan.situation.presence
        return presence.until if presence and presence.until > self._clock.now() else None

    def noticed(self, event: PresenceNoticed) -> None:
        """Somebody is there. A sensor is heeded in opening hours only: at night it may be a cat, or a thief."""
        now, now_ms = self._clock.now(), self._clock.now_ms()
        again = self.until is not None
        if event.by == SENSOR:
            if again and now_ms - self._kept.sensor_ms < AGAIN_MS:
                return
            self._kept = msgspec.structs.replace(self._kept, sensor_ms=now_ms)
            document = self._document()
            if document and has_hours(document.opening) and not room_open(document.opening, now)[0]:
                return
        thresholds = (document.thresholds if (document := self._document()) else None) or Thresholds()
        since_ms = self._kept.since_ms if again else now_ms
        self._kept = msgspec.structs.replace(
            self._kept, since_ms=since_ms, until_ms=now_ms + thresholds.presence_ms, by=event.by,
            stretches=noticed_again(self._kept.stretches, now_ms, event.by),
        )  # fmt: skip
        self._journal.remember(MEMORY, self._kept)
        self._hold(thresholds.presence_ms)
        if not again:
            self._plan.refresh_owed()
            self._audit.record("presence", by=event.by, until_ms=self._kept.until_ms)
        self._replan("somebody is there")

    def seen(self, by: str) -> None:
        """Somebody has pressed a key: they are there, though nobody wants recommended items by that."""
        now_ms = self._clock.now_ms()
        last = max((one.last_ms for one in self._kept.stretches if one.by == by), default=0)
        if self.until is not None:
            self.noticed(PresenceNoticed(by))
        elif not 0 <= now_ms - last < AGAIN_MS:
            self._kept = msgspec.structs.replace(self._kept, stretches=noticed_again(self._kept.stretches, now_ms, by))
            self._journal.remember(MEMORY, self._kept)

    def clock_set(self) -> None:
        """The wall clock was set; who is there stays for as long as before."""
        left_ms = round((self._deadline - self._clock.monotonic()) * 1000)
        if left_ms > 0:
            now_ms = self._clock.now_ms()
            self._kept = msgspec.structs.replace(self._kept, since_ms=now_ms, until_ms=now_ms + left_ms)
            self._hold(left_ms)
        self._began_ms = self._looked_ms = self._clock.now_ms()

    def tick(self) -> None:
        """About once a second: each slot that has just ended is recorded as it was."""
        now_ms, playlist = self._clock.now_ms(), self._plan.playlist
        since_ms, self._looked_ms = self._looked_ms, now_ms
        if playlist is not self._slots_of:
            self._slots_of, self._slots = playlist, _by_end(playlist) if playlist else []
        if self._clock.state == "untrusted" or now_ms <= since_ms:
            return
        first = bisect_right(self._slots, since_ms, key=lambda one: one[0])
        for end_ms, start_ms, occasion in self._slots[first:]:
            if end_ms > now_ms:
                break
            told = now_ms - self._kept.sensor_ms <= SENSOR_TRUSTED_MS and start_ms >= self._began_ms
            found = attended(self._kept.stretches, start_ms, end_ms, sensor=told)
            facts = {"start_ms": str(start_ms), "end_ms": str(end_ms), "by": " ".join(found.by)}
            if occasion:
                facts["occasion"] = occasion
            self._audit.record("slot-presence", by="kiosk", reason=found.state, facts=facts)

    def _hold(self, left_ms: int) -> None:
        now_ms = self._clock.now_ms()
        self._deadline = self._clock.monotonic() + left_ms / 1000
        since = to_utc(min(self._kept.since_ms, now_ms))
        self._plan.change(presence=Presence(since, to_utc(now_ms + left_ms)))


def _by_end(playlist: Playlist) -> list[tuple[int, int, str]]:
    spans = zip(playlist.slots, slot_spans(playlist), strict=True)
    return sorted((own.end, own.start, slot.occasion) for slot, own in spans if own.start < own.end)
