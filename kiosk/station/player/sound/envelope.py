"""The loudness of each sample: silence before and after the programme, a short fade at both ends, its gain between.

No threads, no clock. Instants are CLOCK_MONOTONIC in seconds.
"""

import audioop
import math

from kiosk.station.player.sound.pcm import CURVE, FADE, FADE_FRAMES, FRAME, RATE, WIDTH, shaded

_FAR = 1e9
"""Seconds; beyond all instants."""


class Envelope:
    """Shapes the sound of one programme. For one thread; another may set ``opens``, ``closes`` and ``gain``."""

    def __init__(self, gain: float = 1.0) -> None:
        self.opens = self.closes = math.inf
        """The instants at which the programme begins to be heard, and from which on it is silent."""
        self.gain = self._applied = gain
        """Multiplies each sample; ``_applied`` is the gain of the last one."""
        self._place = 0
        """Between silence (0) and full loudness (:data:`FADE_FRAMES`)."""

    @property
    def silent(self) -> bool:
        """Whether it is silent now."""
        return self._place == 0

    def silence(self) -> None:
        """Begin again from silence, after the sound server was away."""
        self._place = 0

    def shape(self, frames: bytes, at: float) -> bytes:
        """The frames from ``at`` on, with fades and gain applied."""
        count = len(frames) // FRAME
        opens, closes = (max(0, min(count, math.ceil((one - at) * RATE))) for one in self._borders())
        if self._place == 0 and (opens == count or closes == 0):
            self._applied = self.gain
            return bytes(len(frames))
        gained = self._gained(frames)
        if self._place < FADE_FRAMES or opens > 0 or closes < count:
            opens = min(opens, closes)
            shares = [*self._fall(opens), *self._rise(closes - opens), *self._fall(count - closes)]
            gained = shaded(gained, shares)
        return gained

    def _borders(self) -> tuple[float, float]:
        """The instants at which it begins to rise and to fall; finite."""
        return max(-_FAR, min(_FAR, self.opens)), max(-_FAR, min(_FAR, self.closes - FADE))

    def _gained(self, frames: bytes) -> bytes:
        """The frames with the gain applied, changing evenly from the last gain; too loud samples stop at full scale."""
        before, now = self._applied, self.gain
        self._applied, most = now, max(before, now)
        louder = frames if most == 1.0 else audioop.mul(frames, WIDTH, most)
        if before == now:
            return louder
        count = len(frames) // FRAME
        return shaded(louder, [(before + (now - before) * n / count) / most for n in range(1, count + 1)])

    def _rise(self, count: int) -> list[float]:
        first, self._place = self._place, min(FADE_FRAMES, self._place + count)
        part = CURVE[first : self._place]
        return part + [1.0] * (count - len(part))

    def _fall(self, count: int) -> list[float]:
        first, self._place = self._place, max(0, self._place - count)
        part = CURVE[self._place : first][::-1]
        return part + [0.0] * (count - len(part))
