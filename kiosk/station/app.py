"""The station: composition root, the one inbox, and what is done about each event.

Everything that happens arrives as a frozen event in one queue and is handled here, on the main thread, one at a time;
state changes nowhere else.
"""

import contextlib
import logging
import queue
import signal
import sys
from datetime import timedelta
from pathlib import Path
from types import FrameType

from kiosk.station import status_file
from kiosk.station.clock.clock import Clock
from kiosk.station.config import Config
from kiosk.station.control.audit import AuditTrail
from kiosk.station.control.people import People
from kiosk.station.control.screen import Screen
from kiosk.station.control.timekeeping import Timekeeping
from kiosk.station.control.town import TownHandler
from kiosk.station.events import (
    ChildFailed,
    ChildGone,
    ChildProgress,
    ChildReady,
    ChildShown,
    ClockDeclared,
    Crashed,
    Delivered,
    DeviceChanged,
    Event,
    FactsRead,
    FetchEnded,
    HeartbeatAnswered,
    JournalRecovered,
    JournalTrouble,
    MutePressed,
    PictureAsked,
    ProgrammeArrived,
    Quit,
    RecordForked,
    RootFound,
    ScreenGrabbed,
    StageGone,
    StageReady,
    StartPressed,
    StationFound,
    StopPressed,
    TownRefused,
    TownUnreachable,
    UrgentFound,
    VolumePressed,
    Wake,
    WeekFound,
)
from kiosk.station.health.devices import Devices
from kiosk.station.health.evidence import screen_evidence
from kiosk.station.health.monitor import HealthMonitor
from kiosk.station.health.probes import Probes
from kiosk.station.identity import Identity, IdentityError, load_identity
from kiosk.station.journal import DamagedJournal, Journal, JournalError, ReadOnlyJournal
from kiosk.station.journal.refused import RefusedEntries
from kiosk.station.library.accepted import Accepted
from kiosk.station.library.library import Library
from kiosk.station.link.link import FetchTerms, Link
from kiosk.station.link.progress import line_of
from kiosk.station.overview import Overview
from kiosk.station.panel.server import Panel
from kiosk.station.panel.snapshot import Snapshot
from kiosk.station.playout.plan import Plan
from kiosk.station.playout.playout import Playout
from kiosk.station.projector.projector import Projector
from kiosk.station.projector.screenshots import Screenshots
from kiosk.station.projector.stage import Stage
from kiosk.station.schedule.fetch_hours import FetchHours
from kiosk.station.service import systemd
from kiosk.station.service.timers import Timers

log = logging.getLogger(__name__)

EX_OK, EX_CRASHED, EX_TEMPFAIL, EX_CONFIG = 0, 70, 75, 78
"""Exit codes (sysexits.h). After 78 the unit is not started again: a person has to act."""
TICK_SECONDS = 1.0
LOOK_SECONDS = 10.0
PURGE_EVERY = timedelta(hours=6)


def run(config: Config, inbox: queue.SimpleQueue[Event], stage: Stage) -> int:
    """Run the daemon until it is told to end. Returns the exit code. ``stage``, which posts to ``inbox``, may have
    begun."""
    try:
        station = Station(config, inbox, stage)
    except (ReadOnlyJournal, DamagedJournal) as error:  # a disk may come back; damage is looked for at the next start
        sys.stderr.write(f"kiosk station: {error}\n")
        return EX_TEMPFAIL
    except (IdentityError, JournalError, ValueError) as error:
        sys.stderr.write(f"kiosk station: {error}\n")
        return EX_CONFIG
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, station.interrupt)
    return station.run()


