"""How cuts look: kiosk, cvlc and mpv play the same clips of all picture formats, a sampler watches the X screen.

``python tests/bench/cuts.py [--cuts N] [--only SYSTEM ...] [--load]``; the last line is JSON, every cut goes to
standard error. The clips come in blocks, the same for each system; which system plays a block first changes from block
to block. The kiosk's figures hold its cuts from the poster and back to it as well. Stills and sounds are played apart
and are in no figure.
"""

import argparse
import contextlib
import json
import math
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from cards import alike, noted
from formats import FILMS, SOUNDS, STILLS, Format, make
from house import Ballast, House
from judge_cuts import EDGE_S, Cut, figures, judge
from load import fetching, polled, reckoning
from loudspeaker import loudspeaker
from peers import missing, peer
from room import XServer, say

from kiosk.common.media import MediaError, measure
from kiosk.demo.sampler import Sighting

SYSTEMS = ("kiosk", "cvlc", "mpv")
SEED = 3
EVERY_MS = 2
LEAD_S = 12
"""From the publication of a block to its start: the station is up by then and has its first children ready."""
SPARE_S = 20
"""How late a peer's end may be."""
CLOCK_SLACK_S = 0.001
CLIENTS, FETCH_MB = 5, 1024
"""The load: phones that ask for the panel's page each second, and the size of the file that is fetched."""
SHAPES = sorted({str(one.shape) for one in FILMS if one.shape != FILMS[0].shape})
APART = (
    FILMS[0],
    STILLS[0],
    FILMS[8],
    SOUNDS[0],
    FILMS[1],
    STILLS[1],
    FILMS[12],
    SOUNDS[1],
    FILMS[15],
    SOUNDS[2],
    FILMS[4],
)


def main() -> None:
    """Run the bench."""
    options = _options()
    if lacking := missing():
        sys.exit(f"not installed: {', '.join(lacking)}; apt-get install vlc-bin mpv util-linux pulseaudio")
    blocks = order(options.cuts)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kiosk-cuts-")))
        folder.chmod(0o755)  # cvlc runs as nobody
        stack.enter_context(loudspeaker(folder))
        screen = XServer()
        stack.callback(screen.kill)
        apart = playable(APART) if options.apart else ()
        house = House(folder, screen.name, (*FILMS, *(one for one in apart if one not in FILMS)))
        stack.enter_context(house.open(datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)))
        watcher = Watcher(screen.name, folder / "sightings")
        found = play(house, watcher, folder, blocks, options)
        beside = of_stills_and_sounds(house, watcher, apart) if apart else ()
    for system, cuts in found.items():
        say(table(system, cuts))
    if beside:
        say(table("stills and sounds, kiosk", beside))
    print(json.dumps({system: figures(cuts) for system, cuts in found.items()}))


def playable(clips: Sequence[Format]) -> tuple[Format, ...]:
    """Those that a town takes."""
    taken: list[Format] = []
    for one in clips:
        try:
            measure(make(one))
        except MediaError as error:
            say(f"left out: {error}")
        else:
            taken.append(one)
    return tuple(taken)


def order(cuts: int) -> list[tuple[Format, ...]]:
    """Blocks with at least so many cuts between clips in all; within a block every clip is another one."""
    chance = random.Random(SEED)
    number = math.ceil(cuts / (len(FILMS) - 1))
    size = math.ceil(cuts / number) + 1
    return [tuple(chance.sample(FILMS, size)) for _ in range(number)]


def play(
    house: House,
    watcher: "Watcher",
    folder: Path,
    blocks: Sequence[Sequence[Format]],
    options: argparse.Namespace,
) -> dict[str, list[Cut]]:
    """All blocks by all systems, in turn."""
    found: dict[str, list[Cut]] = {system: [] for system in options.only}
    for place, block in enumerate(blocks):
        first = place % len(options.only)
        for system in (*options.only[first:], *options.only[:first]):
            say(f"block {place + 1} of {len(blocks)}: {system}, {len(block)} clips")
            if system == "kiosk":
                cuts = of_kiosk(house, watcher, block, load=f"ballast-{place}" if options.load else "")
            else:
                cuts = of_peer(system, house, watcher, block, folder)
            found[system] += cuts
            say(f"  {json.dumps(figures(cuts))}")
    return found


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


Along = Callable[[float], contextlib.AbstractContextManager[object]]
"""Something that goes on from two seconds before a block's start, which it is told (monotonic), until it is over."""


