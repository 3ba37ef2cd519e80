"""A room whose station's state lies on a small disk of its own, and whoever starts the station again as its unit would.

Town, screen, sampler and the line between are outside that disk; so is what they saw.
"""

import contextlib
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import disk_path  # noqa: F401
from disk_proxy import Line
from judge_disk import Row
from judge_recovery import Loop
from room import Eyes, Item, Stretch, XServer, media_folder, restart_seconds, sign_week, wall_less_monotonic
from room import whole_second as soon

from kiosk.contract.playlist import Playlist
from kiosk.demo.presser import free_port
from kiosk.demo.rehearsal import STATION, add_station, daemon, enrol, wait_for_line, write_config
from kiosk.demo.testcard import Clip, make

NUMBERS = (71, 72, 73)
SPARE = 74
"""Of a programme of a later slot, which is only there to be fetched."""
SECONDS = 10
DISK_MB = 128
"""The station fetches only where 64 MB stay free."""
STEADY = 2.0
"""Seconds for which the screen must be right to believe that it is."""
TELLS = (75, 78)
"""Exit codes by which the station says that somebody has to act; after 78 its unit does not start it again."""


@dataclass
class Keeper:
    """Starts the daemon again whenever it ends, as its unit does, until it says that a person has to act."""

    config: Path
    log: Path
    codes: list[int] = field(default_factory=list)
    """With which it has ended since :meth:`start`."""
    process: "subprocess.Popen[bytes] | None" = None
    _wanted: bool = False
    _thread: threading.Thread | None = None

    def start(self) -> None:
        self.codes, self._wanted = [], True
        self._thread = threading.Thread(target=self._keep, daemon=True)
        self._thread.start()

    def end(self, number: int = signal.SIGKILL) -> None:
        """Take it away for now: by default as a power cut does."""
        self._wanted = False
        while self._thread is not None and self._thread.is_alive():
            if self.process is not None:
                self.process.send_signal(number)
            self._thread.join(0.2)

    def said(self) -> str:
        """The newest line that names what is wrong and what to do."""
        lines = self.log.read_text(errors="replace").splitlines()
        told = [line for line in lines if line.startswith(("kiosk station: ", f"{self.config}: "))]
        return told[-1] if told else ""

    def _keep(self) -> None:
        while self._wanted:
            with self.log.open("a") as out:
                command = [sys.executable, "-m", "kiosk", "station", "--config", str(self.config)]
                self.process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
            code = self.process.wait()
            if self._wanted:
                self.codes.append(code)
                if code in TELLS:
                    return
                time.sleep(restart_seconds())


@dataclass
class Place:
    """All that is there while the cases run."""

    folder: Path
    disk: Path
    """The mounted folder that holds the station's state and nothing else."""
    eyes: Eyes
    line: Line
    keeper: Keeper
    loop: Loop
    items: list[Item]
    stretch: Stretch
    weeks: int = 1

    @property
    def state(self) -> Path:
        return self.disk

    @property
    def journal(self) -> Path:
        return self.disk / "journal.db"

    # --- the disk ---

    def fill(self, leave: int = 0) -> None:
        """Leave so many bytes free."""
        with (self.disk / "ballast").open("ab", buffering=0) as file:
            for size in (1 << 16, 512):
                with contextlib.suppress(OSError):
                    while True:
                        file.write(b"x" * size)
        if leave:
            with (self.disk / "ballast").open("r+b") as file:
                file.truncate(max(0, (self.disk / "ballast").stat().st_size - leave))

    def free(self) -> None:
        (self.disk / "ballast").unlink(missing_ok=True)

    def remount(self, how: str) -> None:
        """Make the disk ``ro`` or ``rw`` while no file on it is open for writing; killed children take a moment."""
        deadline = time.monotonic() + 20
        while subprocess.call(["mount", "-o", f"remount,{how}", str(self.disk)], stderr=subprocess.DEVNULL):
            if time.monotonic() > deadline:
                sys.exit(f"the disk does not become {how}: a file on it is open")
            time.sleep(0.2)

    def fail(self) -> None:
        """What the kernel does with a disk that answers with errors: no more writing, whoever has files open."""
        subprocess.check_call(["mount", "-o", "remount,abort", str(self.disk)])

    def mount_anew(self) -> None:
        """What a start of the PC does to the disk."""
        _unmount(self.disk)
        _mount(self.folder / "disk.img", self.disk)

    # --- the town ---

    def publish(self, extra: bool) -> Playlist:
        """The same slot again, in a new week; with ``extra`` one more programme has to be fetched for it."""
        self.weeks += 1
        spare = _clip(SPARE, f"{SPARE}-{self.weeks}")
        items = [*self.items, Item(spare.stem, spare, SECONDS * 1000)] if extra else self.items
        return sign_week(self.folder / "town", items, [self.stretch])

    def rows(self) -> list[Row]:
        """The plays that the town has of this station."""
        sql = "SELECT id, programme, actual_start_ms, actual_end_ms FROM play WHERE station = ?"
        return [Row(*row) for row in self._town(sql, STATION)]

    def stored(self) -> set[str]:
        """Ids of all records that the town has of it."""
        return {row[0] for row in self._town("SELECT record_id FROM entry WHERE station = ?", STATION)}

    def forks(self) -> int:
        return int(self._town("SELECT count(*) FROM fork WHERE station = ?", STATION)[0][0])

    def epochs(self) -> int:
        """How many the station has reported in."""
        return int(self._town("SELECT count(*) FROM chain WHERE station = ?", STATION)[0][0])

    def _town(self, sql: str, *args: object) -> list[tuple[object, ...]]:
        path = self.folder / "town" / "town.db"
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            return db.execute(sql, args).fetchall()

    # --- the screen ---

    def is_right(self, since: float = 0.0) -> bool:
        """Whether the screen has been right for a while; all of that while after ``since`` (monotonic)."""
        now = time.monotonic()
        if now - STEADY < since:
            return False
        seen = self.eyes.between(now - STEADY, now)
        fresh = bool(seen) and now - seen[-1].monotonic < 0.5
        return fresh and all(self.loop.right(one) for one in seen[1:]) and self.loop.right(seen[-1])

    def delivers(self, since_ms: int) -> bool:
        """Whether the town has a play that began after ``since_ms``."""
        return any(row.start_ms > since_ms for row in self.rows())


