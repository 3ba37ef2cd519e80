"""Whether a sound has a picture of its own on the screen: its title card, and not the poster."""

import contextlib
import threading
import time
from collections.abc import Iterator, Mapping, Sequence

from kiosk.demo.sampler import Screen

ROWS = 24
"""So many rows of the screen stand for all of it."""
ALIKE = 0.98
"""From this share of equal pixels on, two pictures are the same one: a clock on it may have gone on."""

Picture = Sequence[bytes]


@contextlib.contextmanager
def noted(display: str, instants: Mapping[str, float]) -> Iterator[dict[str, Picture]]:
    """Note what the screen shows at each of the ``instants`` (monotonic), under its name, until the block ends."""
    pictures: dict[str, Picture] = {}
    over = threading.Event()

    def note() -> None:
        screen = Screen(display)
        rows = [Screen(display, screen.height * n // ROWS) for n in range(ROWS)]
        for name, instant in sorted(instants.items(), key=lambda item: item[1]):
            if over.wait(max(0.0, instant - time.monotonic())):
                return
            pictures[name] = [row.row() for row in rows]

    thread = threading.Thread(target=note)
    thread.start()
    try:
        yield pictures
    finally:
        over.set()
        thread.join()


def alike(one: Picture, other: Picture) -> bool:
    """Whether two pictures are the same, but for a clock."""
    equal = total = 0
    for here, there in zip(one, other, strict=True):
        pixels = range(0, len(here), 4)
        equal += sum(here[at : at + 3] == there[at : at + 3] for at in pixels)
        total += len(pixels)
    return equal >= ALIKE * total
