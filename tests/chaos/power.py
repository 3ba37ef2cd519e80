"""Kills the station again and again, and its disk's power, while the town comes and goes; then counts its records.

``python tests/chaos/power.py [--cycles N] [--cuts N] [--seed S]``: ``--cycles`` kills of the process (SIGKILL at random
moments: while it starts, around a cut, at a first picture, at any time), then ``--cuts`` cuts of the power of a disk
that forgets what was not synced (at random moments, and in the midst of what is written). Meanwhile the town is killed,
cut off and slowed at random. In the end all is quiet until everything is delivered, and the town's rows are held
against what a sampler saw on the screen. Last line: JSON; all after ``plays_shown`` has to be 0. A cycle takes about
5 s: 500 kills and 200 cuts about an hour. Another ``--seed`` makes other moments, so that a long run is done in parts;
Ctrl-C ends one early, with the figures so far. Needs root (for the disk) and the test packages.
"""

import argparse
import json
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.room import say  # noqa: E402
from chaos.judge_power import BIRTH_S, Verdict, judge, judge_chain, showings  # noqa: E402
from chaos.power_line import Trouble  # noqa: E402
from chaos.power_room import NAMES, PLANNED, Room, keep, room  # noqa: E402

from kiosk.demo.sampler import Sighting  # noqa: E402

SETTLED_S = 12.0
"""The first life is so long at least: the clock is believed by then, and that is remembered."""
LONGEST_S = 6.5
RESTART_S = 0.6
"""A life begins so long after the one before it, at most."""
LAST_S = 120.0
"""Within this, all has to be delivered in the end."""
MOST_CHANGES = 160
"""A power cut in the midst of what is written comes at one of so many changes to the disk: half of them are made while
the station starts."""

Moment = Callable[[Room, random.Random, float], None]
"""Waits for the moment to kill; it is given when the life began."""


def main() -> None:
    """Run both parts."""
    options = _options()
    signal.signal(signal.SIGTERM, _interrupt)
    total = Verdict()
    done = {"cycles": 0, "cuts": 0}
    for part in done:
        if getattr(options, part) and not options.interrupted:
            verdict, done[part] = perform(options, part)
            _add(total, verdict)
            say(f"{part}: {json.dumps({'done': done[part], **verdict.figures()})}")
    for miss in total.misses:
        say(miss)
    figures = total.figures()
    print(json.dumps({"cycles": sum(done.values()), "cuts": done["cuts"], **figures}))
    shown = figures.pop("plays_shown")
    sys.exit(0 if shown and not any(figures.values()) else 1)


def perform(options: argparse.Namespace, part: str) -> tuple[Verdict, int]:
    """All cycles of one part in one room. Gives the verdict and how many were done."""
    done = 0
    with tempfile.TemporaryDirectory(prefix="kiosk-power-") as name:
        folder = Path(name)
        with room(folder, options.seed if part == "cuts" else "") as place:
            trouble: Trouble | None = None
            try:
                first_life(place)
                trouble = Trouble(place.line, place.town, f"{options.seed} {part} town")
                while done < getattr(options, part):
                    chance = random.Random(f"{options.seed} {part} {done}")
                    cycle(place, chance, done)
                    done += 1
            except KeyboardInterrupt:
                options.interrupted = True
                say(f"broken off after {done} {part}; what there is is judged")
                if place.daemon.in_life:
                    end(place, "broken off")
            finally:
                if trouble is not None:
                    trouble.stop()
            say(f"{part}: {done} done; waiting until everything is delivered")
            calm(place)
            verdict = the_verdict(place)
            if options.keep:
                keep(folder, options.keep / part)
    return verdict, done


def first_life(place: Room) -> None:
    """Fetch the week, learn the time, play; and be killed."""
    place.daemon.start()
    begun = time.monotonic()
    while time.monotonic() - begun < 60:
        shown = any(seen.programme in NAMES for seen in watch_for(place, 0.5))
        if shown and time.monotonic() - begun > SETTLED_S:
            break
    else:
        sys.exit(f"nothing is shown within a minute:\n{place.daemon.log.read_text()[-3000:]}")
    end(place, "first")


def cycle(place: Room, chance: random.Random, number: int) -> None:
    """One life and its end."""
    time.sleep(chance.uniform(0, RESTART_S))
    place.daemon.start()
    begun = time.monotonic()
    kinds = DISK_MOMENTS if place.disk is not None else MOMENTS
    moment = chance.choices(list(kinds), weights=list(kinds.values()))[0]
    moment(place, chance, begun)
    if place.daemon.dead and place.daemon.returncode != -signal.SIGKILL:
        sys.exit(f"the station ended by itself ({place.daemon.returncode}):\n{place.daemon.log.read_text()[-3000:]}")
    lived = time.monotonic() - begun
    said = end(place, f"{chance.random()}")
    say(f"{number}: {moment.__name__}, killed after {lived:.2f} s{said}; line {place.line.state}")


