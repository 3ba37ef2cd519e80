"""The station: composition root, the one inbox, and what is done about each event.

Everything that happens arrives as a frozen event in one queue and is handled here, on the main thread, one at a time;
state changes nowhere else.
"""

import contextlib
import logging
import queue
import secrets
import signal
import sys
from datetime import timedelta
from pathlib import Path
from types import FrameType

from kiosk.contract.reports import Action
from kiosk.station import systemd, views
from kiosk.station.accepted import Accepted
from kiosk.station.clock import Clock
from kiosk.station.config import Config
from kiosk.station.events import (
    ChildFailed,
    ChildGone,
    ChildProgress,
    ChildReady,
    ChildShown,
    Crashed,
    Delivered,
    DeviceChanged,
    Event,
    FactsRead,
    FetchEnded,
    HeartbeatAnswered,
    JournalRecovered,
    JournalTrouble,
    ProgrammeArrived,
    Quit,
    RootFound,
    StageGone,
    StageReady,
    StartPressed,
    StationFound,
    StopPressed,
    TownRefused,
    TownUnreachable,
    UrgentFound,
    Wake,
    WeekFound,
)
from kiosk.station.health.devices import Devices
from kiosk.station.health.probes import Probes
from kiosk.station.identity import Identity, IdentityError, load_identity
from kiosk.station.journal import Journal, JournalError, ReadOnlyJournal
from kiosk.station.library import Library
from kiosk.station.link import Link
from kiosk.station.panel.server import Panel
from kiosk.station.panel.snapshot import Snapshot
from kiosk.station.plan import Plan
from kiosk.station.playout import Playout
from kiosk.station.projector.projector import Projector
from kiosk.station.projector.stage import Stage
from kiosk.station.stop import StopState
from kiosk.station.timers import Timers
from kiosk.station.upkeep import Upkeep

log = logging.getLogger(__name__)

EX_OK, EX_CRASHED, EX_TEMPFAIL, EX_CONFIG = 0, 70, 75, 78
"""Exit codes (sysexits.h). After 78 the unit is not started again: a person has to act."""
TICK_SECONDS = 1.0
LOOK_SECONDS = 10.0
RETRY_SECONDS = 2.0
"""Until the next round after one that left something out; doubled each time, up to the heartbeat's interval."""
PURGE_EVERY = timedelta(hours=6)


