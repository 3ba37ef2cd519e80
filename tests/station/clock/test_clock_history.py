"""Repairs: each stretch in which the clock was wrong gets the correction that its rows need, once the time is known."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from fakes import HandClock

from kiosk.contract.instants import to_ms
from kiosk.contract.records import ClockRepair, ClockState
from kiosk.station.clock.history import MEMORY, MOST, ClockHistory, Stretch
from kiosk.station.clock.memory import KEY, Memory
from kiosk.station.journal import Journal

NOW = datetime(2026, 3, 5, 9, tzinfo=UTC)
HOUR_MS = 3_600_000
YEAR_MS = 365 * 86_400_000


class Pc:
    """A PC with a journal and a clock; notes its rows as the record does: wall and monotonic time, and boot."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.rows: list[tuple[str, int, int, int]] = []
        """Boot, monotonic ms, wall ms as shown, wall ms in truth."""
        self.boots = 0
        self.power_on(NOW)

    def power_on(self, shown: datetime, wrong_by: float = 0, rtc: float | None = 0) -> None:
        """A new boot; the clock shows ``shown`` and is ahead of the truth by so many seconds."""
        if self.boots:
            self.journal.remember(KEY, self.clock.memory())
            self.journal.stop(5)
        self.boots += 1
        self.wrong_by = wrong_by
        self.boot = f"boot-{self.boots}"
        self.journal = Journal(self._folder / "journal.db", lambda _: None, self.boot)
        self.journal.start()
        self.clock = HandClock(
            shown, self.journal.recall(KEY, Memory), synchronised=False, boot=self.boot, rtc=rtc, up=20 + self.boots
        )
        self.history = ClockHistory(self.journal, self.boot, self.clock.carried)
        self.note()

    def restart(self) -> None:
        """The daemon alone."""
        self.journal.stop(5)
        self.journal = Journal(self._folder / "journal.db", lambda _: None, self.boot)
        self.journal.start()
        self.history = ClockHistory(self.journal, self.boot, False)
        self.note()

    def note(self, by: str = "") -> None:
        clock = self.clock
        clock.check()
        self.history.extend(round(clock.monotonic() * 1000), clock.base_ms, clock.state, clock.now_ms(), by)

    def play(self) -> None:
        self.clock.advance(60)
        now = self.clock.monotonic()
        shown = self.clock.ms_at(now)
        truth = self.clock._wall_us // 1000 - round(self.wrong_by * 1000)
        self.rows.append((self.boot, round(now * 1000), shown, truth))
        self.clock.advance(60)
        self.note()

    def set(self, seconds: float) -> None:
        """Somebody sets the clock, by so much."""
        self.clock.set(self.clock.now() + timedelta(seconds=seconds))
        self.wrong_by += seconds
        self.note()

    def synchronise(self, confirmed: bool = True) -> None:
        """NTP puts it right, and the town says so."""
        self.clock.step(-self.wrong_by, confirmed)
        self.wrong_by = 0
        self.note()

    def repairs(self) -> list[ClockRepair]:
        assert self.journal.settle(5)
        _, entries = self.journal.waiting(after=0)
        return [msgspec.json.decode(bytes(entry.record), type=ClockRepair) for entry in entries]

    def repaired(self) -> list[int]:
        """By how many ms each row is off after all repairs, in the order of the rows."""
        return [shown + self._offset(boot, at) - truth for boot, at, shown, truth in self.rows]

    def _offset(self, boot: str, at: int) -> int:
        named = [
            one.offset_ms
            for one in self.repairs()
            if one.boot_id == boot
            and one.from_monotonic_ms <= at
            and (one.to_monotonic_ms is None or at < one.to_monotonic_ms)
        ]
        return named[-1] if named else 0


@pytest.fixture
def pc(tmp_path: Path) -> Iterator[Pc]:
    pc = Pc(tmp_path)
    yield pc
    pc.journal.stop(5)


def test_clock_that_was_right_needs_no_repair(pc: Pc) -> None:
    pc.synchronise()
    pc.play()
    pc.clock.suspend(8 * 3600)
    pc.note()
    pc.play()
    pc.synchronise()
    assert pc.repairs() == [] and pc.repaired() == [0, 0]


