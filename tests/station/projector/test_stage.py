"""The stage and the X server: the poster is there when nothing else is, and all comes back when X does."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec.json import encode
from msgspec.structs import replace
from PIL import Image, ImageChops
from rig import POSTER as POSTING
from rig import Rig
from screen import BLACK, BLUE, POSTER, RED, Sampler, XServer, children_of, kill_all
from Xlib import X, display
from Xlib.ext import randr

from kiosk.station.display.menu_words import Card
from kiosk.station.display.poster import Poster, PosterDay, PosterRow, dark, plain
from kiosk.station.display.poster_image import count, draw
from kiosk.station.events import Crashed, StageGone
from kiosk.station.projector import stage
from kiosk.station.projector.messages import Cue, Cut, Message, Overlaid, Paint, Staged, line
from kiosk.station.projector.reports import OffScreen, OnScreen, Replaced
from kiosk.station.projector.stage import PLAIN_SECONDS, Stage

Clips = Callable[[str], Path]


@pytest.fixture
def own() -> Iterator[XServer]:
    """An X server that the test may take away."""
    server = XServer(500 + os.getpid() % 5000)  # not one that another server would choose for itself meanwhile
    yield server
    server.stop()


def shows(screen: XServer, posting: Poster, page: int = 0) -> bool:
    """Whether the screen shows this poster, looked at from afar."""
    connection = display.Display(screen.name)
    shot = connection.screen().root.get_image(0, 0, 1280, 720, X.ZPixmap, 0xFFFFFFFF)
    connection.close()
    seen = Image.frombytes("RGB", (1280, 720), shot.data, "raw", "BGRX")
    return ImageChops.difference(seen, draw(posting, 1280, 720, page).convert("RGB")).getbbox() is None


def test_stage_paints_the_poster(rig: Rig, screen: XServer) -> None:
    assert shows(screen, POSTING)


def test_screen_that_rests_is_black_and_shows_the_poster_again(rig: Rig, screen: XServer) -> None:
    assert draw(dark("zh"), 16, 9).getbbox() is None, "it is black"
    rig.stage.show(dark("zh"))
    rig.until(lambda: shows(screen, dark("zh")), 5)
    rig.stage.show(POSTING)
    rig.until(lambda: shows(screen, POSTING), 5)


def test_e6_the_confined_stage_reads_the_fonts_of_rare_letters(rig: Rig, screen: XServer) -> None:
    odd = replace(POSTING, title="🎉 ไทย 㐀 مرحبا")
    rig.stage.show(odd)
    rig.until(lambda: shows(screen, odd), 5)


def test_d4_pages_are_turned_but_not_while_a_programme_is_near(rig: Rig, screen: XServer, clips: Clips) -> None:
    row = PosterRow(times="09:00–10:00", titles=("水稻育秧",), moment="to-come", mark="待播")
    day = PosterDay(name="3月5日", date="2026-03-05", today=True, rows=(row,) * 36)
    paged = Poster(language="zh", station="", title="第10周", days_of="", days=(day,))
    assert count(paged, 1280, 720) == 3
    rig.stage._page_ms = 700
    rig.stage.show(paged)
    for page in (0, 1, 2):
        rig.until(lambda page=page: shows(screen, paged, page), 5)  # type: ignore[misc]
    rig.cue("p1", clips("red.mp4"), time.monotonic() + 3)
    rig.ready("p1.1")
    before = [page for page in range(3) if shows(screen, paged, page)]
    old, paged = paged, replace(paged, title="第11周")
    rig.stage.show(paged)
    rig.run_to(time.monotonic() + 1)
    assert before == [page for page in range(3) if shows(screen, old, page)], "drawing would disturb the cut"
    rig.note(OnScreen, "p1")
    rig.projector.drop("p1", time.monotonic())
    rig.until(lambda: shows(screen, paged, 0), 5)
    rig.until(lambda: shows(screen, paged, 1), 5)
    rig.stage.show(replace(paged, banner="已停播"))
    rig.until(lambda: shows(screen, replace(paged, banner="已停播"), 0), 2)


def test_e6_a_stage_that_dies_three_times_in_a_minute_shows_a_plain_page(rig: Rig, screen: XServer) -> None:
    for _ in range(3):
        assert not rig.stage.plain
        kill_all(children_of(os.getpid(), "kiosk.station.player.stage"))
        rig.until(lambda: not rig.stage.up)
        rig.until(lambda: rig.stage.up)
    assert rig.stage.plain
    rig.until(lambda: shows(screen, plain(POSTING.language)))
    rig.stage.tick(time.monotonic() + PLAIN_SECONDS)
    assert not rig.stage.plain
    rig.until(lambda: shows(screen, POSTING))


class Drawer:
    """In place of the stage's process: keeps its orders."""

    def __init__(self, *_: object) -> None:
        self.orders: list[Message] = []

    def send(self, order: Message) -> None:
        self.orders.append(order)


