"""Whether NTP can be believed: not once it takes the clock away from where it was known to be.

NTP is not signed: who sits on the line can forge it. Where the clock was known is a **base** (the wall time, in ms, at
which CLOCK_BOOTTIME began). In one boot NTP may not jump away from it; after a power-off it may not give a time before
the last one that was known. A PC that was off for a month has not jumped.
"""

import math
from typing import Literal

import msgspec

from kiosk.contract.instants import FAR, to_ms
from kiosk.contract.wire import Instant

DRIFT = 1e-4
"""A PC's clock left alone is wrong by no more than this share of the time: 9 s a day."""
JUMP_MS = 5_000
"""So far NTP may take a clock that was known, beyond its drift."""

Standing = Literal["believed", "doubted", "denied"]
"""``doubted`` since NTP gave a time that cannot be, until the town or a person has said what time it is; ``denied`` if
they said another time, until NTP has come round to it."""


class Anchor(msgspec.Struct, frozen=True):
    """Where the base is known to be in this boot."""

    base_ms: float
    at_s: float
    """Since when, on CLOCK_BOOTTIME: a PC's clock drifts from there."""
    within_ms: float
    """How well it was known."""

    def slack_ms(self, now_s: float) -> float:
        """How far the right base may be from it by now."""
        return self.within_ms + DRIFT * 1000 * max(0.0, now_s - self.at_s)


class NtpMemory(msgspec.Struct, frozen=True):
    """What is kept over a restart."""

    standing: Standing = "believed"
    anchor: Anchor | None = None
    floor_ms: Instant = 0
    """It was surely no earlier than this (UTC); 0: not known."""


class Ntp:
    """What is thought of NTP. ``now_s`` is CLOCK_BOOTTIME in seconds."""

    def __init__(self) -> None:
        self.standing: Standing = "believed"
        self._anchor: Anchor | None = None
        self._least_ms = -math.inf
        """No base can be less, by what is remembered of earlier boots. Of no use once there is an anchor."""

    def judge(self, base_ms: float, now_s: float) -> bool:
        """Whether the base that NTP gives agrees with what is known. NTP alone never moves the anchor."""
        if self._anchor is not None:
            agrees = abs(base_ms - self._anchor.base_ms) <= self._anchor.slack_ms(now_s)
        else:
            agrees = base_ms >= self._least_ms and self.standing == "believed"
        if agrees:
            self._anchor = self._anchor or Anchor(base_ms, now_s, JUMP_MS)
            self.standing = "believed"
        elif self.standing == "believed":
            self.standing = "doubted"
        return agrees

    def confirm(self, base_ms: float, now_s: float, within_ms: float = JUMP_MS) -> None:
        """The town or a person has said that this is the base; NTP is believed where it agrees."""
        self._anchor, self._least_ms = Anchor(base_ms, now_s, within_ms), -math.inf
        self.standing = "believed"

    def deny(self, base_ms: float, now_s: float, within_ms: float) -> None:
        """A person has said that this is the base; NTP another one, if it was doubted."""
        was_believed = self.standing == "believed"
        self.confirm(base_ms, now_s, within_ms)
        self.standing = "believed" if was_believed else "denied"

    def overrule(self, base_ms: float, now_s: float) -> None:
        """The town has said that this is the base, and NTP says another one: the town's word is signed."""
        self.confirm(base_ms, now_s)
        self.standing = "denied"

    def memory(self, now_s: float) -> NtpMemory:
        """What to keep over a restart."""
        least_ms = self._least_ms
        if self._anchor is not None:
            least_ms = self._anchor.base_ms - self._anchor.slack_ms(now_s)
        floor_ms = int(min(max(0.0, least_ms + now_s * 1000), to_ms(FAR))) if least_ms > -math.inf else 0
        return NtpMemory(self.standing, self._anchor, floor_ms)

    def restore(self, held: NtpMemory, now_s: float, same_boot: bool) -> None:
        """Go on with what was kept."""
        self.standing = held.standing
        self._anchor = held.anchor if same_boot else None
        if held.floor_ms:
            self._least_ms = held.floor_ms - now_s * 1000

    def not_before(self, base_ms: float) -> None:
        """The base can be no less than this."""
        self._least_ms = max(self._least_ms, base_ms)
