"""Records what the loudspeaker is given, and finds out when each sample of it sounded.

Before and after, bursts are played to the same loudspeaker. PulseAudio tells at what instant a sample that is written
will sound, to a small part of a millisecond where its buffer never runs dry; the recording tells which one it was. A
loudspeaker has a clock of its own (PulseAudio's null sink runs fast by up to a microsecond for each piece that it asks
for): the bursts before and after have to lie on one straight line, not much steeper than a crystal's, or the recording
has a hole.
"""

import array
import contextlib
import ctypes
import math
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

from hearing import Tape

RATE, SIDES, SAMPLE = 48000, 2, 4
FLOAT32LE, PLAYBACK, UNSAID = 5, 1, 0xFFFFFFFF
"""As PulseAudio's headers have them."""
BURSTS = 4
"""So many before, and as many after."""
AGREE = 3
"""At least so many of those before have to agree, and of those after."""
BURST_HZ, BURST_LEVEL = 4000, 0.25
CHUNK_S, SETTLE, ASKED = 0.01, 15, 50
"""What is written at a time; how many chunks go before the first question and the burst."""
BUFFER_S = 0.1
STEADY_S = 0.002
"""Answers that differ by more are of a buffer that ran dry."""
DELIVERED_S = 3.0
"""A loudspeaker that takes back what it was given hands it to a recorder after two seconds."""
MAY_DIFFER_S = 0.001
"""Bursts that agree differ from their median by no more."""
MOST_DRIFT = 200e-6
"""By how much the loudspeaker's clock may be too fast or too slow; a cheap crystal's is by a quarter of that."""


class _Spec(ctypes.Structure):
    _fields_ = (("format", ctypes.c_int), ("rate", ctypes.c_uint32), ("channels", ctypes.c_uint8))


class _Buffer(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_uint32) for name in ("maxlength", "tlength", "prebuf", "minreq", "fragsize"))


class Recording:
    """What was recorded, once it is over."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.bursts: list[float] = []
        """When each burst sounded: CLOCK_MONOTONIC in seconds."""

    def tape(self) -> Tape:
        """The samples with their time base; says how exact that is. Ends the bench where it is not."""
        samples = array.array("f")
        samples.frombytes(self._file.read_bytes()[: -(self._file.stat().st_size % (SIDES * SAMPLE)) or None])
        sides = samples[::SIDES], samples[1::SIDES]
        places = _places(sides[0], self.bursts)
        starts = [instant - place / RATE for instant, place in zip(self.bursts, places, strict=True)]
        ends = [median(starts[:BURSTS]), median(starts[BURSTS:])]
        off = [one - ends[n // BURSTS] for n, one in enumerate(starts)]
        agreeing = [one for one in off if abs(one) <= MAY_DIFFER_S]
        middles = [median(places[:BURSTS]), median(places[BURSTS:])]
        drift = (ends[1] - ends[0]) * RATE / (middles[1] - middles[0])
        if len(agreeing) < 2 * AGREE or abs(drift) > MOST_DRIFT:
            told = ", ".join(f"{one * 1000:.1f}" for one in (one - median(starts) for one in starts))
            sys.exit(f"the recording and the clock do not go together: by the bursts they are {told} ms off")
        differ = (max(agreeing) - min(agreeing)) * 1000
        sys.stderr.write(f"  {len(agreeing)} of {len(off)} bursts agree on the time base within {differ:.2f} ms\n")
        sys.stderr.write(f"  the loudspeaker's clock is off by {-drift * 1e6:+.0f} ppm\n")
        return Tape(sides, ends[0] - drift * middles[0] / RATE, RATE, 1 + drift)


@contextlib.contextmanager
def recording(file: Path) -> Iterator[Recording]:
    """Record into ``file`` until the block ends. The loudspeaker has to be silent before and after."""
    tape = Recording(file)
    command = ["parec", "--raw", "--format=float32le", f"--rate={RATE}", f"--channels={SIDES}"]
    with file.open("wb") as out:
        # without a wish for the latency, so that the loudspeaker goes on as if nobody listened
        process = subprocess.Popen([*command, "--device=@DEFAULT_MONITOR@"], stdout=out, stderr=subprocess.DEVNULL)
        try:
            time.sleep(0.5)
            tape.bursts += [burst() for _ in range(BURSTS)]
            yield tape
            tape.bursts += [burst() for _ in range(BURSTS)]
            time.sleep(DELIVERED_S)
        finally:
            process.kill()
            process.wait()


def burst() -> float:
    """Play a burst; the instant at which its first sample sounds. Tries again where the buffer ran dry."""
    for _ in range(10):
        answers, before = _play()
        if max(answers) - min(answers) < STEADY_S:
            return median(answers) + before
    sys.exit("PulseAudio does not say when a sample sounds; is this computer too busy?")


def _play() -> tuple[list[float], float]:
    """Play a burst. When the stream's first sample sounds, as it was said again and again; seconds up to the burst."""
    pulse = ctypes.CDLL("libpulse-simple.so.0")
    pulse.pa_simple_new.restype = ctypes.c_void_p
    pulse.pa_simple_get_latency.restype = ctypes.c_uint64
    chunk = round(CHUNK_S * RATE)
    silence = bytes(chunk * SIDES * SAMPLE)
    turns = (2 * math.pi * BURST_HZ * n / RATE for n in range(chunk))
    tone = array.array("f", [BURST_LEVEL * math.cos(turn) for turn in turns for _ in range(SIDES)]).tobytes()
    spec = _Spec(FLOAT32LE, RATE, SIDES)
    buffer = _Buffer(UNSAID, round(BUFFER_S * RATE) * SIDES * SAMPLE, UNSAID, UNSAID, UNSAID)
    about = (ctypes.byref(spec), None, ctypes.byref(buffer), None)
    stream = ctypes.c_void_p(pulse.pa_simple_new(None, b"burst", PLAYBACK, None, b"burst", *about))
    if not stream:
        sys.exit("PulseAudio takes no sound")
    try:
        answers: list[float] = []
        for place in range(ASKED + 1):
            pulse.pa_simple_write(stream, tone if place == ASKED else silence, len(silence), None)
            if place >= SETTLE:
                asked = time.monotonic()
                latency = pulse.pa_simple_get_latency(stream, None) / 1e6
                answers.append((asked + time.monotonic()) / 2 + latency - (place + 1) * CHUNK_S)
        pulse.pa_simple_drain(stream, None)
    finally:
        pulse.pa_simple_free(stream)
    return answers, ASKED * CHUNK_S


def _places(samples: Sequence[float], bursts: Sequence[float]) -> list[int]:
    """Which sample was the first of each burst. The first sound in a recording is the first burst."""
    found = [_sounds(samples, 0, len(samples))]
    for instant in bursts[1:]:
        about = found[0] + round((instant - bursts[0]) * RATE)
        found.append(_sounds(samples, about - RATE // 10, about + RATE // 10))
    return found


def _sounds(samples: Sequence[float], begin: int, end: int) -> int:
    """The first loud sample between two of them."""
    place = next((n for n in range(max(0, begin), min(end, len(samples))) if abs(samples[n]) > BURST_LEVEL / 2), None)
    if place is None:
        sys.exit("a burst is not in the recording; something else played to the loudspeaker, or it has a hole")
    return place
