"""A room without a screen: real timetable, journal and library; clock and projector in the test's hands."""

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fakes import FakeProjector, HandClock

from kiosk.contract.instants import to_ms
from kiosk.contract.playlist import Playlist, Programme, Recommended, Slot, Urgent
from kiosk.contract.station import Hours, Opening, StationDocument
from kiosk.station.config import Config
from kiosk.station.events import Event
from kiosk.station.journal import AsRun, Journal
from kiosk.station.library.library import Library
from kiosk.station.playout.plan import Plan
from kiosk.station.playout.playout import Playout
from kiosk.station.projector.reports import OnScreen
from kiosk.station.schedule.situation import Stop

DAY = "2026-03-05"
DAY_START = datetime(2026, 3, 5, tzinfo=UTC)
LEAD = 8.0
"""Seconds, as in the settings' defaults."""


def at(clock: str) -> datetime:
    """A time of day of :data:`DAY`, in UTC."""
    return datetime.fromisoformat(f"{DAY}T{clock}").replace(tzinfo=UTC)


def programme(name: str, seconds: float) -> Programme:
    sha256 = hashlib.sha256(name.encode()).hexdigest()[:56] + f"{name:>8}".replace(" ", "0").encode().hex()[-8:]
    return Programme(id=name, title=name, file=f"{name}.mp4", duration_ms=round(seconds * 1000), size=1, sha256=sha256)


def slot(start: str, end: str, *names: str, mode: str = "once", priority: int = 0, day: str = DAY) -> Slot:
    return Slot(date=day, start=start, end=end, programmes=names, mode=mode, priority=priority)  # type: ignore[arg-type]


def week(
    programmes: tuple[Programme, ...],
    *slots: Slot,
    recommended: dict[str, int] | None = None,
    version: int = 1,
    last_day: str = DAY,
) -> Playlist:
    items = (
        Recommended(programme=name, plays=plays, first_day=DAY, last_day=last_day)
        for name, plays in (recommended or {}).items()
    )
    return Playlist(
        town="fengle", group="villages", version=version, time_zone="UTC", issued_ms=0, first_day=DAY,
        last_day=last_day, programmes=programmes, slots=slots, recommended=tuple(items),
    )  # fmt: skip


def document(**more: object) -> StationDocument:
    """Open from 8 to 20 o'clock, and recommended items fill all of it."""
    opening = Opening(time_zone="UTC", week=((Hours(start="08:00:00", end="20:00:00"),),) * 7)
    values = {
        "town": "fengle",
        "station": "room-1",
        "group": "villages",
        "version": 1,
        "issued_ms": 0,
        "name": "Room",
        "filler": "opening-hours",
    }
    return StationDocument(**(values | {"opening": opening} | more))  # type: ignore[arg-type]


def urgent(begin: datetime, end: datetime, *programmes: Programme) -> Urgent:
    return Urgent(
        id="flood", town="fengle", title="Flood", start_ms=to_ms(begin), end_ms=to_ms(end), programmes=programmes
    )


class Room:
    """Drives a playout as the main loop does, in time that a test lets pass."""

    def __init__(self, folder: Path, playlist: Playlist | None, now: datetime, *, boot: str = "boot-1") -> None:
        self.folder = folder
        self.events: list[Event] = []
        self.clock = HandClock(now)
        self.journal = Journal(folder / "journal.db", self.events.append, boot, self.clock.now_ms)
        self.journal.start()
        self.library = Library(folder / "library")
        self.projector = FakeProjector()
        self.plan = Plan(self.journal, self.clock, self.library)
        self.playout = Playout(
            Config(), self.plan, self.projector, self.journal, self.clock, self.library, boot  # type: ignore[arg-type]
        )  # fmt: skip
        self.plan.use_document(document())
        self.early = 0.0
        """Seconds that the timer rings before its time."""
        if playlist is not None:
            self.fetch(*playlist.programmes)
        self.plan.use_playlist(playlist)
        self.plan.go_on_with(self.journal.interrupted_at_boot)
        self.wake = now
        self.replan("start")

    # --- the main loop ---

    def replan(self, why: str = "the timetable") -> None:
        assert self.journal.settle(10)
        self.wake = self.playout.replan(why)
        assert self.wake > self.clock.now(), "it would ask again and again"

    def run(self, until: datetime) -> None:
        """Let time pass; what happens on the way is handled as it comes."""
        for _ in range(10_000):
            now = self.clock.now()
            if now >= until:
                return
            ahead = [(until - now).total_seconds(), (self.wake - now).total_seconds() - self.early, 5.0]
            due = self.projector.next_due()
            if due is not None:
                ahead.append(due - self.clock.monotonic())
            self.clock.advance(max(0.001, min(ahead)))
            reports = self.projector.step(self.clock.monotonic())
            if self.playout.handle(reports) or any(isinstance(report, OnScreen) for report in reports):
                self.replan("a programme failed")
            if (self.wake - self.clock.now()).total_seconds() <= self.early:
                self.replan()
        raise AssertionError("the room never comes to rest")

    def run_for(self, seconds: float) -> None:
        self.run(self.clock.now() + timedelta(seconds=seconds))

    def stop(self, until: datetime | None = None) -> None:
        """Somebody presses Stop."""
        self.plan.change(stop=Stop(self.clock.now(), until, "meeting"), session=None)
        self.replan("Stop: meeting")

    def start(self) -> None:
        """Somebody presses Start."""
        self.plan.change(stop=None)
        self.plan.refresh_owed()
        self.replan("Start")

    def urgent(self, *notices: Urgent) -> None:
        """The town's urgent notices change."""
        self.fetch(*(one for notice in notices for one in notice.programmes))
        self.plan.change(urgents=notices)
        self.replan("an urgent notice")

    def use(self, playlist: Playlist) -> None:
        """A new week is accepted."""
        self.fetch(*playlist.programmes)
        self.plan.use_playlist(playlist)
        self.replan("a new week")

    def set_clock(self, wall: datetime) -> None:
        """NTP sets the wall clock, and that is noticed."""
        assert self.clock.step((wall - self.clock.now()).total_seconds())
        self.replan("the clock was set")

    # --- what a test looks at ---

    def fetch(self, *programmes: Programme) -> None:
        for one in programmes:
            (self.folder / "library" / "files" / one.sha256).write_bytes(b"x")

    def lose(self, one: Programme) -> None:
        (self.folder / "library" / "files" / one.sha256).unlink()

    def on_air(self) -> str:
        """What is on the screen."""
        showing = self.playout.on_air()
        return showing.programme.id if showing else "poster"

    def rows(self) -> list[AsRun]:
        assert self.journal.settle(10)
        return self.journal.plays(0)

    def closed(self) -> list[tuple[str, str | None]]:
        """Programme and outcome of each closed row, in the order of their closing."""
        rows = sorted((row for row in self.rows() if row.seq is not None), key=lambda row: row.seq or 0)
        return [(row.programme, row.outcome) for row in rows]

    def orders(self) -> list[str]:
        """The orders given since this was last asked."""
        given, self.projector.orders = self.projector.orders, []
        names = {bytes(name.rjust(8, "0")[-4:], "ascii").hex(): name for name in NAMES}
        return [f"{verb} {names[tail]}" for verb, tail in (order.split() for order in given)]

    def close(self) -> None:
        self.journal.stop(10)
        assert self.events == []


NAMES = ("law", "rice", "song", "party", "flood")
LAW, RICE, SONG, PARTY, FLOOD = (
    programme(name, seconds) for name, seconds in zip(NAMES, (60, 40, 30, 50, 20), strict=True)
)
ALL = (LAW, RICE, SONG, PARTY)
