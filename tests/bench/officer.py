"""The officer's half hour in a real browser: from the workbook to the room's screen, and back to the station's page.

    nice .venv/bin/python tests/bench/officer.py [--shots DIR]

Logs in, drops the month's workbook, mends three cells, uploads two missing programmes, confirms the titles, publishes
under a passphrase; a real daemon on a virtual screen fetches and plays it, and its row comes back to the page of the
station. Every press, choice of a file and field that is typed in counts as a click. The last line is JSON;
``seconds_of_machine`` is how long the officer looked at a page that was still working, ``minutes_to_publish`` all from
the log-in to "published".
"""

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import openpyxl
from playwright.sync_api import Page

sys.path.insert(0, str(Path(__file__).parents[1]))

from browser import chromium, scrolls_sideways, serious_findings

from kiosk.demo.presser import free_port
from kiosk.demo.rehearsal import (
    OFFICER,
    STATION,
    add_officer,
    add_station,
    daemon,
    enrol,
    run,
    screen,
    wait_for_line,
    write_config,
)
from kiosk.town.town import open_town

THERE, MISSING = "民法典与生活", ("水稻育秧技术", "先进典型风采")
SECRET = "一路春风到丰乐镇的稻田"
MOST_CLICKS = 25
ROWS = 40
"""A showing each minute: whenever the room is ready, one begins soon."""
WAIT_S = 600.0
SIZES = {"wide": (1366, 768), "narrow": (390, 844)}


class Desk:
    """The officer's hands: counts what she presses, and how long the machine lets her wait."""

    def __init__(self, page: Page, shots: Path | None) -> None:
        self.page, self._shots = page, shots
        self.clicks, self.machine_s, self.findings = 0, 0.0, list[str]()

    def type(self, selector: str, text: str, nth: int = 0) -> None:
        self.clicks += 1
        self.page.locator(selector).nth(nth).fill(text)

    def choose(self, selector: str, *files: Path) -> None:
        self.clicks += 1
        self.page.set_input_files(selector, [str(file) for file in files])

    def press(self, selector: str, until: str) -> None:
        """Press, and wait until ``until`` is seen."""
        self.clicks += 1
        with self._waiting():
            self.page.locator(selector).first.click()
            self.page.wait_for_selector(until, timeout=1000 * WAIT_S)

    def wait(self, until: str) -> None:
        """Look at the page again and again until ``until`` is seen."""
        deadline = time.monotonic() + WAIT_S
        with self._waiting():
            while self.page.locator(until).count() == 0:
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{until} did not come: {self.page.inner_text('main')[:800]}")
                time.sleep(1)
                self.page.reload()

    def look(self, name: str) -> None:
        """Judge the page by axe, and take pictures of it where they are wanted."""
        self.findings += [f"{name}: {one}" for one in serious_findings(self.page)]
        for size, (width, height) in SIZES.items() if self._shots else ():
            self.page.set_viewport_size({"width": width, "height": height})
            self.page.screenshot(path=str(self._shots / f"{name}-{size}.png"), full_page=True)
            if scrolls_sideways(self.page):
                self.findings.append(f"{name}: scrolls sideways at {width} pixels")
        self.page.set_viewport_size({"width": SIZES["wide"][0], "height": SIZES["wide"][1]})

    @contextlib.contextmanager
    def _waiting(self) -> Iterator[None]:
        began = time.monotonic()
        yield
        self.machine_s += time.monotonic() - began


def film(path: Path, seconds: int, hertz: int) -> Path:
    """A film of one of the usual kinds, with a tone of its own: two of the same content would be one programme."""
    picture = ["-f", "lavfi", "-i", f"testsrc2=size=640x360:rate=25:duration={seconds}"]
    sound = ["-f", "lavfi", "-i", f"sine=frequency={hertz}:duration={seconds}"]
    command = ["ffmpeg", "-v", "error", "-y", *picture, *sound, "-pix_fmt", "yuv420p", "-c:a", "aac", str(path)]
    subprocess.run(command, check=True)
    return path


