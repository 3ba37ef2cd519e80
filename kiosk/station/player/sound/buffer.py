"""Buffer of decoded sound: each frame with the instant at which it is to be heard.

The programme runs by CLOCK_MONOTONIC, the sound card by a clock of its own; where the two have come apart, a
single frame is left out or doubled, where that is heard least. No threads, no files, no clock.
"""

from array import array

from kiosk.station.player.sound.pcm import FADE_FRAMES, FRAME, RATE, fading_out

NEIGHBOURS_S = 0.02
"""Seconds; a piece that begins so near to the end of the last one is joined to it without a gap."""
PULL = 0.02
"""The share of its difference by which such a piece corrects the time of the whole buffer."""
LONGEST_GAP_S, LONGEST_S = 5.0, 10.0
"""Seconds of silence within the buffer, and of unread sound, beyond which it begins anew."""
TOLERATED = RATE // 1000
"""Frames by which reader and buffer may be apart before one is left out or doubled."""
JUMP = RATE * 30 // 1000
"""Frames from which on the reader jumps instead of making up for them one by one."""
STEADY = 0.1
"""The weight of one reading in the running average: a single one may be inexact."""


class SoundBuffer:
    """Filled by libVLC's thread, read by the speaker's; the callers hold a lock."""

    def __init__(self) -> None:
        self._frames = bytearray()
        self._start = 0.0
        """The instant of the first frame held."""
        self._next: int | None = None
        """The frame to be read next, counted from the first one held; None before the first reading."""
        self._apart = 0.0
        """By how many frames the reader is behind: a running average."""
        self.heard = 0
        """How many of the pieces that were read held sound."""

    def clear(self) -> None:
        """Empty the buffer."""
        self._frames.clear()
        self._next, self._apart = None, 0.0

    def put(self, at: float, frames: bytes) -> None:
        """Add frames that are to be heard from ``at`` on (monotonic), in place of those that were to be heard then."""
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
        """The ``count`` frames that are to be heard from ``at`` on; a fade and silence where there are none."""
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
        self.heard += left > -count and self._next > 0
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
        """Remove the first frames held."""
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
