"""How cuts look: kiosk, cvlc and mpv play the same clips of all picture formats, a sampler watches the X screen.

``python tests/bench/cuts.py [--cuts N] [--only SYSTEM ...]``; the last line is JSON, the cuts themselves go to standard
error. The blocks of clips alternate between the systems, each with the same clips in the same order.
"""

import argparse
import contextlib
import json
import math
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import formats
from formats import Format
from judge_cuts import EDGE_S, Cut, Programme, figures, judge
from loudspeaker import loudspeaker
from peers import missing, peer
from room import XServer, say, wall_less_monotonic

from kiosk.contract.playlist import Playlist
from kiosk.demo.presser import free_port
from kiosk.demo.rehearsal import (
    GROUP,
    TOWN,
    add_station,
    daemon,
    quiet,
    run,
    soon,
    wait_for_line,
    write_config,
)
from kiosk.demo.sampler import Sighting
from kiosk.town.issue import Terms
from kiosk.town.office import found_office, open_office
from kiosk.town.publish import publish

SYSTEMS = ("kiosk", "cvlc", "mpv")
SEED = 3
EVERY_MS = 2
LEAD_S = 12
"""From the publication of a block to its start: the station is up by then and has its first children ready."""
SPARE_S = 20
"""How long a peer may be late in all."""
SHAPES = sorted({str(one.shape) for one in formats.FILMS if one.shape != formats.FILMS[0].shape})


def main() -> None:
    """Run the bench."""
    arguments = _arguments()
    if lacking := missing():
        sys.exit(f"not installed: {', '.join(lacking)}; apt-get install vlc-bin mpv util-linux pulseaudio")
    blocks = order(arguments.cuts)
    found: dict[str, list[Cut]] = {system: [] for system in arguments.only}
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kiosk-cuts-")))
        folder.chmod(0o755)  # cvlc runs as nobody
        stack.enter_context(loudspeaker(folder))
        screen = XServer()
        stack.callback(screen.kill)
        house = House(folder, screen.name)
        stack.enter_context(house.open(blocks[0]))
        for place, block in enumerate(blocks):
            turn = place % len(arguments.only)
            for system in (*arguments.only[turn:], *arguments.only[:turn]):
                say(f"block {place + 1} of {len(blocks)}: {system}, {len(block)} clips")
                cuts = _kiosk(house, block, folder) if system == "kiosk" else _peer(system, house, block, folder)
                found[system] += cuts
                say(f"  {json.dumps(figures(cuts))}")
    for system, cuts in found.items():
        say(table(system, cuts))
    print(json.dumps({system: figures(cuts) for system, cuts in found.items()}))


def order(cuts: int) -> list[tuple[Format, ...]]:
    """Blocks with at least so many cuts between clips in all; within a block every clip is another one."""
    chance = random.Random(SEED)
    number = math.ceil(cuts / (len(formats.FILMS) - 1))
    size = math.ceil(cuts / number) + 1
    return [tuple(chance.sample(formats.FILMS, size)) for _ in range(number)]


class House:
    """A town with its station, on one screen."""

    def __init__(self, folder: Path, screen: str) -> None:
        self.screen = screen
        self._folder = folder
        self._clips = folder / "clips"
        self._clips.mkdir(mode=0o755)
        self.playlist: Playlist | None = None
        for one in formats.FILMS:
            os.link(formats.make(one), self._clips / one.clip.file)

    @contextlib.contextmanager
    def open(self, block: Sequence[Format]) -> Iterator[None]:
        """Found the town, serve it, and let the station fetch all clips."""
        found_office(self._folder / "town", "Town", town=TOWN, by="bench").close()
        self.publish(block, 600)
        code = add_station(self._folder / "town")
        log = self._folder / "town.log"
        with daemon(log, "town", "--folder", str(self._folder / "town"), "serve", "--port", "0") as town:
            url = wait_for_line(log, "http://", town).split()[-1]
            self._config = write_config(self._folder, self.screen, True, free_port())
            run("enrol", "--town", url, "--code", code, "--config", str(self._config))
            files = self._folder / "station" / "library" / "files"
            with self.station("fetch"):
                deadline = time.monotonic() + 60
                while not all((files / one.sha256).exists() for one in self.playlist.programmes):
                    if time.monotonic() > deadline:
                        sys.exit("the station does not fetch its programmes")
                    time.sleep(0.1)
            yield

    @contextlib.contextmanager
    def station(self, name: str) -> Iterator[None]:
        """The daemon, until the block ends."""
        with daemon(self._folder / f"{name}.log", "station", "--config", str(self._config)):
            yield

    def publish(self, block: Sequence[Format], lead_s: float) -> float:
        """Sign a week in which the block's clips begin ``lead_s`` from now. Returns that instant, in UTC seconds."""
        start = soon(lead_s)
        day = start.date().isoformat()
        source = {
            "title": "bench",
            "group": GROUP,
            "time_zone": "UTC",
            "first_day": day,
            "last_day": day,
            "programmes": [{"id": one.name, "file": one.clip.file, "title": one.name} for one in formats.FILMS],
            "slots": [{"date": day, "start": "00:00:00", "end": "00:10:00", "programmes": [one.name for one in block]}],
        }
        week = self._clips / "week.json"
        week.write_text(json.dumps(source), encoding="utf-8")
        office = open_office(self._folder / "town")
        self.playlist = publish(office, week, Terms("bench"), quiet, start)
        office.close()
        return start.timestamp()

    def signed(self, block: Sequence[Format]) -> list[Programme]:
        """What the town signed of the clips."""
        lengths = {one.id: one.duration_ms for one in self.playlist.programmes}
        return [
            Programme(one.name, one.number, lengths[one.name], math.ceil(one.clip.seconds * one.rate), one.rate)
            for one in block
        ]

    def path(self, one: Format) -> Path:
        """The file that a peer is to play."""
        return self._clips / one.clip.file


