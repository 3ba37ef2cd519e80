"""Programmes that are one picture."""

import subprocess
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image, ImageChops
from rig import Rig
from screen import BLUE, GREEN, POSTER, RED, SECONDS, Sampler

from kiosk.station.player.still import paint_title
from kiosk.station.projector.messages import Cue, Ready
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


@pytest.mark.parametrize(("head", "expected"), [(0.0, [RED, GREEN, BLUE, RED]), (0.7, [GREEN, BLUE, RED])])
def test_e4_animated_picture_shows_its_pictures_in_turn(
    rig: Rig, sampler: Sampler, clips, tmp_path: Path, head: float, expected: list[int]
) -> None:
    frames = []
    for name in ("red.mp4", "green.ts", "blue.mkv"):
        frame = tmp_path / f"{name}.png"
        form = ["-frames:v", "1", "-s", "640x360"]
        subprocess.run(["ffmpeg", "-v", "error", "-i", str(clips(name)), *form, str(frame)], check=True)
        frames.append(Image.open(frame))
    moving = tmp_path / "moving"
    frames[0].save(moving, "PNG", save_all=True, append_images=frames[1:], duration=500)
    at = time.monotonic() + 1.5
    rig.cue("a", moving, at, head=at - head, end=at + 2.5)
    shown = rig.note(OnScreen).at
    rig.run_to(shown + 1.7 - head)
    assert sampler.programmes(shown - 0.3, shown + 1.7 - head)[1:] == expected


@pytest.mark.parametrize("title", ["长" * 400, "a" * 400, "مرحبا " * 66, "水稻\n育秧 😀"])
def test_e6_a_title_card_holds_its_whole_title(title: str) -> None:
    painted: list[Image.Image] = []
    window: Any = SimpleNamespace(width=1280, height=720, paint=painted.append)
    paint_title(Cue(file="x", display=":0", title=title), window)
    ground = Image.new("RGB", (1280, 720), painted[0].getpixel((0, 0)))
    left, top, right, bottom = ImageChops.difference(painted[0], ground).getbbox() or (0, 0, 0, 0)
    assert 20 < left < right < 1260 and 20 < top < bottom < 700
    assert right - left > 100


def test_picture_too_large_to_decode_fails_with_its_cause(rig: Rig, tmp_path: Path) -> None:
    huge = tmp_path / "huge.png"
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "color=c=red:s=9000x9000", "-frames:v", "1", str(huge)]
    subprocess.run(command, check=True)
    at = time.monotonic() + 2
    rig.cue("a", huge, at, end=at + 30)
    assert "9000x9000" in rig.note(OffScreen).cause
