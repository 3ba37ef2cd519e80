"""The room of the power run: a screen that is watched, a town behind a bad line, a station that is killed."""

import contextlib
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import cycle
from pathlib import Path
from uuid import uuid4

from bench.room import Item, Stretch, XServer, media_folder, sign_week, wait_for, whole_second
from chaos.forgetful_disk import Disk
from chaos.judge_power import Entry, Life, Row
from chaos.power_line import Line, TownServer
from msgspec.structs import replace

from kiosk.contract.playlist import Playlist
from kiosk.demo.presser import free_port
from kiosk.demo.rehearsal import STATION, add_station, enrol
from kiosk.demo.sampler import Sighting
from kiosk.demo.testcard import Clip, make
from kiosk.town.publishing.issue import PublishTerms, issue_playlist
from kiosk.town.town import open_town

SCREEN = "640x360x24"
PLANNED = {201: 3, 202: 8, 203: 4, 204: 6, 205: 3, 206: 7, 207: 5}
"""Seconds of each programme of the slots, by its bar code."""
FILLER = {211: 5, 212: 3, 213: 7, 214: 4}
"""The same of what is recommended."""
LENGTHS = {**PLANNED, **FILLER}
NAMES = {number: f"p{number}" for number in LENGTHS}
SLOT_S, EVERY_S = 70, 110
"""A slot lasts so long, in which its programmes are looped; the rest of the time is filler's."""
HOURS = 12
"""So long there is something planned, unless it is taken back."""
H264 = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "30", "-g", "25", "-pix_fmt", "yuv420p")
"""A whole picture each second: whoever joins need not decode from the head on."""


class Watch:
    """The sampler's process, which writes what it sees to a file; and that file, read as it grows."""

    def __init__(self, display: str, trace: Path) -> None:
        self.seen: list[Sighting] = []
        self.offsets: list[tuple[float, float]] = []
        """Now and then: the monotonic clock, and what to add to it to get UTC milliseconds."""
        with trace.open("w") as out:
            command = [sys.executable, "-m", "kiosk.demo.sampler", display]
            self._process = subprocess.Popen(command, stdout=out, start_new_session=True)
        self._file = trace.open()
        self._rest = ""

    def look(self) -> list[Sighting]:
        """What was seen since the last look."""
        here = time.monotonic()
        if not self.offsets or here - self.offsets[-1][0] > 1:
            self.offsets.append((here, time.time() * 1000 - here * 1000))
        *lines, self._rest = (self._rest + self._file.read()).split("\n")
        fresh = [Sighting(float(at), int(number), int(frame)) for at, number, frame in map(str.split, lines)]
        self.seen += fresh
        return fresh

    def wall_ms(self, monotonic: float) -> float:
        """The wall clock at an instant, by the nearest note of it."""
        place = bisect_left(self.offsets, (monotonic, 0.0))
        return monotonic * 1000 + self.offsets[min(place, len(self.offsets) - 1)][1]

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
        self._file.close()


@dataclass
class Daemon:
    """The station's process, started and killed by turns."""

    config: Path
    log: Path
    lives: list[Life] = field(default_factory=list)
    process: "subprocess.Popen[bytes] | None" = None
    _begun: float = 0.0
    """When the present life began; 0 between two."""

    def start(self) -> None:
        with self.log.open("a") as out:
            out.write(f"--- life {len(self.lives)}\n")
            out.flush()
            self._begun = time.monotonic()
            self.process = subprocess.Popen(
                [*self._in_a_boot(), sys.executable, "-m", "kiosk", "station", "--config", str(self.config)],
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def boot(self) -> None:
        """From the next start on, it is another boot of the PC."""
        self._boot_id.write_text(f"{uuid4()}\n")

    def _in_a_boot(self) -> list[str]:
        """The command that lets the next one see :meth:`boot`'s name where the kernel tells its own."""
        if not self._boot_id.exists():
            return []
        bind = f'mount --bind {self._boot_id} /proc/sys/kernel/random/boot_id && exec "$@"'
        return ["unshare", "--mount", "sh", "-c", bind, "sh"]

    @property
    def _boot_id(self) -> Path:
        return self.config.with_name("boot_id")

    @property
    def dead(self) -> bool:
        return self.process is None or self.process.poll() is not None

    @property
    def returncode(self) -> int | None:
        return self.process.poll() if self.process else None

    def kill(self, number: int = signal.SIGKILL) -> None:
        """As a crash, or the loss of power, takes it away; waits until it is gone."""
        assert self.process
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)
        self.process.wait(20)

    def lived_until(self, at: float) -> None:
        """Its end, to be known to the judge."""
        self.lives.append(Life(self._begun, at))
        with self.log.open("a") as out:
            out.write(f"--- from {self._begun:.3f} to {at:.3f} (monotonic)\n")
        self._begun = 0.0

    @property
    def in_life(self) -> bool:
        """Whether it was started, and its end is not known to the judge yet."""
        return self._begun > 0


