"""A device in trouble, from the probe to the town's table: raised once, cleared once, by the real daemon."""

import contextlib
import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from kiosk.demo.presser import free_port
from kiosk.demo.rehearsal import ALWAYS_OPEN, STATION, daemon, enrol, run, wait_for_line
from kiosk.station.config import load
from kiosk.town.town import found_town

AT_ONCE = 0
MORE_THAN_ANY_DISK_HAS = 2**40


@dataclass(frozen=True)
class Room:
    """A town with one station, both running; no screen."""

    town: Path
    document: Path

    def tell(self, **thresholds: int) -> None:
        """The town sets other thresholds."""
        self.document.write_text(json.dumps({**ALWAYS_OPEN, "thresholds": {"hysteresis_ms": AT_ONCE, **thresholds}}))
        run("town", "--folder", str(self.town), "station-document", STATION, str(self.document))

    def faults(self, cause: str) -> list[tuple[str, str]]:
        """The town's rows of a cause: the fault's name, and its state."""
        with contextlib.closing(sqlite3.connect(f"file:{self.town / 'town.db'}?mode=ro", uri=True)) as db:
            sql = "SELECT json_extract(record, '$.fault'), json_extract(record, '$.state') FROM entry "
            sql += "WHERE json_extract(record, '$.cause') = ? ORDER BY seq"
            return [(fault, state) for fault, state in db.execute(sql, [cause])]

    def tickets(self, cause: str) -> list[tuple[str, int]]:
        """The town's tickets of a cause: state, and how often opened again."""
        with contextlib.closing(sqlite3.connect(f"file:{self.town / 'town.db'}?mode=ro", uri=True)) as db:
            return list(db.execute("SELECT state, reopened FROM ticket WHERE cause = ?", [cause]))


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    found_town(tmp_path / "town", "Town", town="t", by="test").close()
    document = tmp_path / "document.json"
    document.write_text(json.dumps({**ALWAYS_OPEN, "thresholds": {"hysteresis_ms": AT_ONCE, "disk_free_mb": 1}}))
    arguments = ["town", "--folder", str(tmp_path / "town"), "add-station", STATION, "--document", str(document)]
    code = run(*arguments).splitlines()[-1]
    config = tmp_path / "config.toml"
    config.write_text(
        f"""
        station.state = "{tmp_path / "station"}"
        station.runtime = "{tmp_path / "run"}"
        screen.display = ":987"
        sound.output = "none"
        health.probe_s = 1
        town.heartbeat_s = 5
        town.report_delay_ms = 100
        panel.listen = "127.0.0.1"
        panel.port = {free_port()}
        """
    )
    load(config)
    log = tmp_path / "town.log"
    with daemon(log, "town", "--folder", str(tmp_path / "town"), "serve", "--port", "0") as town:
        url = wait_for_line(log, "http://", town).split()[-1]
        enrol(url, code, config)
        with daemon(tmp_path / "station.log", "station", "--config", str(config)) as station:
            wait_for_line(tmp_path / "station.log", "runs", station)
            yield Room(tmp_path / "town", document)


def test_a_full_disk_is_one_fault_and_one_recovery_at_the_town(room: Room) -> None:
    time.sleep(2)
    assert room.faults("disk-low") == []
    room.tell(disk_free_mb=MORE_THAN_ANY_DISK_HAS)
    (fault, state), *_ = until(lambda: room.faults("disk-low"), 1)
    assert state == "reported"
    room.tell(disk_free_mb=1)
    found = until(lambda: room.faults("disk-low"), 2)
    assert found == [(fault, "reported"), (fault, "cleared")]
    assert room.tickets("disk-low") == [("closed", 0)]


def until(look: Callable[[], list[tuple[str, str]]], rows: int, seconds: float = 40) -> list[tuple[str, str]]:
    """What ``look`` finds, once there are so many rows; then a little longer, so that one too many is seen."""
    deadline = time.monotonic() + seconds
    while len(look()) < rows and time.monotonic() < deadline:
        time.sleep(0.2)
    time.sleep(2)
    return look()
