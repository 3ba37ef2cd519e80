"""Judges how cuts sound by a recording of both sides. Pure: samples, sightings and a plan go in, figures come out.

Programmes that follow each other sound on different sides, each with a tone of its own (:mod:`voices`). Instants are
CLOCK_MONOTONIC in seconds, lengths milliseconds. A cut reaches from the middle of the old programme to the middle of
the new one.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import mul
from statistics import fmean

from judge_cuts import percentile

from kiosk.demo.sampler import Sighting

SILENT = 0.1
"""Under this share of its level (-20 dB) a programme is silent."""
GONE = 0.01
"""Under this share of its level (-40 dB) nothing is left of a programme."""
TOUCHING_MS = 1.0
"""An old programme that is heard no longer than this after the new one began is not heard after it."""
SEARCH_S, STEP_S, THIN = 0.1, 0.05, 4
"""A programme is looked for in windows so long, every so often, in one sample of so many."""
PURE = 0.7
"""From this share of a window's amplitude on, the tone is what sounds in it."""
BEEP_WINDOW_S, BEEP_STEP_S = 0.02, 0.0025
APART_S = 0.24
"""A beep that is farther than this from its picture is not its beep."""
CLICK_HZ, CLICK_WINDOW_S, CLICK_REACH_S = 5000, 0.005, 0.03
"""A click is what sounds above CLICK_HZ, where no tone is, from CLICK_REACH_S before a cut to as much after it."""
POLES = 8
"""Of the high-pass for clicks: it leaves of the tones -105 dB, of their beeps -59 dB."""
STEADY_S = (0.25, 0.35)
"""Where the same is measured for comparison, so far from a cut: no beep is there."""


@dataclass(frozen=True)
class Voice:
    """What is to be heard of a clip. ``side`` is 0 for left, 1 for right."""

    side: int
    hertz: float
    beeps: tuple[int, ...]
    """The pictures with which the tone goes up by an octave for a moment."""


@dataclass(frozen=True)
class Part:
    """A programme of the plan. ``number`` is its bar code; 0 where it has no picture."""

    name: str
    number: int
    duration_ms: int
    voice: Voice
    lag_ms: tuple[float, ...] = ()
    """By how much each beep comes after its picture by the file itself; nothing is the same as 0 for each."""


@dataclass(frozen=True)
class Tape:
    """A recording: the samples of both sides, and when the first of them sounded."""

    sides: tuple[Sequence[float], Sequence[float]]
    start: float
    rate: int = 48000

    def place(self, instant: float) -> int:
        """The sample that sounded at an instant, or the first or last one."""
        return max(0, min(len(self.sides[0]), round((instant - self.start) * self.rate)))

    def instant(self, place: int) -> float:
        """When a sample sounded."""
        return self.start + place / self.rate

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


@dataclass(frozen=True)
class Cut:
    """One cut as it was heard; None where there is nothing to compare with."""

    old: str
    new: str
    silence_ms: float
    """Both programmes were silent."""
    overlap_ms: float | None = None
    """For how long the old programme was heard after the first sample of the new one."""
    late_ms: float | None = None
    """The first sample of the new programme after its due instant."""
    start_ms: float | None = None
    """The first sample of the new programme after the first sight of its picture."""
    tail_ms: float | None = None
    """The last sample of the old programme after the first sight of the new picture."""
    click_db: float | None = None
    """The loudest 5 ms of what no tone explains, against the louder programme."""
    steady_db: float | None = None
    """The same away from the cut: what codecs leave."""


def judge(
    tape: Tape,
    sightings: Sequence[Sighting],
    plan: Sequence[Part],
    heard: Sequence[Heard | None],
    start: float | None = None,
) -> tuple[Cut, ...]:
    """Every cut between the programmes of ``plan``, all different. ``start`` is when the first one was due, if any."""
    due = math.nan if start is None else start
    cuts: list[Cut] = []
    for (old, was), (new, now) in pairwise(zip(plan, heard, strict=True)):
        due += old.duration_ms / 1000
        if was and now:
            seen = next((one.monotonic for one in sightings if one.programme == new.number != 0), None)
            cuts.append(_cut(tape, (old, was), (new, now), None if math.isnan(due) else due, seen))
        else:
            cuts.append(Cut(old.name, new.name, float(new.duration_ms if was else old.duration_ms)))
    return tuple(cuts)


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
            found.append((tape.start + place / rate, level))
    if not found:
        return None
    return Heard(found[0][0], found[-1][0] + SEARCH_S, percentile(sorted(level for _, level in found), 50))


