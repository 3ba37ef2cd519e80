"""Judges when the right picture is back at the right position, by what a sampler saw. Pure; monotonic seconds."""

from collections.abc import Sequence
from dataclasses import dataclass

from kiosk.demo.sampler import Sighting

TOLERANCE = 1.0
"""Seconds between the frame on the screen and the wall clock that still count as the right position."""


@dataclass(frozen=True)
class Loop:
    """The loop as signed: what should be on the screen when."""

    start: float
    numbers: tuple[int, ...]
    """The bar codes, in their order."""
    seconds: float
    """Length of each."""
    rate: float = 25.0

    def turn(self, at: float) -> int:
        """Which showing of the loop an instant falls into, counted from 0."""
        return int((at - self.start) // self.seconds)

    def position(self, at: float) -> float:
        """Seconds since the head of that showing."""
        return (at - self.start) % self.seconds

    def right(self, seen: Sighting) -> bool:
        """Whether a sample shows the right programme near the right position."""
        head = seen.monotonic - seen.frame / self.rate
        turn = round((head - self.start) / self.seconds)
        near = abs(head - self.start - turn * self.seconds) <= TOLERANCE
        return near and seen.programme == self.numbers[turn % len(self.numbers)]


def back(loop: Loop, seen: Sequence[Sighting]) -> float | None:
    """The first right sample after the last wrong one; None where none was wrong, or the last one is."""
    found: float | None = None
    wrong = False
    for sighting in seen:
        if not loop.right(sighting):
            wrong, found = True, None
        elif wrong and found is None:
            found = sighting.monotonic
    return found
