"""Hand-written stand-ins for what a test must hold in its own hands: the clock, and a projector without a screen."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from msgspec import structs

from kiosk.contract.instants import EPOCH
from kiosk.station.clock.clock import Clock
from kiosk.station.clock.memory import Memory
from kiosk.station.projector.projector import JOIN_LEAD
from kiosk.station.projector.reports import OffScreen, OnScreen, Position, Report, Showing


class HandClock(Clock):
    """A clock that moves when it is told to. ``rtc`` is how far the clock that runs without power is ahead of it, in
    seconds; None: there is none."""

    def __init__(
        self,
        wall: datetime,
        remembered: Memory | None = None,
        *,
        synchronised: bool = True,
        boot: str = "boot-1",
        rtc: float | None = 0,
        up: float = 1000,
    ) -> None:
        self._wall_us = (wall - EPOCH) // timedelta(microseconds=1)
        self._mono_us = self._boot_us = round(up * 1e6)
        super().__init__(remembered, boot, lambda: None if rtc is None else round(self._wall_us / 1000 + rtc * 1000))
        self.synchronised(synchronised)

    def _wall_ns(self) -> int:
        return self._wall_us * 1000

    def _monotonic_ns(self) -> int:
        return self._mono_us * 1000

    def _boottime_ns(self) -> int:
        return self._boot_us * 1000

    def advance(self, seconds: float) -> None:
        """Let time pass, on all clocks."""
        moved = max(0, round(seconds * 1e6))
        self._wall_us += moved
        self._mono_us += moved
        self._boot_us += moved

    def suspend(self, seconds: float) -> None:
        """The PC sleeps: CLOCK_MONOTONIC stands still."""
        moved = round(seconds * 1e6)
        self._wall_us += moved
        self._boot_us += moved

    def set(self, wall: datetime) -> None:
        """Somebody sets the wall clock."""
        self._wall_us = (wall - EPOCH) // timedelta(microseconds=1)

    def step(self, seconds: float, confirmed: bool = True) -> int:
        """NTP sets the wall clock, the town says that it is right, and that is noticed; gives by how many ms ours
        moved."""
        self._wall_us += round(seconds * 1e6)
        moved = self.check().ours_ms
        self.synchronised(True)
        if confirmed:
            self.told_by_town(self._wall_us // 1000, self.monotonic(), self.monotonic())
        return moved + self.check().ours_ms


@dataclass
class Run:
    """One play as the fake projector holds it."""

    showing: Showing
    due: float
    shown_at: float | None = None


class FakeProjector:
    """Shows each programme exactly when it is due, a join as soon as a real one could. Keeps its orders."""

    def __init__(self) -> None:
        self.runs: dict[str, Run] = {}
        self.orders: list[str] = []
        """``cue law``, ``drop rice``, ``retime law``, in the order given."""
        self._now = 0.0
        self.late = 0.0
        self.broken: set[str] = set()
        """Files (by the end of their names) that fail when they are cued."""

    @property
    def plays(self) -> frozenset[str]:
        return frozenset(self.runs)

    def cue(self, showing: Showing, now: float) -> None:
        assert showing.play not in self.runs
        self._now = now
        self.orders.append(f"cue {showing.cue.file[-8:]}")
        due = now + JOIN_LEAD if now >= showing.at else showing.at
        self.runs[showing.play] = Run(showing, due)

    def retime(self, play: str, at: float | None, end: float) -> None:
        run = self.runs[play]
        before = run.showing
        run.showing = replace(before, end=end)
        if at is not None and run.shown_at is None and abs(at - before.at) > 0.005:
            run.showing, run.due = replace(run.showing, at=at), max(at, self._now)
        if abs(run.showing.end - before.end) > 0.005 or abs(run.showing.at - before.at) > 0.005:
            self.orders.append(f"retime {before.cue.file[-8:]}")

    def drop(self, play: str, now: float, follower: str | None = None) -> list[Report]:
        run = self.runs.pop(play)
        self.orders.append(f"drop {run.showing.cue.file[-8:]}")
        return [self._over(run, now)]

    def volume(self, play: str, percent: int) -> None:
        run = self.runs[play]
        cue = structs.replace(run.showing.cue, volume=percent)
        run.showing = replace(run.showing, cue=cue)
        self.orders.append(f"volume={percent} {cue.file[-8:]}")

    def next_due(self) -> float | None:
        """When something is to happen by itself (monotonic)."""
        return min((run.due + self.late for run in self.runs.values() if run.shown_at is None), default=None)

    def step(self, now: float) -> list[Report]:
        """What has happened up to ``now``."""
        self._now = now
        return list(self._step(now))

    def _step(self, now: float) -> Iterator[Report]:
        for play, run in list(self.runs.items()):
            if any(run.showing.cue.file.endswith(name) for name in self.broken):
                del self.runs[play]
                yield self._over(run, now, "the file cannot be decoded")
            elif run.shown_at is None and run.due + self.late <= now + 1e-6:
                run.shown_at = run.due + self.late
                yield OnScreen(play, run.shown_at, self.late, 0.0)
            elif run.shown_at is not None and now <= run.showing.end:
                yield Position(play, now, now - run.shown_at, round(25 * (now - run.shown_at)), 0)

    def _over(self, run: Run, now: float, cause: str = "") -> OffScreen:
        at = min(now, run.showing.end)
        played = 0.0 if run.shown_at is None else max(0.0, at - run.shown_at)
        return OffScreen(run.showing.play, at, played, round(25 * played), 0, cause)
