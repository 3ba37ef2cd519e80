"""A whole station with a screen, enrolled with a real town: in this process, or as the daemon it really is."""

import contextlib
import json
import queue
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from fakes_town import TownOnTheLine, eventually
from screen import CLIPS, XServer
from sqlalchemy import text

from kiosk.contract.playlist import Playlist, Programme, Recommended, Slot
from kiosk.station import config
from kiosk.station.app import Station
from kiosk.station.events import Event, Quit
from kiosk.station.link.enrol import enrol
from kiosk.station.projector.stage import Stage
from kiosk.town.publishing import issue
from kiosk.town.publishing.compose import compose
from kiosk.town.publishing.in_force import playlist_in_force

SETTINGS = """
[station]
state = "{state}"
runtime = "{runtime}"
[screen]
display = "{display}"
video_output = "xcb_x11"
hardware_decoding = false
[sound]
output = "none"
[town]
heartbeat_s = 5
timeout_s = 2
report_delay_ms = 100
[panel]
enabled = false
"""


class LiveRoom:
    """One station: its folder, its town, its week."""

    def __init__(self, town: TownOnTheLine, screen: XServer, clips: Callable[[str], Path], folder: Path) -> None:
        self.town, self.clips = town, clips
        self.name = self.group = folder.name[-40:]
        self.state = folder / "state"
        enrol(town.url, town.add_station(self.name, self.group), self.state)
        self.settings = folder / "config.toml"
        self.settings.write_text(SETTINGS.format(state=self.state, runtime=folder / "run", display=screen.name))
        self.station: Station | None = None
        self._thread: threading.Thread | None = None
        self._daemon: subprocess.Popen[bytes] | None = None
        self.codes: list[int] = []

    # --- the town's side ---

    def programme(self, name: str) -> Programme:
        seconds = CLIPS[name].seconds
        return self.town.programme(
            name.partition(".")[0], self.clips(name).read_bytes(), duration_ms=int(seconds * 1000)
        )

    def publish(
        self, *slots: tuple[datetime, float, str], names: tuple[str, ...], plays: int = 0, beside: bool = False
    ) -> Playlist:
        """A week of looping slots: start (to the second), length in seconds, programme ids by blanks; and with
        ``plays``, all of it recommended. It stands alone, or ``beside`` the other days in force, as an officer's."""
        programmes = tuple(self.programme(name) for name in names)
        dated = tuple(
            Slot(
                date=f"{begin:%Y-%m-%d}", start=f"{begin:%H:%M:%S}", mode="loop",
                end=f"{begin + timedelta(seconds=seconds):%H:%M:%S}", programmes=tuple(shown.split()),
            )
            for begin, seconds, shown in slots
        )  # fmt: skip
        days = sorted(slot.date for slot in dated) or [f"{datetime.now(UTC):%Y-%m-%d}"]
        items = (Recommended(programme=p.id, plays=plays, first_day=days[0], last_day=days[-1]) for p in programmes)
        draft = Playlist(
            town="fengle", group=self.group, version=1, time_zone="UTC", issued_ms=0, first_day=days[0],
            last_day=days[-1], programmes=programmes, slots=dated, recommended=tuple(items) if plays else (),
        )  # fmt: skip
        if beside:
            held = playlist_in_force(self.town.office, self.group)
            draft = compose(held[1] if held else None, draft, now()).playlist
        return issue.issue_playlist(self.town.office, draft, issue.PublishTerms("test"))

    def town_rows(self, kind: str = "play") -> list[tuple[str, str]]:
        """Ids and JSON of what the town has accepted of this station, in the order of its chains."""
        accepted = "station = :station AND kind = :kind AND state = 'accepted'"
        sql = text(f"SELECT record_id, record FROM entry WHERE {accepted} ORDER BY chain, seq")  # noqa: S608
        with self.town.office.store.read() as connection:
            return [(row[0], str(row[1])) for row in connection.execute(sql, {"station": self.name, "kind": kind})]

    # --- in this process ---

    def begin(self) -> None:
        """Run the station in a thread."""
        settings = config.load(self.settings)
        inbox: queue.SimpleQueue[Event] = queue.SimpleQueue()
        station = self.station = Station(settings, inbox, Stage(settings.screen.display, inbox.put))
        self._thread = threading.Thread(target=lambda: self.codes.append(station.run()), daemon=True)
        self._thread.start()

    def post(self, event: Event) -> None:
        assert self.station
        self.station._inbox.put(event)

    def ended(self) -> int:
        """Wait until the station has ended; its exit code."""
        assert self._thread
        self._thread.join(20)
        assert not self._thread.is_alive(), "the station does not end"
        self.station = None
        return self.codes[-1]

    def end(self) -> int:
        self.post(Quit("SIGTERM"))
        return self.ended()

    # --- as a process ---

    def start_daemon(self) -> None:
        command = [sys.executable, "-m", "kiosk", "station", "--config", str(self.settings)]
        self._daemon = subprocess.Popen(command, stderr=subprocess.DEVNULL)

    def kill_daemon(self) -> None:
        """Pull the plug on the daemon."""
        assert self._daemon
        self._daemon.kill()
        self._daemon.wait()

    def end_daemon(self) -> int:
        assert self._daemon
        self._daemon.terminate()
        return self._daemon.wait(20)

    # --- the record ---

    def rows(self, where: str = "1") -> list[dict[str, object]]:
        """As-run rows, in the order of their plan; empty before there is a journal."""
        sql = f"SELECT * FROM plays WHERE {where} ORDER BY coalesce(shown_ms, planned_start_ms)"  # noqa: S608
        return self._read(sql)

    def records(self, kind: str) -> list[dict[str, object]]:
        """The chain's records of a kind."""
        found = self._read(f"SELECT record FROM entries WHERE kind = '{kind}' ORDER BY seq")  # noqa: S608
        return [json.loads(row["record"]) for row in found]

    def actions(self, *kinds: str) -> list[str]:
        """What was done to the station, of these kinds, in order."""
        return [str(one["action"]) for one in self.records("action") if one["action"] in kinds]

    def _read(self, sql: str) -> list[dict[str, Any]]:
        if not (self.state / "journal.db").exists():
            return []
        with contextlib.closing(sqlite3.connect(f"file:{self.state}/journal.db?mode=ro", uri=True)) as db:
            db.row_factory = sqlite3.Row
            try:
                return [dict(row) for row in db.execute(sql)]
            except sqlite3.OperationalError:  # it is just being made
                return []

    def delivered(self) -> None:
        """Wait until the town has every closed play, each once and in order."""
        wanted = [
            str(row["id"]) for row in sorted(self.rows("seq IS NOT NULL"), key=lambda row: str(row["seq"]).zfill(9))
        ]
        eventually(lambda: [row for row, _ in self.town_rows()] == wanted, 30)

    def close(self) -> None:
        if self.station is not None:
            self.end()
        if self._daemon is not None and self._daemon.poll() is None:
            self.end_daemon()


def now() -> datetime:
    return datetime.now(UTC)


def whole(moment: datetime) -> datetime:
    """To the second, as plans are."""
    return moment.replace(microsecond=0)


def at_monotonic(moment: datetime) -> float:
    """The monotonic instant of a moment on the wall clock."""
    return time.monotonic() + (moment - now()).total_seconds()


__all__ = ["LiveRoom", "at_monotonic", "now", "whole"]
