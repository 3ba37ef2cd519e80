"""Loud and soft programmes as a room hears them: measured, cued, cut by real children, recorded off PulseAudio."""

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest
from bench.loudspeaker import loudspeaker
from screen import XServer

from kiosk.common.media import measure
from kiosk.contract.playlist import Programme
from kiosk.station.playout.loudness import gain_db
from kiosk.station.projector.messages import Cue, Cut, Failed, FromChild, Leave, Ready, Shown, line

TARGET_CLUFS = -2300
SECONDS = 2.5
CLIPS = {"loud": (-12, 2), "soft": (-38, 2), "soft and mono": (-38, 1)}
"""Loudness of a tone in LUFS, and its channels."""
TRACKS = (-12, -30)
"""Loudness of the sound tracks of a film with two, in LUFS."""
_SAID = msgspec.json.Decoder(FromChild)


@dataclass(frozen=True)
class Heard:
    """One clip: how loud its file is and how loud it was in the room, in LUFS."""

    signed: float
    heard: float


@pytest.fixture(scope="module")
def heard(screen: XServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Heard]]:
    """All clips, played one after the other and recorded behind the sound server."""
    folder = tmp_path_factory.mktemp("pulse")
    with loudspeaker(folder):
        clips = {name: play(screen, make(folder / f"{name}.mp4", *clip)) for name, clip in CLIPS.items()}
        tracks = [make(folder / f"track{number}.mp4", lufs, 2) for number, lufs in enumerate(TRACKS)]
        yield clips | {"second track": play(screen, join(folder / "two.mkv", *tracks), track=1)}


def make(path: Path, lufs: float, channels: int) -> Path:
    """A tone of 1 kHz from two loudspeakers is as loud as its peak is high (EBU Tech 3341, case 1)."""
    tone = "|".join([f"{10 ** (lufs / 20)}*sin(2*PI*1000*t)"] * channels)
    picture = ["-f", "lavfi", "-i", "testsrc=size=320x180:rate=25"]
    sound = ["-f", "lavfi", "-i", f"aevalsrc={tone}:s=48000"]
    form = ["-t", str(SECONDS), "-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "128k"]
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", *picture, *sound, *form, str(path)], check=True)
    return path


def join(path: Path, first: Path, second: Path) -> Path:
    """The film of ``first``, with its sound as the default track and that of ``second`` behind it."""
    form = ["-map", "0", "-map", "1:a", "-c", "copy", "-disposition:a:0", "default", "-disposition:a:1", "0"]
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-i", first, "-i", second, *form, path], check=True)
    return path


def play(screen: XServer, file: Path, track: int | None = None) -> Heard:
    """Let a child play the file with the gain that the station would give it, at full volume.

    A ``track`` that is named is played without any gain.
    """
    media = measure(file)
    programme = Programme(
        id="p", title="p", file="p.mp4", duration_ms=1, size=media.size, sha256=media.sha256,
        loudness_clufs=media.loudness_clufs, peak_cdbtp=media.peak_cdbtp,
    )  # fmt: skip
    cue = Cue(
        file=str(file), display=screen.name, video_output="xcb_x11", hardware_decoding=False,
        gain_db=gain_db(programme, TARGET_CLUFS) if track is None else 0.0, audio_track=track or media.audio_track,
    )  # fmt: skip
    folder = file.with_suffix("")
    folder.mkdir()
    record = file.with_suffix(".wav")
    child = subprocess.Popen(
        [sys.executable, "-m", "kiosk.station.player.programme", str(folder)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0,
    )  # fmt: skip
    recorder = subprocess.Popen(["parec", "--device=@DEFAULT_MONITOR@", "--rate=48000", "--file-format=wav", record])
    assert child.stdin and child.stdout
    try:
        child.stdin.write(line(cue))
        assert isinstance(said := _SAID.decode(child.stdout.readline()), Ready), said
        at = time.monotonic() + 1
        child.stdin.write(line(Cut(at=at, end=at + SECONDS)))
        assert isinstance(said := _SAID.decode(child.stdout.readline()), Shown), said
        while time.monotonic() < at + SECONDS:
            assert not isinstance(said := _SAID.decode(child.stdout.readline()), Failed), said
        child.stdin.write(line(Leave()))
        assert child.wait(10) == 0
    finally:
        child.kill()
        child.communicate()
        recorder.terminate()
        recorder.wait(10)
    assert media.loudness_clufs is not None
    recorded = measure(record).loudness_clufs
    assert recorded is not None, "nothing was heard"
    return Heard(media.loudness_clufs / 100, recorded / 100)


def test_clips_are_unlike_before(heard: dict[str, Heard]) -> None:
    signed = {name: heard[name].signed for name in CLIPS}
    assert signed == pytest.approx({name: lufs for name, (lufs, _) in CLIPS.items()}, abs=1)


def test_loud_and_soft_programmes_are_heard_within_3_lu(heard: dict[str, Heard]) -> None:
    levels = [heard[name].heard for name in CLIPS]
    assert max(levels) - min(levels) <= 3, heard


@pytest.mark.parametrize("name", CLIPS)
def test_programme_is_heard_at_the_target(heard: dict[str, Heard], name: str) -> None:
    assert heard[name].heard == pytest.approx(TARGET_CLUFS / 100, abs=1.5)


def test_e2_the_sound_track_that_the_cue_names_is_heard(heard: dict[str, Heard]) -> None:
    assert heard["second track"].heard == pytest.approx(TRACKS[1], abs=1.5)
