"""The station's clock: wall time beside monotonic time, steps noticed, and how far it can be trusted.

``trusted``: synchronised by NTP, or confirmed by the town's signed answer to a nonce of ours; ``holdover``: was
trusted, and the PC's own clock has kept it since; ``declared``: a named administrator set it; ``untrusted``: none.
"""

import re
import time
from datetime import datetime

from kiosk.contract.records import ClockState
from kiosk.station.instants import to_ms, to_utc

STEP_MS = 250
"""A wall clock that moves this much against the monotonic one was set, not slewed."""
TOWN_TOLERANCE_MS = 5_000
"""How far our clock may be from the town's signed time, beyond what the line's delay explains."""
_LAST_TRUSTED = re.compile(r"(?:trusted|holdover) ([0-9]{1,18})")


class Clock:
    """Reads both clocks. Only the main loop asks; pure code gets its ``now`` from here."""

    def __init__(self, remembered: str | None) -> None:
        """``remembered`` is what :meth:`memory` gave before the last end, or None at a first start."""
        self._offset_ms = self._now_ms() - self.monotonic() * 1000
        self._synchronised = False
        self._confirmed: bool | None = None
        last = _LAST_TRUSTED.fullmatch(remembered or "")
        self._kept = last is not None and self._now_ms() >= int(last[1])

    @staticmethod
    def _now_ms() -> int:
        return time.time_ns() // 1_000_000

    @staticmethod
    def monotonic() -> float:
        """CLOCK_MONOTONIC in seconds."""
        return time.monotonic()

    def now(self) -> datetime:
        """The wall clock as an aware UTC datetime."""
        return to_utc(self._now_ms())

    def now_ms(self) -> int:
        """The wall clock in UTC milliseconds."""
        return self._now_ms()

    def ms_at(self, monotonic: float) -> int:
        """The wall clock at a monotonic instant, in UTC milliseconds."""
        return round(monotonic * 1000 + self._offset_ms)

    def monotonic_at(self, moment: datetime) -> float:
        """The monotonic instant at which the wall clock shows ``moment``."""
        return (to_ms(moment) - self._offset_ms) / 1000

    @property
    def state(self) -> ClockState:
        """How far the clock can be trusted now. The town's word, where we have it, goes before NTP's."""
        if self._confirmed is False:
            return "untrusted"
        if self._confirmed or self._synchronised:
            return "trusted"
        return "holdover" if self._kept else "untrusted"

    def memory(self) -> str:
        """What to remember for the next start."""
        return f"{self.state} {self._now_ms()}"

    def stepped(self) -> int:
        """Milliseconds by which the wall clock was set since the last call; 0 if it was not.

        What the town said of the old time holds no longer.
        """
        offset = self._now_ms() - self.monotonic() * 1000
        moved = offset - self._offset_ms
        self._offset_ms = offset
        if abs(moved) < STEP_MS:
            return 0
        self._confirmed = None
        self._kept = False
        return round(moved)

    def synchronised(self, by_ntp: bool) -> None:
        """What the system says of NTP."""
        self._synchronised = by_ntp

    def told_by_town(self, town_ms: int, sent: float, received: float) -> None:
        """The town's signed time, asked for at ``sent`` and answered at ``received`` (monotonic)."""
        middle_ms = self.ms_at((sent + received) / 2)
        self._confirmed = abs(town_ms - middle_ms) <= TOWN_TOLERANCE_MS + (received - sent) * 500