def _cut(tape: Tape, old: tuple[Part, Heard], new: tuple[Part, Heard], due: float | None, seen: float | None) -> Cut:
    (leaving, was), (coming, now) = old, new
    begin = _first_sample(tape, coming.voice.side, was.middle, now.middle, GONE * now.level)
    end = _last_sample(tape, leaving.voice.side, was.middle, now.middle, GONE * was.level)
    edges = sorted((begin, end))
    loudest = max(was.level, now.level)
    calm = [(edges[0] - STEADY_S[1], edges[0] - STEADY_S[0]), (edges[1] + STEADY_S[0], edges[1] + STEADY_S[1])]
    return Cut(
        old=leaving.name,
        new=coming.name,
        silence_ms=_silence(tape, ((leaving, was), (coming, now))),
        overlap_ms=max(0.0, end - begin) * 1000,
        late_ms=None if due is None else (begin - due) * 1000,
        start_ms=None if seen is None else (begin - seen) * 1000,
        tail_ms=None if seen is None else (end - seen) * 1000,
        click_db=click(tape, edges[0] - CLICK_REACH_S, edges[1] + CLICK_REACH_S, loudest),
        steady_db=max(click(tape, *stretch, loudest) for stretch in calm),
    )


def _first_sample(tape: Tape, side: int, begin: float, end: float, least: float) -> float:
    samples = tape.between(side, begin, end)
    place = next((n for n, sample in enumerate(samples) if abs(sample) > least), len(samples))
    return tape.instant(tape.place(begin) + place)


def _last_sample(tape: Tape, side: int, begin: float, end: float, least: float) -> float:
    samples = tape.between(side, begin, end)
    place = next((n for n in range(len(samples) - 1, -1, -1) if abs(samples[n]) > least), 0)
    return tape.instant(tape.place(begin) + place + 1)


def _silence(tape: Tape, both: Sequence[tuple[Part, Heard]]) -> float:
    """How many milliseconds between the middles of two programmes are silent. No tone rests for one."""
    begin, end = (heard.middle for _, heard in both)
    blocks = [_peaks(tape, part.voice.side, begin, end) for part, _ in both]
    least = [SILENT * heard.level for _, heard in both]
    return float(sum(one < least[0] and other < least[1] for one, other in zip(*blocks, strict=True)))


def _peaks(tape: Tape, side: int, begin: float, end: float) -> list[float]:
    """The peak of each whole millisecond."""
    samples, size = tape.between(side, begin, end), tape.rate // 1000
    return [max(map(abs, samples[at : at + size])) for at in range(0, len(samples) - size + 1, size)]


def click(tape: Tape, begin: float, end: float, level: float) -> float:
    """The loudest 5 ms of what is above CLICK_HZ on both sides between two instants, in dB against a tone's level."""
    warm = 0.02
    size = round(CLICK_WINDOW_S * tape.rate)
    power: list[float] = []
    for side in (0, 1):
        high = _high_pass(tape.between(side, begin - warm, end), tape.rate)[round(warm * tape.rate) :]
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


def offsets(tape: Tape, sightings: Sequence[Sighting], part: Part, heard: Heard) -> list[float]:
    """Milliseconds by which each beep of a programme sounded after its picture was seen, less those in the file."""
    if part.number == 0:
        return []
    sounded = list(beeps(tape, part.voice, heard))
    found = []
    for place, picture in enumerate(part.voice.beeps):
        seen = next((s.monotonic for s in sightings if (s.programme, s.frame) == (part.number, picture)), None)
        if seen is not None and sounded:
            beep = min(sounded, key=lambda at: abs(at - seen))
            if abs(beep - seen) < APART_S:
                found.append((beep - seen) * 1000 - (part.lag_ms[place] if part.lag_ms else 0.0))
    return found


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


def loudness(moments: Sequence[tuple[float, float]], heard: Heard) -> float | None:
    """LUFS of a programme, of the momentary loudness (instant of the end of its 400 ms, LUFS) within it."""
    inside = [10 ** (lufs / 10) for at, lufs in moments if heard.begin + 0.6 < at < heard.end - 0.2]
    return 10 * math.log10(fmean(inside)) if inside else None


def figures(cuts: Sequence[Cut], offsets_ms: Sequence[float], lufs: Mapping[str, float]) -> dict[str, float | None]:
    """The figures of one system, as the benchmark's JSON names them; None where there is nothing to measure."""
    silence = sorted(cut.silence_ms for cut in cuts)
    offsets_ms = sorted(offsets_ms)
    clicks = [cut.click_db for cut in cuts if cut.click_db is not None]
    return {
        "silence_ms_p50": percentile(silence, 50),
        "silence_ms_p99": percentile(silence, 99),
        "old_after_new": sum((cut.overlap_ms or 0.0) > TOUCHING_MS for cut in cuts),
        "level_difference_lu": round(max(lufs.values()) - min(lufs.values()), 1) if lufs else None,
        "av_offset_ms_p50": round(percentile(offsets_ms, 50), 1) if offsets_ms else None,
        "av_offset_ms_max": round(max(map(abs, offsets_ms)), 1) if offsets_ms else None,
        "click_db_max": round(max(clicks), 1) if clicks else None,
    }
