"""From the press to the screen: Start and Stop in a real browser, the menu by a remote, while a programme plays.

``python tests/bench/panel.py [--presses N]``; the last line is JSON, ``{"start_ms_p95", "stop_ms_p95", "menu_ms_p95",
"poll_cpu_percent", "home_kb"}``. A sampler watches the X screen (an Xvfb) from outside the station. The remote is a
device of umockdev whose node is a pipe. Five phones that are logged in have Home renewed as their browsers would; what
that costs is the daemon's processor time with them less that without them, in percent of one core. Home is counted with
its style sheet and its script, without the picture of the screen.
"""

import argparse
import contextlib
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

from tests_path import TESTS

# isort: split
import psutil
import requests
from browser import chromium
from fakes_town import TownOnTheLine
from live_room import LiveRoom, now, whole
from panel_room import PIN
from panel_room import Browser as Phone
from playwright.sync_api import Page
from screen import CLIPS, LONG, POSTER, Sampler, XServer

from kiosk.demo.presser import free_port
from kiosk.demo.sampler import Screen
from kiosk.demo.testcard import make
from kiosk.station.panel import pin

ENTER, ESCAPE = 28, 1
PHONES, RENEW_S, POLL_S = 5, 5.0, 30.0
LOOK_S = 0.002
APART_S = 0.7
"""Seconds between two presses: nobody is faster, and what came of the one before is over."""


