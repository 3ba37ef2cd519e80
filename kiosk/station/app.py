"""The station: composition root, the one inbox, and which handler each event goes to.

Everything that happens arrives as a frozen event in one queue and is handled here, on the main thread, one at a time;
state changes nowhere else.
"""

import contextlib
import logging
import queue
import signal
from pathlib import Path
from types import FrameType
from typing import assert_never

from kiosk.common import systemd
from kiosk.station import status_file
from kiosk.station.clock import memory
from kiosk.station.clock.clock import Clock
from kiosk.station.config import Config
from kiosk.station.control.audit import AuditTrail
from kiosk.station.control.equipment_side import EquipmentSide
from kiosk.station.control.housekeeping import Housekeeping
from kiosk.station.control.not_shown import NotShown
from kiosk.station.control.people_side import PeopleSide
from kiosk.station.control.screen import Screen
from kiosk.station.control.timekeeping import Timekeeping
from kiosk.station.control.town import TownHandler
from kiosk.station.events import (
    ClockDeclared,
    Crashed,
    Event,
    FromEquipment,
    FromPeople,
    FromScreen,
    FromTown,
    PictureAsked,
    Quit,
    Reason,
    Wake,
)
from kiosk.station.identity import IdentityError, load_identity
from kiosk.station.journal import BusyJournal, DamagedJournal, Journal, JournalError, ReadOnlyJournal
from kiosk.station.journal.refused import RefusedEntries
from kiosk.station.library.accepted import Accepted
from kiosk.station.library.documents import Documents
from kiosk.station.library.library import Library
from kiosk.station.library.plans import Plans
from kiosk.station.link.link import Link
from kiosk.station.link.news import News
from kiosk.station.link.station_key import signer
from kiosk.station.overview import Overview
from kiosk.station.panel import now_file
from kiosk.station.panel.address import panel_address
from kiosk.station.panel.server import Panel
from kiosk.station.panel.snapshot import Snapshot
from kiosk.station.playout.plan import Plan
from kiosk.station.playout.playout import Playout
from kiosk.station.projector.projector import Projector
from kiosk.station.projector.screenshots import Screenshots
from kiosk.station.projector.stage import Stage
from kiosk.station.record_book.books import RecordBooks
from kiosk.station.service.timers import Timers

log = logging.getLogger(__name__)

EX_OK, EX_CRASHED, EX_TEMPFAIL, EX_CONFIG = 0, 70, 75, 78
"""Exit codes (sysexits.h). After 78 the unit is not started again: a person has to act."""
LOOK_AFTER = "look after the disk; install.sh station gives what lies there back to the kiosk's user"
TICK_SECONDS = 1.0
REFRESH_SECONDS = 10.0


def run(config: Config, inbox: queue.SimpleQueue[Event], stage: Stage) -> int:
    """Run the daemon until it is told to end. Returns the exit code. ``stage``, which posts to ``inbox``, may have
    begun."""
    try:
        station = Station(config, inbox, stage)
    except (ReadOnlyJournal, BusyJournal, DamagedJournal) as error:
        systemd.refuse(str(error))
        return EX_TEMPFAIL  # a disk may come back, another station may end; damage is looked for at the next start
    except OSError as error:
        place = error.filename or config.station.state
        systemd.refuse(f"{place}: {error.strerror}; {LOOK_AFTER}")
        return EX_TEMPFAIL
    except (IdentityError, JournalError, ValueError) as error:
        systemd.refuse(str(error))
        return EX_CONFIG
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, station.interrupt)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # a terminal that was closed is no reason to end
    return station.run()


