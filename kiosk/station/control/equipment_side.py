"""The side of the station that faces its devices: what reads and mends them, and lets the screen and the PC rest."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from kiosk.contract.station import StationDocument
from kiosk.station.clock.clock import Clock
from kiosk.station.config import Config
from kiosk.station.control.audit import AuditTrail
from kiosk.station.control.equipment import Equipment
from kiosk.station.control.hand_reports import HandReports
from kiosk.station.control.maintenance import MaintenanceSwitch
from kiosk.station.control.pc_sleep import PcSleep
from kiosk.station.control.repair_confirmed import ConfirmedRepairs
from kiosk.station.control.rest import ScreenRest
from kiosk.station.events import FromEquipment, Post, Wake
from kiosk.station.health.devices import Devices
from kiosk.station.health.events import DeviceChanged
from kiosk.station.health.instruments import Instruments
from kiosk.station.health.monitor import HealthMonitor
from kiosk.station.health.observation import Observation
from kiosk.station.health.probes import Probes
from kiosk.station.health.repairs.host import Host
from kiosk.station.health.repairs.repairs import Repairs
from kiosk.station.host.keypad import read_keys
from kiosk.station.host.screen_power import ScreenPower
from kiosk.station.identity import Identity
from kiosk.station.journal import Journal
from kiosk.station.library.accepted import Accepted
from kiosk.station.playout.plan import Plan
from kiosk.station.playout.playout import Playout
from kiosk.station.service.timers import Timers


class EquipmentSide:
    """Built whole, then :meth:`start`. For the main loop only."""

    def __init__(
        self,
        config: Config,
        identity: Identity,
        boot_id: str,
        post: Post,
        timers: Timers,
        accepted: Accepted,
        journal: Journal,
        clock: Clock,
        plan: Plan,
        playout: Playout,
        audit: AuditTrail,
        *,
        observe: Callable[[], Observation],
        to_fetch: Callable[[], int],
        menu_is_open: Callable[[], bool],
        check_clock: Callable[[], None],
        sync: Callable[[], None],
        send_photo: Callable[[bytes, str], None],
        picture_of: Callable[[tuple[str, ...]], None],
        purge: Callable[[], None],
        report_soon: Callable[[], None],
        replan: Callable[[str], None],
        refresh: Callable[[], None],
    ) -> None:
        """``observe`` gives what the health monitor cannot know itself, ``to_fetch`` how many files are still to come,
        ``menu_is_open`` whether a menu is on the screen. ``check_clock`` has the clock looked at anew, ``sync`` begins
        a round with the town, ``send_photo`` sends it the photo of a fault, ``picture_of`` a picture of the screen for
        faults, ``purge`` makes room on the disk, ``report_soon`` has new records delivered."""
        state, runtime = Path(config.station.state), Path(config.station.runtime)
        self._state, self._post, self._timers, self._clock = state, post, timers, clock
        self._playout, self._replan = playout, replan

        def document() -> StationDocument | None:
            return accepted.document

        self._devices = Devices(post)
        power = ScreenPower(config.screen.display)
        self._instruments = Instruments(config.screen.display, config.sound.output, identity.url)
        self._probes = Probes(
            post, self._devices, state, state / "library", config.health.probe_s, config.sound.output,
            lambda: {**self._instruments.read(), **power.keep()},
        )  # fmt: skip
        self.read_soon = self._probes.read_soon
        """Has the devices read soon."""
        inputs = self._devices.inputs
        self._keypad = read_keys(post, config.keys.names(), inputs) if config.keys.enabled else None
        repairs = Repairs(journal)
        self.monitor = HealthMonitor(journal, identity.station, config.health.hysteresis_s, repairs.tried)
        self.maintenance = MaintenanceSwitch(journal, clock, audit, document)
        self.repairs = ConfirmedRepairs(identity.station, journal, clock, self.monitor, audit, document)
        self.reports = HandReports(journal, clock, report_soon, state / "photos", send_photo)
        self.rest = ScreenRest(
            plan, clock, power,
            document=document, worked_on=lambda: self.maintenance.is_on() or menu_is_open(),
            read_facts=self.read_soon, refresh=refresh,
        )  # fmt: skip
        self.pc_sleep = PcSleep(
            plan, clock, journal, audit, boot_id, runtime,
            document=document, worked_on=self.maintenance.is_on, to_fetch=to_fetch,
        )  # fmt: skip
        host = Host(
            runtime, config.screen.display, order=self._instruments.order, purge=purge, fetch_again=sync,
            restart_player=self._restart_player,
        )  # fmt: skip
        self._equipment = Equipment(
            self.monitor, playout, clock,
            repairs=repairs, host=host, audit=audit, reports=self.reports, tell_instruments=self._instruments.expect,
            read_soon=self.read_soon, read_at=self._read_at, look_again=self._look_again, refresh=refresh,
            document=document, observe=observe, worked_on=self.maintenance.is_on, check_clock=check_clock,
            report_soon=report_soon, picture_of=picture_of, confirm=self.repairs.confirm,
        )  # fmt: skip

    def start(self) -> None:
        """Begin to read devices and keys."""
        self._devices.start()
        self._probes.start()
        if self._keypad:
            self._keypad.start()

    def stop(self) -> None:
        """End the threads."""
        if self._keypad:
            self._keypad.stop()
        self._probes.stop(1)
        self._devices.stop()

    def handle(self, event: FromEquipment) -> None:
        """What was found out about the equipment."""
        if isinstance(event, DeviceChanged):
            self.read_soon()
            if self._keypad:
                self._keypad.look()
        else:
            self._equipment.handle(event)

    def tick(self) -> None:
        """About once a second."""
        self.maintenance.collect(self._state, self._post)
        self._equipment.tick()
        self.rest.tick()
        self.pc_sleep.tick()

    def _look_again(self) -> None:
        self._instruments.hurry()
        self.read_soon()

    def _read_at(self, moment: datetime) -> None:
        self._timers.at(self._clock.on_system(moment), Wake("look"))

    def _restart_player(self, cause: str) -> None:
        if self._playout.restart_player(cause):
            self._replan("a programme failed")
