"""The installer's test picture and tones, on a real X server and a real PulseAudio."""

import json
import os
import subprocess
import sys
from pathlib import Path

from bench.loudspeaker import loudspeaker
from PIL import Image
from screen import XServer
from Xlib import X, display

from kiosk.station.player.sound.pcm import FRAME, RATE
from kiosk.station.player.testcard import PAUSE_S, TONE_S, draw_card, tones


def show(name: str) -> tuple[dict[str, object], "subprocess.Popen[str]"]:
    command = [sys.executable, "-m", "kiosk.station.player.testcard", name, "zh", "4827", "2"]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdin and child.stdout
    child.stdin.write("again\n")
    child.stdin.flush()
    return json.loads(child.stdout.readline()), child


def test_picture_and_tones_reach_the_room(screen: XServer, tmp_path: Path) -> None:
    with loudspeaker(tmp_path):
        report, child = show(screen.name)
        root = display.Display(screen.name).screen().root
        seen = Image.frombytes(
            "RGB", (1280, 720), root.get_image(0, 0, 1280, 720, X.ZPixmap, 0xFFFFFFFF).data, "raw", "BGRX"
        )
        child.communicate()
    assert report == {"screen_trouble": "", "sound_trouble": "", "width": 1280, "height": 720}
    assert seen.tobytes() == draw_card(1280, 720, "4827", "zh").tobytes()
    assert screen.windows() == 0


def test_what_is_missing_is_told(tmp_path: Path) -> None:
    report, child = show(":39999")
    child.communicate()
    assert "39999" in str(report["screen_trouble"])
    assert report["sound_trouble"] == "no sound server"


def test_each_showing_says_how_the_screen_is_by_then() -> None:
    server = XServer(500 + os.getpid() % 5000)
    report, child = show(server.name)
    assert child.stdin and child.stdout
    seen = [report]
    for change in (server.stop, server.start):
        change()
        child.stdin.write("again\n")
        child.stdin.flush()
        seen.append(json.loads(child.stdout.readline()))
    child.communicate()
    server.stop()
    assert [bool(one["screen_trouble"]) for one in seen] == [False, True, False]
    assert [one.get("width") for one in seen] == [1280, None, 1280]


def test_tones_can_be_counted() -> None:
    assert len(tones(3)) == 3 * (round(TONE_S * RATE) + round(PAUSE_S * RATE)) * FRAME
    assert max(tones(1)) > 0


def test_border_lies_at_the_screen_s_edge_and_all_words_within_it_whatever_its_size() -> None:
    for width, height in ((640, 360), (1366, 768), (720, 576), (768, 1366)):
        picture = draw_card(width, height, "4827", "en")
        corners = {picture.getpixel((x, y)) for x in (0, width - 1) for y in (0, height - 1)}
        assert corners == {(255, 194, 26)}
        for left in (width // 60, width - width // 60 - 4):
            assert len(picture.crop((left, 20, left + 4, height - 20)).getcolors()) == 1, (width, height)
