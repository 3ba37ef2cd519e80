"""The coming sound of a programme: samples, each with the instant at which it is to be heard.

Two clocks meet here. The programme's runs by CLOCK_MONOTONIC, the sound card's by a crystal of its own; where they have
come apart, a single frame is left out or doubled, there where it is heard least. No threads, no files, no clock.
"""

from array import array

from kiosk.station.player.sound.pcm import FADE_FRAMES, FRAME, RATE, fading_out

NEIGHBOURS_S = 0.02
"""What is put so near to where the last piece ended follows it without a seam."""
PULL = 0.02
"""The share of its distance by which such a piece pulls the whole reel to its own time."""
LONGEST_GAP_S, LONGEST_S = 5.0, 10.0
"""More silence than this within a reel, or more sound that nobody has read, and it begins anew."""
TOLERATED = RATE // 1000
"""Frames that reader and reel may be apart before one is left out or doubled."""
JUMP = RATE * 30 // 1000
"""Frames from which on a reader does not make up for them one by one."""
STEADY = 0.1
"""The share by which one reading counts among those before it: a single one may be off by a little."""


class SoundBuffer:
    """Put by libVLC's thread, read by the loudspeaker's: the caller sees to it that they take turns."""

    def __init__(self) -> None:
        self._frames = bytearray()
        self._start = 0.0
        """The instant of the first frame held."""
        self._next: int | None = None
        """The frame to be read next, counted from the first one held; None after a beginning."""
        self._apart = 0.0
        """By how many frames the reader has been behind, of late."""

    def clear(self) -> None:
        """Hold nothing."""
        self._frames.clear()
        self._next, self._apart = None, 0.0

    def put(self, at: float, frames: bytes) -> None:
        """Lay down what is to be heard from ``at`` on (monotonic). What was to be heard then gives way to it."""
        apart = at - self._start - len(self._frames) / FRAME / RATE
        place = len(self._frames) // FRAME + round(apart * RATE)
        if not self._frames or apart > LONGEST_GAP_S or place < 0:
            self.clear()
            self._start = at
        elif abs(apart) <= NEIGHBOURS_S:
            self._start += apart * PULL
        elif apart > 0:
            self._frames += bytes(round(apart * RATE) * FRAME)
        else:
            del self._frames[place * FRAME :]
        self._frames += frames
        self._forget(len(self._frames) // FRAME - round(LONGEST_S * RATE))

    def read(self, at: float, count: int) -> bytes:
        """The ``count`` frames that are to be heard from ``at`` on; silence where there are none, and a fade to it."""
        wanted = round((at - self._start) * RATE)
        if self._next is None or abs(wanted - self._next) > JUMP:
            self._next, self._apart = wanted, 0.0
        self._apart += (wanted - self._next - self._apart) * STEADY
        slip = 0
        if abs(self._apart) > TOLERATED:
            slip = 1 if self._apart > 0 else -1
            self._apart -= slip
        first, self._next = self._next, self._next + count + slip
        found, left = self._between(first, self._next), len(self._frames) // FRAME - self._next
        self._forget(self._next)
        fitted = _fitted(found, slip)
        return fading_out(fitted, left) if -count < left < FADE_FRAMES else fitted

    def _between(self, first: int, last: int) -> bytes:
        held = len(self._frames) // FRAME
        before = bytes(max(0, min(last, 0) - first) * FRAME)
        found = bytes(self._frames[max(0, first) * FRAME : max(0, last) * FRAME])
        after = bytes(max(0, last - max(first, held)) * FRAME)
        return before + found + after

    def _forget(self, count: int) -> None:
        """Let go of the first frames held."""
        count = min(count, len(self._frames) // FRAME)
        if count > 0:
            del self._frames[: count * FRAME]
            self._start += count / RATE
            if self._next is not None:
                self._next -= count


def _fitted(frames: bytes, slip: int) -> bytes:
    """Without one frame (``slip`` 1), or with one twice (-1): the one that is most like the one before it."""
    if slip == 0:
        return frames
    samples = array("h", frames)
    steps = [abs(samples[n] - samples[n - 2]) + abs(samples[n + 1] - samples[n - 1]) for n in range(2, len(samples), 2)]
    place = (steps.index(min(steps)) + 1) * FRAME
    return frames[:place] + frames[place + FRAME :] if slip > 0 else frames[:place] + frames[place - FRAME :]
