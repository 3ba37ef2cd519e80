"""Reads the X screen from outside the station and says which programme and frame it shows, sample by sample.

Shares no code with the station: it speaks to the X server through libX11 by ctypes. The example programmes bear a bar
code over the lowest 18th of the picture: 32 cells, white for 1: ``1010``, programme number (8), frame number (16),
check (4: the XOR of the seven nibbles before). As a process of its own it writes one line a change:
``<monotonic seconds> <programme> <frame>``, with programme 0 where no code is on the screen, -1 where all is black.
Pictures that leave bars at both sides are read too where their shapes are named, as ``4:3``.
"""

import ctypes
import ctypes.util
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

CELLS = 32
NOTHING, BLACK = 0, -1
_ALL_PLANES, _ZPIXMAP = ctypes.c_ulong(~0), 2


@dataclass(frozen=True)
class Sighting:
    """What the screen showed at one moment. ``monotonic`` is CLOCK_MONOTONIC in seconds."""

    monotonic: float
    programme: int
    frame: int


class _Image(ctypes.Structure):
    _fields_ = (
        ("width", ctypes.c_int),
        ("height", ctypes.c_int),
        ("xoffset", ctypes.c_int),
        ("format", ctypes.c_int),
        ("data", ctypes.POINTER(ctypes.c_ubyte)),
        ("byte_order", ctypes.c_int),
        ("bitmap_unit", ctypes.c_int),
        ("bitmap_bit_order", ctypes.c_int),
        ("bitmap_pad", ctypes.c_int),
        ("depth", ctypes.c_int),
        ("bytes_per_line", ctypes.c_int),
    )


class Screen:
    """One row of pixels of an X screen, read again and again. Raises OSError where there is no such display."""

    def __init__(self, display: str, row: int | None = None) -> None:
        """``row`` counts from the top; without it, it is the one in the middle of the bar code."""
        x11 = ctypes.CDLL(ctypes.util.find_library("X11") or "libX11.so.6")
        x11.XOpenDisplay.restype = ctypes.c_void_p
        x11.XDefaultRootWindow.restype = ctypes.c_ulong
        x11.XGetImage.restype = ctypes.POINTER(_Image)
        self._x11 = x11
        opened = x11.XOpenDisplay(display.encode())
        if not opened:
            raise OSError(f"no X display {display}; start one, or set DISPLAY")
        handle = ctypes.c_void_p(opened)
        root = ctypes.c_ulong(x11.XDefaultRootWindow(handle))
        self.width: int = x11.XDisplayWidth(handle, 0)
        self.height: int = x11.XDisplayHeight(handle, 0)
        y = self.height - max(1, self.height // 36) if row is None else row
        self._source = (handle, root, 0, y, self.width, 1, _ALL_PLANES, _ZPIXMAP)
        self._image: ctypes._Pointer[_Image] = x11.XGetImage(*self._source)

    def row(self) -> bytes:
        """The row as it is on the screen now: four bytes a pixel (blue, green, red, unused)."""
        self._x11.XGetSubImage(*self._source, self._image, 0, 0)
        return ctypes.string_at(self._image.contents.data, self.width * 4)


def read(row: bytes, width: int) -> tuple[int, int]:
    """Programme and frame that a row of the bar code tells: (0, 0) where it is none, (-1, 0) where it is black."""
    cells = [row[4 * ((2 * cell + 1) * width // (2 * CELLS)) + 1] > 127 for cell in range(CELLS)]
    number = sum(1 << (CELLS - 1 - place) for place, white in enumerate(cells) if white)
    nibbles = [number >> shift & 15 for shift in range(28, -4, -4)]
    check = 0
    for nibble in nibbles[:7]:
        check ^= nibble
    if nibbles[0] == 0b1010 and check == nibbles[7]:
        return number >> 20 & 255, number >> 4 & 65535
    return (NOTHING if max(row) > 24 and any(byte > 24 for byte in row[1::4]) else BLACK), 0


def stretches(shapes: Sequence[Fraction], width: int, height: int) -> list[tuple[int, int]]:
    """The columns, from and to, that pictures of these shapes (width to height) take up, if they leave bars aside."""
    wides = [width, *(wide for shape in shapes if (wide := round(height * shape)) < width)]
    return [((width - wide) // 2, (width + wide) // 2) for wide in wides]


def read_any(row: bytes, places: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """:func:`read` in the first of the ``places`` where there is a code; where there is none, in the first of all."""
    for left, right in places:
        seen = read(row[4 * left : 4 * right], right - left)
        if seen[0] > 0:
            return seen
    return read(row, len(row) // 4)


def watch(display: str, every: float, shapes: Sequence[Fraction] = ()) -> Iterator[Sighting]:
    """Sample ``display`` every ``every`` seconds; yield a sighting when it differs from the last, or each second.

    Black is a screen whose middle is black as well: a picture may leave bars. Where more
    than three periods lie between two samples, the last sighting is yielded again first, with the time of its sample.
    """
    screen = Screen(display)
    middle = Screen(display, screen.height // 2)
    places = stretches(shapes, screen.width, screen.height)
    last, spoke = (-2, -2), 0.0
    due = looked = time.monotonic()
    while True:
        before = time.monotonic()
        seen = read_any(screen.row(), places)
        if seen[0] == BLACK and read(middle.row(), middle.width)[0] != BLACK:
            seen = (NOTHING, 0)
        if seen != last or before - spoke >= 1:
            if before - looked > 3 * every and looked > spoke:
                yield Sighting(looked, *last)
            last, spoke = seen, before
            yield Sighting(before, *seen)
        looked = before
        due = max(due + every, before)
        time.sleep(max(0.0, due - time.monotonic()))


def main() -> None:
    """``python -m kiosk.demo.sampler DISPLAY [MILLISECONDS [SHAPE ...]]``: one line a sighting, till nobody reads."""
    every = float(sys.argv[2]) / 1000 if len(sys.argv) > 2 else 0.005
    shapes = [Fraction(shape.replace(":", "/")) for shape in sys.argv[3:]]
    try:
        for seen in watch(sys.argv[1], every, shapes):
            sys.stdout.write(f"{seen.monotonic:.6f} {seen.programme} {seen.frame}\n")
            sys.stdout.flush()
    except (BrokenPipeError, KeyboardInterrupt):
        pass


if __name__ == "__main__":
    main()