def test_card_that_ends_the_stage_again_and_again_is_left_out_before_the_poster_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stage, "Process", Drawer)
    held, now = Stage(":7", lambda event: None), 0.0

    def drawn() -> tuple[bool, bool]:
        """Whether the next process is given the right poster, and the card."""
        nonlocal now
        held.tick(now := now + 2)
        held.ready(Staged(width=1280, height=720), now)
        assert isinstance(held._process, Drawer)
        [paint] = [order for order in held._process.orders if isinstance(order, Paint)]
        [over] = [order for order in held._process.orders if isinstance(order, Overlaid)]
        return bytes(paint.poster) == encode(POSTING), bytes(over.card) != b"null"

    def dies() -> None:
        held.gone(StageGone(-11), now)

    held.show(POSTING)
    held.overlay(Card(title="Menu"))
    found = []
    for _ in range(7):
        found.append(drawn())
        dies()
    assert found == [(True, True)] * 3 + [(True, False)] * 3 + [(False, False)]
    assert held.plain and held.cardless
    now += PLAIN_SECONDS
    assert drawn() == (True, True), "both are tried again"
    assert not held.plain and not held.cardless


def resize(connection: display.Display, width: int, height: int) -> None:
    """Give the screen another size, as a TV does that comes on late. It lasts as long as somebody is connected."""
    root = connection.screen().root
    found = root.xrandr_get_screen_resources()
    timings = (0, width, height, 60 * width * height, *[width] * 3, *[height] * 3, 0, 7, 0)
    mode = root.xrandr_create_mode(timings, f"{width}x{height}").mode
    (output,), (controller,), at = found.outputs, found.crtcs, found.config_timestamp
    connection.xrandr_add_output_mode(output, mode)
    connection.xrandr_set_crtc_config(controller, at, 0, 0, 0, randr.Rotate_0, [])
    root.xrandr_set_screen_size(width, height, width // 4, height // 4)
    connection.xrandr_set_crtc_config(controller, at, 0, 0, mode, randr.Rotate_0, [output])


def test_e6_a_screen_of_another_size_is_filled_again_and_the_programme_goes_on(own: XServer, clips: Clips) -> None:
    rig = Rig(own)
    rig.until(lambda: rig.stage.up)
    assert rig.stage.size == (1280, 720)
    rig.cue("a", clips("red.mp4"), time.monotonic() + 1.5)
    rig.note(OnScreen, "a")
    connection = display.Display(own.name)
    resize(connection, 640, 360)
    rig.until(lambda: rig.stage.size == (640, 360))
    rig.ready("a.2")
    rig.run_to(time.monotonic() + 1)
    windows = [one.get_geometry() for one in connection.screen().root.query_tree().children]
    connection.close()
    assert {(one.width, one.height) for one in windows if one.x == 0 and one.width > 10} == {(640, 360)}
    assert len(rig.of(OnScreen)) == 1, "it is the same play"
    rig.close()


def test_screen_does_not_go_dark_when_nobody_presses_a_key(own: XServer) -> None:
    connection = display.Display(own.name)
    assert connection.get_screen_saver().timeout > 0
    rig = Rig(own)
    rig.until(lambda: rig.stage.up)
    assert connection.get_screen_saver().timeout == 0
    rig.close()


def test_newest_of_many_posters_is_shown(rig: Rig, screen: XServer) -> None:
    posters = [replace(POSTING, title=f"week {n}") for n in range(8)]
    for posting in posters:
        rig.stage.show(posting)
    rig.until(lambda: shows(screen, posters[-1]), 10)


def test_stage_that_is_killed_comes_back_and_the_programme_goes_on(rig: Rig, sampler: Sampler, clips: Clips) -> None:
    at = time.monotonic() + 2
    rig.cue("a", clips("blue.mkv"), at)
    rig.note(OnScreen)
    [pid] = children_of(os.getpid(), "kiosk.station.player.stage")
    os.kill(pid, signal.SIGKILL)
    rig.until(lambda: not rig.stage.up)
    rig.until(lambda: rig.stage.up)
    rig.run_to(at + 3)
    assert sampler.programmes(at + 0.2, at + 3) == [BLUE], "the poster's process is not the programme's"
    rig.projector.drop("a", time.monotonic())
    sampler.wait_for(POSTER, since=at + 3)


def test_programme_that_waits_is_not_seen_though_the_poster_goes(rig: Rig, sampler: Sampler, clips: Clips) -> None:
    at = time.monotonic() + 30
    rig.cue("a", clips("blue.mkv"), at)
    rig.ready("a.1")
    began = time.monotonic()
    [pid] = children_of(os.getpid(), "kiosk.station.player.stage")
    os.kill(pid, signal.SIGKILL)
    rig.until(lambda: not rig.stage.up)
    rig.until(lambda: rig.stage.up)
    rig.run_to(time.monotonic() + 0.5)
    assert BLUE not in sampler.programmes(began, time.monotonic())


def test_stage_that_hangs_keeps_nobody_waiting_and_is_ended(rig: Rig, screen: XServer) -> None:
    [pid] = children_of(os.getpid(), "kiosk.station.player.stage")
    os.kill(pid, signal.SIGSTOP)
    long = [replace(POSTING, title="week " * 2000, banner=str(n)) for n in range(200)]
    began = time.monotonic()
    for posting in long:
        rig.stage.show(posting)
    assert time.monotonic() - began < 5, "2 MB of orders; a pipe holds 1 MB at most"
    rig.until(lambda: not rig.stage.up)
    rig.stage.show(POSTING)
    rig.until(lambda: rig.stage.up)
    rig.until(lambda: shows(screen, POSTING), 10)


def test_all_comes_back_after_x_restarts(own: XServer, clips: Clips) -> None:
    rig = Rig(own)
    begin = time.monotonic()
    rig.cue("a", clips("red.mp4"), begin + 2, end=begin + 60)
    rig.cue("b", clips("blue.mkv"), begin + 60)
    rig.note(OnScreen, "a")
    before = set(rig.children())
    assert len(before) == 2
    own.stop()
    rig.until(lambda: not rig.stage.up)
    rig.until(lambda: not before & set(rig.children()), 5)
    own.start()
    sampler = Sampler(own.name)
    rig.until(lambda: rig.stage.up)
    rig.until(lambda: len(rig.children()) == 2 and all(run.since or run.ready for run in rig.projector._runs.values()))
    rig.until(lambda: sampler.seen[-1].programme == RED, 5)
    assert rig.projector.plays == {"a", "b"}
    assert len(rig.of(OnScreen)) == 1, "one row goes on"
    assert rig.of(OffScreen) == [] and rig.of(Replaced) == [], "nobody blames the file"
    assert [event for event in rig.events if isinstance(event, Crashed)] == []
    [report] = rig.projector.drop("a", time.monotonic())
    assert isinstance(report, OffScreen) and report.screen_lost, "d6: its row says why it lacks a part"
    rig.close()
    sampler.stop()


def test_d6_x_that_answers_no_more_counts_as_none(own: XServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "ANSWERS_WITHIN", 1.8)
    rig = Rig(own)
    rig.until(lambda: rig.stage.screen == "up")
    rig.run_to(time.monotonic() + 2.5)
    assert rig.stage.screen == "up", "it says every second that X answers"
    os.kill(own._process.pid, signal.SIGSTOP)
    rig.until(lambda: rig.stage.screen == "none", 5)
    os.kill(own._process.pid, signal.SIGCONT)
    rig.until(lambda: rig.stage.screen == "up", 10)
    rig.close()


def test_station_that_starts_without_x_waits_for_it(own: XServer, clips: Clips) -> None:
    own.stop()
    rig = Rig(own)
    now = time.monotonic()
    rig.cue("a", clips("red.mp4"), now, end=now + 30)
    rig.run_to(now + 1.5)
    assert not rig.stage.up and not set(rig.children().values()) - {"Z"} and rig.notes == []
    own.start()
    sampler = Sampler(own.name)
    rig.note(OnScreen)
    sampler.wait_for(RED)
    assert BLACK not in sampler.programmes(sampler.wait_for(POSTER).monotonic, time.monotonic())
    rig.close()
    sampler.stop()


def test_programme_that_gets_ready_before_there_is_a_poster_is_not_seen(own: XServer, clips: Clips) -> None:
    rig = Rig(own)
    rig.stage = Stage(own.name, rig.inbox.put)  # its poster takes its time
    sampler = Sampler(own.name)
    begin = time.monotonic()
    rig.cue("a", clips("red.mp4"), begin, head=begin - 1, end=begin + 30)
    note = rig.note(OnScreen)
    sampler.wait_for(RED)
    assert sampler.programmes(begin, note.at - 0.02) == [BLACK]
    rig.close()
    sampler.stop()


PARENT = """
import subprocess, sys, time
children = [subprocess.Popen([sys.executable, "-m", "kiosk.station.player." + name, *words], stdin=subprocess.PIPE)
            for name, *words in (("programme", sys.argv[4]), ("stage", sys.argv[1]))]
children[0].stdin.write(sys.argv[2].encode() + sys.argv[3].encode())
children[0].stdin.flush()
print(*(child.pid for child in children), flush=True)
time.sleep(60)
"""


def test_children_die_with_their_parent(own: XServer, clips: Clips, tmp_path: Path) -> None:
    sampler = Sampler(own.name)
    cue = Cue(file=str(clips("red.mp4")), display=own.name, video_output="xcb_x11", sound="none")
    cut = Cut(at=time.monotonic() + 1, end=time.monotonic() + 60)
    words = [own.name, line(cue).decode(), line(cut).decode(), str(tmp_path)]
    parent = subprocess.Popen([sys.executable, "-c", PARENT, *words], stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    children = parent.stdout.readline().split()
    sampler.wait_for(RED)
    assert all(Path("/proc", child).exists() for child in children)
    parent.kill()
    killed = time.monotonic()
    parent.communicate()
    while any(_alive(child) for child in children):
        assert time.monotonic() - killed < 5
        time.sleep(0.02)
    sampler.wait_for(BLACK, since=killed)
    sampler.stop()
    assert own.windows() == 0


def _alive(pid: str) -> bool:
    try:
        return Path("/proc", pid, "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
