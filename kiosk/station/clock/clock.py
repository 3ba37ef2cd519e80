"""The station's clock: wall time beside monotonic time, steps noticed, and how far it can be trusted.

``trusted``: synchronised by NTP, or confirmed by the town's signed answer to a nonce of ours; ``holdover``: was
trusted, and the PC's own clock has kept it since; ``declared``: a named administrator set it; ``untrusted``: none.

The system's clock is one witness among several; the daemon may not set it. What was vouched for is therefore kept as
the wall time at which CLOCK_BOOTTIME began (its **base**), and goes on while somebody sets the system's clock.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from kiosk.contract.instants import to_ms, to_utc
from kiosk.contract.records import ClockState
from kiosk.station.clock.memory import RTC_TOLERANCE_MS, Memory, read_rtc, rtc_agrees
from kiosk.station.clock.ntp import DRIFT, Ntp, NtpMemory

STEP_MS = 100
"""A wall clock that moves this much against the monotonic one was set, not slewed."""
JITTER_MS = 0.05
"""Two clocks read one after the other differ by so much; time must not go back for it."""
TOWN_TOLERANCE_MS = 5_000
"""How far our clock may be from the town's signed time, beyond what the line's delay explains."""
TOWN_NEAR_MS = 1_000
"""Where NTP does not keep the clock right, the town's time replaces it if it is so far off, beyond the delay."""
PERSON_TOLERANCE_MS = 60_000
"""So far a person's watch may be off that confirms the time shown: people read minutes."""
LONGEST_ASKED_S = 10.0
"""An answer that took longer says too little of the time to set a clock by."""
TOLD_S = 86_400
"""How long the town's word makes the clock ``trusted``; then it is ``holdover``."""


@dataclass(frozen=True)
class Moved:
    """By how many ms our clock and the system's were set, and for how many ms the PC slept; 0 where it was not."""

    ours_ms: int
    system_ms: int
    slept_ms: int


@dataclass(frozen=True)
class _Vouched:
    """The base as somebody has vouched for it, and what the clock is once that one is not heard any more."""

    base_ms: float
    state: ClockState
    firm: bool = True
    """Known since this boot; else it is the PC's own clock that has kept it."""


@dataclass(frozen=True)
class _Word:
    """What the town said: the base by its clock, how far ours may be from it, and when (boot time, in seconds)."""

    base_ms: float
    within_ms: float
    said: float


