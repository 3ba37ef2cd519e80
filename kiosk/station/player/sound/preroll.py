"""The head of a programme's sound as it was decoded before the cut, twice: at the first start and at the trial.

At every start but the first, libVLC silences three frames of MPEG sound, 72 ms (libVLC 3.0.24). When they begin alike
otherwise, what is heard is therefore taken from the first start; what comes again when time runs is the trial's.
"""

from array import array
from statistics import median

from kiosk.station.player.sound.pcm import FRAME, RATE, faded_in

Block = tuple[float, bytes]
"""The instant at which its first frame is to be heard (monotonic), and frames."""

MOST = RATE * FRAME
"""Bytes of a head that are kept: a second."""
SPLICE = RATE * FRAME * 20 // 100
"""Bytes that are taken from the first start."""
LOOK = RATE * FRAME * 10 // 100
"""How much before and after the splice both have to be alike."""
ALIKE = 0.05
"""The share by which two decodings of the same may differ: a resampler begins a little otherwise each time."""


class Preroll:
    """Filled by libVLC's thread while nobody reads it; read once the trial is over."""

    def __init__(self) -> None:
        self._blocks: list[Block] = []
        self._first: bytes | None = None
        self.trial = b""
        """The head as it comes at a start."""
        self.heard = b""
        """The head as it is to be heard, from silence up."""

    def take(self, at: float, frames: bytes) -> None:
        """A block of the start under way."""
        if sum(len(block) for _, block in self._blocks) < MOST:
            self._blocks.append((at, frames))

    def try_again(self) -> None:
        """Another start is about to be made: the first one is over."""
        if self._first is None:
            self._first = _joined(self._blocks)
        self._blocks = []

    def learn(self, began: float) -> float:
        """The trial that began at ``began`` is over: gives by how much its sound came later, in seconds."""
        blocks, self._blocks = self._blocks, []
        self.trial = _joined(blocks)
        if not self.trial:
            return 0.0
        first = self._first or b""
        alike = _alike(first[SPLICE - LOOK : SPLICE + LOOK], self.trial[SPLICE - LOOK : SPLICE + LOOK])
        self.heard = faded_in(first[:SPLICE] + self.trial[SPLICE:] if alike else self.trial)
        starts, before = [], 0
        for at, frames in blocks:
            starts.append(at - before / FRAME / RATE)
            before += len(frames)
        return median(starts) - began


def _joined(blocks: list[Block]) -> bytes:
    return b"".join(frames for _, frames in blocks)


def _alike(one: bytes, other: bytes) -> bool:
    if len(one) != len(other) or len(one) < LOOK:
        return False
    these, those = array("h", one), array("h", other)
    apart = sum(abs(this - that) for this, that in zip(these, those, strict=True))
    return apart <= ALIKE * sum(map(abs, these))
