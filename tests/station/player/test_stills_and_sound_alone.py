"""Programmes that are no film: a still, and sound alone with its title card."""

import subprocess
import sys
import time
from pathlib import Path

from rig import Rig
from screen import BLACK, POSTER, RED, SECONDS, Sampler

from kiosk.station.events import ChildReady
from kiosk.station.projector.reports import OffScreen, OnScreen

ONE_THAT_DRAWS_NOTHING = """
import os, sys
from kiosk.station.player import film
from kiosk.station.player.failure import Failure
from kiosk.station.projector.messages import Cue
from kiosk.station.player.window import ProgrammeWindow, connect
name, file = sys.argv[1:]
film.READY_WITHIN = 2.0
cue = Cue(file=file, display=name, video_output="vdummy", sound="none")
programme = film.Film(cue, ProgrammeWindow(connect(name)))
try:
    programme.make_ready()
except Failure:
    os.write(1, programme.video_output.encode())
os._exit(0)
"""


def test_still_is_shown_until_its_end(rig: Rig, sampler: Sampler, clips, tmp_path: Path) -> None:
    still = tmp_path / "still.png"
    command = ["ffmpeg", "-v", "error", "-i", str(clips("red.mp4")), "-frames:v", "1", str(still)]
    subprocess.run(command, check=True)
    at = time.monotonic() + 2
    rig.cue("a", still, at, end=at + SECONDS)
    shown = rig.note(OnScreen)
    seen = sampler.wait_for(RED)
    assert abs(seen.monotonic - at) < 0.3 and abs(shown.at - at) < 0.3
    rig.run_to(at + SECONDS - 0.3)
    assert sampler.programmes(seen.monotonic, at + SECONDS - 0.5) == [RED]
    rig.projector.drop("a", time.monotonic())
    sampler.wait_for(POSTER, since=at + SECONDS - 0.5)
    assert [event.kind for event in rig.events if isinstance(event, ChildReady)] == ["still"]


def test_sound_alone_has_a_title_card(rig: Rig, sampler: Sampler, tmp_path: Path) -> None:
    sound = tmp_path / "sound.ogg"
    subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "sine=d=6", str(sound)], check=True)
    at = time.monotonic() + 4
    rig.cue("a", sound, at, end=at + 3)
    rig.note(OnScreen)
    rig.run_to(at + 2)
    assert BLACK not in sampler.programmes(at - 1, time.monotonic())
    assert [event.kind for event in rig.events if isinstance(event, ChildReady)] == ["sound"]


def test_video_output_that_is_named_is_the_one_that_is_used(rig: Rig, clips) -> None:
    command = [sys.executable, "-c", ONE_THAT_DRAWS_NOTHING, rig.screen.name, str(clips("red.mp4"))]
    assert subprocess.run(command, capture_output=True, text=True, timeout=60).stdout.split()[-1] == "vdummy"


def test_picture_too_large_to_decode_fails_with_its_cause(rig: Rig, tmp_path: Path) -> None:
    huge = tmp_path / "huge.png"
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "color=c=red:s=9000x9000", "-frames:v", "1", str(huge)]
    subprocess.run(command, check=True)
    at = time.monotonic() + 2
    rig.cue("a", huge, at, end=at + 30)
    assert "9000x9000" in rig.note(OffScreen).cause