class Station:
    """The daemon. Built whole, then :meth:`run`."""

    def __init__(self, config: Config, inbox: queue.SimpleQueue[Event], stage: Stage) -> None:
        """Raises IdentityError, JournalError or ValueError where a person has to act first."""
        state, runtime = Path(config.station.state), Path(config.station.runtime)
        runtime.mkdir(parents=True, exist_ok=True)
        self._config = config
        self._inbox = inbox
        post = inbox.put
        self._boot_id = boot_id = systemd.boot_id()
        self._identity: Identity = load_identity(state)
        identity = self._identity
        self._library = library = Library(state / "library")
        self._accepted = Accepted(library, library.load(identity.group, identity.station, identity.root_sha256))
        self._journal = journal = Journal(state / "journal.db", post, boot_id)
        self._clock = clock = Clock(journal.recall("clock"), boot_id)
        self._timers = Timers(post)
        self._stage = stage
        projector = Projector(post, config.projector.stall_ms / 1000, config.projector.memory_mb, runtime)
        self._plan = plan = Plan(journal, clock, library)
        self._playout = playout = Playout(config, plan, projector, journal, clock, library, boot_id)
        self._upkeep = upkeep = HealthMonitor(journal, identity.station, config.health.hysteresis_s)
        self._link = Link(
            identity, library, journal, post, timeout_s=config.town.timeout_s, ca_file=config.town.ca_file,
            terms=FetchTerms(FetchHours.of(config.fetch.hours), 1000 * config.fetch.limit_kbs),
        )  # fmt: skip
        self._devices = Devices(post)
        self._probes = Probes(post, self._devices, state, state / "library", config.health.probe_s)
        self._pictures = Screenshots(stage, clock, playout.cuts)
        self._actions = AuditTrail(journal, clock, self._report_soon)
        aside = RefusedEntries(journal)
        self._view = Overview(
            config, identity, self._accepted, clock, journal, plan, playout, upkeep, boot_id, self._link, aside,
            stage,
        )  # fmt: skip
        self._presses = People(self._view, self._actions, self._replan, self._look)
        self._timekeeping = Timekeeping(
            self._view, self._timers, self._presses, self._actions, self._probes.ask, self._report_soon, self._replan
        )
        self._exchange = TownHandler(
            self._view, self._link, self._timers, self._pictures, self._actions, self._replan, self._timekeeping.look
        )
        self._screen = Screen(stage, projector, self._pictures, playout, clock, self._replan, self._exchange.show)
        self._snapshot: Snapshot = self._view.snapshot()
        self._panel: Panel | None = None
        if config.panel.enabled:
            self._panel = Panel(
                config.panel, state, post, lambda: self._snapshot, picture=lambda: self._pictures.newest
            )
        self._exit: int | None = None
        self._fed = self._looked = 0.0

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
        self._devices.start()
        self._probes.start()
        self._link.start()
        if self._panel:
            self._panel.start()
        self._actions.note("boot", by="kiosk")
        self._exchange.sync()
        self._timers.after(60, Wake("purge"))
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
        self._presses.restore()
        self._plan.go_on_with(self._journal.interrupted_at_boot)

    def _end(self) -> None:
        systemd.notify(systemd.STOPPING)
        self._playout.close("the station was shut down")
        self._screen.close()
        if self._panel:
            self._panel.stop()
        self._link.stop()
        self._probes.stop(1)
        self._devices.stop()
        self._timers.stop()
        self._journal.remember("clock", self._clock.memory())
        self._journal.stop(5)

    # --- the inbox ---

    def handle(self, event: Event) -> None:
        """The table of contents: what is done about each event."""
        log.debug("%r", event)
        match event:
            case Wake(why="change"):
                self._replan("the timetable")
            case Wake(why="sync"):
                self._exchange.sync()
            case Wake(why="report"):
                self._exchange.report()
            case Wake(why="purge"):
                self._purge()
            case Wake():
                self._probes.ask()
            case (
                ChildReady() | ChildShown() | ChildProgress() | ChildFailed() | ChildGone()
                | StageReady() | StageGone() | ScreenGrabbed()
            ):  # fmt: skip
                self._screen.take(event)
            case RootFound() | WeekFound() | UrgentFound() | StationFound() | ProgrammeArrived() | FetchEnded():
                self._exchange.take(event)
            case TownRefused() | HeartbeatAnswered() | Delivered() | TownUnreachable():
                self._exchange.take(event)
            case RecordForked():
                self._journal.give_up_epoch(event.witness)
            case JournalTrouble():
                self._upkeep.journal_trouble = event.error
            case JournalRecovered():
                self._upkeep.journal_trouble = ""
            case FactsRead():
                self._facts_read(event)
            case DeviceChanged():
                self._probes.ask()
            case StartPressed() | StopPressed() | VolumePressed() | MutePressed():
                self._presses.take(event)
            case PictureAsked():
                self._pictures.ask(self._clock.monotonic())
            case ClockDeclared():
                self._timekeeping.declared(event)
            case Crashed():
                self._crashed(event)
            case Quit():
                log.info("asked to end by %s", event.signal)
                self._exit = EX_OK

    def _tick(self) -> None:
        """After each event, and at least once a second."""
        now = self._clock.monotonic()
        self._pictures.tick(now)
        if now - self._fed < TICK_SECONDS / 2:
            return
        self._fed = now
        systemd.notify(systemd.WATCHDOG)
        self._timekeeping.look()
        self._presses.tick()
        self._screen.tick()
        if now - self._looked >= LOOK_SECONDS:
            self._look()

    # --- the plan, and what people see of it ---

    def _replan(self, why: str) -> None:
        moment = self._playout.replan(why)
        self._timers.at(self._clock.on_system(moment), Wake("change"))
        self._look()
        if self._playout.closed:
            self._playout.closed = 0
            self._report_soon()

    def _report_soon(self) -> None:
        self._timers.after(self._config.town.report_delay_ms / 1000, Wake("report"))

    def _look(self) -> None:
        """Renew what people see of the station: the poster and the panel's snapshot."""
        self._looked = self._clock.monotonic()
        self._timekeeping.ask(Path(self._config.station.state), self._inbox.put)
        self._stage.show(self._view.poster())
        self._snapshot = self._view.snapshot()
        on_air = self._snapshot.on_air
        said = f"on air: {on_air.title}" if on_air else "poster"
        if fetching := line_of(self._snapshot.fetching):
            said += f"; {fetching}"
        systemd.notify(systemd.status(said))
        status_file.tell(Path(self._config.station.runtime), self._snapshot)

    # --- equipment ---

    def _facts_read(self, event: FactsRead) -> None:
        self._upkeep.facts = event.facts
        document = self._accepted.document
        self._playout.evidence = screen_evidence(event.facts, document.equipment if document else ())
        self._clock.synchronised(event.facts.get("clock.synchronised") is True, event.monotonic)
        self._timekeeping.look()
        self._upkeep.restarts += self._playout.restarts
        self._playout.restarts = []
        seen = self._view.observation(self._inbox.qsize())
        if self._upkeep.judge(seen, document, self._clock.now(), self._clock.monotonic()):
            self._report_soon()

    def _purge(self) -> None:
        want = self._config.health.disk_free_mb * 1024 * 1024
        keep = self._accepted.files() | self._playout.files()
        try:
            self._library.tidy(keep)
            self._library.purge(keep, want)
        except OSError as error:  # a disk that takes no writing is no reason to end; the probes tell of it
            log.warning("old programmes cannot be removed: %s", error)
        self._journal.prune(self._config.record.keep_days)
        self._timers.after(PURGE_EVERY.total_seconds(), Wake("purge"))

    def _crashed(self, event: Crashed) -> None:
        log.critical("thread %s has ended (%s); so does the daemon, to be started anew", event.thread, event.error)
        self._exit = EX_CRASHED
