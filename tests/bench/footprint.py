"""What the daemon costs: memory, processor, time from its start to the picture, time of a decision.

A town and a station on this PC play one long programme on a virtual screen. ``python tests/bench/footprint.py`` prints
its figures as JSON in the last line; ``cpu_percent`` is of one core, of the daemon without its children.
"""

import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil
from decide import measure

from kiosk.demo import testcard
from kiosk.demo.presser import free_port
from kiosk.demo.rehearsal import (
    GROUP,
    STATION,
    TOWN,
    Sampler,
    add_station,
    daemon,
    enrol,
    screen,
    soon,
    wait_for_line,
    write_config,
)
from kiosk.demo.time_shift import publish_shifted
from kiosk.town.town import found_town

NUMBER, SECONDS = 9, 150
WATCH_SECONDS = 60
RESTARTS = 3


def main() -> None:
    """Run the bench."""
    with tempfile.TemporaryDirectory(prefix="kiosk-footprint-") as name, screen() as (display, virtual):
        folder = Path(name)
        week = long_week(folder)
        office = found_town(folder / "town", "Town", town=TOWN, by="bench")
        publish_shifted(office, week, soon(3), by="bench")
        office.close()
        code = add_station(folder / "town")
        log = folder / "town.log"
        with daemon(log, "town", "--folder", str(folder / "town"), "serve", "--port", "0") as town:
            url = wait_for_line(log, "http://", town).split()[-1]
            config = write_config(folder, display, virtual, free_port())
            enrol(url, code, config)
            figures = watch(folder, config, display)
    figures["decide_ms"] = round(measure()["decide_ms"], 4)
    print(json.dumps(figures))


def long_week(folder: Path) -> Path:
    """A week of one slot with one long 720p programme in a loop."""
    clip = testcard.make(testcard.Clip(NUMBER, "long.mp4", "长节目", SECONDS), folder)
    day = soon(0).date().isoformat()
    source = {
        "title": "bench",
        "group": GROUP,
        "time_zone": "UTC",
        "first_day": day,
        "last_day": day,
        "programmes": [{"id": "long", "file": clip.name, "title": "long"}],
        "slots": [{"date": day, "start": "00:00:00", "end": "01:00:00", "programmes": ["long"], "mode": "loop"}],
    }
    week = folder / "week.json"
    week.write_text(json.dumps(source), encoding="utf-8")
    return week


def watch(folder: Path, config: Path, display: str) -> dict[str, float]:
    """Start the daemon, let it play, start it again a few times."""
    sampler = Sampler(display)
    threading.Thread(target=sampler.follow, daemon=True).start()
    starts: list[float] = []
    try:
        with daemon(folder / "fetch.log", "station", "--config", str(config)):
            first_picture(sampler, time.monotonic())  # with the fetch: not counted
        for _ in range(RESTARTS):
            began = time.monotonic()
            with daemon(folder / "start.log", "station", "--config", str(config)):
                starts.append(first_picture(sampler, began) - began)
        with daemon(folder / "station.log", "station", "--config", str(config)) as process:
            first_picture(sampler, time.monotonic())
            time.sleep(5)
            cpu, rss = usage(process)
    finally:
        sampler.stop()
    return {
        "rss_mb": round(rss, 1),
        "cpu_percent": round(cpu, 2),
        "start_to_picture_ms": round(sorted(starts)[len(starts) // 2] * 1000),
    }


def first_picture(sampler: Sampler, since: float) -> float:
    """When the programme was first seen after ``since`` (monotonic seconds)."""
    while time.monotonic() - since < 60:
        for seen in reversed(sampler.seen):
            if seen.monotonic < since + 0.5:
                break
            if seen.programme == NUMBER:
                return min(s.monotonic for s in sampler.seen if s.programme == NUMBER and s.monotonic > since + 0.5)
        time.sleep(0.05)
    sys.exit(f"{STATION}: no picture within 60 s")


def usage(process: "subprocess.Popen[str]") -> tuple[float, float]:
    """CPU in percent of a core over a minute of one programme, and the greatest RSS in MB, children left out."""
    one = psutil.Process(process.pid)
    before = one.cpu_times()
    began, rss = time.monotonic(), 0.0
    while time.monotonic() - began < WATCH_SECONDS:
        rss = max(rss, one.memory_info().rss / 2**20)
        time.sleep(1)
    after = one.cpu_times()
    spent = after.user + after.system - before.user - before.system
    return 100 * spent / (time.monotonic() - began), rss


if __name__ == "__main__":
    main()
