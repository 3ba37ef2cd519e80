"""A room for a bench: an X server that can be killed, a town with a signed week, a station's daemon, a judge's eyes.

Weeks are signed here straight from given lengths, without the town's measuring: so also what the town would refuse to
publish reaches the station, with a true signature and true hashes.
"""

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
from Xlib import display as xdisplay

from kiosk.common.media import hash_file
from kiosk.contract.playlist import Playlist, Programme, Recommended, Slot
from kiosk.demo.presser import free_port
from kiosk.demo.rehearsal import GROUP, TOWN, Sampler, add_station, daemon, enrol, wait_for_line, write_config
from kiosk.demo.sampler import Sighting
from kiosk.town.publishing.issue import PublishTerms, copy, issue_playlist
from kiosk.town.publishing.measure import quiet
from kiosk.town.town import found_town, open_town

SCREEN = "1280x720x24"
SHAPES = ("4:3", "9:16")
"""Of the pictures of :mod:`formats` that leave bars at both sides."""
CHILD = "kiosk.station.player.programme"
UNIT = Path(__file__).parents[2] / "systemd" / "kiosk-station.service"


def say(text: str) -> None:
    """Progress, on standard error."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def wall_less_monotonic() -> float:
    """Seconds to add to a monotonic instant to get UTC seconds since 1970."""
    return time.time() - time.monotonic()


class XServer:
    """Xvfb, on a display number that it keeps when it is started anew."""

    def __init__(self, size: str = SCREEN) -> None:
        self._size = size
        self._process: subprocess.Popen[bytes] | None = None
        self._number = ""
        self.start()

    @property
    def name(self) -> str:
        return f":{self._number}"

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    def start(self) -> None:
        """Start it; returns when it takes connections."""
        reading, writing = os.pipe()
        wanted = [self.name] if self._number else []
        self._process = subprocess.Popen(
            ["Xvfb", *wanted, "-displayfd", str(writing), "-screen", "0", self._size, "-nolisten", "tcp", "-noreset"],
            pass_fds=[writing],
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for the bench, which may still want to look
        )
        os.close(writing)
        with os.fdopen(reading) as answer:
            self._number = answer.readline().strip()
        if not self._number:
            sys.exit("Xvfb does not start; is xvfb installed?")

    def kill(self) -> None:
        """Take it away as a crash would."""
        assert self._process
        self._process.kill()
        self._process.wait()

    def windows(self) -> int:
        """How many top windows there are, in sight or not."""
        connection = xdisplay.Display(self.name)
        try:
            return len(connection.screen().root.query_tree().children)
        finally:
            connection.close()


class Eyes:
    """The sampler's process, and what it has seen so far. Started anew when the X server was."""

    def __init__(self, display: str) -> None:
        self._display = display
        self.seen: list[Sighting] = []
        self.open()

    def open(self) -> None:
        """Look at the screen from now on."""
        self._sampler = Sampler(self._display, shapes=SHAPES)
        self._sampler.seen = self.seen
        threading.Thread(target=self._sampler.follow, daemon=True).start()

    def close(self) -> None:
        """Look away."""
        self._sampler.stop()

    def since(self, monotonic: float) -> list[Sighting]:
        """What was seen at and after an instant."""
        found: list[Sighting] = []
        for sighting in reversed(self.seen):
            if sighting.monotonic < monotonic:
                break
            found.append(sighting)
        return found[::-1]

    def between(self, begin: float, end: float) -> list[Sighting]:
        """The same up to ``end``, and before it what stood on the screen at ``begin``."""
        before = [one for one in reversed(self.seen) if one.monotonic < begin][:1]
        return before + [one for one in self.since(begin) if one.monotonic <= end]


@dataclass(frozen=True)
class Item:
    """A programme to be signed: its file, whatever that is, and a length in ms, whatever the file's is."""

    id: str
    file: Path
    duration_ms: int
    measured: Mapping[str, Any] = field(default_factory=dict)
    """What else the town measured of it, by the fields of a programme."""
    beside: tuple[Path, ...] = ()
    """Its subtitles' files."""


@dataclass(frozen=True)
class Stretch:
    """A slot to be signed. ``start`` is UTC and, like ``seconds``, whole seconds."""

    start: datetime
    seconds: int
    programmes: tuple[str, ...]
    mode: str = "once"


def sign_week(
    town: Path, items: Sequence[Item], stretches: Sequence[Stretch], recommended: Mapping[str, int] | None = None
) -> Playlist:
    """Publish a week of these slots with the key of the town in ``town``, which is founded if there is none.

    ``recommended``: how often each of these programmes is to be shown beside the slots.
    """
    there = (town / "town.db").exists()
    office = open_town(town) if there else found_town(town, "Town", town=TOWN, by="bench")
    days = sorted({slot.start.date() for slot in stretches})
    programmes = []
    files: dict[str, Path] = {}
    for item in items:
        sha256 = hash_file(item.file)
        files |= {sha256: item.file, **{hash_file(path): path for path in item.beside}}
        size = item.file.stat().st_size
        about = {"title": item.id, "file": item.file.name, "size": size, "sha256": sha256}
        programmes.append(Programme(id=item.id, duration_ms=item.duration_ms, **about, **item.measured))
    draft = Playlist(
        town=TOWN,
        group=GROUP,
        version=1,
        title="bench",
        time_zone="UTC",
        issued_ms=0,
        first_day=days[0].isoformat(),
        last_day=days[-1].isoformat(),
        programmes=tuple(programmes),
        slots=tuple(_slot(stretch) for stretch in stretches),
        recommended=tuple(
            Recommended(programme=name, plays=plays, first_day=days[0].isoformat(), last_day=days[-1].isoformat())
            for name, plays in (recommended or {}).items()
        ),
    )
    copy(office, files, quiet)
    playlist = issue_playlist(office, draft, PublishTerms("bench"))
    office.close()
    return playlist


