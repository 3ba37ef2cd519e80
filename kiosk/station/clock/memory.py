"""What is remembered of the clock over a restart, and whether the PC has kept the time while it was off."""

import contextlib
import time
from pathlib import Path

import msgspec

from kiosk.common.known import SEEN_MS
from kiosk.contract.records import ClockState
from kiosk.station.clock.ntp import NtpMemory

RTC_TOLERANCE_MS = 120_000
LONGEST_OFF_MS = 180 * 86_400_000
"""A clock that claims a longer time without power is more likely to be wrong: it would be minutes out anyhow."""


KEY = "clock"
"""Under which the journal remembers it."""


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
    ntp: NtpMemory | None = None

    def carried(self, system_ms: int, rtc_ms: int | None) -> bool:
        """In another boot: whether the system's clock, which shows ``system_ms``, went on from where it was."""
        off_ms = system_ms - self.system_ms
        return self.rtc and 0 <= off_ms <= LONGEST_OFF_MS and rtc_agrees(rtc_ms, system_ms)


def last_seen(held: Memory | None, boot_id: str) -> dict[str, str]:
    """When the station last ran, and whether its PC was off since, as facts for the record of its start; none where the
    clock was in doubt then."""
    if held is None or held.state == "untrusted":
        return {}
    return {SEEN_MS: str(round(held.system_ms + held.ahead_ms)), "pc": "on" if held.boot_id == boot_id else "off"}


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
