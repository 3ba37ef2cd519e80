"""Transport streams with few key pictures on a real screen: their head is whole, and so is what a join begins with."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from rig import Rig
from screen import POSTER, RATE, Sampler

from kiosk.demo.testcard import Clip, make
from kiosk.station.player.transport import decoded_when_shown, is_transport_stream, lead_in
from kiosk.station.projector.reports import OnScreen

SECONDS = 9
H264 = ("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-g", "250", "-sc_threshold", "0")
HEVC = ("-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-bf", "3")
HEVC += ("-x265-params", "log-level=error:keyint=250:min-keyint=250:scenecut=0:bframes=3")
MPEG2 = ("-c:v", "mpeg2video", "-b:v", "900k", "-pix_fmt", "yuv420p", "-g", "250", "-bf", "2")
MPEG2 += ("-sc_threshold", "1000000000")
CODECS = {21: ("h264", H264, "aac"), 22: ("hevc", HEVC, "aac"), 23: ("mpeg2", MPEG2, "mp2")}
"""By the number in the bar code: one key picture in 10 s."""
READY = 4.0
"""Seconds within which three children are ready on a busy machine."""

Streams = Callable[[int], Path]


@pytest.fixture(scope="module")
def streams(tmp_path_factory: pytest.TempPathFactory) -> Streams:
    """Gives the stream with a number."""
    folder = tmp_path_factory.mktemp("streams")
    made = {
        number: make(Clip(number, f"{name}.ts", name, SECONDS, (320, 180), video=video, audio=("-c:a", sound)), folder)
        for number, (name, video, sound) in CODECS.items()
    }
    return made.__getitem__


def test_e3_head_of_a_stream_with_few_key_pictures_is_whole(rig: Rig, sampler: Sampler, streams: Streams) -> None:
    at = time.monotonic() + READY
    for place, number in enumerate(CODECS):
        rig.cue(str(number), streams(number), at + place, end=at + place + 1)
    for place, number in enumerate(CODECS):
        rig.run_to(at + place + 1)
        rig.notes += rig.projector.drop(str(number), time.monotonic(), str(number + 1) if number < 23 else None)
    assert sampler.programmes(at - 0.5, at + 2.9) == [POSTER, *CODECS], "nothing is seen that is no whole picture"
    for number in CODECS:
        frames = [seen.frame for seen in list(sampler.seen) if seen.programme == number]
        assert frames[0] == 0 and frames == sorted(frames), (number, frames)


@pytest.mark.parametrize("number", CODECS, ids=[name for name, *_ in CODECS.values()])
def test_e3_join_begins_with_a_whole_picture_at_its_place(
    rig: Rig, sampler: Sampler, streams: Streams, number: int
) -> None:
    file, now = streams(number), time.monotonic()
    rig.cue("a", file, now, head=now - 5, end=now + 4)
    shown = rig.note(OnScreen).at
    rig.run_to(shown + 0.6)
    assert sampler.programmes(now, shown + 0.6) == [POSTER, number]
    settled = sampler.at(shown + 0.6)
    assert settled.frame / RATE == pytest.approx(shown + 0.6 - now + 5, abs=0.7)
    assert shown - now < 3, "0.7 to 1.3 s where nothing else runs"


def test_e3_stream_of_a_join_begins_with_a_key_picture(streams: Streams) -> None:
    for number in CODECS:
        data = streams(number).read_bytes()
        part = lead_in(str(streams(number)), 6000)
        assert part is not None and part.head.startswith(b"G")
        assert is_transport_stream(str(streams(number))) and part.rest == len(data)
        assert 0 < len(data) - len(part.head) < len(data) * 0.9, "without the sound before its place"
        assert decoded_when_shown(str(streams(number))) is not None


@pytest.mark.parametrize("data", [b"", b"G", b"G" * 188 * 8, bytes(188 * 40), b"\x47\x40\x00\x10" * 47 * 60])
def test_e3_what_is_no_stream_is_played_as_it_is(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "stream.ts"
    file.write_bytes(data)
    if is_transport_stream(str(file)):
        assert lead_in(str(file), 5000) is None and decoded_when_shown(str(file)) is None
