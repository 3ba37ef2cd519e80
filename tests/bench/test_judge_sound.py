"""The judge of the sound's benchmark hears what is wrong with a cut, and nothing where nothing is."""

import array
import math
from dataclasses import replace
from pathlib import Path

import pytest
from formats import make
from hearing import Tape, Voice, find
from judge_sound import Cut, Part, figures, judge, loudness, offsets
from recorder import BURST_HZ, BURST_LEVEL, Recording
from sound import lag, moments, order
from voices import BEEP_S, VOICES, voice

from kiosk.demo.sampler import Sighting

RATE = 48000
START = 1000.0
OLD = Part("old", 101, 2000, Voice(0, 625, (5, 18, 30)))
NEW = Part("new", 102, 2000, Voice(1, 700, (5, 18, 30)))
PLAN = (OLD, NEW)


def sounding(part: Part, begin: float, end: float, level: float = 0.15, fade: float = 0.01) -> list[float]:
    """One side of four seconds with a programme's tone from one instant to another (seconds from the start)."""
    samples, phase = [0.0] * (4 * RATE), 0.9
    for place in range(round(begin * RATE), round(end * RATE)):
        at = place / RATE
        high = any(0 <= at - begin - beep / 25 < BEEP_S for beep in part.voice.beeps)
        phase += 2 * math.pi * part.voice.hertz * (2 if high else 1) / RATE
        gain = min(1.0, (at - begin) / fade, (end - at) / fade) if fade else 1.0
        samples[place] = gain * level * math.sin(phase)
    return samples


def seen(part: Part, begin: float) -> list[Sighting]:
    return [Sighting(START + begin + frame / 25, part.number, frame) for frame in range(50)]


def the_cut(old: list[float], new: list[float], start: float | None = START) -> Cut:
    tape = Tape((old, new), START)
    heard = [find(tape, part.voice) for part in PLAN]
    (cut,) = judge(tape, [*seen(OLD, 0), *seen(NEW, 2)], PLAN, heard, start)
    return cut


def test_nothing_is_wrong_with_a_cut_that_fades() -> None:
    cut = the_cut(sounding(OLD, 0, 2), sounding(NEW, 2, 4))
    assert cut.silence_ms <= 3
    assert cut.overlap_ms == 0
    assert (cut.late_ms, cut.start_ms, cut.tail_ms) == (pytest.approx(0, abs=0.5),) * 3
    assert cut.click_db is not None and cut.click_db < -70


def test_silence_is_counted_in_milliseconds_also_where_the_sound_comes_and_goes() -> None:
    new = sounding(NEW, 2.08, 4)
    new[round(2.3 * RATE) : round(2.35 * RATE)] = [0.0] * round(0.05 * RATE)
    cut = the_cut(sounding(OLD, 0, 2), new)
    assert cut.silence_ms == pytest.approx(130, abs=4)
    assert cut.late_ms == pytest.approx(80, abs=0.5)


@pytest.mark.parametrize("new_level", [0.5, 0.02])
def test_old_programme_is_heard_after_the_new_one_began_however_loud_that_is(new_level: float) -> None:
    cut = the_cut(sounding(OLD, 0, 2.02, level=0.1), sounding(NEW, 2, 4, level=new_level))
    assert cut.overlap_ms == pytest.approx(20, abs=0.5)
    assert cut.tail_ms == pytest.approx(20, abs=0.5)
    assert figures([cut], [], {})["old_after_new"] == 1


def test_blip_of_the_new_programme_before_its_time_is_its_beginning() -> None:
    new = sounding(NEW, 2, 4)
    new[round(1.5 * RATE) : round(1.502 * RATE)] = new[3 * RATE : 3 * RATE + round(0.002 * RATE)]
    cut = the_cut(sounding(OLD, 0, 2), new)
    assert cut.late_ms == pytest.approx(-500, abs=1)
    assert cut.overlap_ms == pytest.approx(500, abs=1)


@pytest.mark.parametrize(("fade", "least", "most"), [(0.0, -46, -20), (0.002, -66, -58), (0.01, -100, -74)])
def test_tone_that_is_cut_off_clicks_and_one_that_fades_does_not(fade: float, least: float, most: float) -> None:
    cut = the_cut(sounding(OLD, 0, 2, fade=fade), sounding(NEW, 2, 4, level=0.1, fade=fade))
    assert cut.click_db is not None and least < cut.click_db < most
    assert cut.calm_db is not None and cut.calm_db < -90


def test_programme_that_is_never_heard_is_silence() -> None:
    cut = the_cut(sounding(OLD, 0, 2), [0.0] * (4 * RATE))
    assert cut == Cut("old", "new", 2000.0)
    wrong = replace(NEW, voice=replace(NEW.voice, hertz=800))
    assert the_cut(sounding(OLD, 0, 2), sounding(wrong, 2, 4)) == cut


def test_player_without_a_due_instant_is_late_for_nothing() -> None:
    assert the_cut(sounding(OLD, 0, 2), sounding(NEW, 2, 4), None).late_ms is None