class Station:
    """The daemon: built whole, then :meth:`run`. Every event goes to one handler of ``control``."""

    def __init__(self, config: Config, inbox: queue.SimpleQueue[Event], stage: Stage) -> None:
        """Raises IdentityError, JournalError or ValueError where a person has to act first."""
        self._state = state = Path(config.station.state)
        self._runtime = runtime = Path(config.station.runtime)
        runtime.mkdir(parents=True, exist_ok=True)
        self._config, self._inbox, post = config, inbox, inbox.put
        self._boot_id = boot_id = systemd.boot_id()
        self._identity = identity = load_identity(state)
        library = Library(state / "library")
        documents = Documents(library)
        shelf = documents.load(identity.group, identity.station, identity.root_sha256)
        self._accepted = accepted = Accepted(documents, shelf)
        plans = Plans(library.folder)
        self._panel: Panel | None = None
        self._journal = journal = Journal(state / "journal.db", post, boot_id)
        self._last_run = journal.recall(memory.KEY, memory.Memory)
        self._clock = clock = Clock(self._last_run, boot_id)
        self._timers = Timers(post)
        self._stage = stage
        projector = Projector(post, config.projector.stall_ms / 1000, config.projector.memory_mb, runtime)
        self._plan = plan = Plan(journal, clock, library)
        self._playout = playout = Playout(
            config, plan, projector, journal, clock, library, boot_id,
            child_replaced=lambda at: self._equipment.monitor.child_replaced(at), play_closed=self._report_soon,
        )  # fmt: skip
        self._link = Link(identity, documents, journal, post, config.town, config.fetch, signer(state))
        self._screenshots = Screenshots(stage, clock, playout.cuts)
        self._audit = AuditTrail(journal, clock, self._report_soon)
        self._not_shown = NotShown(plan, self._audit)
        self._equipment = equipment = EquipmentSide(
            config, identity, boot_id, post, self._timers, accepted, journal, clock, plan, playout, self._audit,
            observe=lambda: self._overview.observation(inbox.qsize()),
            to_fetch=lambda: self._overview.fetching().files, menu_is_open=lambda: self._people.menu.is_open,
            check_clock=lambda: self._timekeeping.check(), sync=lambda: self._town.sync(),
            send_photo=self._link.send_photo, picture_of=lambda faults: self._town.picture_of(faults),
            purge=lambda: self._housekeeping.purge(),
            report_soon=self._report_soon, replan=self._replan, refresh=self._refresh,
        )  # fmt: skip
        self._people = people = PeopleSide(
            config, accepted, plans, journal, clock, plan, playout, stage, self._audit, equipment.maintenance,
            address=self._panel_address, report_soon=self._report_soon, replan=self._replan, refresh=self._refresh,
        )  # fmt: skip
        refused, news = RefusedEntries(journal), News(journal, accepted)
        self._overview = overview = Overview(
            config.station.language, identity, accepted, news, clock, journal, plan, playout, equipment.monitor,
            boot_id, self._link, refused, stage, plans, self._panel_address, sounds=config.sound.output != "none",
            dark_until=lambda: equipment.rest.dark_until, pc_stays_on=lambda: equipment.pc_sleep.refused,
            work=equipment.maintenance.work, repairs_said=equipment.repairs.all_said,
            reports=lambda: equipment.reports.open, picture_check=lambda: people.menu.code, sessions=people.view.seen,
            pin_reset=people.pin_reset.pending, spot_check=people.checks.asked, spot_shown=lambda: people.checks.shown,
        )  # fmt: skip
        self._timekeeping = Timekeeping(
            clock, plan, journal, boot_id, self._timers, self._audit,
            clock_set=people.clock_set, read_facts=equipment.read_soon,
            report_soon=self._report_soon, replan=self._replan,
        )  # fmt: skip
        self._town = TownHandler(
            identity.station, config.town.heartbeat_s, accepted, news, plan, playout, journal, clock, equipment.monitor,
            refused, self._link, self._timers, self._screenshots, self._audit, plans,
            heartbeat=overview.heartbeat, replan=self._replan, check_clock=self._timekeeping.check,
        )  # fmt: skip
        self._screen = Screen(
            stage, projector, self._screenshots, playout, clock, self._replan, self._town.send_screenshot,
            self._refresh, equipment.read_soon,
        )  # fmt: skip
        self._housekeeping = Housekeeping(
            library, journal, self._timers, plans,
            in_use=lambda: accepted.files() | playout.files(), disk_free_mb=config.health.disk_free_mb,
            keep_days=config.record.keep_days,
        )  # fmt: skip
        self._snapshot: Snapshot = overview.snapshot()
        if config.panel.enabled:
            self._panel = Panel(
                config.panel, state, post, lambda: self._snapshot, picture=lambda: self._screenshots.newest,
                examination=lambda: equipment.monitor.examination, books=RecordBooks(state / "journal.db", plans.load),
            )  # fmt: skip
        self._exit: int | None = None
        self._fed = self._refreshed = 0.0
        self._sound_told = playout.sound_goes()

    def interrupt(self, number: int, _frame: FrameType | None) -> None:
        """A signal handler: only posts."""
        self._inbox.put(Quit(signal.Signals(number).name))

    # --- life ---

    def run(self) -> int:
        """Start everything, handle events until the end, stop everything in reverse. Returns the exit code."""
        self._start()
        watchdog = systemd.watchdog_interval() or TICK_SECONDS
        while self._exit is None:
            try:
                with contextlib.suppress(queue.Empty):
                    self.handle(self._inbox.get(timeout=min(TICK_SECONDS, watchdog)))
                self._tick()
            except DamagedJournal as error:  # a read has found what a write would have ended over
                self._crashed(Crashed("journal", str(error)))
        self._end()
        return self._exit

    def _start(self) -> None:
        self._journal.start()
        self._restore()
        self._timers.start()
        self._screen.tick()
        self._equipment.start()
        self._link.start()
        if self._panel:
            self._panel.start()
        self._audit.record("boot", by="kiosk", facts=memory.last_seen(self._last_run, self._boot_id))
        self._town.sync()
        self._housekeeping.start()
        self._replan("start")
        systemd.notify(systemd.READY)
        log.info("station %s of town %s runs", self._identity.station, self._identity.town)

    def _restore(self) -> None:
        """Where the last run ended: the accepted week, Stop, what was on air."""
        accepted = self._accepted
        self._timekeeping.restore()
        self._plan.use_document(accepted.document)
        self._plan.change(urgents=accepted.urgents)
        self._plan.use_playlist(accepted.playlist)
        self._town.keep_plan()
        self._people.restore()
        self._plan.go_on_with(self._journal.interrupted_at_boot)

    def _end(self) -> None:
        systemd.notify(systemd.STOPPING)
        now_file.remove(self._runtime)
        status_file.remove(self._runtime)
        self._playout.close("the station was shut down")
        self._screen.close()
        if self._panel:
            self._panel.stop()
        self._link.stop()
        self._equipment.stop()
        self._timers.stop()
        self._timekeeping.remember()
        self._journal.stop(5)

    # --- the inbox ---

    def handle(self, event: Event) -> None:
        """The table of contents: what is done about each event."""
        log.debug("%r", event)
        match event:
            case Wake(why=why):
                self._wake(why)
            case PictureAsked():
                self._screenshots.request(self._clock.monotonic())
            case ClockDeclared():
                self._timekeeping.declared(event)
            case Crashed():
                self._crashed(event)
            case Quit():
                log.info("asked to end by %s", event.signal)
                self._exit = EX_OK
            case _ if isinstance(event, FromScreen):
                self._screen.handle(event)
            case _ if isinstance(event, FromTown):
                self._town.handle(event)
            case _ if isinstance(event, FromEquipment):
                self._equipment.handle(event)
            case _ if isinstance(event, FromPeople):
                self._people.handle(event)
            case _:
                assert_never(event)

    def _wake(self, why: Reason) -> None:
        match why:
            case "change":
                self._replan("the timetable")
            case "sync":
                self._timekeeping.remember()
                self._town.sync()
            case "report":
                self._town.report()
            case "look":
                self._equipment.read_soon()
            case "purge":
                self._housekeeping.purge()

    def _tick(self) -> None:
        """After each event, and at least once a second."""
        now = self._clock.monotonic()
        self._screenshots.tick(now)
        if now - self._fed < TICK_SECONDS / 2:
            return
        self._fed = now
        systemd.notify(systemd.WATCHDOG)
        self._timekeeping.collect_declaration(self._state, self._inbox.put)
        self._timekeeping.check()
        self._people.tick()
        self._screen.tick()
        self._equipment.tick()
        if now - self._refreshed >= REFRESH_SECONDS or self._playout.sound_goes() != self._sound_told:
            self._refresh()

    # --- the plan, and what people see of it ---

    def _replan(self, why: str) -> None:
        self._people.sessions.follow_week()
        moment = self._playout.replan(why)
        self._not_shown.check()
        self._timers.at(self._clock.on_system(moment), Wake("change"))
        self._link.on_air(bool(self._playout.files()))
        self._refresh()

    def _report_soon(self) -> None:
        self._timers.after(self._config.town.report_delay_ms / 1000, Wake("report"))

    def _refresh(self) -> None:
        """Renew what people see of the station: the poster and the panel's snapshot."""
        self._refreshed, self._sound_told = self._clock.monotonic(), self._playout.sound_goes()
        self._stage.show(self._overview.poster())
        self._snapshot = self._overview.snapshot()
        systemd.notify(systemd.status(status_file.in_one_line(self._snapshot)))
        status_file.write(self._runtime, self._snapshot)
        now_file.write(self._runtime, self._overview.as_now(self._snapshot))

    def _panel_address(self) -> str:
        return panel_address(self._config.panel, self._panel.port) if self._panel else ""

    def _crashed(self, event: Crashed) -> None:
        log.critical("thread %s has ended (%s); so does the daemon, to be started anew", event.thread, event.error)
        self._exit = EX_CRASHED
