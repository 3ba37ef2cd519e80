"""Finds in a recording of both sides where a tone sounds, where it goes up, and what is neither. Pure.

Instants are CLOCK_MONOTONIC in seconds, levels amplitudes.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import mul
from statistics import fmean, median

SEARCH_S, STEP_S, THIN = 0.1, 0.05, 4
"""A tone is looked for in windows so long, every so often, in one sample of so many."""
PURE = 0.7
"""From this share of a window's peak on, the tone is what sounds in it."""
BEEP_WINDOW_S, BEEP_STEP_S = 0.02, 0.0025
CLICK_HZ, CLICK_WINDOW_S = 5000, 0.005
"""A click is what sounds up there, where no tone is."""
POLES = 8
"""Of the high-pass for clicks: it leaves of the tones -105 dB, of their beeps -59 dB."""
WARM_S = 0.02
"""What it needs to get over its own beginning."""


@dataclass(frozen=True)
class Voice:
    """What is to be heard of a clip. ``side`` is 0 for left, 1 for right."""

    side: int
    hertz: float
    beeps: tuple[int, ...]
    """The pictures with which the tone goes up by an octave for a moment."""


@dataclass(frozen=True)
class Tape:
    """A recording: the samples of both sides, and when the first of them sounded."""

    sides: tuple[Sequence[float], Sequence[float]]
    start: float
    rate: int = 48000
    pace: float = 1.0
    """Seconds of CLOCK_MONOTONIC in one of the loudspeaker's, which has a clock of its own."""

    def place(self, instant: float) -> int:
        """The sample that sounded at an instant, or the first or last one."""
        return max(0, min(len(self.sides[0]), round((instant - self.start) / self.pace * self.rate)))

    def instant(self, place: int) -> float:
        """When a sample sounded."""
        return self.start + place / self.rate * self.pace

    def between(self, side: int, begin: float, end: float) -> Sequence[float]:
        """The samples of one side between two instants."""
        return self.sides[side][self.place(begin) : self.place(end)]


@dataclass(frozen=True)
class Heard:
    """Where a programme was heard. ``level`` is the amplitude of its tone."""

    begin: float
    end: float
    level: float

    @property
    def middle(self) -> float:
        return (self.begin + self.end) / 2


def find(tape: Tape, voice: Voice) -> Heard | None:
    """Where a tone is what sounds on its side, to the tenth of a second; None where it never is."""
    samples = tape.sides[voice.side][::THIN]
    rate = tape.rate / THIN
    tones = [_tone(hertz, round(SEARCH_S * rate), rate) for hertz in (voice.hertz, 2 * voice.hertz)]
    found: list[tuple[float, float]] = []
    for place in range(0, len(samples) - round(SEARCH_S * rate), round(STEP_S * rate)):
        window = samples[place : place + round(SEARCH_S * rate)]
        strongest = max(window)
        if strongest > 1e-4 and (level := max(_level(window, tone) for tone in tones)) > PURE * strongest:
            found.append((tape.instant(place * THIN), level))
    if not found:
        return None
    return Heard(found[0][0], found[-1][0] + SEARCH_S, median(level for _, level in found))


def first_sample(tape: Tape, side: int, begin: float, end: float, least: float) -> float:
    """When the first sample above a level sounds between two instants; at the end where none does."""
    samples = tape.between(side, begin, end)
    place = next((n for n, sample in enumerate(samples) if abs(sample) > least), len(samples))
    return tape.instant(tape.place(begin) + place)


def last_sample(tape: Tape, side: int, begin: float, end: float, least: float) -> float:
    """When the last such sample is over; just after the beginning where there is none."""
    samples = tape.between(side, begin, end)
    place = next((n for n in range(len(samples) - 1, -1, -1) if abs(samples[n]) > least), 0)
    return tape.instant(tape.place(begin) + place + 1)


def peaks(tape: Tape, side: int, begin: float, end: float) -> list[float]:
    """The peak of each whole millisecond."""
    samples, size = tape.between(side, begin, end), tape.rate // 1000
    return [max(map(abs, samples[at : at + size])) for at in range(0, len(samples) - size + 1, size)]


def click(tape: Tape, begin: float, end: float, level: float) -> float:
    """The loudest 5 ms of what is above CLICK_HZ on both sides between two instants, in dB against a tone's level."""
    size = round(CLICK_WINDOW_S * tape.rate)
    power: list[float] = []
    for side in (0, 1):
        high = _high_pass(tape.between(side, begin - WARM_S, end), tape.rate)[round(WARM_S * tape.rate) :]
        power = [one * one + other for one, other in zip(high, power or [0.0] * len(high), strict=True)]
    step = tape.rate // 1000
    loudest = max((fmean(power[at : at + size]) for at in range(0, len(power) - size + 1, step)), default=0.0)
    return 10 * math.log10(max(loudest, 1e-20) / (level * level / 2))


def _high_pass(samples: Sequence[float], rate: int) -> list[float]:
    """Butterworth, by biquads of the bilinear transform."""
    warped = math.tan(math.pi * CLICK_HZ / rate)
    out = list(samples)
    for n in range(POLES // 2):
        damping = 2 * math.sin(math.pi * (2 * n + 1) / (2 * POLES)) * warped
        scale = 1 + damping + warped * warped
        a1, a2 = 2 * (warped * warped - 1) / scale, (1 - damping + warped * warped) / scale
        x1 = x2 = y1 = y2 = 0.0
        for place, x in enumerate(out):
            y = (x - 2 * x1 + x2) / scale - a1 * y1 - a2 * y2
            x2, x1, y2, y1 = x1, x, y1, y
            out[place] = y
    return out


def beeps(tape: Tape, voice: Voice, heard: Heard) -> Iterator[float]:
    """When the tone goes up: its octave becomes louder than itself in a window around that instant."""
    size = round(BEEP_WINDOW_S * tape.rate)
    tones = [_tone(hertz, size, tape.rate) for hertz in (voice.hertz, 2 * voice.hertz)]
    samples, step = tape.sides[voice.side], round(BEEP_STEP_S * tape.rate)
    before = 0.0
    for place in range(tape.place(heard.begin), tape.place(heard.end) - size, step):
        window = samples[place : place + size]
        low, high = (_level(window, tone) for tone in tones)
        now = high - low if high + low > heard.level / 2 else 0.0
        if before < 0 < now:
            yield tape.instant(place + size // 2) - BEEP_STEP_S * now / (now - before)
        before = now


Tone = tuple[Sequence[float], Sequence[float]]


def _tone(hertz: float, size: int, rate: float) -> Tone:
    """What to multiply a window with to get the amplitude of a tone in it."""
    hann = [(1 - math.cos(2 * math.pi * (n + 0.5) / size)) * 2 / size for n in range(size)]
    turns = [2 * math.pi * hertz * n / rate for n in range(size)]
    return list(map(mul, hann, map(math.cos, turns))), list(map(mul, hann, map(math.sin, turns)))


def _level(window: Sequence[float], tone: Tone) -> float:
    return math.hypot(sum(map(mul, window, tone[0])), sum(map(mul, window, tone[1])))
