"""What people press, obeyed and written down: Start and Stop, louder and softer, mute and sound on."""

import logging
from collections.abc import Callable

from kiosk.contract.instants import to_ms
from kiosk.station.control.audit import AuditTrail
from kiosk.station.events import MutePressed, StartPressed, StopPressed, VolumePressed
from kiosk.station.overview import Overview
from kiosk.station.playout.stop import StopState
from kiosk.station.playout.volume import HandVolume

log = logging.getLogger(__name__)

Press = StartPressed | StopPressed | VolumePressed | MutePressed


class People:
    """For the main loop only. ``replan`` brings the screen in step, ``look`` renews what people see of the station."""

    def __init__(
        self, view: Overview, actions: AuditTrail, replan: Callable[[str], None], look: Callable[[], None]
    ) -> None:
        self._view, self._actions, self._replan, self._look = view, actions, replan, look
        self._clock, self._plan, self._playout = view.clock, view.plan, view.playout
        self._stop = StopState(view.journal)
        self._volume = HandVolume(view.journal)

    def restore(self) -> None:
        """What was pressed in the last run and still holds. Before anything is shown."""
        self._plan.change(stop=self._stop.now)
        self._volume.look(self._clock.now(), self._view.zone)
        self._playout.set_by_hand(self._volume.now)

    def take(self, press: Press) -> None:
        """Do what somebody has pressed; the same press twice is one press."""
        match press:
            case StartPressed():
                self._start(press)
            case StopPressed():
                self._stop_now(press)
            case VolumePressed() | MutePressed():
                self._set_volume(press)

    def tick(self) -> None:
        """About once a second: what was set for today ends with today."""
        if self._volume.look(self._clock.now(), self._view.zone):
            log.info("the volume is the plan's again")
            self._playout.set_by_hand(None)
            self._look()

    def clock_set(self) -> None:
        """The wall clock was set; what somebody has set goes on. Before :meth:`tick`."""
        self._volume.clock_set(self._clock.now(), self._view.zone)
        self._playout.set_by_hand(self._volume.now)

    def _start(self, press: StartPressed) -> None:
        if not self._stop.press_start(press.press):
            return
        self._plan.change(stop=None)
        self._plan.refresh_owed()
        self._actions.note("start", by=press.by)
        self._replan("Start")

    def _stop_now(self, press: StopPressed) -> None:
        if not self._stop.press_stop(press, self._clock.now()):
            return
        self._plan.change(stop=self._stop.now, session=None)
        self._actions.note("stop", by=press.by, reason=press.reason, until_ms=press.until_ms)
        self._replan(f"Stop: {press.reason}")

    def _set_volume(self, press: VolumePressed | MutePressed) -> None:
        planned = self._playout.planned_volume()
        if not self._volume.press(press, planned, self._clock.now(), self._view.zone):
            return
        hand = self._volume.now
        self._playout.set_by_hand(hand)
        action = "volume"
        if isinstance(press, MutePressed):
            action = "mute" if press.muted else "sound-on"
        level = planned if hand is None or hand.volume is None else hand.volume
        facts = {"volume": str(level), "muted": "yes" if hand and hand.muted else "no"}
        self._actions.note(action, by=press.by, until_ms=to_ms(hand.until) if hand else None, facts=facts)
        self._look()
