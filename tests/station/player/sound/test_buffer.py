"""The reel: every sample at its instant, whatever comes late, twice, with holes, or by another clock."""

import math
from array import array

import pytest

from kiosk.station.player.sound.buffer import LONGEST_S, TOLERATED, SoundBuffer
from kiosk.station.player.sound.pcm import FADE_FRAMES, FRAME, RATE, fading_out

START = 1000.0
CHUNK = RATE // 50


def tone(first: int, count: int) -> bytes:
    """A slow tone from its sample ``first`` on, on both sides."""
    values = [round(10000 * math.sin(2 * math.pi * 100 * n / RATE)) for n in range(first, first + count)]
    return array("h", [value for value in values for _ in range(2)]).tobytes()


def ended(frames: bytes) -> bytes:
    """As it is heard where nothing follows."""
    return fading_out(frames, 0)


def left(frames: bytes) -> list[int]:
    return array("h", frames)[::2].tolist()


def test_what_is_put_is_read_at_its_instant_and_silence_is_around_it() -> None:
    reel = SoundBuffer()
    reel.put(START, tone(0, 4 * CHUNK))
    read = [reel.read(START + (n - 2) * CHUNK / RATE, CHUNK) for n in range(8)]
    assert b"".join(read) == bytes(2 * CHUNK * FRAME) + ended(tone(0, 4 * CHUNK)) + bytes(2 * CHUNK * FRAME)


def test_blocks_that_follow_each_other_have_no_seam_though_their_times_are_a_little_off() -> None:
    reel = SoundBuffer()
    for n in range(10):
        reel.put(START + n * CHUNK / RATE + (0.002 if n % 2 else -0.002), tone(n * CHUNK, CHUNK))
    assert ended(tone(0, 10 * CHUNK)) in reel.read(START - 0.01, 12 * CHUNK)


def test_hole_is_silent_and_what_follows_it_in_time() -> None:
    reel = SoundBuffer()
    reel.put(START, tone(0, CHUNK))
    reel.put(START + 5 * CHUNK / RATE, tone(0, CHUNK))
    assert reel.read(START, 6 * CHUNK) == tone(0, CHUNK) + bytes(4 * CHUNK * FRAME) + ended(tone(0, CHUNK))


def test_what_is_put_over_something_replaces_it_from_there_on() -> None:
    reel = SoundBuffer()
    reel.put(START, tone(0, 10 * CHUNK))
    reel.put(START + 5 * CHUNK / RATE, tone(7, CHUNK))
    assert reel.read(START, 7 * CHUNK) == tone(0, 5 * CHUNK) + ended(tone(7, CHUNK)) + bytes(CHUNK * FRAME)


@pytest.mark.parametrize("away", [-60.0, 60.0])
def test_far_from_all_that_is_held_it_begins_anew(away: float) -> None:
    reel = SoundBuffer()
    reel.put(START, tone(0, CHUNK))
    reel.put(START + away, tone(3, CHUNK))
    assert reel.read(START + away, CHUNK) == ended(tone(3, CHUNK))


@pytest.mark.parametrize("ppm", [-150, 150])
def test_loudspeaker_with_a_clock_of_its_own_is_followed_and_nobody_hears_it(ppm: int) -> None:
    reel, apart = SoundBuffer(), []
    for n in range(50 * 60):
        reel.put(START + n * CHUNK / RATE, tone(n * CHUNK, CHUNK))
        if n >= 5:
            at = START + (n - 5) * CHUNK / RATE * (1 + ppm / 1e6)
            heard = left(reel.read(at, CHUNK))
            apart.append(abs(heard[0] - left(tone(round((at - START) * RATE), 1))[0]))
    step = 2 * math.pi * 100 / RATE * 10000
    assert max(apart) < step * (TOLERATED + 50), "a minute later it is still in time"


def test_frame_that_is_left_out_or_doubled_makes_no_step() -> None:
    for late in (-0.01, 0.01):
        reel = SoundBuffer()
        reel.put(START, tone(0, 100 * CHUNK))
        heard: list[int] = []
        at = START + 10 * CHUNK / RATE
        reel.read(at, CHUNK)
        for n in range(1, 80):
            heard += left(reel.read(at + n * CHUNK / RATE + late, CHUNK))
        steps = [abs(after - before) for before, after in zip(heard, heard[1:], strict=False)]
        assert max(steps) <= 2 * 10000 * 2 * math.pi * 100 / RATE + 2


def test_sound_that_runs_out_fades_wherever_it_ends() -> None:
    flat = array("h", [9000] * 2 * (3 * CHUNK + 100)).tobytes()
    reel = SoundBuffer()
    reel.put(START, flat)
    heard = [sample for n in range(5) for sample in left(reel.read(START + n * CHUNK / RATE, CHUNK))]
    steps = [abs(after - before) for before, after in zip(heard, heard[1:], strict=False)]
    assert max(steps) < 9000 / 100
    assert set(heard[: 3 * CHUNK + 100 - FADE_FRAMES]) == {9000} and set(heard[3 * CHUNK + 101 :]) == {0}


def test_reader_that_is_far_off_jumps() -> None:
    reel = SoundBuffer()
    reel.put(START, tone(0, 50 * CHUNK))
    reel.read(START, CHUNK)
    assert reel.read(START + 20 * CHUNK / RATE, CHUNK) == tone(20 * CHUNK, CHUNK)


def test_reel_that_nobody_reads_does_not_grow() -> None:
    reel = SoundBuffer()
    for n in range(round(3 * LONGEST_S)):
        reel.put(START + n, tone(n * RATE, RATE))
    assert len(reel._frames) <= LONGEST_S * RATE * FRAME
    assert reel.read(START + 3 * LONGEST_S - 1, CHUNK) == tone(round(3 * LONGEST_S - 1) * RATE, CHUNK)
