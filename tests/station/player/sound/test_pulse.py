"""The stream to the sound server: what breaks it off is told, and it is begun anew."""

import time

import pytest

from kiosk.station.player.sound import pulse
from kiosk.station.player.sound.buffer import SoundBuffer
from kiosk.station.player.sound.envelope import Envelope
from kiosk.station.player.sound.pulse import SETTLED_AFTER, Lost, Speaker


class Stream:
    """A sound server that takes some chunks, then another one each time: what the list says happens."""

    made = 0
    ends: tuple[type[Exception], ...] = (Lost, ValueError, OSError)

    def __init__(self) -> None:
        self.left, self.error = SETTLED_AFTER + 2, self.ends[Stream.made % len(self.ends)]
        Stream.made += 1

    def sounds_next(self) -> float:
        return time.monotonic()

    def write(self, _frames: bytes) -> None:
        self.left -= 1
        if self.left == 0:
            raise self.error


def test_whatever_ends_the_stream_it_counts_as_lost_and_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    Stream.made = 0
    rests: list[tuple[bool, bool]] = []
    speaker = Speaker(SoundBuffer(), Envelope())

    def rest(_seconds: float) -> None:
        rests.append((speaker.connected, speaker.playing))
        if len(rests) == 4:
            raise SystemExit

    monkeypatch.setattr(pulse, "_Stream", Stream)
    monkeypatch.setattr(pulse.time, "sleep", rest)
    with pytest.raises(SystemExit):
        speaker._run()
    assert (Stream.made, rests) == (4, [(False, False)] * 4)
