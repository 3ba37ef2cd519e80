"""The envelope: silent outside the programme's time to the sample, faded at both ends, never a step in between."""

import math
from array import array

import pytest

from kiosk.station.player.sound.envelope import Envelope
from kiosk.station.player.sound.pcm import FADE, FADE_FRAMES, FRAME, RATE, faded_in

START, CHUNK = 50.0, RATE // 50
LEVEL = 8000


def flat(count: int, value: int = LEVEL) -> bytes:
    return array("h", [value] * 2 * count).tobytes()


def shaped(envelope: Envelope, seconds: float, value: int = LEVEL) -> list[int]:
    """The left side of a constant that goes through the envelope, a chunk at a time."""
    found: list[int] = []
    for n in range(round(seconds * RATE / CHUNK)):
        found += array("h", envelope.shape(flat(CHUNK, value), START + n * CHUNK / RATE))[::2].tolist()
    return found


def place(instant: float) -> int:
    return round((instant - START) * RATE)


def test_programme_is_heard_in_its_time_and_not_a_sample_longer() -> None:
    envelope = Envelope()
    envelope.opens, envelope.closes = START + 0.1037, START + 0.3011
    heard = shaped(envelope, 0.5)
    first = next(n for n, sample in enumerate(heard) if sample)
    last = max(n for n, sample in enumerate(heard) if sample)
    assert 0 <= first - place(envelope.opens) < FADE_FRAMES / 10
    assert 0 <= place(envelope.closes) - last < FADE_FRAMES / 10
    assert set(heard[place(envelope.opens) + FADE_FRAMES : place(envelope.closes) - FADE_FRAMES - 1]) == {LEVEL}


def test_nothing_is_heard_before_it_is_known_when() -> None:
    assert set(shaped(Envelope(), 0.2)) == {0}


@pytest.mark.parametrize("gain", [0.1, 1.0, 2.5])
def test_gain_multiplies_each_sample(gain: float) -> None:
    envelope = Envelope(gain)
    envelope.opens, envelope.closes = START - 1, START + 9
    for value in (LEVEL, -LEVEL, 1, -1, 0):
        assert shaped(envelope, 0.1, value)[-1] == math.floor(value * gain)


def test_too_much_gain_stops_at_full_scale() -> None:
    for value, most in ((30000, 32767), (-30000, -32768)):
        envelope = Envelope(3.0)
        envelope.opens, envelope.closes = START - 1, START + 9
        assert shaped(envelope, 0.1, value)[-1] == most


@pytest.mark.parametrize("wanted", [0.0, 0.25, 2.0])
def test_volume_changes_without_a_step(wanted: float) -> None:
    envelope = Envelope()
    envelope.opens, envelope.closes = START - 1, START + 9
    heard = shaped(envelope, 0.1)
    envelope.gain = wanted
    heard += shaped(envelope, 0.1)
    assert heard[-1] == round(LEVEL * wanted)
    assert max(abs(after - before) for before, after in zip(heard, heard[1:], strict=False)) < LEVEL / 100


def test_end_that_comes_at_once_is_a_fade() -> None:
    envelope = Envelope()
    envelope.opens, envelope.closes = START - 1, START + 9
    heard = shaped(envelope, 0.1)
    envelope.closes = 0.0
    heard += shaped(envelope, 0.1)
    assert heard[-1] == 0 and envelope.silent
    assert max(abs(after - before) for before, after in zip(heard, heard[1:], strict=False)) < LEVEL / 100
    assert sum(1 for sample in heard[-round(0.1 * RATE) :] if sample) <= FADE * RATE


def test_loudspeaker_that_was_away_begins_from_silence() -> None:
    envelope = Envelope()
    envelope.opens, envelope.closes = START - 1, START + 9
    shaped(envelope, 0.1)
    envelope.silence()
    heard = shaped(envelope, 0.1)
    assert abs(heard[0]) < LEVEL / 100 and heard[-1] == LEVEL


def test_head_fades_in_from_where_it_is_heard() -> None:
    tone = [round(LEVEL * math.cos(2 * math.pi * 440 * n / RATE)) for n in range(RATE // 5)]
    before = 1000
    frames = bytes(before * FRAME) + array("h", [sample for sample in tone for _ in range(2)]).tobytes()
    found = array("h", faded_in(frames))[::2].tolist()
    assert set(found[:before]) == {0} and abs(found[before]) < LEVEL / 100
    assert found[before + FADE_FRAMES :] == tone[FADE_FRAMES:]
    assert faded_in(b"") == b"" and faded_in(bytes(400)) == bytes(400)
