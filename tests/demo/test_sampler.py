"""The sampler and the test card agree: what is drawn is what is read, and nothing else is taken for a programme."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from screen import BLUE, CLIPS, GOLD, GREEN, RATE, RED, SECONDS, Sampler, XServer
from Xlib import X, display

from kiosk.demo.sampler import BLACK, CELLS, NOTHING, Screen, read

WIDTH = 1280


def row_of(number: int, width: int = WIDTH, dark: int = 16, light: int = 235) -> bytes:
    """A row of pixels that shows 32 cells as a video player draws them: neither wholly black nor wholly white."""
    cells = [light if number >> (CELLS - 1 - place) & 1 else dark for place in range(CELLS)]
    return b"".join(bytes((cells[x * CELLS // width],) * 3) + b"\0" for x in range(width))


def code(programme: int, frame: int) -> int:
    number = 0b1010 << 24 | programme << 16 | frame
    check = 0
    for shift in range(0, 28, 4):
        check ^= number >> shift & 15
    return number << 4 | check


@given(st.integers(0, 255), st.integers(0, 65535), st.sampled_from([640, 720, 1024, 1280, 1366, 1920]))
def test_every_programme_and_frame_is_read_as_drawn(programme: int, frame: int, width: int) -> None:
    assert read(row_of(code(programme, frame), width), width) == (programme, frame)


@given(st.integers(0, 255), st.integers(0, 65535), st.integers(0, 27))
def test_one_wrong_cell_is_no_other_programme(programme: int, frame: int, place: int) -> None:
    assert read(row_of(code(programme, frame) ^ 1 << (CELLS - 1 - place)), WIDTH)[0] == NOTHING


def test_black_and_pictures_without_a_code_are_told_apart() -> None:
    assert read(bytes(4 * WIDTH), WIDTH) == (BLACK, 0)
    assert read(bytes((16, 16, 16, 0)) * WIDTH, WIDTH) == (BLACK, 0)
    assert read(bytes((200, 220, 240, 0)) * WIDTH, WIDTH) == (NOTHING, 0)
    assert read(row_of(code(3, 7), dark=240, light=240), WIDTH) == (NOTHING, 0)


@pytest.mark.parametrize(
    ("name", "number"), [("red.mp4", RED), ("green.ts", GREEN), ("blue.mkv", BLUE), ("gold.avi", GOLD)]
)
def test_a_clip_says_on_every_frame_which_it_is(name: str, number: int, clips: Callable[[str], Path]) -> None:
    width, height = CLIPS[name].size
    row = f"format=bgr0,crop=iw:1:0:{height - max(1, height // 36)}"
    command = ["ffmpeg", "-v", "error", "-nostdin", "-i", str(clips(name)), "-vf", row]
    command += ["-fps_mode", "passthrough", "-f", "rawvideo", "-"]
    rows = subprocess.run(command, capture_output=True, check=True).stdout
    frames = [rows[at : at + width * 4] for at in range(0, len(rows), width * 4)]
    assert [read(frame, width) for frame in frames] == [(number, n) for n in range(SECONDS * RATE)]


def test_screen_is_read_as_it_stands(screen: XServer, sampler: Sampler) -> None:
    connection = display.Display(screen.name)
    root = connection.screen().root
    window = root.create_window(0, 0, 1280, 720, 0, 24, X.InputOutput, X.CopyFromParent, override_redirect=True)
    window.map()
    context = window.create_gc()
    window.put_image(context, 0, 700, 1280, 1, X.ZPixmap, 24, 0, row_of(code(9, 1234)))
    connection.sync()
    reader = Screen(screen.name)
    assert (reader.width, reader.height) == (1280, 720)
    assert read(reader.row(), reader.width) == (9, 1234)
    assert sampler.wait_for(9).frame == 1234
    window.destroy()
    connection.sync()
    assert read(reader.row(), reader.width) == (BLACK, 0)
    sampler.wait_for(BLACK, since=sampler.wait_for(9).monotonic)
    connection.close()


def test_a_display_that_is_not_there_is_an_error_with_a_remedy() -> None:
    with pytest.raises(OSError, match="no X display :6553; start one, or set DISPLAY"):
        Screen(":6553")
