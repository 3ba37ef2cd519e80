"""How loud each sample is: silent outside the programme's time, a short fade at both ends of it, its gain in between.

No threads, no clock. Instants are CLOCK_MONOTONIC in seconds, samples those of :mod:`reel`.
"""

import math
from array import array
from operator import mul

from kiosk.station.projector.reel import FRAME, RATE

FADE_FRAMES = RATE // 100
"""Of a fade: a wave that is broken off clicks."""
FADE = FADE_FRAMES / RATE
_CURVE = [0.5 - 0.5 * math.cos(math.pi * place / FADE_FRAMES) for place in range(FADE_FRAMES + 1)]
LOUDEST, LOWEST = 32767, -32768
_FAR = 1e9
"""Seconds; beyond all instants."""
AUDIBLE = 0.02
"""The share of the loudest sample from which on something is heard."""


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
            samples = array("h", map(int, map(mul, samples, _doubled(shares))))
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
        shares = _doubled([n / (len(samples) // 2) for n in range(len(samples) // 2)])
        old, new = map(before.table.__getitem__, samples), map(now.table.__getitem__, samples)
        return array(
            "h", [int(one + (other - one) * share) for one, other, share in zip(old, new, shares, strict=True)]
        )

    def _rise(self, count: int) -> list[float]:
        first, self._place = self._place, min(FADE_FRAMES, self._place + count)
        part = _CURVE[first : self._place]
        return part + [1.0] * (count - len(part))

    def _fall(self, count: int) -> list[float]:
        first, self._place = self._place, max(0, self._place - count)
        part = _CURVE[self._place : first][::-1]
        return part + [0.0] * (count - len(part))


class Loudness:
    """A gain, and each sample at it, the negative ones counted from the end: to look up is what Python does fastest."""

    def __init__(self, gain: float) -> None:
        """Takes some ms."""
        self.gain = gain
        up = list(map(round, map(gain.__mul__, range(min(LOUDEST, int(LOUDEST / max(gain, 1.0))) + 1))))
        down = list(map(round, map(gain.__mul__, range(max(LOWEST, -int(-LOWEST / max(gain, 1.0))), 0))))
        self.table = up + [LOUDEST] * (LOUDEST + 1 - len(up)) + [LOWEST] * (-LOWEST - len(down)) + down


def _doubled(shares: list[float]) -> list[float]:
    """One for each side."""
    return [share for share in shares for _ in range(2)]


def faded_in(frames: bytes) -> bytes:
    """The frames with a fade from the first one that is heard: a decoder that starts anew breaks in with its sound."""
    samples = array("h", frames)
    faint = AUDIBLE * max(map(abs, samples), default=0)
    first = next((n for n, sample in enumerate(samples) if abs(sample) > faint), 0) // 2
    for place, share in enumerate(_CURVE[:-1]):
        for n in range(2 * (first + place), min(len(samples), 2 * (first + place) + 2)):
            samples[n] = round(samples[n] * share)
    return samples.tobytes()