def workbook(path: Path, now: datetime) -> tuple[Path, list[str]]:
    """A sheet with a row each minute from ``now`` on, three cells of which need a person; and what belongs there."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = f"{now.month}月"
    sheet.append([f"{now.year}年{now.month}月周推荐月计划表"])
    sheet.append(["日期", "时间", "节目名称", "类别", "备注"])
    titles = (THERE, *MISSING)
    right = []
    for n in range(ROWS):
        at = now + timedelta(minutes=n + 1)
        row = [f"{at.month}月{at.day}日", f"{at:%H:%M}", f"《{titles[n % 3]}》", "农技", ""]
        if n in (10, 14, 18):
            column = (10, 14, 18).index(n)
            right.append(row[column])
            row[column] = ("13月40日", "九点十刻", "待定")[column]
        sheet.append(row)
    book.save(path)
    return path, right


def journey(desk: Desk, url: str, password: str, sheet: Path, right: list[str], films: list[Path]) -> None:
    """From the log-in to "published"."""
    page = desk.page
    page.goto(f"{url}/login")
    desk.look("login")
    desk.type("#name", OFFICER)
    desk.type("#password", password)
    desk.press("main button.press", "header nav")
    desk.look("home")
    desk.press('header nav a[href="/months"]', "#sheet")
    desk.look("months")
    desk.choose("#sheet", sheet)
    desk.press(".drop button", "table.sheet")
    desk.look("sheet")
    for n, text in enumerate(right):
        desk.type("input.bad", text, n)
    desk.press('form[action$="/mend"] button.press', ".done")
    desk.look("mended")
    desk.press('a.press[href$="/titles"]', ".plainlist")
    desk.look("titles")
    # Each is sent at once; the page renews itself when it has come.
    for title, file in zip(MISSING, films, strict=True):
        line = f'.plainlist li:has-text("{title}")'
        desk.choose(f"{line} input[type=file]", file)
        desk.page.wait_for_selector(f"{line} > span a", timeout=1000 * WAIT_S)
    for title in MISSING:
        desk.wait(f'.match:has-text("{title}") .tag.confirmed')
    desk.look("uploaded")
    desk.press('form[action$="/titles"] button.press', 'a.press[href$="/publish"]')
    desk.press('a.press[href$="/publish"]', "#passphrase")
    desk.look("publish")
    desk.type("#passphrase", SECRET)
    desk.type("#again", SECRET)
    desk.press('form[method="post"][action$="/publish"] button.press', ".done")
    desk.look("published")


def played(desk: Desk, town: Path) -> float:
    """Seconds until a row of the room is at the town; then it is looked up on the station's page."""
    began = time.monotonic()
    while time.monotonic() < began + WAIT_S:
        if any(title in run("town", "--folder", str(town), "plays") for title in (THERE, *MISSING)):
            break
        time.sleep(2)
    seconds = time.monotonic() - began
    desk.press('header nav a[href="/stations"]', f'a[href="/stations/room/{STATION}"]')
    desk.look("stations")
    desk.press(f'a[href="/stations/room/{STATION}"]', "main")
    desk.wait("td .tally.on-time, td .tally.late")
    desk.look("station")
    return seconds


def main() -> int:
    """Run it; 0 where it took few enough clicks and axe has found nothing serious."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--shots", type=Path, help="write pictures of each page there")
    shots = options.parse_args().shots
    if shots:
        shots.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kiosk-officer-")))
        town = folder / "town"
        run("town", "--folder", str(town), "init", "丰乐镇")
        code = add_station(town)
        with contextlib.closing(open_town(town)) as office:
            password = add_officer(office)
        drop = town / "programmes" / "drop"
        drop.mkdir(parents=True)
        film(folder / "there.mp4", 8, 330).rename(drop / f"{THERE}.mp4")
        films = [film(folder / f"{name}.mp4", 8, 440 + 110 * n) for n, name in enumerate(MISSING)]
        display, virtual = stack.enter_context(screen())
        server = stack.enter_context(daemon(folder / "town.log", "town", "--folder", str(town), "serve", "--port", "0"))
        url = wait_for_line(folder / "town.log", "http://", server, 60).split()[-1]
        stack.enter_context(daemon(folder / "work.log", "town", "--folder", str(town), "work"))
        config = write_config(folder, display, virtual, free_port())
        enrol(url, code, config)
        station = stack.enter_context(daemon(folder / "station.log", "station", "--config", str(config)))
        wait_for_line(folder / "station.log", "runs", station, 60)
        browser = stack.enter_context(chromium())
        context = browser.new_context(viewport={"width": 1366, "height": 768}, locale="zh-CN")
        desk = Desk(context.new_page(), shots)
        sheet, right = workbook(folder / "计划.xlsx", datetime.now(ZoneInfo("Asia/Shanghai")))
        began = time.monotonic()
        journey(desk, url, password, sheet, right, films)
        minutes = (time.monotonic() - began) / 60
        shown = played(desk, town)
        figures = {
            "clicks": desk.clicks,
            "seconds_of_machine": round(desk.machine_s, 1),
            "minutes_to_publish": round(minutes, 2),
            "seconds_to_row": round(shown, 1),
            "findings": desk.findings,
        }
    print(json.dumps(figures, ensure_ascii=False))
    return 0 if desk.clicks <= MOST_CLICKS and not desk.findings else 1


if __name__ == "__main__":
    sys.exit(main())