def run(config: Config) -> int:
    """Run the daemon until it is told to end. Returns the exit code."""
    try:
        station = Station(config)
    except ReadOnlyJournal as error:  # a disk that fell back to reading may come back
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

    def __init__(self, config: Config) -> None:
        """Raises IdentityError, JournalError or ValueError where a person has to act first."""
        state = Path(config.station.state)
        self._config = config
        self._inbox: queue.SimpleQueue[Event] = queue.SimpleQueue()
        post = self._inbox.put
        self._boot_id = systemd.boot_id()
        self._identity: Identity = load_identity(state)
        self._library = Library(state / "library")
        shelf = self._library.load(self._identity.group, self._identity.station, self._identity.root_sha256)
        self._accepted = Accepted(self._library, shelf)
        self._journal = Journal(state / "journal.db", post, self._boot_id)
        self._clock = Clock(self._journal.recall("clock"))
        self._timers = Timers(post)
        self._stage = Stage(config.screen.display, post)
        runtime = Path(config.station.runtime)
        runtime.mkdir(parents=True, exist_ok=True)
        self._projector = Projector(post, config.projector.stall_ms / 1000, config.projector.memory_mb, runtime)
        self._plan = Plan(self._journal, self._clock, self._library)
        self._playout = Playout(
            config, self._plan, self._projector, self._journal, self._clock, self._library, self._boot_id
        )
        self._stop = StopState(self._journal)
        self._upkeep = Upkeep(self._journal, self._identity.station, config.health.hysteresis_s)
        self._link = Link(
            self._identity,
            self._library,
            self._journal,
            post,
            timeout_s=config.town.timeout_s,
            ca_file=config.town.ca_file,
        )
        self._devices = Devices(post)
        self._probes = Probes(post, self._devices, state, state / "library", config.health.probe_s)
        self._snapshot: Snapshot = self._view().snapshot()
        self._panel = Panel(config.panel, state, post, lambda: self._snapshot) if config.panel.enabled else None
        self._exit: int | None = None
        self._fed = self._looked = 0.0
        self._retry_s: float = RETRY_SECONDS

    def interrupt(self, number: int, _frame: FrameType | None) -> None:
        """A signal handler: only posts."""
        self._inbox.put(Quit(signal.Signals(number).name))

    # --- life ---

    def run(self) -> int:
        """Start everything, handle events until the end, stop everything in reverse. Returns the exit code."""
        self._start()
        watchdog = systemd.watchdog_interval() or TICK_SECONDS
        while self._exit is None:
            with contextlib.suppress(queue.Empty):
                self.handle(self._inbox.get(timeout=min(TICK_SECONDS, watchdog)))
            self._tick()
        self._end()
        return self._exit

    def _start(self) -> None:
        self._journal.start()
        self._restore()
        self._timers.start()
        self._stage.tick(self._clock.monotonic())
        self._devices.start()
        self._probes.start()
        self._link.start()
        if self._panel:
            self._panel.start()
        self._act("boot", by="kiosk")
        self._sync()
        self._timers.after(60, Wake("purge"))
        self._replan("start")
        systemd.notify(systemd.READY)
        log.info("station %s of town %s runs", self._identity.station, self._identity.town)

    def _restore(self) -> None:
        """Where the last run ended: the accepted week, Stop, what was on air."""
        if self._journal.restarted is not None:
            self._journal.record(self._journal.restarted)
        accepted = self._accepted
        self._plan.change(clock_trusted=self._clock.state != "untrusted", stop=self._stop.now)
        self._plan.use_document(accepted.document)
        self._plan.change(urgents=accepted.urgents)
        self._plan.use_playlist(accepted.playlist)
        interrupted = self._journal.interrupted_at_boot
        self._plan.go_on_with(interrupted[-1] if interrupted else None)

    def _end(self) -> None:
        systemd.notify(systemd.STOPPING)
        self._playout.close("the station was shut down")
        self._projector.close()
        self._stage.close()
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
                self._sync()
            case Wake(why="report"):
                self._report()
            case Wake(why="purge"):
                self._purge()
            case Wake():
                self._probes.ask()
            case ChildReady() | ChildShown() | ChildProgress() | ChildFailed() | ChildGone():
                self._child_spoke(event)
            case StageReady():
                self._stage_came(event)
            case StageGone():
                self._stage_went(event)
            case RootFound():
                self._accepted.take_root(event)
                self._link.root(self._accepted.root)
            case WeekFound():
                self._week_found(event)
            case UrgentFound():
                self._urgent_found(event)
            case StationFound():
                self._document_found(event)
            case ProgrammeArrived():
                self._replan("a programme arrived")
            case FetchEnded():
                self._fetch_ended(event)
            case TownRefused():
                self._refused(event)
            case HeartbeatAnswered():
                self._town_answered(event)
            case Delivered():
                self._journal.receipts(event.receipts, event.witness, event.signed)
            case TownUnreachable():
                self._upkeep.link_down_since_ms = self._upkeep.link_down_since_ms or self._clock.now_ms()
            case JournalTrouble():
                self._upkeep.journal_trouble = event.error
            case JournalRecovered():
                self._upkeep.journal_trouble = ""
            case FactsRead():
                self._facts_read(event)
            case DeviceChanged():
                self._probes.ask()
            case StartPressed():
                self._start_pressed(event)
            case StopPressed():
                self._stop_pressed(event)
            case Crashed():
                self._crashed(event)
            case Quit():
                log.info("asked to end by %s", event.signal)
                self._exit = EX_OK

    def _tick(self) -> None:
        """After each event, and at least once a second."""
        now = self._clock.monotonic()
        if now - self._fed < TICK_SECONDS / 2:
            return
        self._fed = now
        systemd.notify(systemd.WATCHDOG)
        if moved := self._clock.stepped():
            self._clock_stepped(moved)
        self._stage.tick(now)
        if self._playout.take(self._projector.tick(now)):
            self._replan("a programme failed")
        if now - self._looked >= LOOK_SECONDS:
            self._look()

    # --- the screen ---

    def _replan(self, why: str) -> None:
        moment = self._playout.replan(why)
        self._timers.at(moment, Wake("change"))
        self._look()
        if self._playout.closed:
            self._playout.closed = 0
            self._report_soon()

    def _look(self) -> None:
        """Renew what people see of the station: the poster and the panel's snapshot."""
        self._looked = self._clock.monotonic()
        view = self._view()
        self._stage.show(view.poster())
        self._snapshot = view.snapshot()
        on_air = self._snapshot.on_air
        systemd.notify(systemd.status(f"on air: {on_air.title}" if on_air else "poster"))

    def _view(self) -> views.View:
        return views.View(
            config=self._config,
            identity=self._identity,
            accepted=self._accepted,
            clock=self._clock,
            journal=self._journal,
            plan=self._plan,
            playout=self._playout,
            upkeep=self._upkeep,
            boot_id=self._boot_id,
        )

    def _child_spoke(self, event: ChildReady | ChildShown | ChildProgress | ChildFailed | ChildGone) -> None:
        notes = self._projector.handle(event, self._clock.monotonic())
        if self._playout.take(notes) or isinstance(event, ChildShown):
            self._replan("a programme failed")

    def _stage_came(self, event: StageReady) -> None:
        self._stage.ready(event)
        self._projector.screen_came(self._clock.monotonic())

    def _stage_went(self, event: StageGone) -> None:
        if self._stage.gone(event, self._clock.monotonic()):
            self._projector.screen_went()

    def _clock_stepped(self, moved_ms: int) -> None:
        log.warning("the wall clock was set by %d ms", moved_ms)
        self._timers.clock_stepped()
        self._journal.record(views.clock_repair(self._clock.now_ms(), self._boot_id, moved_ms, self._clock.state))
        self._trust_changed()
        self._replan("the clock was set")
        self._report_soon()

    def _trust_changed(self) -> None:
        trusted = self._clock.state != "untrusted"
        if trusted != self._plan.situation.clock_trusted:
            log.warning("the clock is %s", self._clock.state)
            self._plan.change(clock_trusted=trusted)
            self._plan.refresh_owed()
            self._replan("trust in the clock changed")

    # --- the town ---

    def _sync(self) -> None:
        """Ask the town for news, and say how this room is."""
        trusted = self._clock.state != "untrusted"
        self._link.fetch(self._accepted.standing(self._clock.now() if trusted else None))
        self._report()
        self._journal.remember("clock", self._clock.memory())
        beat = self._config.town.heartbeat_s
        self._timers.after(beat, Wake("sync"), jitter=beat / 10)

    def _report(self) -> None:
        self._link.report(self._view().heartbeat())

    def _report_soon(self) -> None:
        self._timers.after(self._config.town.report_delay_ms / 1000, Wake("report"))

    def _town_answered(self, event: HeartbeatAnswered) -> None:
        self._upkeep.link_down_since_ms = 0
        self._clock.told_by_town(event.time.now_ms, event.sent_monotonic, event.received_monotonic)
        self._trust_changed()
        answer, view = event.answer, self._view()
        if view.is_behind(answer):
            now = self._clock.now() if self._clock.state != "untrusted" else None
            self._link.fetch(self._accepted.standing(now), answer)

    def _week_found(self, event: WeekFound) -> None:
        if not self._accepted.take_week(event):
            return
        self._plan.use_playlist(event.playlist)
        self._act("week-accepted", by="town", facts={"version": str(event.index.version)})
        self._replan("a new week")

    def _urgent_found(self, event: UrgentFound) -> None:
        if self._accepted.take_urgent(event):
            self._plan.change(urgents=event.notices)
            self._replan("an urgent notice")

    def _document_found(self, event: StationFound) -> None:
        if self._accepted.take_document(event):
            self._plan.use_document(event.document)
            if event.document.receipts:
                self._journal.receipts(event.document.receipts, None, None)
            self._replan("the station document")

    def _fetch_ended(self, event: FetchEnded) -> None:
        self._accepted.round_ended(event)
        if not event.error and not event.missing:
            self._retry_s = RETRY_SECONDS
            return
        log.warning("fetching: %d files are missing; %s", event.missing, event.error or "asked for again soon")
        self._timers.after(self._retry_s, Wake("sync"), jitter=self._retry_s)
        self._retry_s = min(2 * self._retry_s, self._config.town.heartbeat_s)

    def _refused(self, event: TownRefused) -> None:
        log.warning("refused %s (%s): %s", event.what, event.reason, event.message)
        if self._accepted.refuse(event, self._clock.now_ms()):
            facts = {"what": event.what, "why": event.message[:400]}
            self._act("refused", by="town", reason=event.reason, facts=facts)

    # --- equipment ---

    def _facts_read(self, event: FactsRead) -> None:
        self._upkeep.facts = event.facts
        self._clock.synchronised(event.facts.get("clock.synchronised") is True)
        self._trust_changed()
        self._upkeep.restarts += self._playout.restarts
        self._playout.restarts = []
        seen = self._view().observation(self._inbox.qsize())
        if self._upkeep.judge(seen, self._accepted.document, self._clock.now(), self._clock.monotonic()):
            self._report_soon()

    def _purge(self) -> None:
        want = self._config.health.disk_free_mb * 1024 * 1024
        self._library.purge(self._accepted.files(), want)
        self._timers.after(PURGE_EVERY.total_seconds(), Wake("purge"))

    # --- people ---

    def _start_pressed(self, event: StartPressed) -> None:
        if not self._stop.press_start(event.press):
            return
        self._plan.change(stop=None)
        self._plan.refresh_owed()
        self._act("start", by=event.by)
        self._replan("Start")

    def _stop_pressed(self, event: StopPressed) -> None:
        if not self._stop.press_stop(event, self._clock.now()):
            return
        self._plan.change(stop=self._stop.now, session=None)
        self._act("stop", by=event.by, reason=event.reason, until_ms=event.until_ms)
        self._replan(f"Stop: {event.reason}")

    def _act(
        self, action: str, by: str, reason: str = "", until_ms: int | None = None, facts: dict[str, str] | None = None
    ) -> None:
        """Write down something that was done to the station, or that it did itself."""
        self._journal.record(
            Action(
                id=secrets.token_hex(16),
                at_ms=self._clock.now_ms(),
                by=by,
                action=action,
                reason=reason,
                until_ms=until_ms,
                facts=facts or {},
                clock=self._clock.state,
            )
        )
        self._report_soon()

    def _crashed(self, event: Crashed) -> None:
        log.critical("thread %s has ended (%s); so does the daemon, to be started anew", event.thread, event.error)
        self._exit = EX_CRASHED
