"""The rule that evens loudness out: its bounds as properties, and what it does to sound that ffmpeg has measured."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from playout_room import LAW, Room, at, document, slot, week

from kiosk.common.media import Media, measure
from kiosk.contract.playlist import Programme
from kiosk.contract.station import StationDocument
from kiosk.station.playout.loudness import HEADROOM_DB, MOST_DB, gain_db

TARGET = StationDocument(town="t", station="s", group="g", version=1, issued_ms=0, name="Room").target_clufs
loudnesses = st.integers(-7000, 2000)
peaks = st.integers(-8000, 2000)
targets = st.integers(-4000, -500)


def sound(loudness: int | None, peak: int | None) -> Programme:
    return msgspec.structs.replace(LAW, loudness_clufs=loudness, peak_cdbtp=peak)


# --- the rule ---


@given(loudnesses, peaks, targets)
def test_programme_is_brought_to_the_target_or_as_near_as_its_bounds_allow(
    loudness: int, peak: int, target: int
) -> None:
    gain = gain_db(sound(loudness, peak), target)
    after, top = loudness / 100 + gain, peak / 100 + gain
    assert after <= target / 100 + 1e-9
    assert top <= -HEADROOM_DB + 1e-9
    assert gain <= MOST_DB
    assert after == pytest.approx(target / 100) or top == pytest.approx(-HEADROOM_DB) or gain == MOST_DB


@given(loudnesses, targets)
def test_programme_whose_peak_is_unknown_is_never_turned_up(loudness: int, target: int) -> None:
    assert gain_db(sound(loudness, None), target) == min(0.0, (target - loudness) / 100)


@given(st.none() | peaks, targets)
def test_programme_without_loudness_is_left_alone(peak: int | None, target: int) -> None:
    assert gain_db(sound(None, peak), target) == 0.0


@given(loudnesses, loudnesses, peaks)
def test_louder_programme_is_never_turned_up_further(one: int, other: int, peak: int) -> None:
    louder, softer = max(one, other), min(one, other)
    assert gain_db(sound(louder, peak), TARGET) <= gain_db(sound(softer, peak), TARGET)


@given(st.integers(-(2**63), 2**63 - 1), st.integers(-20_000, 20_000), st.integers(-(2**63), 2**63 - 1))
def test_figures_that_no_sound_has_give_a_volume_all_the_same(loudness: int, peak: int, target: int) -> None:
    """What a town may have signed by mistake must not end the station, nor be heard."""
    gain = gain_db(sound(loudness, peak), target)
    assert gain <= MOST_DB
    assert 0 <= 100 * 10 ** (gain / 60) < 252


# --- what ffmpeg measures before and after ---

LOUD = "0.9*sin(2*PI*440*t)"
SOFT = "0.012*sin(2*PI*440*t)"
SPEECH = "0.03*sin(2*PI*300*t)*gt(sin(2*PI*3*t)\\,0)"
CLAP = "0.9*between(t\\,2\\,2.002)*sin(2*PI*2000*t)"
HUM = "0.001*sin(2*PI*440*t)"


@pytest.fixture
def clip(tmp_path: Path) -> Callable[..., Media]:
    """Makes 6 s of stereo sound after a formula, turned up or down by some dB, and measures it."""

    def made(formula: str, gain: float = 0.0) -> Media:
        path = tmp_path / "clip.wav"
        source = ["-f", "lavfi", "-i", f"aevalsrc={formula}|{formula}:s=48000:d=6"]
        change = ["-af", f"volume={gain:.2f}dB:precision=double", "-c:a", "pcm_f32le"]
        subprocess.run(["ffmpeg", "-v", "error", "-y", "-nostdin", *source, *change, str(path)], check=True)
        return measure(path)

    return made


def gain_of(media: Media) -> float:
    return gain_db(sound(media.loudness_clufs, media.peak_cdbtp), TARGET)


@pytest.mark.parametrize("formula", [LOUD, SOFT, SPEECH], ids=["loud", "soft", "speech"])
def test_loud_and_soft_sound_come_to_the_target(clip: Callable[..., Media], formula: str) -> None:
    before = clip(formula)
    assert before.loudness_clufs is not None and abs(before.loudness_clufs - TARGET) > 500
    after = clip(formula, gain_of(before))
    assert after.loudness_clufs == pytest.approx(TARGET, abs=20)
    assert after.peak_cdbtp is not None and after.peak_cdbtp <= -90


def test_soft_speech_with_a_clap_is_turned_up_as_far_as_the_clap_allows(clip: Callable[..., Media]) -> None:
    before = clip(f"0.6*({SPEECH}+0.5*{CLAP})")
    after = clip(f"0.6*({SPEECH}+0.5*{CLAP})", gain_of(before))
    assert after.peak_cdbtp == pytest.approx(-100, abs=20)
    assert before.loudness_clufs is not None and after.loudness_clufs is not None
    assert before.loudness_clufs + 500 < after.loudness_clufs < TARGET


def test_noise_of_an_empty_room_is_not_turned_up_to_speech(clip: Callable[..., Media]) -> None:
    before = clip(HUM)
    assert before.loudness_clufs is not None and before.loudness_clufs < -5500
    assert gain_of(before) == MOST_DB


def test_silence_is_left_alone(clip: Callable[..., Media]) -> None:
    assert gain_of(clip("0")) == 0.0


def test_picture_without_sound_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "mute.mkv"
    picture = ["-f", "lavfi", "-i", "testsrc=size=64x48:rate=25", "-t", "0.4"]
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", *picture, str(path)], check=True)
    assert gain_of(measure(path)) == 0.0


# --- in the room ---


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    """A loud programme at 10:00, then a soft one; both were measured."""
    loud, soft = sound(-1200, -100), msgspec.structs.replace(sound(-3800, -2500), id="soft")
    room = Room(tmp_path, week((loud, soft), slot("10:00:00", "10:30:00", "law", "soft")), at("09:30:00"))
    yield room
    room.close()


@pytest.mark.parametrize(("target", "gains"), [(-2300, [-11.0, 15.0]), (-1800, [-6.0, 20.0])])
def test_programmes_are_evened_out_to_what_the_station_document_says(
    room: Room, target: int, gains: list[float]
) -> None:
    room.plan.use_document(document(target_clufs=target))
    room.run(at("10:00:58"))
    cued = [run.showing.cue.gain_db for run in room.projector.runs.values()]
    assert cued == gains


def test_nothing_is_changed_before_the_town_has_said_how_loud(room: Room) -> None:
    room.plan.use_document(None)
    room.run(at("09:59:59"))
    assert [run.showing.cue.gain_db for run in room.projector.runs.values()] == [0.0]