@pytest.mark.parametrize("wrong_by", [-YEAR_MS / 1000, -3600, -2, 2, 3600, YEAR_MS / 1000])
def test_wrong_at_boot_and_put_right_later(pc: Pc, wrong_by: float) -> None:
    pc.power_on(NOW + timedelta(seconds=wrong_by), wrong_by, rtc=None)
    pc.play()
    assert pc.repairs() == [], "nobody knows yet"
    pc.synchronise()
    pc.play()
    [repair] = pc.repairs()
    assert (repair.boot_id, repair.offset_ms, repair.clock) == ("boot-2", round(-wrong_by * 1000), "trusted")
    assert pc.repaired() == [0, 0]


def test_each_of_several_steps_in_one_boot_is_put_right_by_its_own_offset(pc: Pc) -> None:
    pc.power_on(datetime(2000, 1, 1, tzinfo=UTC), (datetime(2000, 1, 1, tzinfo=UTC) - NOW).total_seconds(), rtc=None)
    pc.play()
    pc.set(26 * 365 * 86400)
    pc.play()
    pc.restart()
    pc.play()
    pc.set(-7200)
    pc.play()
    pc.clock.suspend(600)
    pc.note()
    pc.play()
    pc.synchronise()
    pc.play()
    assert [one.boot_id for one in pc.repairs()] == ["boot-2"] * 3
    assert pc.repaired() == [0] * 6
    assert len({one.id for one in pc.repairs()}) == 3
    pc.note()
    pc.restart()
    pc.synchronise()
    assert len(pc.repairs()) == 3, "once each"


def test_declared_clock_puts_right_what_came_before_and_the_town_puts_right_what_was_declared(pc: Pc) -> None:
    pc.power_on(NOW - timedelta(hours=5), -5 * 3600, rtc=None)
    pc.play()
    pc.clock.declare(pc.clock.now_ms() + 5 * HOUR_MS + 90_000, pc.clock.monotonic())
    pc.note("Li Na")
    pc.play()
    [first] = pc.repairs()
    assert (first.by, first.clock, first.offset_ms) == ("Li Na", "declared", 5 * HOUR_MS + 90_000)
    assert pc.repaired()[0] == 90_000
    truth = pc.clock._wall_us // 1000 + 5 * HOUR_MS
    pc.clock.told_by_town(truth, pc.clock.monotonic(), pc.clock.monotonic())
    pc.note()
    assert [one.clock for one in pc.repairs()] == ["declared", "trusted", "trusted"]
    assert pc.repaired() == [0, 0]


def test_days_without_a_line_on_a_clock_that_ran_on_wrongly(pc: Pc) -> None:
    pc.power_on(NOW - timedelta(hours=8), -8 * 3600)
    for day in range(1, 4):
        pc.play()
        pc.power_on(NOW + timedelta(days=day, hours=-8), -8 * 3600)
    pc.play()
    pc.synchronise()
    assert pc.repaired() == [0] * 4
    assert [one.boot_id for one in pc.repairs()] == ["boot-2", "boot-3", "boot-4", "boot-5"]


def test_a_boot_before_a_dead_rtc_cannot_be_put_right(pc: Pc) -> None:
    pc.power_on(datetime(2000, 1, 1, tzinfo=UTC), (datetime(2000, 1, 1, tzinfo=UTC) - NOW).total_seconds(), rtc=None)
    pc.play()
    pc.power_on(datetime(2000, 1, 1, tzinfo=UTC), (datetime(2000, 1, 1, tzinfo=UTC) - NOW).total_seconds(), rtc=None)
    pc.play()
    pc.synchronise()
    assert [one.boot_id for one in pc.repairs()] == ["boot-3"]
    assert pc.repaired()[1] == 0


def test_clock_that_has_merely_drifted_is_not_put_right(pc: Pc) -> None:
    pc.synchronise(confirmed=False)
    pc.play()
    pc.clock.synchronised(False)
    pc.note()
    pc.clock.advance(20 * 86400)
    pc.set(0.05)
    pc.clock.step(5, confirmed=False)
    pc.note()
    assert pc.repairs() == [], "its rows are off by 0 to 5 s, each by another amount"
    pc.clock.synchronised(False)
    pc.play()
    pc.clock.step(5, confirmed=False)
    pc.note()
    assert [one.offset_ms for one in pc.repairs()] == [5000], "5 s in two minutes is no drift"


def test_history_stays_small(pc: Pc) -> None:
    for number in range(2 * MOST):
        state: ClockState = "declared" if number % 2 else "untrusted"
        pc.history.extend(number * 1000, float(to_ms(NOW)), state, to_ms(NOW))
    assert len(pc.journal.recall(MEMORY, list[Stretch]) or ()) == MOST