def end(place: Room, seed: str) -> str:
    """Kill it; where the disk forgets, its power goes at the same time, and comes back."""
    at = time.monotonic()
    place.daemon.kill()
    if place.disk is None:
        place.daemon.lived_until(at)
        return ""
    struck = place.disk.off()
    place.disk.on(seed)
    place.daemon.boot()
    place.daemon.lived_until(struck[1] if struck else at)
    return f" at change {place.disk.changes}" + (f", a {struck[0]}" if struck else "")


# --- moments ---


def while_starting(place: Room, chance: random.Random, begun: float) -> None:
    """Before anything is shown, mostly."""
    watch_for(place, begun + chance.uniform(0.05, 2.0) - time.monotonic())


def around_a_cut(place: Room, chance: random.Random, begun: float) -> None:
    """A little before or after one programme follows another."""
    offset = time.time() - time.monotonic()
    cut = place.next_cut((begun + 2.3 + offset) * 1000) / 1000 - offset + chance.uniform(-0.08, 0.12)
    watch_for(place, min(cut, begun + 2.3 + max(PLANNED.values())) - time.monotonic())


def at_first_picture(place: Room, chance: random.Random, begun: float) -> None:
    """When a programme has just been seen."""
    watch_for(place, begun + BIRTH_S - time.monotonic())
    while time.monotonic() - begun < LONGEST_S and not any(seen.programme in NAMES for seen in place.watch.look()):
        time.sleep(0.004)
    time.sleep(chance.choice([0.0, chance.uniform(0, 0.08)]))


def at_any_time(place: Room, chance: random.Random, begun: float) -> None:
    """Whatever is going on."""
    watch_for(place, begun + chance.uniform(1.5, LONGEST_S) - time.monotonic())


def in_the_midst(place: Room, chance: random.Random, begun: float) -> None:
    """At some change to the disk, which may be between two that belong together."""
    assert place.disk and place.daemon.process
    place.disk.arm(chance.randint(1, MOST_CHANGES), place.daemon.process.pid)
    while not place.daemon.dead and time.monotonic() - begun < LONGEST_S:
        watch_for(place, 0.02)


MOMENTS: dict[Moment, int] = {while_starting: 2, around_a_cut: 3, at_first_picture: 3, at_any_time: 6}
DISK_MOMENTS: dict[Moment, int] = {**MOMENTS, in_the_midst: 14}


def watch_for(place: Room, seconds: float) -> list[Sighting]:
    """Wait, and take in what the sampler says; gives it."""
    until = time.monotonic() + seconds
    seen = place.watch.look()
    while (left := until - time.monotonic()) > 0:
        time.sleep(min(left, 0.1))
        seen += place.watch.look()
    return seen


# --- the end ---


def calm(place: Room) -> None:
    """One last life with all in order, until nothing is on air and everything is delivered."""
    place.daemon.start()
    watch_for(place, SETTLED_S / 2)
    place.clear_the_plan()
    until = time.monotonic() + LAST_S
    while not place.delivered():
        if time.monotonic() > until:
            say(f"not all delivered within {LAST_S:.0f} s:\n{place.daemon.log.read_text()[-3000:]}")
            break
        watch_for(place, 0.5)
    watch_for(place, 1.5)


def the_verdict(place: Room) -> Verdict:
    """What the town has against what was seen, after the station was told to end."""
    at = time.monotonic()
    place.daemon.kill(signal.SIGTERM)
    place.daemon.lived_until(at)
    seen = showings(place.watch.seen, place.daemon.lives, NAMES)
    verdict = judge(seen, place.rows(), place.watch.wall_ms)
    judge_chain(verdict, place.entries(), place.own_entries(), place.forks())
    return verdict


def _add(total: Verdict, verdict: Verdict) -> None:
    for name, number in verdict.figures().items():
        setattr(total, name, getattr(total, name) + number)
    total.misses += verdict.misses


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cycles", type=int, default=500, help="kills of the process (500)")
    parser.add_argument("--cuts", type=int, default=None, help="cuts of the disk's power (two for five kills)")
    parser.add_argument("--seed", default="1", help="of all moments (1)")
    parser.add_argument("--keep", type=Path, help="copy trace, logs and records into this folder in the end")
    options = parser.parse_args()
    options.cuts = options.cycles * 2 // 5 if options.cuts is None else options.cuts
    options.interrupted = False
    return options


if __name__ == "__main__":
    main()