def of_kiosk(
    house: House, watcher: Watcher, block: Sequence[Format], along: Along = contextlib.nullcontext, load: str = ""
) -> tuple[Cut, ...]:
    """The kiosk's cuts; under a load where one is named, which then is the name of the file that is fetched."""
    ballast = house.prepare(load, FETCH_MB) if load else None
    utc = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=LEAD_S)
    house.publish(block, utc)
    signed = house.signed(block)
    start = monotonic_at(utc)
    end = start + sum(one.duration_ms for one in signed) / 1000
    with house.station():
        time.sleep(start - 2 * EDGE_S - time.monotonic())
        burden = loaded(house, block, utc, ballast) if ballast else contextlib.nullcontext()
        with watcher.watching(), along(start), burden:
            time.sleep(end + 2 * EDGE_S - time.monotonic())
    if abs(monotonic_at(utc) - start) > CLOCK_SLACK_S:
        say(f"  the clock was moved by {(monotonic_at(utc) - start) * 1000:.1f} ms meanwhile")
    cuts = judge(watcher.seen(), signed, start, edges=True)
    if any(cut.new and cut.late_ms == one.duration_ms for cut, one in zip(cuts, signed, strict=False)):
        say(f"  some programme never came; the station says:\n{house.station_says()}")
    return cuts


@contextlib.contextmanager
def loaded(house: House, block: Sequence[Format], utc: datetime, ballast: Ballast) -> Iterator[None]:
    """Phones ask for pages, and weeks come in that name a large file, until the block ends."""
    week_comes = partial(house.publish, block, utc, ballast)
    with polled(house.panel_port, CLIENTS) as clients, fetching(week_comes, house.in_library(ballast.sha256)) as took:
        yield
        pages = reckoning(clients)
    say(f"  {pages}; {FETCH_MB} MB fetched {len(took)} times, in {', '.join(f'{seconds:.1f}' for seconds in took)} s")


def of_stills_and_sounds(house: House, watcher: Watcher, block: Sequence[Format]) -> tuple[Cut, ...]:
    """The kiosk's cuts to and from what has no moving picture; says which sounds have no picture of their own."""
    signed = house.signed(block)
    middles = [sum(one.duration_ms for one in signed[:n]) / 1000 + 1.5 for n in range(len(signed))]
    sounds = {one.name: at for one, at in zip(block, middles, strict=True) if one in SOUNDS}

    @contextlib.contextmanager
    def noting(start: float) -> Iterator[None]:
        instants = {"poster": start - EDGE_S, **{name: start + at for name, at in sounds.items()}}
        with noted(house.screen, instants) as pictures:
            yield
        for name in sounds:
            if alike(pictures[name], pictures["poster"]):
                say(f"  {name}: the poster stood where its title card should be")

    return of_kiosk(house, watcher, block, noting)


def of_peer(system: str, house: House, watcher: Watcher, block: Sequence[Format], folder: Path) -> tuple[Cut, ...]:
    """A peer's cuts."""
    signed = house.signed(block)
    with watcher.watching():
        time.sleep(EDGE_S)
        with (
            peer(system, [house.path(one) for one in block], house.screen, folder) as process,
            contextlib.suppress(subprocess.TimeoutExpired),
        ):
            process.wait(sum(one.duration_ms for one in signed) / 1000 + SPARE_S)
    return judge(watcher.seen(), signed, None, edges=False)


def monotonic_at(utc: datetime) -> float:
    """The instant on CLOCK_MONOTONIC, by the closest of some readings of both clocks."""
    readings = [(time.monotonic(), time.time(), time.monotonic()) for _ in range(20)]
    before, wall, after = min(readings, key=lambda reading: reading[2] - reading[0])
    return utc.timestamp() - wall + (before + after) / 2


def table(title: str, cuts: Sequence[Cut]) -> str:
    """The cuts, the worst first. All but the names are milliseconds, or pictures lost of head and tail."""
    columns = f"{'old':>22} > {'new':<22} black  blank    late  head  tail  running late"
    return "\n".join([f"{title}: {len(cuts)} cuts", columns, *map(_line, sorted(cuts, key=_badness, reverse=True))])


def _line(cut: Cut) -> str:
    numbers = [f"{cut.black_ms:6.0f} {cut.blank_ms:6.0f} {_number(cut.late_ms, 1):>7}"]
    numbers += [f"{_number(cut.head_lost):>5} {_number(cut.tail_lost):>5} {_number(cut.run_late_ms):>8}"]
    notes = ["  the old one is seen again"] if cut.back else []
    notes += [f"  not looked for {cut.blink_ms:.0f} ms"] if cut.blink_ms else []
    return " ".join([f"{cut.old:>22} > {cut.new:<22}", *numbers, *notes])


def _number(value: float | None, digits: int = 0) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def _badness(cut: Cut) -> float:
    """How much is wrong with a cut in ms, a picture taken for 40."""
    return cut.black_ms + cut.blank_ms + abs(cut.late_ms or 0.0) + 40 * ((cut.head_lost or 0) + (cut.tail_lost or 0))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cuts", type=int, default=60, help="cuts between clips, at least (60)")
    parser.add_argument("--only", nargs="+", choices=SYSTEMS, default=list(SYSTEMS), help="leave the others out")
    parser.add_argument("--load", action="store_true", help="the kiosk alone, with pages asked for and a file fetched")
    parser.add_argument("--no-apart", dest="apart", action="store_false", help="leave stills and sounds out")
    options = parser.parse_args()
    if options.load:
        options.only = ["kiosk"]
    return options


if __name__ == "__main__":
    main()
