"""The network goes wrong in every way that it does in villages, while the room plays: nothing late, lost or doubled.

``python tests/chaos/network.py [--seconds N] [--only CASE]`` (as root; about 15 min for all) runs the real daemon, with
real VLC, in one network namespace and the real town in another, joined by a line (``lines.py``) and a proxy that
misbehaves (``fault_proxy.py``); all goes over TLS. The room plays a loop of short bar-coded clips; the sampler on its
screen is the judge. Each case plays undisturbed for so many seconds, then publishes a week with a new file and plays as
long (or until the file is there) under its fault; then the fault goes, and file and record have to arrive. The cases:

``slow``: 2 Mbit/s, 5 % of the packets lost both ways, 300 ms before each answer (a proxy delays answers, not packets).
``cuts``: one file of 60 MB, its connection broken 50 times, by a reset or without a word. ``dns``: the server of names
is a black hole. ``replies``: every other reply to a report or heartbeat is lost after the town has committed.
``portal``: everything is answered with HTML and 200. ``name``: TLS with another's name. ``storm``: 500, 429 and 503,
with and without ``Retry-After``. ``clock``: the daemon's wall clock is 3 years slow (``fake_clock.py``); whether
the timetable goes on or recommended items play, the steps from clip to clip are judged.

Last line: JSON, for each case and in all: ``bytes_ratio`` (bytes to the client's socket for files ÷ bytes needed),
``late`` and ``late_quiet`` (of the cuts, in ms), ``lost``, ``doubled``, ``invented``, and ``glimpses``: what was on the
screen for less than a fifth of a second and has no row.
"""

import argparse
import contextlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import formatdate
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "bench"))

import fake_clock
from certificates import authority
from fault_proxy import Answer, Fault, Proxy, Request
from judge_records import Row, judge_records, lateness_ms, spread, steps_ms
from lines import TOWN_ADDRESS, TOWN_NAME, Line, enter, line, need_tools, run
from room import Eyes, XServer, media_folder, say, wait_for, wall_less_monotonic, whole_second

from kiosk.common.media import hash_file
from kiosk.contract.playlist import Playlist, Programme, Recommended, Slot
from kiosk.demo.judge import Seen, showings
from kiosk.demo.rehearsal import GROUP, TOWN, add_station
from kiosk.demo.testcard import Clip, make
from kiosk.town.publishing.issue import PublishTerms, copy, issue_playlist
from kiosk.town.publishing.measure import quiet
from kiosk.town.town import found_town, open_town

CLIP_S = 6
NUMBERS = (31, 32, 33)
PORT, TOWN_PORT = 8443, 8080
QUICK = 40.0
"""Of the line where a case says nothing of it, in Mbit/s."""
CUTS = 50
SETTLE_S = 300
YEARS_OFF = -3 * 365 * 86_400
PAGE = b"<html><body>Welcome to the guest network. Please log in.</body></html>"
SETTINGS = """[station]
state = "{folder}/station"
runtime = "{folder}/run"
[screen]
display = "{display}"
video_output = "xcb_x11"
[sound]
output = "none"
[town]
heartbeat_s = 5
report_delay_ms = 200
timeout_s = 10
ca_file = "{ca_file}"
[panel]
enabled = false
"""


class Slow(Fault):
    delay_s = 0.3


class Cuts(Fault):
    """The connection of a file breaks, until it has done so often enough."""

    def __init__(self) -> None:
        self.left = CUTS

    def cut_after(self, request: Request) -> int | None:
        if self.left <= 0 or not request.path.startswith("/v1/files/"):
            return None
        return 1_000_000  # the clips and the playlist are shorter


class Replies(Fault):
    """Every other reply to what is posted is lost."""

    def __init__(self) -> None:
        self._count = 0

    def swallow(self, request: Request) -> bool:
        if request.method != "POST":
            return False
        self._count += 1
        return self._count % 2 == 1


class Portal(Fault):
    def answer(self, request: Request) -> Answer | None:
        return 200, {"Content-Type": "text/html"}, PAGE


class WrongName(Fault):
    wrong_name = True


class Storm(Fault):
    def answer(self, request: Request) -> Answer | None:
        at = formatdate(time.time() + 5, usegmt=True)
        said: Sequence[Answer] = (
            (500, {}, b"oops"),
            (429, {"Retry-After": "3"}, b"{}"),
            (503, {"Retry-After": at}, b'{"error": "overloaded"}'),
            (502, {"Content-Type": "text/html"}, PAGE),
        )
        return random.choice(said)