def _clip(number: int, name: str) -> Path:
    """A clip with a file of its own for each name."""
    made = make(Clip(number, f"{number}.mp4", f"{number}", SECONDS, (640, 360)), media_folder(f"disk-{SECONDS}"))
    if name == made.stem:
        return made
    other = made.with_name(f"{name}.mp4")
    data = made.read_bytes()
    other.write_bytes(data + (len(name) + 8).to_bytes(4) + b"free" + name.encode())
    return other


@contextlib.contextmanager
def place(folder: Path) -> Iterator[Place]:
    """Town, line, screen, a small disk and a station on it; all gone with the block."""
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    with contextlib.ExitStack() as stack:
        x = XServer()
        stack.callback(x.kill)
        clips = [_clip(number, str(number)) for number in NUMBERS]
        items = [Item(clip.stem, clip, SECONDS * 1000) for clip in clips]
        start = soon(15)
        stretch = Stretch(start, 6 * 3600, tuple(item.id for item in items), "loop")
        sign_week(folder / "town", items, [stretch])
        code = add_station(folder / "town")
        log = folder / "town.log"
        town = stack.enter_context(daemon(log, "town", "--folder", str(folder / "town"), "serve", "--port", "0"))
        line = Line(wait_for_line(log, "http://", town).split()[-1])
        stack.callback(line.close)
        config = write_config(folder, x.name, True, free_port())
        disk = folder / "station"
        disk.mkdir()
        _make(folder / "disk.img")
        _mount(folder / "disk.img", disk)
        stack.callback(_unmount, disk)
        enrol(line.url, code, config)
        eyes = Eyes(x.name)
        stack.callback(eyes.close)
        keeper = Keeper(config, folder / "station.log")
        keeper.start()
        stack.callback(keeper.end)
        loop = Loop(start.timestamp() - wall_less_monotonic(), NUMBERS, SECONDS)
        yield Place(folder, disk, eyes, line, keeper, loop, items, stretch)


def _make(image: Path) -> None:
    with image.open("wb") as file:
        file.truncate(DISK_MB << 20)
    subprocess.check_call(["mkfs.ext4", "-q", "-m", "0", str(image)])


def _mount(image: Path, disk: Path) -> None:
    if subprocess.call(["mount", "-o", "loop,errors=remount-ro", str(image), str(disk)]):
        sys.exit("a disk of its own needs the right to mount one; run this as root")


def _unmount(disk: Path) -> None:
    """A child that was killed a moment ago may still hold a file."""
    deadline = time.monotonic() + 20
    while subprocess.call(["umount", str(disk)], stderr=subprocess.DEVNULL):
        if time.monotonic() > deadline:
            subprocess.call(["umount", "-l", str(disk)])
            return
        time.sleep(0.2)
