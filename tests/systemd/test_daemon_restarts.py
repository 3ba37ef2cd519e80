"""The real daemon under a real service manager, with a real town: killed or frozen, it comes back and plays on."""

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from test_units import derive
from user_session import UserSession, until

ROOT = Path(__file__).parents[2]
KIOSK = [sys.executable, "-m", "kiosk"]
CONFIG = """\
[station]
state = "{folder}/state"
runtime = "{folder}/runtime"
[screen]
display = "{display}"
hardware_decoding = false
[sound]
output = "none"
[panel]
enabled = false
"""


@pytest.fixture
def display() -> Iterator[str]:
    out, into = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(into), "-screen", "0", "1280x720x24", "-nolisten", "tcp", "-noreset"],
        pass_fds=[into],
        stderr=subprocess.DEVNULL,
    )
    os.close(into)
    with os.fdopen(out) as number:
        yield f":{number.readline().strip()}"
    server.terminate()
    server.wait()


class Town:
    """A town with one station, and a week whose one programme is played around the clock."""

    def __init__(self, folder: Path) -> None:
        self._town = [*KIOSK, "town", "--folder", str(folder / "town")]
        today = datetime.now(UTC).date()
        days = [(today + timedelta(days=n)).isoformat() for n in (0, 1)]
        around_the_clock = {"start": "00:00:00", "end": "00:00:00", "programmes": ["rice"], "mode": "loop"}
        week = {
            "title": "Around the clock",
            "group": "all",
            "time_zone": "UTC",
            "first_day": days[0],
            "last_day": days[-1],
            "programmes": [{"id": "rice", "file": "shuidao.ts", "title": "水稻育秧"}],
            "slots": [{"date": day, **around_the_clock} for day in days],
        }
        shutil.copy(ROOT / "playlists/shuidao.ts", folder)
        (folder / "week.json").write_text(json.dumps(week))
        self._call("init", "Fengle")
        self.code = self._call("add-station", "chenjia").split()[-1]
        self._call("publish", str(folder / "week.json"))
        self._server = subprocess.Popen([*self._town, "serve", "--port", "0"], stdout=subprocess.PIPE, text=True)
        assert self._server.stdout
        self.url = re.findall(r"http://\S+", self._server.stdout.readline())[0]

    def _call(self, *words: str) -> str:
        done = subprocess.run([*self._town, *words], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def plays(self) -> str:
        return self._call("plays")

    def close(self) -> None:
        self._server.terminate()
        self._server.communicate()


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    town = Town(tmp_path)
    yield town
    town.close()


def children(session: UserSession) -> set[str]:
    """The processes that show a programme, or make one ready."""
    return set(session.inside("pgrep", "-f", r"kiosk\.station\.player\.programme").stdout.split())


def on_screen(folder: Path, but: str = "") -> dict[str, Any] | None:
    """The play whose picture is on the screen, as the record has it: shown, and not closed. Another than ``but``."""
    db = sqlite3.connect(f"file:{folder}/state/journal.db?mode=ro", uri=True)
    db.row_factory = sqlite3.Row
    try:
        query = "SELECT * FROM plays WHERE shown_ms IS NOT NULL AND seq IS NULL AND id <> ?"
        row = db.execute(query, [but]).fetchone()
    except sqlite3.OperationalError:  # the daemon is just making the file
        return None
    finally:
        db.close()
    return dict(row) if row else None


def test_killed_and_frozen_daemon_is_restarted_and_joins_the_running_slot(
    session: UserSession, town: Town, display: str, tmp_path: Path
) -> None:
    (tmp_path / "config.toml").write_text(CONFIG.format(folder=tmp_path, display=display))
    config = ["--config", str(tmp_path / "config.toml")]
    enrol = [*KIOSK, "enrol", "--town", town.url, *config]
    subprocess.run(enrol, input=town.code, text=True, check=True)
    derive(session, "kiosk-station.service", tmp_path, f"{sys.executable} -m kiosk station {' '.join(config)}")
    session.systemctl("start", "kiosk-station")
    shown = until("the first programme is shown", lambda: on_screen(tmp_path))
    for restarts, by in enumerate(("SIGKILL", "SIGSTOP"), 1):
        before = children(session)
        assert before
        session.systemctl("kill", "--kill-whom=main", f"--signal={by}", "kiosk-station")
        until("restarted", lambda: session.show("kiosk-station", "NRestarts") == str(restarts))  # noqa: B023
        until("active again", lambda: session.show("kiosk-station", "ActiveState") == "active")
        shown = until("a programme is shown again", lambda: on_screen(tmp_path, but=shown["id"]))  # noqa: B023
        assert shown["planned_start_ms"] - 100 <= shown["shown_ms"] < shown["planned_end_ms"]
        assert not children(session) & before
    until("the town has what was cut short", lambda: town.plays().count("interrupted") >= 2)
    session.systemctl("stop", "kiosk-station")
    assert session.show("kiosk-station", "Result") == "success"
    assert children(session) == set()
    assert on_screen(tmp_path) is None