@dataclass(frozen=True)
class Case:
    """One way in which the network goes wrong."""

    name: str
    fault: type[Fault] = Fault
    megabytes: int = 4
    rate: float = QUICK
    loss: int = 0
    until_fetched: bool = False
    """The fault lasts until the file is there, and does not keep it from coming."""
    names: bool = True
    clock_s: int = 0


CASES = (
    Case("slow", Slow, 6, rate=2, loss=5, until_fetched=True),
    Case("cuts", Cuts, 60, until_fetched=True),
    Case("dns", names=False),
    Case("replies", Replies),
    Case("portal", Portal),
    Case("name", WrongName),
    Case("storm", Storm),
    Case("clock", clock_s=YEARS_OFF),
)


@dataclass
class Room:
    """All that is there while the cases run."""

    folder: Path
    line: Line
    proxy: Proxy
    eyes: Eyes
    start: datetime
    clips: list[Path]
    _daemon: "subprocess.Popen[bytes] | None" = None
    films: int = 0
    figures: dict[str, dict[str, object]] = field(default_factory=dict)

    # --- the station ---

    def begin(self, clock_s: int = 0) -> None:
        """Start the daemon, its wall clock off by so many seconds."""
        more = fake_clock.environment(self.folder, clock_s) if clock_s else {}
        command = [sys.executable, "-m", "kiosk", "station", "--config", str(self.folder / "config.toml")]
        with (self.folder / "station.log").open("ab") as out:
            self._daemon = subprocess.Popen(
                self.line.in_room(*command), stdout=out, stderr=subprocess.STDOUT, env={**os.environ, **more}
            )

    def end(self) -> None:
        """Ask it to end, and wait."""
        if self._daemon is not None:
            self._daemon.send_signal(signal.SIGTERM)
            try:
                self._daemon.wait(20)
            except subprocess.TimeoutExpired:
                self._daemon.kill()
            self._daemon = None

    def has(self, sha256: str) -> bool:
        """Whether a file is in the station's library."""
        return (self.folder / "station/library/files" / sha256).exists()

    def waiting(self) -> int:
        """How many entries of the record the town has not countersigned."""
        return int(str(_ask(self.folder / "station/journal.db", _WAITING)[0][0]))

    # --- the town ---

    def publish(self, megabytes: int) -> tuple[str, int]:
        """Sign the same loop with a new file for later, of random bytes. Gives its SHA-256, and the bytes to fetch."""
        self.films += 1
        film = self.folder / f"film-{self.films}.bin"
        film.write_bytes(random.randbytes(megabytes * 1_000_000))
        office = open_town(self.folder / "town")
        try:
            programmes = [_programme(clip, CLIP_S * 1000) for clip in self.clips] + [_programme(film, 60_000)]
            copy(office, {one.sha256: path for one, path in zip(programmes, [*self.clips, film], strict=True)}, quiet)
            playlist = issue_playlist(office, self._week(programmes), PublishTerms("chaos"))
            (document,) = (f for n, f in _pins(office.public.group_path(GROUP)).items() if n.startswith("playlist/"))
        finally:
            office.close()
        film.unlink()
        return playlist.programmes[-1].sha256, playlist.programmes[-1].size + document

    def _week(self, programmes: list[Programme]) -> Playlist:
        loop, later = [one.id for one in programmes[:-1]], programmes[-1].id
        far = self.start + timedelta(hours=7)
        slots = (_slot(self.start, 6 * 3600, loop, "loop"), _slot(far, 60, [later], "once"))
        days = sorted(slot.date for slot in slots)
        items = tuple(Recommended(programme=name, plays=9999, first_day=days[0], last_day=days[-1]) for name in loop)
        return Playlist(
            town=TOWN, group=GROUP, version=1, title="chaos", time_zone="UTC", issued_ms=0, first_day=days[0],
            last_day=days[-1], programmes=tuple(programmes), slots=slots, recommended=items,
        )  # fmt: skip

    def rows(self) -> list[Row]:
        """The plays that the town has and of which the station says that they were shown."""
        sql = "SELECT record FROM entry WHERE kind = 'play' AND state = 'accepted' ORDER BY chain, seq"
        found = [json.loads(row[0]) for row in _ask(self.folder / "town/town.db", sql)]
        numbers = {clip.stem: number for clip, number in zip(self.clips, NUMBERS, strict=True)}
        return [
            Row(one["id"], numbers[one["programme"]], one["started_monotonic_ms"] / 1000, one["played_ms"] / 1000)
            for one in found
            if one["played_ms"]
        ]

    # --- the screen ---

    def seen(self, begin: float, end: float) -> list[Seen]:
        """The showings between two instants, in monotonic ms; the last may not be over."""
        return showings(self.eyes.between(begin, end), 0.0)

    @property
    def loop_start(self) -> float:
        """The first cut of the loop, on the monotonic clock."""
        return self.start.timestamp() - wall_less_monotonic()