def _slot(stretch: Stretch) -> Slot:
    end = stretch.start + timedelta(seconds=stretch.seconds)
    return Slot(
        date=stretch.start.date().isoformat(),
        start=f"{stretch.start:%H:%M:%S}",
        end=f"{end:%H:%M:%S}",
        programmes=stretch.programmes,
        mode=stretch.mode,  # type: ignore[arg-type]
    )


def whole_second(seconds: float) -> datetime:
    """The whole second, UTC, that lies at least so many seconds ahead."""
    return (datetime.now(UTC) + timedelta(seconds=seconds + 1)).replace(microsecond=0)


@dataclass
class Station:
    """The daemon, started anew whenever it ends, as systemd would by the unit file."""

    config: Path
    log: Path
    deaths: int = 0
    """How often it ended without being asked to."""
    process: "subprocess.Popen[str] | None" = None
    _wanted: bool = False
    _thread: threading.Thread | None = None
    _restart_s: float = field(default_factory=lambda: restart_seconds())

    def start(self) -> None:
        """Start it and keep it up."""
        self._wanted = True
        self._thread = threading.Thread(target=self._keep, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ask it to end, and wait until it has."""
        self._wanted = False
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
        if self._thread is not None:
            self._thread.join(20)
        if self.process is not None and self.process.poll() is None:
            self.process.kill()

    @property
    def proc(self) -> psutil.Process:
        """The present daemon."""
        assert self.process
        return psutil.Process(self.process.pid)

    def children(self) -> list[psutil.Process]:
        """Children that show programmes, the oldest first; none where the daemon is not up."""
        try:
            found = [child for child in self.proc.children() if CHILD in _words(child)]
            return sorted(found, key=lambda child: child.create_time())
        except psutil.NoSuchProcess:
            return []

    def _keep(self) -> None:
        while self._wanted:
            with self.log.open("a") as out:
                self.process = subprocess.Popen(
                    [sys.executable, "-m", "kiosk", "station", "--config", str(self.config)],
                    stdout=out,
                    stderr=subprocess.STDOUT,
                    text=True,
                )
            self.process.wait()
            if self._wanted:
                self.deaths += 1
                time.sleep(self._restart_s)


def restart_seconds() -> float:
    """``RestartSec=`` of the station's unit, in seconds."""
    found = re.search(r"^RestartSec=(\d+)(ms|s|)$", UNIT.read_text(encoding="utf-8"), re.MULTILINE)
    assert found, f"{UNIT}: no RestartSec="
    return int(found[1]) / (1000 if found[2] == "ms" else 1)


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


@dataclass(frozen=True)
class Room:
    """All that is there while a bench runs."""

    folder: Path
    x: XServer
    eyes: Eyes
    station: Station

    @property
    def journal(self) -> Path:
        """The station's record."""
        return self.folder / "station" / "journal.db"

    @property
    def town(self) -> Path:
        """The town's folder."""
        return self.folder / "town"

    @property
    def library(self) -> Path:
        """Where the station keeps its programmes, by SHA-256."""
        return self.folder / "station" / "library" / "files"


@contextlib.contextmanager
def room(folder: Path, size: str = SCREEN) -> Iterator[Room]:
    """Serve the town of ``folder / "town"``, enrol a station and start its daemon; end it all with the block."""
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))  # clean up behind ``timeout``, too
    with contextlib.ExitStack() as stack:
        x = XServer(size)
        stack.callback(x.kill)
        code = add_station(folder / "town")
        log = folder / "town.log"
        town = stack.enter_context(daemon(log, "town", "--folder", str(folder / "town"), "serve", "--port", "0"))
        url = wait_for_line(log, "http://", town).split()[-1]
        config = write_config(folder, x.name, True, free_port())
        enrol(url, code, config)
        eyes = Eyes(x.name)
        stack.callback(eyes.close)
        station = Station(config, folder / "station.log")
        station.start()
        stack.callback(station.stop)
        yield Room(folder, x, eyes, station)


def wait_for(truth: Callable[[], object], seconds: float, what: str) -> None:
    """Wait until ``truth()``; end the bench with a sentence if it does not come."""
    deadline = time.monotonic() + seconds
    while not truth():
        if time.monotonic() > deadline:
            sys.exit(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.05)


def fetched(room: Room, playlist: Playlist) -> bool:
    """Whether the station has every programme of the week."""
    return all((room.library / programme.sha256).exists() for programme in playlist.programmes)


def media_folder(name: str) -> Path:
    """Where a bench keeps what it made with ffmpeg from one run to the next."""
    folder = Path(tempfile.gettempdir()) / f"kiosk-bench-{name}"
    folder.mkdir(exist_ok=True)
    return folder
