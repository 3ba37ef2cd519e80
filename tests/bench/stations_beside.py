"""Stations beside the console: how long 25 rooms wait for the town while a film of 4 GB comes in and another is made.

``python tests/bench/stations_beside.py [--gigabytes 4]``: a real town with both its processes. Each room sends a
heartbeat, asks for its document and hands in a report, a second apart; first with nothing beside, then while an officer
uploads in the pages' pieces and ``kiosk town work`` converts a film, last with nothing beside once more. The last line
is JSON; times are those of single requests. The officer, the rooms and both processes share this computer's cores.
"""

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import requests
import tests_path as tests_path
from contract.signing import enrol_request, signed_report
from town.console.conftest import Visitor

from kiosk.contract import wire
from kiosk.contract.enrolment import EnrolAnswer
from kiosk.contract.records import Action
from kiosk.contract.reports import GENESIS, Entry, Heartbeat, Report, chain
from kiosk.contract.wire import encode
from kiosk.demo.rehearsal import OFFICER, add_officer, daemon, run, wait_for_line
from kiosk.town.stations import registry
from kiosk.town.town import open_town

ROOMS = 25
PAUSE_S = 1.0
PIECE = 8 << 20
"""As the pages' script sends, in bytes."""


class Room(threading.Thread):
    """A station that asks again and again, and writes down how long each answer took."""

    def __init__(self, url: str, name: str, code: str) -> None:
        super().__init__(name=name, daemon=True)
        self._session = requests.Session()
        self._session.trust_env = False
        body = encode(enrol_request(code, name, host="pc"))
        enrolled = self._session.post(f"{url}/v1/enrol", data=body, timeout=30).content
        token = wire.decode(enrolled, EnrolAnswer, "answer").token
        self._session.headers["Authorization"] = f"Bearer {token}"
        self._url = url
        self._seq, self._head = 0, GENESIS
        self.waits: list[tuple[float, float]] = []
        """When each answer was there (``time.monotonic``), and seconds it took."""
        self.troubles: list[str] = []
        self.over = threading.Event()

    def run(self) -> None:
        beat = Heartbeat(
            station=self.name, epoch="e", sent_ms=1, nonce="n", boot_id="b", up_ms=1, software="1", clock="trusted"
        )
        while not self.over.wait(PAUSE_S):
            self._timed("POST", "heartbeat", encode(beat))
            self._timed("GET", "station.json", b"")
            self._timed("POST", "reports", self._report())

    def _report(self) -> bytes:
        self._seq += 1
        record = encode(Action(id=f"a{self._seq}", at_ms=1, by="li", action="boot", clock="trusted"))
        before, self._head = self._head, chain(self._head, self._seq, record)
        entry = Entry(seq=self._seq, hash=self._head, record=msgspec.Raw(record))
        report = Report(station=self.name, epoch="e", previous=before, entries=(entry,), signature="")
        return encode(signed_report(report, by=self.name))

    def _timed(self, method: str, path: str, body: bytes) -> None:
        began = time.monotonic()
        try:
            answer = self._session.request(method, f"{self._url}/v1/{path}", data=body, timeout=60)
            if answer.status_code not in (200, 404):
                self.troubles.append(f"{path}: {answer.status_code} {answer.text[:80]}")
        except requests.RequestException as error:
            self.troubles.append(f"{path}: {type(error).__name__}")
        self.waits.append((time.monotonic(), time.monotonic() - began))


def film(path: Path, seconds: int) -> Path:
    """A film that is not of the house profile."""
    picture = ["-f", "lavfi", "-i", f"testsrc2=size=1920x1080:rate=25:duration={seconds}"]
    command = ["ffmpeg", "-v", "error", "-y", *picture, "-c:v", "mpeg2video", "-b:v", "8M", str(path)]
    subprocess.run(command, check=True)
    return path


def upload(browser: Visitor, size: int) -> float:
    """Send so many bytes in the pieces of the pages' script; seconds taken. The last piece is kept back, so that no
    job begins on what is no film."""
    begun = browser.submit("/programmes/uploads", name="large.mp4", size=str(size), mark="bench").json()
    piece, offset, began = bytes(PIECE), 0, time.monotonic()
    while offset + PIECE < size:
        address = f"{browser.url}/programmes/uploads/{begun['id']}?offset={offset}"
        answer = browser.put(address, data=piece, headers={"X-Kiosk-Token": browser.token}, timeout=60)
        offset = answer.json()["offset"]
    return time.monotonic() - began


def figures(rooms: list[Room], since: float, until: float) -> dict[str, float]:
    """Of the answers between two moments, in milliseconds."""
    waits = sorted(1000 * took for room in rooms for at, took in room.waits if since <= at < until)
    at = {"p50": 0.5, "p99": 0.99, "max": 1.0}
    return {name: round(waits[min(len(waits) - 1, int(share * len(waits)))], 1) for name, share in at.items()} | {
        "answers": len(waits)
    }


@contextlib.contextmanager
def asking(rooms: list[Room]) -> Iterator[None]:
    """All rooms ask until the block ends."""
    for room in rooms:
        room.start()
    try:
        yield
    finally:
        for room in rooms:
            room.over.set()
        for room in rooms:
            room.join(60)


def main() -> None:
    """Run the bench."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--gigabytes", type=float, default=4.0, help="size of the upload (4)")
    options.add_argument("--quiet-s", type=float, default=30.0, help="seconds of nothing beside (30)")
    chosen = options.parse_args()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kiosk-beside-")))
        town = folder / "town"
        run("town", "--folder", str(town), "init", "丰乐镇")
        with contextlib.closing(open_town(town)) as office:
            password = add_officer(office)
            codes = {
                f"room-{n}": registry.add_station(office, f"room-{n}", "all", "Room", None, by="bench").secret
                for n in range(ROOMS)
            }
        job = film(folder / "film.ts", 120)
        served = daemon(folder / "town.log", "town", "--folder", str(town), "serve", "--port", "0")
        url = wait_for_line(folder / "town.log", "http://", stack.enter_context(served), 60).split()[-1]
        rooms = [Room(url, name, code) for name, code in codes.items()]
        browser = Visitor(url)
        browser.log_in(OFFICER, password)
        with asking(rooms):
            began = time.monotonic()
            time.sleep(chosen.quiet_s)
            (town / "programmes" / "drop").mkdir(parents=True, exist_ok=True)
            job.rename(town / "programmes" / "drop" / "film.ts")
            busy = time.monotonic()
            with daemon(folder / "work.log", "town", "--folder", str(town), "work"):
                took = upload(browser, int(chosen.gigabytes * (1 << 30)))
                idle = time.monotonic()
            time.sleep(chosen.quiet_s)
            over = time.monotonic()
        troubles = [trouble for room in rooms for trouble in room.troubles]
        print(*troubles[:10], sep="\n", file=sys.stderr)
        found = {
            "rooms": ROOMS,
            "quiet_ms": figures(rooms, began, busy),
            "beside_ms": figures(rooms, busy, idle),
            "after_ms": figures(rooms, idle + 2, over),
            "upload_s": round(took, 1),
            "upload_mb_per_s": round(chosen.gigabytes * 1024 / took, 1),
            "troubles": len(troubles),
        }
    print(json.dumps(found))
    sys.exit(1 if troubles else 0)


if __name__ == "__main__":
    main()