_WAITING = "SELECT count(*) FROM entries WHERE seq > (SELECT seq FROM delivery)"


def main() -> None:
    """Run the cases."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    names = [case.name for case in CASES]
    parser.add_argument("--seconds", type=int, default=60, help="of each stretch, quiet and disturbed (60)")
    parser.add_argument("--only", choices=names, action="append", help="this case alone; may be given again")
    options = parser.parse_args()
    random.seed(4)
    need_tools()
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    with tempfile.TemporaryDirectory(prefix="kiosk-network-") as name, house(Path(name)) as place:
        began = time.monotonic()
        for case in CASES:
            if case.name in (options.only or names):
                place.figures[case.name] = play(place, case, options.seconds)
                say(f"{case.name}: {place.figures[case.name]}")
        print(json.dumps(total(place, began)))


@contextlib.contextmanager
def house(folder: Path) -> Iterator[Room]:
    """Namespaces, town, proxy, screen, and a station that has fetched its clips and plays."""
    clips = [
        make(Clip(number, f"{number}.mp4", f"{number}", CLIP_S, size=(640, 360)), media_folder("network"))
        for number in NUMBERS
    ]
    with contextlib.ExitStack() as stack:
        between = stack.enter_context(line())
        between.rate(QUICK)
        found_town(folder / "town", "Town", town=TOWN, by="chaos").close()
        x = XServer("640x360x24")
        stack.callback(x.kill)
        eyes = Eyes(x.name)
        stack.callback(eyes.close)
        trusted = authority(folder)
        right, wrong = trusted.server(TOWN_NAME), trusted.server("other.test")
        proxy = Proxy(partial(enter, between.town), (TOWN_ADDRESS, PORT), TOWN_PORT, right, wrong)
        proxy.start()
        place = Room(folder, between, proxy, eyes, whole_second(25), clips)
        sha256, _ = place.publish(1)
        code = add_station(folder / "town")
        stack.enter_context(_town(place))
        settings = SETTINGS.format(folder=folder, display=x.name, ca_file=trusted.file)
        (folder / "config.toml").write_text(settings)
        url = f"https://{TOWN_NAME}:{PORT}"
        enrol = [sys.executable, "-m", "kiosk", "enrol", "--town", url, "--code-file", str(folder / "code")]
        (folder / "code").write_text(code)
        run(*between.in_room(*enrol, "--config", str(folder / "config.toml")))
        place.begin()
        stack.callback(place.end)
        wait_for(lambda: place.has(sha256), 60, f"the first week: {_last_lines(folder)}")
        wait_for(lambda: time.time() > place.start.timestamp() + 2 * CLIP_S, 120, "the loop's beginning")
        yield place


@contextlib.contextmanager
def _town(place: Room) -> Iterator[None]:
    command = ["town", "--folder", str(place.folder / "town"), "serve", "--port", str(TOWN_PORT)]
    with (place.folder / "town.log").open("wb") as out:
        town = subprocess.Popen(
            place.line.in_town(sys.executable, "-u", "-m", "kiosk", *command), stdout=out, stderr=subprocess.STDOUT
        )
    try:
        wait_for(lambda: "http://" in (place.folder / "town.log").read_text(), 30, "the town's start")
        yield
    finally:
        town.terminate()
        town.wait(10)


def play(place: Room, case: Case, seconds: int) -> dict[str, object]:
    """One case: quiet, disturbed, and until all has arrived."""
    say(f"{case.name}: {seconds} s undisturbed")
    quiet_from = time.monotonic()
    time.sleep(seconds)
    quiet_until = time.monotonic()
    bytes_before, cuts_before = place.proxy.bytes.copy(), place.proxy.cuts
    fault = case.fault()
    place.line.rate(case.rate)
    place.line.loss(case.loss)
    place.line.names(case.names)
    place.proxy.use(fault)
    if case.clock_s:
        place.end()
        place.begin(case.clock_s)
        time.sleep(3 * CLIP_S)  # until what is on the screen is from after the start
    sha256, needed = place.publish(case.megabytes)
    say(f"{case.name}: disturbed")
    begin = time.monotonic()
    deadline = begin + (900 if case.until_fetched else seconds)
    while time.monotonic() < deadline and not (
        case.until_fetched and place.has(sha256) and time.monotonic() - begin > seconds
    ):
        time.sleep(0.1)
        if isinstance(fault, Cuts):
            fault.left = CUTS - (place.proxy.cuts - cuts_before)
    end = time.monotonic()
    in_the_fault = place.has(sha256)
    place.proxy.use(Fault())
    place.line.names(True)
    place.line.loss(0)
    place.line.rate(QUICK)
    wait_for(lambda: place.has(sha256), SETTLE_S, f"{case.name}: the file; {_last_lines(place.folder)}")
    wait_for(lambda: place.waiting() == 0, SETTLE_S, f"{case.name}: the record; {_last_lines(place.folder)}")
    settled = time.monotonic()
    if case.clock_s:
        place.end()
        place.begin()
        time.sleep(3 * CLIP_S)
        wait_for(lambda: place.waiting() == 0, SETTLE_S, f"{case.name}: the record after it")
    time.sleep(1)  # for the last answer's bytes
    got = place.proxy.bytes - bytes_before
    files = got["GET /v1/files"]
    return {
        "bytes_ratio": round(files / needed, 4),
        "bytes_needed": needed,
        "bytes_files": files,
        "bytes_all": sum(got.values()),
        "cut_connections": place.proxy.cuts - cuts_before,
        "fetched_under_fault": in_the_fault,
        "recovered_s": round(settled - end, 1),
        "late_quiet": spread(_late(place, case, quiet_from, quiet_until)),
        "late": spread(_late(place, case, begin, end)),
    }


def _late(place: Room, case: Case, begin: float, end: float) -> list[float]:
    seen = place.seen(begin, end)
    if case.clock_s:
        return steps_ms(seen, CLIP_S, begin, end)
    return lateness_ms(seen, place.loop_start, CLIP_S, begin, end)


def total(place: Room, began: float) -> dict[str, object]:
    """All cases together, and the record held against the screen."""
    wait_for(lambda: place.waiting() == 0, SETTLE_S, "the rest of the record")
    rows, now = place.rows(), time.monotonic()
    verdict = judge_records(place.seen(0, now), rows, now - CLIP_S)
    for miss in verdict.misses:
        say(miss)
    needed = sum(int(str(one["bytes_needed"])) for one in place.figures.values())
    files = sum(int(str(one["bytes_files"])) for one in place.figures.values())
    return {
        "cases": place.figures,
        "bytes_ratio": round(files / needed, 4),
        "shown": verdict.shown,
        "rows": verdict.rows,
        "lost": verdict.lost,
        "doubled": verdict.doubled,
        "invented": verdict.invented,
        "glimpses": verdict.glimpses,
        "minutes": round((time.monotonic() - began) / 60, 1),
    }


def _programme(path: Path, duration_ms: int) -> Programme:
    size, sha256 = path.stat().st_size, hash_file(path)
    return Programme(
        id=path.stem, title=path.stem, file=path.name, duration_ms=duration_ms, size=size, sha256=sha256
    )  # fmt: skip


def _slot(start: datetime, seconds: int, programmes: list[str], mode: str) -> Slot:
    end = start + timedelta(seconds=seconds)
    return Slot(
        date=start.date().isoformat(), start=f"{start:%H:%M:%S}", end=f"{end:%H:%M:%S}", programmes=tuple(programmes),
        mode=mode,  # type: ignore[arg-type]
    )  # fmt: skip


def _pins(metadata: Path) -> dict[str, int]:
    """The files that a group's metadata pins, and their lengths."""
    return {name: one["length"] for name, one in json.loads(metadata.read_bytes())["signed"]["targets"].items()}


def _ask(path: Path, sql: str) -> list[tuple[object, ...]]:
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as database:
        return list(database.execute(sql))


def _last_lines(folder: Path) -> str:
    return "\n".join((folder / "station.log").read_text(encoding="utf-8", errors="replace").splitlines()[-40:])


if __name__ == "__main__":
    main()
