"""How loud each sample is: silent outside the programme's time, a short fade at both ends of it, its gain in between.

No threads, no clock. Instants are CLOCK_MONOTONIC in seconds, samples those of :mod:`reel`.
"""

import math
from array import array

from kiosk.station.projector.reel import FRAME, RATE

FADE_FRAMES = RATE // 100
"""Of a fade: a wave that is broken off clicks."""
FADE = FADE_FRAMES / RATE
_CURVE = [0.5 - 0.5 * math.cos(math.pi * place / FADE_FRAMES) for place in range(FADE_FRAMES + 1)]
LOUDEST, LOWEST = 32767, -32768
AUDIBLE = 0.02
"""The share of the loudest sample from which on something is heard."""


class Envelope:
    """Of one programme; for one thread, but another may set :attr:`opens`, :attr:`closes` and the gain."""

    def __init__(self, gain: float = 1.0) -> None:
        """``gain`` multiplies each sample."""
        self.opens = self.closes = math.inf
        """The instants at which the programme begins to be heard, and from which on nothing is heard of it."""
        self._gain = self._wanted = gain
        self._place = 0
        """Between silence (0) and full loudness (:data:`FADE_FRAMES`)."""
        self._table = _table(gain)

    def use_gain(self, gain: float) -> None:
        """From now on. Takes some 10 ms, in the thread that asks for it: the loudspeaker's has no time for that."""
        self._table = _table(gain)
        self._wanted = gain

    @property
    def silent(self) -> bool:
        """Nothing is heard as it stands."""
        return self._place == 0

    def silence(self) -> None:
        """Begin again from silence: the loudspeaker was away."""
        self._place = 0

    def shape(self, frames: bytes, at: float) -> bytes:
        """The frames that are heard from ``at`` on, as loud as they are to be."""
        until = at + len(frames) / FRAME / RATE
        begins_to_close = self.closes - FADE
        if self._place == 0 and (until <= self.opens or at >= begins_to_close):
            self._gain = self._wanted
            return bytes(len(frames))
        steady = self._place == FADE_FRAMES and self.opens <= at and until <= begins_to_close
        if not steady or self._gain != self._wanted:
            return self._moving(frames, at, begins_to_close)
        if self._gain == 1.0:
            return frames
        return array("h", map(self._table.__getitem__, array("h", frames))).tobytes()

    def _moving(self, frames: bytes, at: float, begins_to_close: float) -> bytes:
        """Where loudness changes within the frames."""
        samples = array("h", frames)
        place, gain, wanted = self._place, self._gain, self._wanted
        step = (wanted - gain) / FADE_FRAMES
        for n in range(0, len(samples), 2):
            now = at + n / 2 / RATE
            place += 1 if self.opens <= now < begins_to_close else -1
            place = max(0, min(FADE_FRAMES, place))
            if step:
                gain = min(wanted, gain + step) if step > 0 else max(wanted, gain + step)
            factor = gain * _CURVE[place]
            samples[n] = max(LOWEST, min(LOUDEST, round(samples[n] * factor)))
            samples[n + 1] = max(LOWEST, min(LOUDEST, round(samples[n + 1] * factor)))
        self._place, self._gain = place, gain
        return samples.tobytes()


def _table(gain: float) -> list[int]:
    """Each sample at the gain, the negative ones counted from the end: to look up is what Python does fastest."""
    values = (*range(LOUDEST + 1), *range(LOWEST, 0))
    return [max(LOWEST, min(LOUDEST, round(value * gain))) for value in values]


def faded_in(frames: bytes) -> bytes:
    """The frames with a fade from the first one that is heard: a decoder that starts anew breaks in with its sound."""
    samples = array("h", frames)
    faint = AUDIBLE * max(map(abs, samples), default=0)
    first = next((n for n, sample in enumerate(samples) if abs(sample) > faint), 0) // 2
    for place, share in enumerate(_CURVE[:-1]):
        for n in range(2 * (first + place), min(len(samples), 2 * (first + place) + 2)):
            samples[n] = round(samples[n] * share)
    return samples.tobytes()
