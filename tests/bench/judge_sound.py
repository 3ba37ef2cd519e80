"""Judges how cuts sound by a recording of both sides. Pure: samples, sightings and a plan go in, figures come out.

Programmes that follow each other sound on different sides, each with a tone of its own (:mod:`voices`). Instants are
CLOCK_MONOTONIC in seconds, lengths milliseconds. A cut reaches from the middle of the old programme to the middle of
the new one.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean

from hearing import Heard, Tape, Voice, beeps, click, first_sample, last_sample, peaks
from judge_cuts import percentile

from kiosk.demo.sampler import Sighting

SILENT = 0.1
"""Under this share of its level (-20 dB) a programme is silent."""
GONE = 0.01
"""Under this share of its level (-40 dB) nothing is left of a programme."""
TOUCHING_MS = 1.0
"""An old programme that is heard no longer than this after the new one began is not heard after it."""
CLICK_REACH_S = 0.03
"""A click of a cut is heard so shortly before or after it."""
CALM_BEFORE_S, CALM_AFTER_S = (0.35, 0.25), (0.37, 0.47)
"""Where the same is measured for comparison, so far from a cut: no beep is there."""


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
    calm_db: float | None = None
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


def _cut(tape: Tape, old: tuple[Part, Heard], new: tuple[Part, Heard], due: float | None, seen: float | None) -> Cut:
    (leaving, was), (coming, now) = old, new
    begin = first_sample(tape, coming.voice.side, was.middle, now.middle, GONE * now.level)
    end = last_sample(tape, leaving.voice.side, was.middle, now.middle, GONE * was.level)
    edges = sorted((begin, end))
    loudest = max(was.level, now.level)
    calm = [[edges[0] - before for before in CALM_BEFORE_S], [edges[1] + after for after in CALM_AFTER_S]]
    return Cut(
        old=leaving.name,
        new=coming.name,
        silence_ms=_silence(tape, ((leaving, was), (coming, now))),
        overlap_ms=max(0.0, end - begin) * 1000,
        late_ms=None if due is None else (begin - due) * 1000,
        start_ms=None if seen is None else (begin - seen) * 1000,
        tail_ms=None if seen is None else (end - seen) * 1000,
        click_db=click(tape, edges[0] - CLICK_REACH_S, edges[1] + CLICK_REACH_S, loudest),
        calm_db=max(click(tape, *stretch, loudest) for stretch in calm),
    )


def _silence(tape: Tape, both: Sequence[tuple[Part, Heard]]) -> float:
    """How many milliseconds between the middles of two programmes are silent. No tone rests for one."""
    begin, end = (heard.middle for _, heard in both)
    blocks = [peaks(tape, part.voice.side, begin, end) for part, _ in both]
    least = [SILENT * heard.level for _, heard in both]
    return float(sum(one < least[0] and other < least[1] for one, other in zip(*blocks, strict=True)))


def offsets(tape: Tape, sightings: Sequence[Sighting], part: Part, heard: Heard) -> list[float]:
    """Milliseconds by which each beep of a programme sounded after the nearest of their pictures was seen.

    What the file itself is off is taken away. A beep that did not sound is no offset: it is silence.
    """
    lags = part.lag_ms or (0.0,) * len(part.voice.beeps)
    lag_ms = dict(zip(part.voice.beeps, lags, strict=True)) if part.number else {}
    seen: dict[int, float] = {}
    for sighting in sightings:
        if sighting.programme == part.number and sighting.frame in lag_ms:
            seen.setdefault(sighting.frame, sighting.monotonic)
    if not seen:
        return []
    found = []
    for beep in beeps(tape, part.voice, heard):
        frame = min(seen, key=lambda one: abs(beep - seen[one]))
        found.append((beep - seen[frame]) * 1000 - lag_ms[frame])
    return found


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
