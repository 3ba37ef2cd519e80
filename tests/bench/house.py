"""A town that signs the bench's clips block by block, and the station that plays them on one screen."""

import contextlib
import json
import math
import os
import sqlite3
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import formats
from formats import STILLS, Format
from judge_cuts import Programme

from kiosk.contract.playlist import Playlist
from kiosk.demo.presser import free_port
from kiosk.demo.rehearsal import GROUP, TOWN, add_station, daemon, enrol, wait_for_line, write_config
from kiosk.town.publishing.issue import PublishTerms, copy
from kiosk.town.publishing.measure import gather, quiet
from kiosk.town.publishing.publish import publish
from kiosk.town.publishing.source import ProgrammeSource
from kiosk.town.town import Town, found_town, open_town

FETCH_WITHIN_S = 60
LATER = timedelta(hours=2)
"""How long after the block the slot of a programme begins that is only there to be fetched."""


@dataclass(frozen=True)
class Ballast:
    """A programme of a later slot. ``sha256`` is its name in the library."""

    id: str
    file: str
    sha256: str


class House:
    """The town's folder, its server, the station's settings and files, all below one folder."""

    def __init__(self, folder: Path, screen: str, clips: Sequence[Format], virtual: bool = True) -> None:
        """``clips`` is all that any block may show; ``screen`` the X display. One that is not ``virtual`` is drawn on
        as a station does by default: the choice of the video output is libVLC's."""
        self.screen, self._virtual = screen, virtual
        self._folder = folder
        self._programmes = tuple(clips)
        self._sources = folder / "clips"
        self._sources.mkdir(mode=0o755)
        self._playlist: Playlist | None = None
        self.panel_port = free_port()
        for one in clips:
            os.link(formats.make(one), self.path(one))

    def path(self, one: Format) -> Path:
        """The file of a clip, as a peer may read it."""
        return self._sources / one.clip.file

    @contextlib.contextmanager
    def open(self, start: datetime) -> Iterator[None]:
        """Found the town, serve it, let the station fetch all clips. ``start`` of some block, still far off."""
        found_town(self._folder / "town", "Town", town=TOWN, by="bench").close()
        playlist = self.publish(self._programmes[:1], start)
        code = add_station(self._folder / "town")
        log = self._folder / "town.log"
        with daemon(log, "town", "--folder", str(self._folder / "town"), "serve", "--port", "0") as town:
            url = wait_for_line(log, "http://", town).split()[-1]
            self._config = write_config(self._folder, self.screen, self._virtual, self.panel_port)
            enrol(url, code, self._config)
            with self.station():
                deadline = time.monotonic() + FETCH_WITHIN_S
                while not all(self.in_library(one.sha256).exists() for one in playlist.programmes):
                    if time.monotonic() > deadline:
                        sys.exit(f"the station does not fetch its programmes:\n{self.station_says()}")
                    time.sleep(0.1)
            yield

    @contextlib.contextmanager
    def station(self) -> Iterator[None]:
        """The daemon, until the block ends."""
        with daemon(self._folder / "station.log", "station", "--config", str(self._config)):
            yield

    def station_says(self) -> str:
        """The last lines of the log of the daemon that ran last."""
        return "\n".join((self._folder / "station.log").read_text(encoding="utf-8").splitlines()[-60:])

    def video_outputs(self) -> dict[str, int]:
        """The modules of libVLC that the rows of the station's record name, and how many name each."""
        journal = self._folder / "station" / "journal.db"
        with contextlib.closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True, timeout=5)) as db:
            sql = "SELECT video_output, count(*) FROM plays WHERE video_output IS NOT NULL GROUP BY video_output"
            return dict(db.execute(sql))

    def in_library(self, sha256: str) -> Path:
        """Where the station has the file, when it has it whole."""
        return self._folder / "station" / "library" / "files" / sha256

    def publish(self, block: Sequence[Format], start: datetime, ballast: Ballast | None = None) -> Playlist:
        """Sign a week in which the clips of ``block`` follow each other from ``start`` (UTC, a whole second)."""
        slots = [_slot(start, [one.name for one in block])]
        programmes = [_programme(one) for one in self._programmes]
        if ballast is not None:
            programmes.append({"id": ballast.id, "file": ballast.file, "title": ballast.id})
            slots.append(_slot(start + LATER, [ballast.id]))
        dates = sorted(str(slot["date"]) for slot in slots)
        week = self._sources / "week.json"
        source = {"title": "bench", "group": GROUP, "time_zone": "UTC", "first_day": dates[0], "last_day": dates[-1]}
        week.write_text(json.dumps({**source, "programmes": programmes, "slots": slots}), encoding="utf-8")
        with self._office() as office:
            self._playlist = publish(office, week, PublishTerms("bench"), quiet).playlist
        return self._playlist

    def signed(self, block: Sequence[Format]) -> list[Programme]:
        """What the town signed of the clips in ``block``, as the judge is to know it."""
        assert self._playlist
        lengths = {one.id: one.duration_ms for one in self._playlist.programmes}
        return [Programme(one.name, one.seen_as, lengths[one.name], one.frames, one.rate) for one in block]

    def prepare(self, name: str, megabytes: int) -> Ballast:
        """Make a programme of that size and let the town measure and keep it, so that to publish it takes no time."""
        path = self._sources / f"{name}.mp4"
        path.write_bytes(formats.make(formats.FILMS[0]).read_bytes())
        with path.open("r+b") as file:
            file.seek(0, os.SEEK_END)
            size = megabytes << 20
            file.write((1).to_bytes(4) + b"free" + size.to_bytes(8))  # the box that players pass over
            file.seek(size - 16 - len(name), os.SEEK_CUR)
            file.write(name.encode())
        with self._office() as office:
            source = ProgrammeSource(id=name, file=path.name, title=name)
            programmes, files = gather(office, self._sources / "week.json", (source,), quiet)
            copy(office, files, quiet)
        return Ballast(name, path.name, programmes[0].sha256)

    @contextlib.contextmanager
    def _office(self) -> Iterator[Town]:
        office = open_town(self._folder / "town")
        try:
            yield office
        finally:
            office.close()


def _programme(one: Format) -> dict[str, str]:
    length = {"duration": f"00:00:{math.ceil(one.clip.seconds):02d}"} if one in STILLS else {}
    return {"id": one.name, "file": one.clip.file, "title": one.name, **length}


def _slot(start: datetime, programmes: list[str]) -> dict[str, object]:
    """One that is over long before the next can begin; its clips are shown once."""
    end = start + timedelta(minutes=10)
    day = start.date().isoformat()
    return {"date": day, "start": f"{start:%H:%M:%S}", "end": f"{end:%H:%M:%S}", "programmes": programmes}
