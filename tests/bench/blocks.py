"""Clips that follow each other, played by the kiosk or by a peer while a sampler watches the X screen."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from formats import FILMS, Format
from house import House
from judge_cuts import EDGE_S, Programme
from peers import peer
from room import say

from kiosk.demo.sampler import Sighting

SYSTEMS = ("kiosk", "cvlc", "mpv")
EVERY_MS = 2
LEAD_S = 12
"""From the publication of a block to its start: the station is up by then and has its first children ready."""
SPARE_S = 20
"""How late a peer's end may be."""
CLOCK_SLACK_S = 0.001
SHAPES = sorted({str(one.shape) for one in FILMS if one.shape != FILMS[0].shape})

Block = Sequence[Format]
Along = Callable[[datetime], contextlib.AbstractContextManager[object]]
"""Something that goes on from two seconds before a block's start, which it is told (UTC), until it is over."""


@dataclass(frozen=True)
class Run:
    """A block that was played."""

    signed: Sequence[Programme]
    seen: Sequence[Sighting]
    start: float | None
    """When its first clip was due; None for a player that starts when it can."""


class Watcher:
    """The sampler's process, a little before its turn where we may say so."""

    def __init__(self, screen: str, log: Path) -> None:
        self._command = ["nice", "-n", "-10", sys.executable, "-m", "kiosk.demo.sampler", screen, str(EVERY_MS)]
        self._log = log

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Let it look, until the block ends."""
        with self._log.open("w") as out:
            process = subprocess.Popen([*self._command, *SHAPES], stdout=out, stderr=subprocess.DEVNULL)
            try:
                yield
            finally:
                process.kill()
                process.wait()

    def seen(self) -> list[Sighting]:
        """What it saw the last time; a last line that is cut off is left out."""
        lines = self._log.read_text().rpartition("\n")[0].splitlines()
        parts = [line.split() for line in lines]
        return [Sighting(float(at), int(programme), int(frame)) for at, programme, frame in parts]


def in_turn(blocks: Sequence[Block], systems: Sequence[str]) -> Iterator[tuple[str, int, Block]]:
    """Each block by each system, with the block's place; which system plays a block first changes."""
    for place, block in enumerate(blocks):
        first = place % len(systems)
        for system in (*systems[first:], *systems[:first]):
            say(f"block {place + 1} of {len(blocks)}: {system}, {len(block)} clips")
            yield system, place, block


def nothing(_start: datetime) -> contextlib.AbstractContextManager[object]:
    """Goes along with a block that has nothing else to do."""
    return contextlib.nullcontext()


def by_kiosk(house: House, watcher: Watcher, block: Block, along: Along = nothing) -> Run:
    """Let the kiosk play a block from a whole second on."""
    utc = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=LEAD_S)
    house.publish(block, utc)
    signed = house.signed(block)
    start = monotonic_at(utc)
    end = start + sum(one.duration_ms for one in signed) / 1000
    with house.station():
        time.sleep(start - 2 * EDGE_S - time.monotonic())
        with watcher.watching(), along(utc):
            time.sleep(end + 2 * EDGE_S - time.monotonic())
    if abs(monotonic_at(utc) - start) > CLOCK_SLACK_S:
        say(f"  the clock was moved by {(monotonic_at(utc) - start) * 1000:.1f} ms meanwhile")
    return Run(signed, watcher.seen(), start)


def by_peer(system: str, house: House, watcher: Watcher, block: Block, folder: Path) -> Run:
    """Let a peer play a block, as soon as it can."""
    signed = house.signed(block)
    with watcher.watching():
        time.sleep(EDGE_S)
        with (
            peer(system, [house.path(one) for one in block], house.screen, folder) as process,
            contextlib.suppress(subprocess.TimeoutExpired),
        ):
            process.wait(sum(one.duration_ms for one in signed) / 1000 + SPARE_S)
    return Run(signed, watcher.seen(), None)


def monotonic_at(utc: datetime) -> float:
    """The instant on CLOCK_MONOTONIC, by the closest of some readings of both clocks."""
    readings = [(time.monotonic(), time.time(), time.monotonic()) for _ in range(20)]
    before, wall, after = min(readings, key=lambda reading: reading[2] - reading[0])
    return utc.timestamp() - wall + (before + after) / 2
