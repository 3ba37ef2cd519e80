"""What is remembered of the clock over a restart, and whether the PC has kept the time while it was off."""

import contextlib
import time
from pathlib import Path
from typing import Literal

import msgspec

from kiosk.contract.records import ClockState

RTC_TOLERANCE_MS = 120_000
DRIFT = 1e-4
"""A PC's clock left alone is wrong by no more than this share of the time: 9 s a day."""
LONGEST_OFF_MS = 180 * 86_400_000
"""A clock that claims a longer time without power is more likely to be wrong: it would be minutes out anyhow."""


KEY = "clock"
"""Under which the journal remembers it."""


Hearing = Literal["believed", "doubted", "denied"]
"""What is thought of NTP: ``doubted`` since it took the clock away from where it was known to be, until the town or a
person has said what time it is; ``denied`` if that person said another time, until NTP has come round to it."""


class Anchor(msgspec.Struct, frozen=True):
    """Where the base is known to be in this boot: NTP may not take the clock away from it."""

    base_ms: float
    at_s: float
    """Since when, on CLOCK_BOOTTIME: a PC's clock drifts from there."""
    within_ms: float
    """How well it was known."""

    def slack_ms(self, now_s: float) -> float:
        """How far the right base may be from it by now."""
        return self.within_ms + DRIFT * 1000 * max(0.0, now_s - self.at_s)


class Memory(msgspec.Struct, frozen=True):
    """What is kept of the clock over a restart."""

    state: ClockState
    system_ms: int
    """What the system's clock showed."""
    boot_id: str
    base_ms: float
    """Ours: wall time at which CLOCK_BOOTTIME began."""
    ahead_ms: float
    """Ours less the system's."""
    rtc: bool
    """The clock that runs without power showed what the system's did."""
    anchor: Anchor | None = None
    floor_ms: int = 0
    """It was surely no earlier than this; 0: not known."""
    ntp: Hearing = "believed"

    def carried(self, system_ms: int, rtc_ms: int | None) -> bool:
        """In another boot: whether the system's clock, which shows ``system_ms``, went on from where it was."""
        off_ms = system_ms - self.system_ms
        return self.rtc and 0 <= off_ms <= LONGEST_OFF_MS and rtc_agrees(rtc_ms, system_ms)


def read_rtc() -> int | None:
    """The clock that runs without power, in UTC milliseconds; None where there is none."""
    with contextlib.suppress(OSError, ValueError):
        return int(Path("/sys/class/rtc/rtc0/since_epoch").read_text(encoding="ascii")) * 1000
    return None


def rtc_agrees(rtc_ms: int | None, system_ms: int) -> bool:
    """Whether the clock that runs without power shows the system's time.

    Where its battery is dead, systemd sets the system's clock to when it last ran, and only this one tells. It may run
    in local time, as other systems of the same PC like it.
    """
    shifts = (0, time.localtime(system_ms / 1000).tm_gmtoff * 1000)
    return rtc_ms is not None and any(abs(rtc_ms - system_ms - shift) <= RTC_TOLERANCE_MS for shift in shifts)
