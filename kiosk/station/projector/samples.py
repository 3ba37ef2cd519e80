"""Sound as it goes through a child: its form, and the short fades without which a wave that is broken off clicks."""

import math
from array import array
from operator import mul

RATE = 48000
"""Frames a second."""
FRAME = 4
"""Bytes: two channels of 16 bits, in the machine's order."""
FADE_FRAMES = RATE // 100
FADE = FADE_FRAMES / RATE
CURVE = [0.5 - 0.5 * math.cos(math.pi * place / FADE_FRAMES) for place in range(FADE_FRAMES + 1)]
"""From silence to full loudness."""
AUDIBLE = 0.02
"""The share of the loudest sample from which on something is heard."""


def shaded(samples: "array[int]", shares: list[float]) -> "array[int]":
    """The samples, each frame multiplied by its share."""
    return array("h", map(int, map(mul, samples, [share for share in shares for _ in range(2)])))


def faded_in(frames: bytes) -> bytes:
    """The frames with a fade from the first one that is heard: a decoder that starts anew breaks in with its sound."""
    samples = array("h", frames)
    faint = AUDIBLE * max(map(abs, samples), default=0)
    first = 2 * (next((n for n, sample in enumerate(samples) if abs(sample) > faint), 0) // 2)
    last = min(len(samples), first + 2 * FADE_FRAMES)
    samples[first:last] = shaded(samples[first:last], CURVE[: (last - first) // 2])
    return samples.tobytes()


def fading_out(frames: bytes, left: int) -> bytes:
    """The frames with what belongs to them of a fade to the last one that there is, ``left`` frames after these;
    negative where that one is among them."""
    count = len(frames) // FRAME
    shares = [CURVE[max(0, min(FADE_FRAMES, left + count - n))] for n in range(count)]
    return shaded(array("h", frames), shares).tobytes()
