"""How cuts look: kiosk, cvlc and mpv play the same clips of all picture formats, a sampler watches the X screen.

``python tests/bench/cuts.py [--cuts N | --clips NAME ...] [--only SYSTEM ...] [--load] [--display NAME]``; the last
line is JSON, every cut goes to standard error. The screen is an Xvfb of its own, or the one that ``--display`` names,
as ``xorg.sh`` does. The clips come in blocks, the same for each system; which system plays a block first changes from
block to block. The kiosk's figures hold its cuts from the poster and back to it as well. Stills and sounds are played
apart and are in no figure.
"""

import argparse
import contextlib
import json
import math
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from blocks import SYSTEMS, Along, Block, Watcher, by_kiosk, by_peer, in_turn, monotonic_at, nothing
from cards import alike, noted
from formats import FILMS, SOUNDS, STILLS, Format, make
from house import Ballast, House
from judge_cuts import EDGE_S, Cut, figures, judge
from load import fetching, polled, reckoning
from loudspeaker import loudspeaker
from peers import missing
from room import XServer, say

from kiosk.common.ffmpeg import MediaError
from kiosk.common.media import measure

SEED = 3
CLIENTS, FETCH_MB = 5, 1024
"""The load: phones that ask for the panel's page each second, and the size of the file that is fetched."""
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
    if lacking := missing(options.only):
        sys.exit(f"not installed: {', '.join(lacking)}; apt-get install vlc-bin mpv util-linux pulseaudio")
    blocks = order(options.cuts) if not options.clips else [named(options.clips)]
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kiosk-cuts-")))
        folder.chmod(0o755)  # cvlc runs as nobody
        stack.enter_context(loudspeaker(folder))
        screen = stack.enter_context(screen_of(options.display))
        apart = playable(APART) if options.apart else ()
        clips = tuple(dict.fromkeys(one for block in (*blocks, apart) for one in block))
        house = House(folder, screen, clips, virtual=not options.display)
        stack.enter_context(house.open(datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)))
        watcher = Watcher(screen, folder / "sightings")
        found = play(house, watcher, folder, blocks, options)
        beside = of_stills_and_sounds(house, watcher, apart) if apart else ()
        outputs = house.video_outputs()
    for system, cuts in found.items():
        say(table(system, cuts))
    if beside:
        say(table("stills and sounds, kiosk", beside))
    if outputs:
        say(f"video outputs by the kiosk's record: {json.dumps(outputs)}")
    print(json.dumps({system: figures(cuts) for system, cuts in found.items()}))


@contextlib.contextmanager
def screen_of(display: str) -> Iterator[str]:
    """The X display of that name, or, without one, an Xvfb until the block ends."""
    if display:
        yield display
        return
    server = XServer()
    try:
        yield server.name
    finally:
        server.kill()


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


def named(names: Sequence[str]) -> tuple[Format, ...]:
    """One block of the clips with those names, in that order."""
    films = {one.name: one for one in FILMS}
    return tuple(films[name] for name in names)


def play(
    house: House, watcher: Watcher, folder: Path, blocks: Sequence[Block], options: argparse.Namespace
) -> dict[str, list[Cut]]:
    """All blocks by all systems, in turn."""
    found: dict[str, list[Cut]] = {system: [] for system in options.only}
    for system, place, block in in_turn(blocks, options.only):
        if system == "kiosk":
            along = under_load(house, block, f"ballast-{place}") if options.load else nothing
            cuts = of_kiosk(house, watcher, block, along)
        else:
            run = by_peer(system, house, watcher, block, folder)
            cuts = judge(run.seen, run.signed, run.start, edges=False)
        found[system] += cuts
        say(f"  {json.dumps(figures(cuts))}")
    return found


def of_kiosk(house: House, watcher: Watcher, block: Block, along: Along = nothing) -> tuple[Cut, ...]:
    """The kiosk's cuts."""
    run = by_kiosk(house, watcher, block, along)
    cuts = judge(run.seen, run.signed, run.start, edges=True)
    if any(cut.new and cut.late_ms == one.duration_ms for cut, one in zip(cuts, run.signed, strict=False)):
        say(f"  some programme never came; the station says:\n{house.station_says()}")
    return cuts


def under_load(house: House, block: Block, name: str) -> Along:
    """Phones ask for pages, and weeks come in that name a large file, ``name``."""
    ballast = house.prepare(name, FETCH_MB)
    return lambda start: loaded(house, block, start, ballast)


@contextlib.contextmanager
def loaded(house: House, block: Block, start: datetime, ballast: Ballast) -> Iterator[None]:
    """Under that load until the block ends."""
    week_comes = partial(house.publish, block, start, ballast)
    with polled(house.panel_port, CLIENTS) as clients, fetching(week_comes, house.in_library(ballast.sha256)) as took:
        yield
        pages = reckoning(clients)
    say(f"  {pages}; {FETCH_MB} MB fetched {len(took)} times, in {', '.join(f'{seconds:.1f}' for seconds in took)} s")


def of_stills_and_sounds(house: House, watcher: Watcher, block: Block) -> tuple[Cut, ...]:
    """The kiosk's cuts to and from what has no moving picture; says which sounds have no picture of their own."""
    signed = house.signed(block)
    middles = [sum(one.duration_ms for one in signed[:n]) / 1000 + 1.5 for n in range(len(signed))]
    sounds = {one.name: at for one, at in zip(block, middles, strict=True) if one in SOUNDS}

    @contextlib.contextmanager
    def noting(utc: datetime) -> Iterator[None]:
        start = monotonic_at(utc)
        instants = {"poster": start - EDGE_S, **{name: start + at for name, at in sounds.items()}}
        with noted(house.screen, instants) as pictures:
            yield
        for name in sounds:
            if alike(pictures[name], pictures["poster"]):
                say(f"  {name}: the poster stood where its title card should be")

    return of_kiosk(house, watcher, block, noting)


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
    clips = [one.name for one in FILMS]
    parser.add_argument("--clips", nargs="+", choices=clips, metavar="NAME", help="these once, in place of --cuts")
    parser.add_argument("--only", nargs="+", choices=SYSTEMS, default=list(SYSTEMS), help="leave the others out")
    parser.add_argument("--load", action="store_true", help="the kiosk alone, with pages asked for and a file fetched")
    parser.add_argument("--no-apart", dest="apart", action="store_false", help="leave stills and sounds out")
    parser.add_argument("--display", default="", help="an X display that is there, where libVLC chooses how to draw")
    options = parser.parse_args()
    if options.load:
        options.only = ["kiosk"]
    return options


if __name__ == "__main__":
    main()
