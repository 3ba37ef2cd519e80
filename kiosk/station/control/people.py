"""What people press: Start and Stop, louder and softer, mute, maintenance. Each press is obeyed once and recorded."""

import logging
from collections.abc import Callable
from zoneinfo import ZoneInfo

from kiosk.contract.instants import to_ms
from kiosk.station.clock.clock import Clock
from kiosk.station.control.audit import AuditTrail
from kiosk.station.control.maintenance import MaintenanceSwitch
from kiosk.station.control.pin_reset import PinReset
from kiosk.station.control.presses import Presses
from kiosk.station.events import AdministratorSet, Pressed
from kiosk.station.health.events import MaintenanceSet
from kiosk.station.journal import Journal
from kiosk.station.playout.events import MutePressed, StartPressed, StopPressed, VolumePressed
from kiosk.station.playout.plan import Plan
from kiosk.station.playout.playout import Playout
from kiosk.station.playout.stop import StopState
from kiosk.station.playout.volume import HandVolume

log = logging.getLogger(__name__)


class People:
    """For the main loop only."""

    def __init__(
        self,
        clock: Clock,
        plan: Plan,
        playout: Playout,
        journal: Journal,
        zone: Callable[[], ZoneInfo],
        audit: AuditTrail,
        replan: Callable[[str], None],
        refresh: Callable[[], None],
        maintenance: MaintenanceSwitch,
        pin_reset: PinReset,
    ) -> None:
        """``zone`` gives the room's time zone, ``replan`` brings the screen in step with the plan, ``refresh`` renews
        what people see of the station."""
        self._clock, self._plan, self._playout, self._zone = clock, plan, playout, zone
        self._audit, self._replan, self._refresh = audit, replan, refresh
        self._maintenance, self._pin_reset = maintenance, pin_reset
        self._stop = StopState(journal)
        self._volume = HandVolume(journal)
        self._presses = Presses()

    def restore(self) -> None:
        """What was pressed in the last run and still holds. Before anything is shown."""
        self._plan.change(stop=self._stop.now)
        self._volume.expire(self._clock.now(), self._zone())
        self._playout.set_by_hand(self._volume.now)

    def handle(self, press: Pressed) -> None:
        """Do what somebody has pressed. The same press twice is one press; one without an id always counts."""
        if not self._presses.is_new(press.press):
            return
        match press:
            case AdministratorSet():
                self._audit.record(press.action, by=press.by, facts={"name": press.name})
                if press.reset:
                    self._pin_reset.use(press.reset)
                    self._refresh()
            case StartPressed():
                self._start(press)
            case StopPressed():
                self._stop_now(press)
            case VolumePressed() | MutePressed():
                self._set_volume(press)
            case MaintenanceSet():
                if self._maintenance.set(press):
                    self._refresh()

    def tick(self) -> None:
        """About once a second: what was set for today ends with today."""
        if self._volume.expire(self._clock.now(), self._zone()):
            log.info("the volume is the plan's again")
            self._playout.set_by_hand(None)
            self._refresh()

    def clock_set(self) -> None:
        """The wall clock was set; what somebody has set goes on. Before :meth:`tick`."""
        self._volume.clock_set(self._clock.now(), self._zone())
        self._playout.set_by_hand(self._volume.now)

    def _start(self, press: StartPressed) -> None:
        if not self._stop.end():
            return
        self._plan.change(stop=None)
        self._plan.refresh_owed()
        self._audit.record("start", by=press.by)
        self._replan("Start")

    def _stop_now(self, press: StopPressed) -> None:
        self._stop.begin(self._clock.now(), press.until_ms, press.reason)
        self._plan.change(stop=self._stop.now, session=None)
        self._audit.record("stop", by=press.by, reason=press.reason, until_ms=press.until_ms)
        self._replan(f"Stop: {press.reason}")

    def _set_volume(self, press: VolumePressed | MutePressed) -> None:
        planned = self._playout.planned_volume()
        if not self._volume.press(press, planned, self._clock.now(), self._zone()):
            return
        hand = self._volume.now
        self._playout.set_by_hand(hand)
        action = "volume"
        if isinstance(press, MutePressed):
            action = "mute" if press.muted else "sound-on"
        level = planned if hand is None or hand.volume is None else hand.volume
        facts = {"volume": str(level), "muted": "yes" if hand and hand.muted else "no"}
        self._audit.record(action, by=press.by, until_ms=to_ms(hand.until) if hand else None, facts=facts)
        self._refresh()