class Middle:
    """What one pixel of the middle row shows, watched by a process of its own: (monotonic instant, colour)."""

    def __init__(self, display: str) -> None:
        self.seen: list[tuple[float, str]] = []
        command = [sys.executable, __file__, "--watch", display]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            at, colour = line.split()
            self.seen.append((float(at), colour))

    def wait(self, truth: Callable[[str], bool], since: float, seconds: float = 5) -> float:
        """When it first looked so at or after ``since``."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for at, colour in self.seen[-50:]:
                if at >= since and truth(colour):
                    return at
            time.sleep(0.005)
        raise SystemExit(f"the menu is not seen; the middle shows {self.seen[-3:]}")

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


def watch(display: str) -> None:
    """Print each change of a pixel in the middle row, left of the centre: the menu's ground, or the picture."""
    screen, before = Screen(display, row=None), ""
    screen = Screen(display, row=screen.height // 2)
    at = 4 * (screen.width // 2)
    while True:
        row = screen.row()
        colour = row[at : at + 3].hex()
        if colour != before:
            before = colour
            print(time.monotonic(), colour, flush=True)
        time.sleep(LOOK_S)


@contextlib.contextmanager
def station(room: LiveRoom) -> "Iterator[subprocess.Popen[str]]":
    """The daemon, with a remote."""
    command = ["umockdev-wrapper", sys.executable, str(TESTS / "bench/key_bed.py"), str(room.settings)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.communicate("", timeout=30)


def key(process: "subprocess.Popen[str]", code: int) -> float:
    """Press a key; the instant."""
    assert process.stdin
    at = time.monotonic()
    process.stdin.write(f"{code}\n")
    process.stdin.flush()
    return at


def start_and_stop(page: Page, sampler: Sampler, presses: int) -> tuple[list[float], list[float]]:
    """How long Start and Stop took, in ms."""
    starts, stops = [], []
    for number in range(presses + 1):  # the first is not counted: the browser and the player are cold
        time.sleep(APART_S)
        at = time.monotonic()
        page.evaluate("() => document.querySelector('#stop button[value=meeting]').click()")
        seen = sampler.wait(lambda one: one.programme == POSTER, 10, at)
        stops.append((seen.monotonic - at) * 1000)
        page.wait_for_selector("#start button")
        time.sleep(APART_S)
        at = time.monotonic()
        page.evaluate("() => document.querySelector('#start button').click()")
        seen = sampler.wait(lambda one: one.programme == LONG, 20, at)
        starts.append((seen.monotonic - at) * 1000)
        page.wait_for_selector("#stop summary")
        say(f"{number}: stop {stops[-1]:.0f} ms, start {starts[-1]:.0f} ms")
    return starts[1:], stops[1:]


def menus(process: "subprocess.Popen[str]", middle: Middle, presses: int) -> list[float]:
    """How long the menu took to be seen, in ms."""
    from kiosk.station.display.menu_image import CHOSEN, GROUND, INK

    def is_menu(colour: str) -> bool:
        blue, green, red = (colour[n : n + 2] for n in (0, 2, 4))
        return f"#{red}{green}{blue}" in (GROUND, CHOSEN, INK)

    took = []
    for _ in range(presses + 1):
        time.sleep(APART_S)
        at = key(process, ENTER)
        took.append((middle.wait(is_menu, at) - at) * 1000)
        time.sleep(APART_S)
        at = key(process, ESCAPE)
        middle.wait(lambda colour: not is_menu(colour), at)
    say(f"menu: {', '.join(f'{one:.0f}' for one in took)} ms")
    return took[1:]


def polling_percent(base: str, pid: int) -> float:
    """What five phones cost the daemon, in percent of a core."""
    phones = [Phone(base) for _ in range(PHONES)]
    for phone in phones:
        phone.log_in(PIN)
    over = threading.Event()

    def renew(phone: Phone, after_s: float) -> None:
        over.wait(after_s)
        while not over.wait(RENEW_S):
            with contextlib.suppress(requests.ConnectionError):  # the server hangs up on who is silent for so long
                phone.get()

    alone = spent_in(pid, POLL_S)
    threads = [threading.Thread(target=renew, args=(phone, n * RENEW_S / PHONES)) for n, phone in enumerate(phones)]
    for thread in threads:
        thread.start()
    time.sleep(RENEW_S)
    asked = spent_in(pid, POLL_S)
    over.set()
    for thread in threads:
        thread.join()
    say(f"daemon: {alone:.2f} s of processor alone, {asked:.2f} s with {PHONES} phones, in {POLL_S:.0f} s")
    return max(0.0, asked - alone) / POLL_S * 100


def spent_in(pid: int, seconds: float) -> float:
    """Processor seconds of the daemon itself, without its children."""

    def spent() -> float:
        times = psutil.Process(pid).cpu_times()
        return times.user + times.system

    before = spent()
    time.sleep(seconds)
    return spent() - before


def home_kb(phone: Phone) -> float:
    """Home, its style sheet and its script, in kB of 1,024 bytes."""
    page = phone.get()
    files = [phone.get(f"/{name}") for name in ("panel.css", "panel.js")]
    return sum(len(one.content) for one in (page, *files)) / 1024


def p95(values: list[float]) -> float:
    """The 95th percentile."""
    return round(statistics.quantiles(values, n=20)[-1], 1)


def say(text: str) -> None:
    """Progress, on standard error."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def main() -> None:
    """Run the bench."""
    parser = argparse.ArgumentParser(description="from the press to the screen")
    parser.add_argument("--presses", type=int, default=50)
    parser.add_argument("--watch", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.watch:
        watch(options.watch)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kiosk-panel-")))
        screen = XServer()
        stack.callback(screen.stop)
        clip = make(CLIPS["long.mp4"], folder)
        town = TownOnTheLine(folder / "town")
        stack.callback(town.close)
        room = LiveRoom(town, screen, lambda _name: clip, folder / "room")
        port = free_port()
        settings = room.settings.read_text().replace("enabled = false", f'listen = "127.0.0.1"\nport = {port}')
        room.settings.write_text(settings)
        pin.save(room.state, pin.choose(PIN))
        room.publish((whole(now()) - timedelta(minutes=1), 6 * 3600, "long"), names=("long.mp4",))
        process = stack.enter_context(station(room))
        assert process.stdout
        pid = int(process.stdout.readline())
        sampler = Sampler(screen.name)
        stack.callback(sampler.stop)
        sampler.wait_for(LONG, 60)
        middle = Middle(screen.name)
        stack.callback(middle.stop)
        time.sleep(5)  # it has just begun
        menu = menus(process, middle, options.presses)
        base = f"http://127.0.0.1:{port}"
        phone = Phone(base)
        phone.log_in(PIN)
        kb, percent = home_kb(phone), polling_percent(base, pid)
        browser = stack.enter_context(chromium())
        page = browser.new_page(base_url=base)
        page.goto("/login")
        page.fill("#pin", PIN)
        page.keyboard.press("Enter")
        page.wait_for_selector("#stop")
        starts, stops = start_and_stop(page, sampler, options.presses)
        figures = {"start_ms_p95": p95(starts), "stop_ms_p95": p95(stops), "menu_ms_p95": p95(menu)}
        print(json.dumps(figures | {"poll_cpu_percent": round(percent, 2), "home_kb": round(kb, 1)}))


if __name__ == "__main__":
    main()