@dataclass(frozen=True)
class Room:
    """All that is there during a run."""

    folder: Path
    watch: Watch
    line: Line
    town: TownServer
    daemon: Daemon
    week: Playlist
    start_ms: int
    disk: Disk | None

    @property
    def journal(self) -> Path:
        return self.folder / "state" / "journal.db"

    def rows(self) -> list[Row]:
        """The plays that the town has of the station."""
        sql = """SELECT id, programme, planned_start_ms, actual_start_ms, actual_end_ms, played_ms, continues, outcome
                 FROM play WHERE station = ? ORDER BY seq"""
        return [Row(*row) for row in self._ask_town(sql, STATION)]

    def entries(self) -> list[Entry]:
        """The chain as the town has it."""
        sql = "SELECT seq, hash, record, state FROM entry WHERE station = ? ORDER BY chain, seq"
        return [Entry(*row) for row in self._ask_town(sql, STATION)]

    def forks(self) -> int:
        """Second stories that the town was told."""
        return int(self._ask_town("SELECT count(*) FROM fork")[0][0])

    def own_entries(self) -> list[Entry]:
        """The chain as the station has it."""
        return [Entry(*row) for row in _ask(self.journal, "SELECT seq, hash, record FROM entries ORDER BY seq")]

    def delivered(self) -> bool:
        """Whether nothing is on air, and the town has countersigned all that there is."""
        try:
            ((open_rows,),) = _ask(self.journal, "SELECT count(*) FROM plays WHERE seq IS NULL")
            sql = "SELECT count(*) FROM entries WHERE seq > (SELECT seq FROM delivery)"
            ((waiting,),) = _ask(self.journal, sql)
            sql = "SELECT count(*) FROM entries WHERE kind = 'action' AND CAST(record AS TEXT) LIKE ?"
            ((taken,),) = _ask(self.journal, sql, f'%"version":"{self.week.version + 1}"%')
        except sqlite3.Error:
            return False
        return not open_rows and not waiting and bool(taken)

    def clear_the_plan(self) -> None:
        """Publish a week in which nothing is planned or recommended."""
        office = open_town(self.folder / "town")
        try:
            issue_playlist(office, replace(self.week, slots=(), recommended=()), PublishTerms("power"))
        finally:
            office.close()

    def next_cut(self, after_ms: float) -> float:
        """The next cut of a slot at or after an instant, in UTC milliseconds."""
        begin = at = self.start_ms + (after_ms - self.start_ms) // (EVERY_S * 1000) * EVERY_S * 1000
        for seconds in cycle(PLANNED.values()):
            if at >= after_ms or at >= begin + SLOT_S * 1000:
                break
            at = min(at + seconds * 1000, begin + SLOT_S * 1000)
        return at if at >= after_ms else begin + EVERY_S * 1000

    def _ask_town(self, sql: str, *values: object) -> list[tuple[object, ...]]:
        return _ask(self.folder / "town" / "town.db", sql, *values)


def _ask(path: Path, sql: str, *values: object) -> list[tuple[object, ...]]:
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)) as db:
        return db.execute(sql, values).fetchall()


@contextlib.contextmanager
def room(folder: Path, cut_by: str) -> Iterator[Room]:
    """Sign the week, serve the town, enrol the station; end it all with the block. The daemon is not started yet.

    With ``cut_by``, a seed, the station's state is on a disk that forgets; its power was cut right after the enrolment.
    """
    with contextlib.ExitStack() as stack:
        x = XServer(SCREEN)
        stack.callback(x.kill)
        start = whole_second(10)
        clips = [make(_clip(number), media_folder("power-1s")) for number in LENGTHS]
        items = [Item(NAMES[number], clip, LENGTHS[number] * 1000) for number, clip in zip(LENGTHS, clips, strict=True)]
        week = sign_week(folder / "town", items, list(_slots(start)), {NAMES[number]: 10_000 for number in FILLER})
        code = add_station(folder / "town")
        town_port = free_port()
        town = TownServer(folder / "town", town_port, folder / "town.log")
        stack.callback(town.end)
        wait_for(lambda: "listens" in (folder / "town.log").read_text(), 20, "the town's start")
        line = Line(town_port)
        disk = _power(stack, folder) if cut_by else None
        config = write_config(folder, x.name)
        enrol(f"http://127.0.0.1:{line.port}", code, config)
        if disk is not None:
            disk.off()
            disk.on(f"{cut_by} enrolled")
        watch = Watch(x.name, folder / "trace")
        stack.callback(watch.stop)
        daemon = Daemon(config, folder / "station.log")
        stack.callback(lambda: None if daemon.dead else daemon.kill())
        yield Room(folder, watch, line, town, daemon, week, round(start.timestamp() * 1000), disk)


def _slots(start: datetime) -> Iterator[Stretch]:
    for begin in range(0, HOURS * 3600, EVERY_S):
        programmes = tuple(NAMES[number] for number in PLANNED)
        yield Stretch(start + timedelta(seconds=begin), SLOT_S, programmes, "loop")


def _power(stack: contextlib.ExitStack, folder: Path) -> Disk:
    disk = Disk(folder / "state")
    stack.callback(disk.close)
    disk.on("new")
    return disk


def _clip(number: int) -> Clip:
    return Clip(number, f"{number}.mp4", f"{number}", LENGTHS[number], (640, 360), video=H264, audio=())


def write_config(folder: Path, display: str) -> Path:
    """The station's settings: no sound, signs of life as often as may be, little time ahead for its players."""
    path = folder / "config.toml"
    path.write_text(
        f"""[station]
state = "{folder / "state"}"
runtime = "{folder / "run"}"
[screen]
display = "{display}"
video_output = "xcb_x11"
[sound]
output = "none"
[projector]
lead_ms = 3000
[town]
heartbeat_s = 5
report_delay_ms = 200
timeout_s = 2
[panel]
enabled = false
""",
        encoding="utf-8",
    )
    return path


def keep(folder: Path, target: Path) -> None:
    """Copy what is needed to look into a run afterwards: trace, logs, the town's record and the station's."""
    target.mkdir(parents=True, exist_ok=True)
    databases = [f"{name}{part}" for name in ("state/journal.db", "town/town.db") for part in ("", "-wal")]
    for name in ("trace", "station.log", "town.log", *databases):
        if (folder / name).exists():
            shutil.copyfile(folder / name, target / Path(name).name)
