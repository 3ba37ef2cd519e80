"""Programmes that are one picture."""

import subprocess
import time
from pathlib import Path

from PIL import Image
from rig import Rig
from screen import POSTER, RED, SECONDS, Sampler

from kiosk.station.projector.messages import Ready
from kiosk.station.projector.reports import OffScreen, OnScreen


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
    assert [ready.kind for ready in rig.said(Ready)] == ["still"]


def test_e4_webp_is_shown_by_the_confined_player(rig: Rig, sampler: Sampler, clips, tmp_path: Path) -> None:
    frame, still = tmp_path / "frame.png", tmp_path / "still"
    subprocess.run(["ffmpeg", "-v", "error", "-i", str(clips("red.mp4")), "-frames:v", "1", str(frame)], check=True)
    Image.open(frame).save(still, "WEBP", lossless=True)
    at = time.monotonic() + 2
    rig.cue("a", still, at, end=at + SECONDS)
    rig.note(OnScreen)
    sampler.wait_for(RED)


def test_picture_too_large_to_decode_fails_with_its_cause(rig: Rig, tmp_path: Path) -> None:
    huge = tmp_path / "huge.png"
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "color=c=red:s=9000x9000", "-frames:v", "1", str(huge)]
    subprocess.run(command, check=True)
    at = time.monotonic() + 2
    rig.cue("a", huge, at, end=at + 30)
    assert "9000x9000" in rig.note(OffScreen).cause
