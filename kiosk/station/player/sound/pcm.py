"""The form of sound in a child (16 bits, stereo, 48 kHz), and short fades: a wave that is broken off clicks."""

import audioop
import math
from array import array
from operator import mul

RATE = 48000
"""Frames a second."""
WIDTH, FRAME = 2, 4
"""Bytes of a sample, 16 bits in the machine's order, and of a frame, two channels."""
FADE_FRAMES = RATE // 100
FADE = FADE_FRAMES / RATE
CURVE = [0.5 - 0.5 * math.cos(math.pi * place / FADE_FRAMES) for place in range(FADE_FRAMES + 1)]
"""From silence to full loudness."""
AUDIBLE = 0.02
"""The share of the loudest sample from which on a sample counts as heard."""


def shaded(frames: bytes, shares: list[float]) -> bytes:
    """The frames, each multiplied by its share, of 1 at most."""
    each = [share for share in shares for _ in range(FRAME // WIDTH)]
    return array("h", map(int, map(mul, array("h", frames), each))).tobytes()


def faded_in(frames: bytes) -> bytes:
    """The frames with a fade-in from the first one that is heard: a decoder that starts anew begins abruptly."""
    samples = array("h", frames)
    faint = AUDIBLE * audioop.max(frames, WIDTH)
    first = next((n for n, sample in enumerate(samples) if abs(sample) > faint), 0) * WIDTH // FRAME * FRAME
    last = min(len(frames), first + FADE_FRAMES * FRAME)
    return frames[:first] + shaded(frames[first:last], CURVE[: (last - first) // FRAME]) + frames[last:]


def fading_out(frames: bytes, left: int) -> bytes:
    """The frames with their part of a fade-out that ends ``left`` frames after them; negative where it ends among
    them."""
    count = len(frames) // FRAME
    return shaded(frames, [CURVE[max(0, min(FADE_FRAMES, left + count - n))] for n in range(count)])