@pytest.mark.parametrize("late", [0.0, 0.06, -0.13])
def test_each_beep_is_held_against_its_picture(late: float) -> None:
    tape = Tape((sounding(OLD, 0.5 + late, 2.5), [0.0] * (4 * RATE)), START)
    heard = find(tape, OLD.voice)
    assert heard
    assert offsets(tape, seen(OLD, 0.5), OLD, heard) == [pytest.approx(late * 1000, abs=0.2)] * 3
    of_the_file = replace(OLD, lag_ms=(10.0, 20.0, 30.0))
    expected = [pytest.approx(late * 1000 - lag, abs=0.2) for lag in (10, 20, 30)]
    assert offsets(tape, seen(OLD, 0.5), of_the_file, heard) == expected
    assert offsets(tape, seen(OLD, 0.5), replace(OLD, number=0), heard) == []


def test_beep_that_did_not_sound_is_no_offset() -> None:
    samples = sounding(OLD, 0.5, 2.5)
    samples[: round(0.9 * RATE)] = [0.0] * round(0.9 * RATE)
    tape = Tape((samples, [0.0] * (4 * RATE)), START)
    heard = find(tape, OLD.voice)
    assert heard
    assert offsets(tape, seen(OLD, 0.5), OLD, heard) == [pytest.approx(0, abs=0.2)] * 2


def test_loudness_is_that_of_the_tone_and_not_of_what_is_around_it(tmp_path: Path) -> None:
    recorded = tmp_path / "recorded"
    found = []
    for level in (0.4, 0.04):
        sides = (sounding(OLD, 1, 3, level), [0.0] * (4 * RATE))
        recorded.write_bytes(array.array("f", [x for pair in zip(*sides, strict=True) for x in pair]).tobytes())
        heard = find(Tape(sides, 0.0), OLD.voice)
        assert heard
        found.append(loudness(moments(recorded), heard) or 0.0)
    assert found[0] - found[1] == pytest.approx(20, abs=0.1)
    assert found[0] == pytest.approx(-11, abs=2)


def test_figures_take_the_worst() -> None:
    cuts = [Cut("a", "b", 3.0, 0.5, click_db=-80.0), Cut("b", "c", 61.0, 1.5, click_db=-30.04), Cut("c", "d", 10.0)]
    assert figures(cuts, [-50.04, 2.0, 1.0], {"a": -23.0, "b": -21.5, "c": -24.1}) == {
        "silence_ms_p50": 10.0,
        "silence_ms_p99": 61.0,
        "old_after_new": 1,
        "level_difference_lu": 2.6,
        "av_offset_ms_p50": 1.0,
        "av_offset_ms_max": 50.0,
        "click_db_max": -30.0,
    }
    assert figures(cuts[2:], [], {})["av_offset_ms_max"] is None


def burst_tape(file: Path, bursts: list[float]) -> Recording:
    """A recording that began at START, with a burst at each instant."""
    samples = [0.0] * (4 * RATE)
    for instant in bursts:
        for n in range(RATE // 100):
            samples[round((instant - START) * RATE) + n] = BURST_LEVEL * math.cos(2 * math.pi * BURST_HZ * n / RATE)
    file.write_bytes(array.array("f", [x for sample in samples for x in (sample, sample)]).tobytes() + b"cut")
    return Recording(file)


BURSTS = [START + 0.5 + 0.4 * n for n in range(8)]


def test_bursts_tell_when_a_recording_began_and_one_that_is_off_is_outvoted(tmp_path: Path) -> None:
    recorded = burst_tape(tmp_path / "recorded", BURSTS)
    recorded.bursts += [*BURSTS[:2], BURSTS[2] - 0.005, *BURSTS[3:]]
    tape = recorded.tape()
    assert tape.start == pytest.approx(START, abs=0.0001)
    assert len(tape.sides[0]) == len(tape.sides[1]) == 4 * RATE


def test_loudspeaker_with_a_clock_of_its_own_is_followed(tmp_path: Path) -> None:
    fast = 1 + 150e-6
    recorded = burst_tape(tmp_path / "recorded", [START + (burst - START) * fast for burst in BURSTS])
    recorded.bursts += BURSTS
    tape = recorded.tape()
    assert tape.instant(tape.place(BURSTS[7])) == pytest.approx(BURSTS[7], abs=0.0001)
    assert tape.instant(4 * RATE) == pytest.approx(START + 4 / fast, abs=0.0001)


@pytest.mark.parametrize("missing", [0.01, 0.3])
def test_hole_in_a_recording_ends_the_bench(tmp_path: Path, missing: float) -> None:
    recorded = burst_tape(tmp_path / "recorded", [*BURSTS[:4], *(burst - missing for burst in BURSTS[4:])])
    recorded.bursts += BURSTS
    with pytest.raises(SystemExit):
        recorded.tape()


def test_sides_take_turns_in_each_block_and_no_clip_comes_twice() -> None:
    blocks = order(40)
    assert sum(len(block) - 1 for block in blocks) >= 40
    for block in blocks:
        sides = [voice(one).side for one in block]
        assert all(here != there for here, there in zip(sides, sides[1:], strict=False))
        assert len({one.name for one in block}) == len(block)
    assert {voice(one).side for one in VOICES} == {0, 1}
    assert len({(voice(one).side, voice(one).hertz) for one in VOICES}) == len(VOICES)


def test_what_a_file_is_off_by_itself_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """ffmpeg's encoder for MP3 begins with 23 ms that are not in its source, and AVI has no word for that."""
    film = next(one for one in VOICES if one.clip.file.endswith(".avi"))
    monkeypatch.setattr("sound.formats.make", lambda one: make(one, tmp_path))
    assert lag(film) == (pytest.approx(23, abs=1),) * len(voice(film).beeps)
