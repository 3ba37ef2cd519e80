"""How loud each sample is: silent outside the programme's time, a short fade at both ends of it, its gain in between.

No threads, no clock. Instants are CLOCK_MONOTONIC in seconds.
"""

import math
from array import array

from kiosk.station.projector.samples import CURVE, FADE, FADE_FRAMES, FRAME, RATE, shaded

LOUDEST, LOWEST = 32767, -32768
_FAR = 1e9
"""Seconds; beyond all instants."""


class Envelope:
    """Of one programme; for one thread, but another may set :attr:`opens`, :attr:`closes` and the gain."""

    def __init__(self, gain: float = 1.0) -> None:
        """``gain`` multiplies each sample."""
        self.opens = self.closes = math.inf
        """The instants at which the programme begins to be heard, and from which on nothing is heard of it."""
        self._loudness = self._wanted = Loudness(gain)
        self._place = 0
        """Between silence (0) and full loudness (:data:`FADE_FRAMES`)."""

    def use_gain(self, gain: float) -> None:
        """From now on. The table is made in the thread that asks for it: the loudspeaker's has no time for that."""
        self._wanted = Loudness(gain)

    @property
    def silent(self) -> bool:
        """Nothing is heard as it stands."""
        return self._place == 0

    def silence(self) -> None:
        """Begin again from silence: the loudspeaker was away."""
        self._place = 0

    def shape(self, frames: bytes, at: float) -> bytes:
        """The frames that are heard from ``at`` on, as loud as they are to be."""
        count = len(frames) // FRAME
        opens, closes = (max(0, min(count, math.ceil((one - at) * RATE))) for one in self._borders())
        if self._place == 0 and (opens == count or closes == 0):
            self._loudness = self._wanted
            return bytes(len(frames))
        samples = self._gained(array("h", frames))
        if self._place < FADE_FRAMES or opens > 0 or closes < count:
            opens = min(opens, closes)
            shares = [*self._fall(opens), *self._rise(closes - opens), *self._fall(count - closes)]
            samples = shaded(samples, shares)
        return samples.tobytes()

    def _borders(self) -> tuple[float, float]:
        """From when on it rises and falls, in seconds; finite."""
        return max(-_FAR, min(_FAR, self.opens)), max(-_FAR, min(_FAR, self.closes - FADE))

    def _gained(self, samples: "array[int]") -> "array[int]":
        """The samples at the gain, or on the way from the gain before it."""
        before, now = self._loudness, self._wanted
        if before is now:
            return samples if now.gain == 1.0 else array("h", map(now.table.__getitem__, samples))
        self._loudness = now
        count = len(samples)
        old, new = map(before.table.__getitem__, samples), map(now.table.__getitem__, samples)
        parts = enumerate(zip(old, new, strict=True))
        return array("h", [int(one + (other - one) * n / count) for n, (one, other) in parts])

    def _rise(self, count: int) -> list[float]:
        first, self._place = self._place, min(FADE_FRAMES, self._place + count)
        part = CURVE[first : self._place]
        return part + [1.0] * (count - len(part))

    def _fall(self, count: int) -> list[float]:
        first, self._place = self._place, max(0, self._place - count)
        part = CURVE[self._place : first][::-1]
        return part + [0.0] * (count - len(part))


class Loudness:
    """A gain, and each sample at it, the negative ones counted from the end: to look up is what Python does fastest."""

    def __init__(self, gain: float) -> None:
        """Takes some ms."""
        self.gain = gain
        up = list(map(round, map(gain.__mul__, range(min(LOUDEST, int(LOUDEST / max(gain, 1.0))) + 1))))
        down = list(map(round, map(gain.__mul__, range(max(LOWEST, -int(-LOWEST / max(gain, 1.0))), 0))))
        self.table = up + [LOUDEST] * (LOUDEST + 1 - len(up)) + [LOWEST] * (-LOWEST - len(down)) + down