@contextlib.contextmanager
def watching(screen: str, log: Path) -> Iterator[None]:
    """The sampler's process, a little before its turn where we may say so, writing to ``log``."""
    command = [sys.executable, "-m", "kiosk.demo.sampler", screen, str(EVERY_MS), *SHAPES]
    with log.open("w") as out:
        process = subprocess.Popen(["nice", "-n", "-10", *command], stdout=out, stderr=subprocess.DEVNULL)
        try:
            yield
        finally:
            process.kill()
            process.wait()


def sightings(log: Path) -> list[Sighting]:
    """What the sampler wrote; a last line that is cut off is left out."""
    lines = log.read_text().rpartition("\n")[0].splitlines()
    parts = [line.split() for line in lines]
    return [Sighting(float(at), int(programme), int(frame)) for at, programme, frame in parts]


def _kiosk(house: House, block: Sequence[Format], folder: Path) -> tuple[Cut, ...]:
    log = folder / "sightings"
    start = house.publish(block, LEAD_S) - wall_less_monotonic()
    signed = house.signed(block)
    with house.station("station"):
        time.sleep(max(0.0, start - time.monotonic() - 2))
        with watching(house.screen, log):
            end = start + sum(one.duration_ms for one in signed) / 1000
            time.sleep(end + 2 * EDGE_S - time.monotonic())
    cuts = judge(sightings(log), signed, start, edges=True)
    if any(cut.head_lost == one.frames for cut, one in zip(cuts, signed, strict=False)):
        say("".join((folder / "station.log").read_text().splitlines(keepends=True)[-60:]))
    return cuts


def _peer(system: str, house: House, block: Sequence[Format], folder: Path) -> tuple[Cut, ...]:
    log = folder / "sightings"
    signed = house.signed(block)
    with watching(house.screen, log):
        time.sleep(0.5)
        with (
            peer(system, [house.path(one) for one in block], house.screen, folder) as process,
            contextlib.suppress(subprocess.TimeoutExpired),
        ):
            process.wait(sum(one.duration_ms for one in signed) / 1000 + SPARE_S)
    return judge(sightings(log), signed, None, edges=False)


def table(system: str, cuts: Sequence[Cut]) -> str:
    """The cuts of a system, the worst first."""
    head = f"{system}: {len(cuts)} cuts\n{'old':>22} > {'new':<22} black blank    late  head  tail run late"
    lines = [head]
    for cut in sorted(cuts, key=badness, reverse=True):
        late = "" if cut.late_ms is None else f"{cut.late_ms:.1f}"
        run_late = "" if cut.run_late_ms is None else f"{cut.run_late_ms:.0f}"
        head_lost = "" if cut.head_lost is None else cut.head_lost
        tail_lost = "" if cut.tail_lost is None else cut.tail_lost
        notes = ("  seen again" if cut.back else "") + (f"  blink {cut.blink_ms:.0f} ms" if cut.blink_ms else "")
        lines.append(
            f"{cut.old:>22} > {cut.new:<22} {cut.black_ms:5.0f} {cut.blank_ms:5.0f} {late:>7} {head_lost:>5} "
            f"{tail_lost:>5} {run_late:>8}{notes}"
        )
    return "\n".join(lines)


def badness(cut: Cut) -> float:
    """How much is wrong with a cut, in ms and pictures alike: for the order of the table."""
    late = abs(cut.late_ms or 0.0)
    return cut.black_ms + late + 40 * ((cut.head_lost or 0) + (cut.tail_lost or 0))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cuts", type=int, default=60, help="cuts between clips, at least (default: 60)")
    parser.add_argument("--only", nargs="+", choices=SYSTEMS, default=SYSTEMS, help="leave the others out")
    return parser.parse_args()


if __name__ == "__main__":
    main()
