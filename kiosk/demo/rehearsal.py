"""Sets up a whole kiosk on this PC: screen, town, another town that forges, the line between, a station."""

import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from kiosk.contract.playlist import Playlist
from kiosk.demo import testcard
from kiosk.demo.forger import Forgeries
from kiosk.demo.sampler import Sighting
from kiosk.demo.time_shift import publish_shifted
from kiosk.demo.workbook import week_of_workbook
from kiosk.town.accounts import accounts, passwords
from kiosk.town.months import books
from kiosk.town.town import Town, found_town

STATION, GROUP, TOWN = "demo-room", "villages", "demo-town"
OFFICER = "demo"
FORGED = (66, 67)
"""Bar codes of what must never be shown: the other town's programme, and the older week's."""
SCREEN = "1280x720x24"
ALWAYS_OPEN = {"opening": {"week": [[{"start": "00:00:00", "end": "00:00:00"}]] * 7}, "filler": "opening-hours"}


class DemoError(Exception):
    """The demo cannot run; the message says what is missing."""


@dataclass(frozen=True)
class Published:
    """What the town has put up: the true week, what a forger may offer, the enrolment code, the officer's password."""

    playlist: Playlist
    forgeries: Forgeries
    code: str
    town: Path
    password: str
    """Of the officer :data:`OFFICER`, for this run alone."""


@contextlib.contextmanager
def screen() -> Iterator[tuple[str, bool]]:
    """The X display to play on, and whether it is a virtual one made for the demo."""
    if display := os.environ.get("DISPLAY", ""):
        yield display, False
        return
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", SCREEN, "-nolisten", "tcp", "-noreset"]
    try:
        server = subprocess.Popen(command, pass_fds=(writing,), stderr=subprocess.DEVNULL)
    except FileNotFoundError:
        raise DemoError("no screen, and no Xvfb to make one; run sh systemd/demo.sh, which installs it") from None
    os.close(writing)
    try:
        with os.fdopen(reading) as answer:
            number = answer.readline().strip()
        if not number:
            raise DemoError("Xvfb does not start; set DISPLAY to a screen that is there")
        yield f":{number}", True
    finally:
        server.terminate()
        server.wait(5)


def publish_all(folder: Path, week: Path, prepare_s: float) -> Published:
    """Make the town with its officer, an older and the true week, and another town's week.

    ``week`` is a workbook or a week's JSON; once it is read there are ``prepare_s`` seconds to its first slot.
    """
    town = found_town(folder / "town", "示例镇", town=TOWN, by="demo")
    other = found_town(folder / "other-town", "冒名镇", town=TOWN, by="forger")
    try:
        month = ""
        if week.suffix != ".json":
            month = books.add(town.store, week.read_bytes(), week.name, OFFICER)  # to be looked at in the console
            week = week_of_workbook(town, week, folder / "week")
        password = add_officer(town)
        start = soon(prepare_s)
        publish_shifted(town, _forged_week(folder / "older", week, FORGED[1], "旧节目"), start, by="demo")
        older = _metadata(town)
        true = publish_shifted(town, week, start, by="demo")
        if month:
            with town.store.write() as connection:
                books.published(connection, month, books.FIRST, OFFICER)
        forged = _forged_week(folder / "forged", week, FORGED[0], "冒名节目")
        for _ in range(true.version + 3):  # the forger's version is the higher one
            publish_shifted(other, forged, start, by="forger")
        code = add_station(folder / "town")
        spoilt = true.programmes[min(1, len(true.programmes) - 1)].sha256
        files = {path.name: path for path in (folder / "other-town" / "public" / "files").iterdir()}
        forgeries = Forgeries(GROUP, _metadata(town), older, _metadata(other), spoilt, files)
        return Published(true, forgeries, code, folder / "town", password)
    finally:
        town.close()
        other.close()


def _metadata(town: Town) -> bytes:
    return town.public.group_path(GROUP).read_bytes()


