"""The head of a programme's sound, decoded twice before the cut: at the first start and at the trial start.

At every start but the first, libVLC silences three frames of MPEG sound, 72 ms (libVLC 3.0.24). So the head that is
heard is taken from the first start, if both are alike otherwise. At the cut libVLC decodes the same as at the trial.
"""

from array import array
from statistics import median

from kiosk.station.player.sound.pcm import FRAME, RATE, faded_in

Block = tuple[float, bytes]
"""Frames, and the instant at which the first one is to be heard (monotonic)."""

MOST = RATE * FRAME
"""Bytes of a head that are kept: a second."""
SPLICE = RATE * FRAME * 20 // 100
"""Bytes that are taken from the first start."""
COMPARE = RATE * FRAME * 10 // 100
"""Bytes before and after the splice in which both starts have to be alike."""
ALIKE = 0.05
"""The share by which two decodings of the same sound may differ: a resampler begins each time a little otherwise."""


class Preroll:
    """Filled by libVLC's thread; read once the trial start is over."""

    def __init__(self) -> None:
        self._blocks: list[Block] = []
        self._first: bytes | None = None
        self.trial = b""
        """The head as libVLC decodes it at every start but the first."""
        self.heard = b""
        """The head as it is to be heard, with a fade from silence."""

    def add(self, at: float, frames: bytes) -> None:
        """Add a block of the start under way."""
        if sum(len(block) for _, block in self._blocks) < MOST:
            self._blocks.append((at, frames))

    def try_again(self) -> None:
        """The trial start begins; the first one is over."""
        if self._first is None:
            self._first = _joined(self._blocks)
        self._blocks = []

    def learn(self, began: float) -> float:
        """The trial start that began at ``began`` is over. Returns how long after it the sound came, in seconds."""
        blocks, self._blocks = self._blocks, []
        self.trial = _joined(blocks)
        if not self.trial:
            return 0.0
        first = self._first or b""
        alike = _alike(first[SPLICE - COMPARE : SPLICE + COMPARE], self.trial[SPLICE - COMPARE : SPLICE + COMPARE])
        self.heard = faded_in(first[:SPLICE] + self.trial[SPLICE:] if alike else self.trial)
        starts, before = [], 0
        for at, frames in blocks:
            starts.append(at - before / FRAME / RATE)
            before += len(frames)
        return median(starts) - began


def _joined(blocks: list[Block]) -> bytes:
    return b"".join(frames for _, frames in blocks)


def _alike(one: bytes, other: bytes) -> bool:
    if len(one) != len(other) or len(one) < COMPARE:
        return False
    these, those = array("h", one), array("h", other)
    apart = sum(abs(this - that) for this, that in zip(these, those, strict=True))
    return apart <= ALIKE * sum(map(abs, these))
