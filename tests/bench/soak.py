"""What is left behind by many short programmes: memory, open files, threads, children, windows, rows that are missing.

``python tests/bench/soak.py [--programmes N]`` lets the real daemon play a loop of clips of 1-2 s in unlike formats.
Growth is from the second hundred of programmes to the last (medians of samples taken every second); ``children_left``
and ``windows_left`` are what was there when the loop was over and was not before. A row is missing where the town has
none of a planned showing. Last line: JSON.
"""

import argparse
import contextlib
import json
import sqlite3
import statistics
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import formats
from room import Item, Room, Stretch, fetched, media_folder, room, say, sign_week, wait_for, whole_second

from kiosk.demo.judge import showings
from kiosk.demo.rehearsal import STATION

CLIPS = {
    "h264-720p25-mp4": 1.0,
    "mpeg2-ts": 1.4,
    "h264-50p-mkv": 2.0,
    "mpeg4-avi": 1.2,
    "vp8-webm": 1.6,
    "wmv2-wmv": 1.8,
}
"""Formats of :mod:`formats` and the seconds that each is cut to; together a whole number of seconds."""
QUIET_AFTER = 10.0
"""Seconds after the end of the loop in which the last child may go and the last row may be delivered."""
SPAN = 100
"""Programmes over which a median is taken."""


@dataclass(frozen=True)
class Sample:
    """The daemon at one moment."""

    monotonic: float
    rss_mb: float
    fds: int
    threads: int
    children: int
    windows: int


def main() -> None:
    """Run the bench."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--programmes", type=int, default=1500, help="how many to play (1500)")
    rounds = -(-parser.parse_args().programmes // len(CLIPS))
    items = make_items()
    loop_ms = sum(item.duration_ms for item in items)
    with tempfile.TemporaryDirectory(prefix="kiosk-soak-") as name:
        folder = Path(name)
        start = whole_second(30)
        loop = Stretch(start, rounds * loop_ms // 1000, tuple(item.id for item in items), "loop")
        playlist = sign_week(folder / "town", items, [loop])
        with room(folder) as place:
            wait_for(lambda: fetched(place, playlist), 60, "fetching")
            before = look(place)
            if before.children:
                sys.exit("the first programmes are made ready before the count: fetching took too long")
            samples = watch(place, start.timestamp(), loop.seconds)
            time.sleep(QUIET_AFTER)
            after = look(place)
            planned = [
                (item.id, round(start.timestamp() * 1000) + turn * loop_ms + offset)
                for turn in range(rounds)
                for item, offset in zip(items, offsets(items), strict=True)
            ]
            missing = rows_missing(place, planned)
            seen = len([one for one in showings(place.eyes.seen, 0) if one.number > 0])
            say(f"{place.station.deaths} deaths of the daemon; seen on the screen: {seen} of {len(planned)}")
            say(f"before {before}\nafter  {after}")
    figures = growth(samples, len(planned))
    figures |= {"children_left": after.children - before.children, "windows_left": after.windows - before.windows}
    print(json.dumps({"programmes": len(planned), **figures, "rows_missing": missing}))


def make_items() -> list[Item]:
    """The clips, cut short."""
    films = {one.name: one for one in formats.FILMS}
    items = []
    for name, seconds in CLIPS.items():
        short = replace(films[name], clip=replace(films[name].clip, seconds=seconds))
        items.append(Item(name, formats.make(short, media_folder("soak")), round(seconds * 1000)))
    return items


def offsets(items: list[Item]) -> list[int]:
    """Where each begins in the loop, in ms."""
    return [sum(item.duration_ms for item in items[:place]) for place in range(len(items))]


def watch(place: Room, start: float, seconds: int) -> list[Sample]:
    """Sample once a second until the loop is over. ``start`` is UTC seconds since 1970."""
    samples: list[Sample] = []
    spoke = 0.0
    while (now := time.time()) < start + seconds:
        if now >= start:
            samples.append(look(place))
        if now - spoke > 60:
            spoke = now
            say(f"{now - start:6.0f} s of {seconds}: {samples[-1] if samples else 'not begun'}")
        time.sleep(1)
    return samples


def look(place: Room) -> Sample:
    """The daemon now. Ends the bench if it is gone."""
    proc = place.station.proc
    with proc.oneshot():
        rss, threads = proc.memory_info().rss / 2**20, proc.num_threads()
    fds, children = proc.num_fds(), len(place.station.children())
    return Sample(time.monotonic(), round(rss, 2), fds, threads, children, place.x.windows())


def growth(samples: list[Sample], programmes: int) -> dict[str, float]:
    """From the second :data:`SPAN` of programmes to the last; of a short trial, from its second quarter to its last."""
    span = max(1, len(samples) * min(SPAN, programmes // 4) // programmes)
    early, late = samples[span : 2 * span], samples[-span:]

    def grown(field: str) -> float:
        first, last = (statistics.median(getattr(one, field) for one in part) for part in (early, late))
        say(f"{field}: {first:.1f} -> {last:.1f}")
        return float(last - first)

    grown("children"), grown("windows")
    rss = round(grown("rss_mb"), 2)
    return {"rss_growth_mb": rss, "fds_growth": grown("fds"), "threads_growth": grown("threads")}


def rows_missing(place: Room, planned: list[tuple[str, int]]) -> int:
    """How many planned showings, programme and start in UTC ms, have no row at the town."""
    deadline = time.monotonic() + 60
    while True:
        found = town_rows(place)
        rows = {(programme, start) for programme, start, _ in found}
        missing = [one for one in planned if one not in rows]
        if not missing or time.monotonic() > deadline:
            break
        time.sleep(1)
    outcomes = Counter((outcome, programme) for programme, _, outcome in found)
    say(f"rows at the town: {Counter(outcome for *_, outcome in found)}; doubled: {len(found) - len(rows)}")
    say("".join(f"  {outcome} {programme}: {count}\n" for (outcome, programme), count in sorted(outcomes.items())))
    if missing:
        say(f"missing: {missing[:5]} ...")
    return len(missing)


def town_rows(place: Room) -> list[tuple[str, int, str]]:
    """Programme, planned start and outcome of every play that the town has."""
    with contextlib.closing(sqlite3.connect(f"file:{place.town / 'town.db'}?mode=ro", uri=True, timeout=5)) as db:
        sql = "SELECT programme, planned_start_ms, outcome FROM play WHERE station = ?"
        return list(db.execute(sql, [STATION]))


if __name__ == "__main__":
    main()
