"""Programmes that libVLC plays: sound alone, slides, sound that begins first, the video output that is named."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from rig import Rig
from screen import BLACK, POSTER, Sampler

from kiosk.common.media import measure
from kiosk.demo.testcard import Clip, make
from kiosk.station.projector.messages import Ready
from kiosk.station.projector.projector import Projector
from kiosk.station.projector.reports import OnScreen, Replaced

H264 = ("-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p")

ONE_THAT_DRAWS_NOTHING = """
import os, sys
from kiosk.station.player import film
from kiosk.station.projector.messages import Cue
from kiosk.station.player.window import ProgrammeWindow, connect
name, file = sys.argv[1:]
film.READY_WITHIN = 2.0
cue = Cue(file=file, display=name, video_output="vdummy", sound="none")
programme = film.Film(cue, ProgrammeWindow(connect(name)))
try:
    programme.make_ready()
except film.Failure:
    os.write(1, programme.video_output.encode())
os._exit(0)
"""


def test_sound_alone_has_a_title_card(rig: Rig, sampler: Sampler, tmp_path: Path) -> None:
    sound = tmp_path / "sound.ogg"
    subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "sine=d=6", str(sound)], check=True)
    at = time.monotonic() + 4
    rig.cue("a", sound, at, end=at + 3)
    rig.note(OnScreen)
    rig.run_to(at + 2)
    assert BLACK not in sampler.programmes(at - 1, time.monotonic())
    assert [ready.kind for ready in rig.said(Ready)] == ["sound"]


def test_video_output_that_is_named_is_the_one_that_is_used(rig: Rig, clips) -> None:
    command = [sys.executable, "-c", ONE_THAT_DRAWS_NOTHING, rig.screen.name, str(clips("red.mp4"))]
    assert subprocess.run(command, capture_output=True, text=True, timeout=60).stdout.split()[-1] == "vdummy"


def made(path: Path, *arguments: str) -> Path:
    """A file that ffmpeg makes."""
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", *arguments, str(path)], check=True)
    return path


def coded(path: Path, seconds: float, number: int = 31) -> Path:
    """A film without sound, whose pictures bear the bar code."""
    return make(Clip(number, path.name, "x", seconds, (320, 180), video=H264, audio=()), path.parent)


def test_e1_slides_and_speech_play_through(
    rig: Rig, sampler: Sampler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kiosk.station.projector.showing.SETTLE", 0.5)
    film = coded(tmp_path / "film.mp4", 4)
    every = "select='not(mod(n,30))'"
    slides = made(tmp_path / "slides.mp4", "-i", str(film), "-f", "lavfi", "-i", "sine=d=5", "-vf", every, "-fps_mode",
                  "passthrough", "-c:v", "libx264", "-bf", "0", "-pix_fmt", "yuv420p", "-c:a", "aac")  # fmt: skip
    found = measure(slides)
    assert found.still_ms == pytest.approx(1400, abs=50) and (found.duration_ms or 0) >= 5000
    rig.projector = Projector(rig.inbox.put, stall=0.5)
    rig.projector.screen_came(time.monotonic())
    at = time.monotonic() + 3
    rig.cue("a", slides, at, end=at + 5, still=1.4)
    rig.run_to(at + 4.9)
    frames = list(dict.fromkeys(seen.frame for seen in list(sampler.seen) if seen.programme == 31))
    assert frames[:3] == [0, 30, 60], "libVLC keeps the last one back until the end of the file"
    assert not rig.of(Replaced)


def test_e1_one_picture_stands_under_a_speech(rig: Rig, sampler: Sampler, tmp_path: Path) -> None:
    film = coded(tmp_path / "film.mp4", 0.04, 32)
    one = made(tmp_path / "one.mp4", "-i", str(film), "-f", "lavfi", "-i", "sine=d=2", "-c:v", "copy", "-c:a", "aac")
    found = measure(one)
    assert found.still_ms == found.duration_ms and found.rest_ms < 100
    at = time.monotonic() + 3
    rig.cue("a", one, at, end=at + 2, stands=True, still=2.0)
    rig.run_to(at + 1.5)
    assert sampler.programmes(at - 0.5, at + 1.5) == [POSTER, 32] and not rig.of(Replaced)


def test_e2_film_whose_sound_begins_first_is_on_with_its_first_picture(
    rig: Rig, sampler: Sampler, tmp_path: Path
) -> None:
    film, sound = coded(tmp_path / "film.mp4", 2, 33), made(tmp_path / "s.m4a", "-f", "lavfi", "-i", "sine=d=3")
    late = made(tmp_path / "late.mp4", "-itsoffset", "1.1", "-i", str(film), "-i", str(sound), "-c", "copy")
    found = measure(late)
    assert (found.picture_start_ms, found.duration_ms) == (1100, 2000)
    at = time.monotonic() + 4.5
    rig.cue("a", late, at, end=at + 2)
    rig.run_to(at + 0.6)
    seen = [(one.frame, one.monotonic - at) for one in list(sampler.seen) if one.programme == 33]
    assert seen[0][0] == 0 and abs(seen[0][1]) < 0.15
    assert all(abs(place - frame / 25) < 0.15 for frame, place in seen)


def test_e1_sparse_subtitles_in_the_file_delay_nothing(rig: Rig, sampler: Sampler, tmp_path: Path) -> None:
    film, words = coded(tmp_path / "film.mp4", 12, 34), tmp_path / "words.srt"
    words.write_text("1\n00:00:00,500 --> 00:00:01,000\none\n\n2\n00:00:11,000 --> 00:00:11,500\ntwo\n")
    sparse = made(tmp_path / "sparse.mkv", "-i", str(film), "-f", "lavfi", "-i", "sine=d=12", "-i", str(words), "-map",
                  "0", "-map", "1", "-map", "2", "-c:v", "copy", "-c:a", "aac", "-c:s", "srt")  # fmt: skip
    at = time.monotonic() + 2.5
    rig.cue("a", sparse, at, end=at + 12)
    assert rig.note(OnScreen).late < 0.15
    rig.run_to(at + 0.6)
    assert sampler.at(at + 0.6).frame == pytest.approx(15, abs=4)