class Clock:
    """Reads the clocks. Only the main loop asks; pure code gets its ``now`` from here."""

    def __init__(
        self, remembered: Memory | None = None, boot_id: str = "", rtc: Callable[[], int | None] = read_rtc
    ) -> None:
        """``remembered`` is what :meth:`memory` gave before the last end, or None at a first start."""
        self._boot_id, self._rtc = boot_id, rtc
        self._system_ms, self._asleep_ms = self._read()
        self._base_ms = self._noted_ms = self._system_ms
        self._before = (0.0, self._base_ms, self._asleep_ms)
        self._synchronised, self._set_at = False, 0.0
        self._vouched: _Vouched | None = None
        self._town: _Word | None = None
        self._ntp = Ntp()
        self.carried = False
        """The PC's own clock has gone on, over a power-off, from where it was when this one ended."""
        self._restore(remembered)
        self._choose()
        self._noted_ms = self._base_ms

    # --- the clocks of the PC ---

    def _wall_ns(self) -> int:
        return time.time_ns()

    def _monotonic_ns(self) -> int:
        return time.monotonic_ns()

    def _boottime_ns(self) -> int:
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME)

    def _boottime_s(self) -> float:
        return self._boottime_ns() / 1e9

    def _read(self) -> tuple[float, float]:
        """Wall less boot time, and boot less monotonic time (what was slept), in ms; read as close as can be.

        Two readings with another process between them would lie by as long as that one ran.
        """
        best: tuple[int, int, int] | None = None
        for _ in range(5):
            before, wall = self._monotonic_ns(), self._wall_ns()
            boot, after = self._boottime_ns(), self._monotonic_ns()
            if best is None or after - before < best[0]:
                best = after - before, wall - boot, boot - (before + after) // 2
            if best[0] < 5_000:
                break
        assert best is not None  # noqa: S101
        return best[1] / 1e6, best[2] / 1e6

    # --- the time ---

    def monotonic(self) -> float:
        """CLOCK_MONOTONIC in seconds."""
        return self._monotonic_ns() / 1e9

    def now(self) -> datetime:
        """The wall clock as an aware UTC datetime."""
        return to_utc(self.now_ms())

    def now_ms(self) -> int:
        """The wall clock in UTC milliseconds, rounded down."""
        return int(self._monotonic_ns() / 1e6 + self._base_ms + self._asleep_ms)

    def ms_at(self, monotonic: float, base_ms: float | None = None) -> int:
        """The wall clock at a monotonic instant, in UTC milliseconds: as it showed then, if it was set since.

        With ``base_ms``, as it would have shown by that base.
        """
        since, _, asleep_ms = self._before
        asleep_ms = asleep_ms if monotonic < since else self._asleep_ms
        return round(monotonic * 1000 + (self.base_at(monotonic) if base_ms is None else base_ms) + asleep_ms)

    def base_at(self, monotonic: float) -> float:
        """The base at a monotonic instant, now or a moment ago."""
        since, base_ms, _ = self._before
        return base_ms if monotonic < since else self._base_ms

    def monotonic_at(self, moment: datetime) -> float:
        """The monotonic instant at which the wall clock shows ``moment``."""
        return (to_ms(moment) - self._base_ms - self._asleep_ms) / 1000

    def on_system(self, moment: datetime) -> datetime:
        """What the system's clock shows at ``moment`` of ours: timers go by it."""
        ahead_ms = round(self._base_ms - self._system_ms)
        return to_utc(to_ms(moment) - ahead_ms) if abs(ahead_ms) >= STEP_MS else moment

    @property
    def base_ms(self) -> float:
        """The wall time at which CLOCK_BOOTTIME began: it changes when the clock is set, and not by sleep."""
        return self._base_ms

    # --- how far it can be trusted ---

    @property
    def state(self) -> ClockState:
        """How far the clock can be trusted now. The town's word, where we have it, goes before NTP's."""
        if self.doubtful:
            return "untrusted"
        if self._synchronised and self._ntp.standing == "believed":
            return "trusted"
        word = self._town_word()
        if self._vouched is None or self._contradicts(word, self._base_ms):
            return "untrusted"
        return self._vouched.state if word is None else "trusted"

    @property
    def doubtful(self) -> bool:
        """Whether NTP says what nobody else does, so that nobody can tell here what time it is."""
        contradicted = self._contradicts(self._town_word(), self._system_ms)
        return self._synchronised and (
            self._ntp.standing == "doubted" or (self._ntp.standing == "believed" and contradicted)
        )

    @property
    def overruled(self) -> bool:
        """Whether NTP says another time than the town or a person, who are followed."""
        return self._synchronised and self._ntp.standing == "denied"

    @property
    def ahead_s(self) -> float | None:
        """By how many seconds this clock is ahead of the PC's; None while neither can be believed."""
        return None if self.state == "untrusted" else (self._base_ms - self._system_ms) / 1000

    def _town_word(self) -> _Word | None:
        """The town's word while it is fresh."""
        if self._town is None or self._boottime_s() - self._town.said > TOLD_S:
            return None
        return self._town

    @staticmethod
    def _contradicts(word: _Word | None, base_ms: float) -> bool:
        """Whether the town's word proves a base wrong."""
        return word is not None and abs(word.base_ms - base_ms) > word.within_ms

    def _choose(self) -> None:
        """Follow the system's clock where NTP keeps it right, else the base that was vouched for."""
        base = self._system_ms
        if self._synchronised and self._believes_ntp(base):
            self._vouched = _Vouched(base, "holdover")
        elif self._vouched is not None:
            if abs(base - self._vouched.base_ms) < STEP_MS:
                self._vouched = replace(self._vouched, base_ms=base)
            elif self._vouched.firm:
                base = self._vouched.base_ms
            else:  # somebody set a clock that only the PC had kept: his reasons are not known here
                self._vouched = None
        self._move(base, self._asleep_ms)

    def _believes_ntp(self, base_ms: float) -> bool:
        word = self._town_word()
        if word is None:
            return self._ntp.judge(base_ms, self._boottime_s())
        if self._contradicts(word, base_ms):
            return False
        self._ntp.confirm(base_ms, self._boottime_s())
        return True

    def _move(self, base_ms: float, asleep_ms: float) -> None:
        if abs(base_ms - self._base_ms) >= 1 or abs(asleep_ms - self._asleep_ms) >= 1:
            self._before = self.monotonic(), self._base_ms, self._asleep_ms
        self._base_ms, self._asleep_ms = base_ms, asleep_ms

    def check(self) -> Moved:
        """Read the clocks anew: by how much each was set since the last call. To be called about once a second."""
        system_ms, asleep_ms = self._read()
        system_moved, slept = system_ms - self._system_ms, asleep_ms - self._asleep_ms
        if abs(system_moved) >= STEP_MS:
            self._synchronised, self._set_at = False, self.monotonic()
        self._move(self._base_ms, asleep_ms if abs(slept) > JITTER_MS else self._asleep_ms)
        self._system_ms = system_ms if abs(system_moved) > JITTER_MS else self._system_ms
        self._choose()
        moved = self._base_ms - self._noted_ms
        self._noted_ms = self._base_ms
        return Moved(*(round(ms) if abs(ms) >= STEP_MS else 0 for ms in (moved, system_moved, slept)))

    # --- sources of the time ---

    def synchronised(self, by_ntp: bool, asked: float | None = None) -> None:
        """Whether NTP keeps the system's clock right, as the system answered at the monotonic instant ``asked`` (now).

        An answer from before a step is about another time: to believe it would make a wrong time a trusted one.
        """
        self._synchronised = by_ntp and (asked is None or asked >= self._set_at)
        self._choose()

    def told_by_town(self, town_ms: int, sent: float, received: float) -> None:
        """The town's signed time, asked for at ``sent`` and answered at ``received`` (monotonic).

        It replaces ours if it proves ours wrong, whatever NTP says: NTP is not signed. A slow answer can only put the
        clock in doubt.
        """
        base_ms, half_ms = town_ms - (sent + received) * 500 - self._asleep_ms, (received - sent) * 500
        self._town = _Word(base_ms, TOWN_TOLERANCE_MS + half_ms, self._boottime_s())
        disputed = self._synchronised and self._contradicts(self._town, self._system_ms)
        if not self._synchronised or self._ntp.standing != "believed" or disputed:
            off_ms = abs(base_ms - self._base_ms)
            quick = received - sent <= LONGEST_ASKED_S
            if off_ms > TOWN_NEAR_MS + half_ms and quick:
                self._vouched = _Vouched(base_ms, "holdover")
            elif off_ms <= TOWN_TOLERANCE_MS + half_ms:
                self._vouched = _Vouched(self._base_ms, "holdover")
            else:
                self._vouched = None
            if self._vouched is not None and disputed:
                self._ntp.overrule(self._vouched.base_ms, self._boottime_s())
            elif self._vouched is not None:
                self._ntp.confirm(self._vouched.base_ms, self._boottime_s())
        self._choose()

    def declare(self, wall_ms: int, monotonic: float) -> bool:
        """A person says that it was ``wall_ms`` (UTC) at the monotonic instant. False where NTP or town know better."""
        if self._town_word() is not None or (self._synchronised and self._ntp.standing == "believed"):
            return False
        base_ms = wall_ms - monotonic * 1000 - self._asleep_ms
        if self._synchronised and abs(base_ms - self._system_ms) <= PERSON_TOLERANCE_MS:
            self._ntp.confirm(self._system_ms, self._boottime_s())
        else:
            agrees = abs(base_ms - self._base_ms) <= PERSON_TOLERANCE_MS
            if not agrees or self._vouched is None:
                self._vouched = _Vouched(self._base_ms if agrees else base_ms, "declared")
            self._ntp.deny(self._vouched.base_ms, self._boottime_s(), PERSON_TOLERANCE_MS)
        self._choose()
        return True

    # --- over a restart ---

    def memory(self) -> Memory:
        """What to remember for the next start."""
        system_ms = self._wall_ns() // 1_000_000
        ahead_ms = self._base_ms - self._system_ms
        rtc = rtc_agrees(self._rtc(), system_ms)
        ntp = self._ntp.memory(self._boottime_s())
        return Memory(self.state, system_ms, self._boot_id, self._base_ms, ahead_ms, rtc, ntp)

    def _restore(self, held: Memory | None) -> None:
        if held is None:
            return
        state: ClockState = "holdover" if held.state == "trusted" else held.state
        ntp, same_boot = held.ntp, held.boot_id == self._boot_id
        if ntp is None:  # an earlier version has left no more
            shown_ms = round(held.system_ms + held.ahead_ms) if state != "untrusted" else 0
            ntp = NtpMemory(floor_ms=max(0, shown_ms - RTC_TOLERANCE_MS))
        self._ntp.restore(ntp, self._boottime_s(), same_boot)
        if same_boot:  # CLOCK_BOOTTIME went on meanwhile, whatever the clock was set to
            self._vouched = _Vouched(held.base_ms, state) if state != "untrusted" else None
            return
        system_ms = self._wall_ns() // 1_000_000
        self.carried = held.carried(system_ms, self._rtc())
        if self.carried and state != "untrusted":
            ahead_ms = held.ahead_ms if abs(held.ahead_ms) >= STEP_MS else 0.0
            self._vouched = _Vouched(self._system_ms + ahead_ms, state, firm=ahead_ms != 0)
            kept_within_ms = RTC_TOLERANCE_MS + DRIFT * (system_ms - held.system_ms)
            self._ntp.not_before(self._vouched.base_ms - kept_within_ms)
