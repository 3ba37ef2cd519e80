"""The head of a programme's sound, from the first start and the trial."""

import random
from array import array

import pytest

from kiosk.station.player.sound.pcm import FRAME, RATE
from kiosk.station.player.sound.preroll import MOST, Block, Preroll

BLOCK = 1152
BEGAN, AFTER = 70.0, 0.031


def noise(seed: int, seconds: float = 0.5) -> bytes:
    chance = random.Random(seed)
    return array("h", [chance.randrange(-9000, 9000) for _ in range(round(seconds * RATE) * 2)]).tobytes()


def blocks(frames: bytes, at: float) -> list[Block]:
    size = BLOCK * FRAME
    return [(at + n / FRAME / RATE, frames[n : n + size]) for n in range(0, len(frames), size)]


def learnt(first: bytes, trial: bytes, jitter: float = 0.0) -> tuple[Preroll, float]:
    heads = Preroll()
    for at, frames in blocks(first, 3.0):
        heads.add(at, frames)
    heads.try_again()
    for n, (at, frames) in enumerate(blocks(trial, BEGAN + AFTER)):
        heads.add(at - (jitter if n == 0 else 0.0), frames)
    return heads, heads.learn(BEGAN)


def test_frames_that_a_second_start_silences_are_those_of_the_first() -> None:
    whole = noise(1)
    silenced = 3 * BLOCK * FRAME
    heads, after = learnt(whole, bytes(silenced) + whole[silenced:])
    assert after == pytest.approx(AFTER)
    assert heads.trial == bytes(silenced) + whole[silenced:], "that is what comes again"
    faded = RATE // 100 * FRAME
    assert heads.heard[faded:] == whole[faded:]


def test_starts_that_are_unlike_are_not_mixed() -> None:
    trial = noise(2)
    heads, _ = learnt(noise(1), trial)
    assert heads.heard[RATE // 100 * FRAME :] == trial[RATE // 100 * FRAME :]


@pytest.mark.parametrize("first", [b"", noise(2, 0.05)])
def test_first_start_that_was_too_short_is_left_out(first: bytes) -> None:
    heads, _ = learnt(first, noise(2))
    assert len(heads.heard) == len(heads.trial)


def test_one_block_that_is_stamped_wrong_is_outvoted() -> None:
    _, after = learnt(noise(1), noise(1), jitter=0.0093)
    assert after == pytest.approx(AFTER)


def test_programme_without_sound_has_no_head() -> None:
    heads, after = learnt(b"", b"")
    assert (heads.heard, heads.trial, after) == (b"", b"", 0.0)


def test_no_more_than_a_second_is_kept() -> None:
    heads, _ = learnt(b"", noise(3, 3.0))
    assert len(heads.trial) <= MOST + BLOCK * FRAME
