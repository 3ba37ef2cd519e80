"""Programmes that libVLC plays: one that has sound only, and the video output that is named."""

import subprocess
import sys
import time
from pathlib import Path

from rig import Rig
from screen import BLACK, Sampler

from kiosk.station.projector.messages import Ready
from kiosk.station.projector.reports import OnScreen

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