def _forged_week(folder: Path, week: Path, number: int, title: str) -> Path:
    """A week with the true one's slots, in which every programme is the one with bar code ``number``."""
    folder.mkdir()
    clip = testcard.Clip(number, f"forged-{number}.mp4", title, seconds=6, size=(640, 360), audio=())
    testcard.make(clip, folder)
    source = json.loads(week.read_text(encoding="utf-8"))
    name = f"forged-{number}"
    source["programmes"] = [{"id": name, "file": clip.file, "title": title}]
    source["slots"] = [{**slot, "programmes": [name], "mode": "loop"} for slot in source["slots"]]
    source["recommended"] = []
    path = folder / "week.json"
    path.write_text(json.dumps(source, ensure_ascii=False), encoding="utf-8")
    return path


def add_station(town: Path) -> str:
    """Make the demo's room known, open day and night. Returns its enrolment code."""
    document = town / "demo-room.json"
    document.write_text(json.dumps(ALWAYS_OPEN), encoding="utf-8")
    arguments = ["town", "--folder", str(town), "add-station", STATION, "--group", GROUP, "--name", "示例村"]
    return run(*arguments, "--document", str(document)).splitlines()[-1]


def add_officer(town: Town) -> str:
    """Let the demo's officer log in to the console. Returns the password, which is made for this run alone."""
    typed = passwords.suggest()
    with town.store.write() as connection:
        accounts.admit(connection, "demo", OFFICER, "officer", passwords.hash_password(typed, OFFICER), temporary=False)
    return typed


def enrol(url: str, code: str, config: Path) -> None:
    """Enrol the station of the settings with the town at ``url``. Raises :class:`DemoError` with its complaint."""
    run("enrol", "--town", url, "--code-file", "-", "--config", str(config), typed=code + "\n")


def run(*arguments: str, typed: str = "") -> str:
    """Run a kiosk command to its end and return what it says. Raises :class:`DemoError` with its complaint."""
    command = [sys.executable, "-m", "kiosk", *arguments]
    done = subprocess.run(command, input=typed, capture_output=True, text=True, check=False)
    if done.returncode:
        raise DemoError(f"kiosk {' '.join(arguments[:2])}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


@contextlib.contextmanager
def daemon(log: Path, *arguments: str) -> "Iterator[subprocess.Popen[str]]":
    """A kiosk command that runs until the block ends; what it says goes to ``log``."""
    with log.open("w") as out:
        command = [sys.executable, "-u", "-m", "kiosk", *arguments]
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, text=True)
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_for_line(log: Path, word: str, process: "subprocess.Popen[str]", seconds: float = 20) -> str:
    """The first line of ``log`` with ``word`` in it. Raises :class:`DemoError` if it does not come."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for line in log.read_text().splitlines():
            if word in line:
                return line
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise DemoError(f"{log.stem} does not start: {log.read_text()[-800:]}")


def write_config(folder: Path, display: str, virtual: bool, panel_port: int) -> Path:
    """The station's settings: defaults, but for what a demo needs."""
    path = folder / "config.toml"
    pulse = Path(os.environ.get("XDG_RUNTIME_DIR", "/nonexistent"), "pulse", "native").exists()
    path.write_text(
        f"""[station]
state = "{folder / "station"}"
runtime = "{folder / "run"}"
[screen]
display = "{display}"
video_output = "{"xcb_x11" if virtual else ""}"
[sound]
output = "{"pulse" if pulse else "none"}"
[town]
heartbeat_s = 5
report_delay_ms = 200
[panel]
listen = "127.0.0.1"
port = {panel_port}
""",
        encoding="utf-8",
    )
    return path


class Sampler:
    """The sampler's process and what it has seen so far."""

    def __init__(self, display: str, every_ms: int = 5, shapes: Sequence[str] = ()) -> None:
        """``shapes``: those of pictures that leave bars at both sides, as ``4:3``."""
        command = [sys.executable, "-m", "kiosk.demo.sampler", display, str(every_ms), *shapes]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.seen: list[Sighting] = []

    def follow(self) -> None:
        """Take in what it sees until it ends; for a thread of its own."""
        assert self._process.stdout is not None  # noqa: S101
        for line in self._process.stdout:
            at, programme, frame = line.split()
            self.seen.append(Sighting(float(at), int(programme), int(frame)))

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(5)


def soon(seconds: float) -> datetime:
    """A whole second that lies about ``seconds`` ahead."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).replace(microsecond=0)


def pin() -> str:
    """A PIN for the demo's administrator."""
    return "".join(str(secrets.randbelow(10)) for _ in range(6)).replace("000000", "318297")
