"""No file stops the room: each bad one ends with a verdict in time, and what comes after it is on the screen.

``python tests/bench/badfiles.py [--files N]`` lets the real daemon play N damaged files (300) and all hand-made ones, a
sound clip after each, from a week that is signed as if they were sound. Last line: JSON.

``late_verdicts`` counts the files of which one of these is not so: the record says ``failed`` with a cause, or
``completed``, at most 10 s from when it was due or from its signed end; once it has failed it is off the screen within
a second, and the screen not black; the next clip is on the screen within a second of its due instant; nobody asked for
the address that it names. What a hostile disk puts in the place of a file may also be thrown out of the library,
without a play. ``left_over`` counts the children and X windows that are still there at the end.
"""

import argparse
import contextlib
import http.server
import json
import re
import sqlite3
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import formats
import psutil
from bad_media import Bad, damaged, hand_made, hostile_disk
from room import (
    Item,
    Room,
    Stretch,
    fetched,
    media_folder,
    room,
    say,
    sign_week,
    wait_for,
    wall_less_monotonic,
    whole_second,
)

from kiosk.common.media import hash_file
from kiosk.demo.sampler import BLACK

SOUND_SECONDS = 1.6
SOUND_NUMBERS = range(240, 250)
LONGEST = 20
"""A programme that is signed for longer, in seconds, is cut by the end of a slot of its own after so long."""
VERDICT_WITHIN = 10.0
NEXT_WITHIN = 1.0
DISK_TURNS = 15.0
"""Seconds before its due instant at which a hostile disk changes a file."""
QUIET_AFTER = 8.0


@dataclass(frozen=True)
class Planned:
    """A bad file and the clip after it. Instants are UTC seconds since 1970."""

    bad: Bad
    due: float
    end: float
    next_number: int


@dataclass(frozen=True)
class Row:
    """What the record says of a programme. ``ended`` is UTC seconds since 1970."""

    outcome: str
    cause: str
    ended: float


def main() -> None:
    """Run the bench."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--files", type=int, default=300, help="how many damaged files, beside the hand-made (300)")
    parser.add_argument("--only", help="only files in whose name this is found, a regular expression")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kiosk-badfiles-") as name, trap() as (url, asked):
        folder = Path(name)
        made = folder / "made"
        made.mkdir()
        say("making the files ...")
        bad = [*damaged(made, options.files), *hand_made(made, url), *hostile_disk(made)]
        bad = [one for one in bad if re.search(options.only or "", one.name)]
        figures = play(folder, bad, asked)
    print(json.dumps(figures))


def play(folder: Path, bad: Sequence[Bad], asked: list[str]) -> dict[str, int]:
    """Let the station play it all, and judge."""
    clips = sound_clips()
    start = whole_second(25 + len(bad) / 20)
    planned, stretches = plan(bad, clips, start)
    items = [Item(one.name, one.file, round(one.seconds * 1000)) for one in bad]
    playlist = sign_week(folder / "town", [*clips, *items], stretches)
    with room(folder) as place:
        windows = 0
        wait_for(lambda: fetched(place, playlist), start.timestamp() - time.time(), "fetching")
        windows = place.x.windows()
        say(f"{len(bad)} files, {planned[-1].end - time.time():.0f} s")
        children = follow(place, planned, asked)
        place.eyes.close()
        left = [child for child in children if child.is_running()]
        left_over = len(left) + place.x.windows() - windows
        place.station.stop()
        left_over += sum(child.is_running() for child in children if child not in left)
        troubles = [(one, trouble) for one in planned for trouble in verdict(place, one, asked)]
    for one, trouble in troubles:
        say(f"{one.bad.name} ({one.bad.seconds:g} s): {trouble}")
    late = len({one.bad.name for one, _ in troubles})
    return {
        "files": len(bad),
        "daemon_deaths": place.station.deaths,
        "late_verdicts": late,
        "left_over": left_over,
    }


def sound_clips() -> list[Item]:
    """Short clips to come after the bad ones, by their bar codes."""
    film = formats.FILMS[0]
    found = []
    for number in SOUND_NUMBERS:
        clip = replace(film.clip, number=number, file=f"{number}.mp4", seconds=SOUND_SECONDS, size=(640, 360))
        path = formats.make(replace(film, clip=clip), media_folder("badfiles"))
        found.append(Item(f"sound-{number}", path, round(SOUND_SECONDS * 1000)))
    return found


def plan(bad: Sequence[Bad], clips: Sequence[Item], start: datetime) -> tuple[list[Planned], list[Stretch]]:
    """One slot for all, and one of its own for each that is too long; a clip after each."""
    planned: list[Planned] = []
    stretches: list[Stretch] = []
    at = start
    for group in grouped(bad):
        due, listed = at.timestamp(), []
        for one in group:
            clip, number = clips[len(planned) % len(clips)], SOUND_NUMBERS[len(planned) % len(clips)]
            end = due + min(one.seconds, LONGEST)
            planned.append(Planned(one, due, end, number))
            listed += [one.name, clip.id]
            due = end + clip.duration_ms / 1000
        if group[0].seconds > LONGEST:
            after = datetime.fromtimestamp(planned[-1].end, at.tzinfo)
            stretches += [Stretch(at, LONGEST, (listed[0],)), Stretch(after, 2, (listed[1],))]
            at = datetime.fromtimestamp(planned[-1].end + 2, at.tzinfo)
        else:
            seconds = int(due - at.timestamp()) + 1
            stretches.append(Stretch(at, seconds, tuple(listed)))
            at = datetime.fromtimestamp(at.timestamp() + seconds, at.tzinfo)
    return planned, stretches


def grouped(bad: Sequence[Bad]) -> list[list[Bad]]:
    """Those that fit into one slot, then each of the others."""
    short = [one for one in bad if one.seconds <= LONGEST]
    return [group for group in (short, *([one] for one in bad if one.seconds > LONGEST)) if group]


def follow(place: Room, planned: Sequence[Planned], asked: list[str]) -> set[psutil.Process]:
    """Watch over the run until its end, and be the hostile disk. Gives every child that was ever there."""
    children: set[psutil.Process] = set()
    to_turn = [one for one in planned if one.bad.hostile]
    spoke = 0.0
    end = max(one.end for one in planned) + SOUND_SECONDS + QUIET_AFTER
    while (now := time.time()) < end:
        children.update(place.station.children())
        while to_turn and now >= to_turn[0].due - DISK_TURNS:
            turn_disk(place, to_turn.pop(0).bad)
        if now - spoke > 60:
            spoke = now
            say(f"{end - now:5.0f} s left; {dict(Counter(row.outcome for row in rows(place).values()))} {asked or ''}")
        time.sleep(0.2)
    return children


def turn_disk(place: Room, bad: Bad) -> None:
    """Put the thing in place of the file."""
    assert bad.hostile
    path = place.library / hash_file(bad.file)
    path.unlink(missing_ok=True)
    bad.hostile(path)


def verdict(place: Room, one: Planned, asked: list[str]) -> list[str]:
    """What is wrong with how a file ended; nothing if all is well."""
    troubles = []
    row = rows(place).get(one.bad.name)
    if one.bad.name.startswith("names-a-url") and f"/{one.bad.file.suffix[1:]}" in asked:
        troubles.append("its address was asked for")
    if row is None and not one.bad.hostile:
        troubles.append("no row")
    if row is not None:
        if row.outcome not in ("failed", "completed") or (row.outcome == "failed" and not row.cause):
            troubles.append(f"its row says {row.outcome!r}, {row.cause!r}")
        if min(abs(row.ended - one.due), abs(row.ended - one.end)) > VERDICT_WITHIN:
            troubles.append(f"its row is closed {row.ended - one.due:.1f} s after it was due")
        if row.outcome == "failed" and (since := max(row.ended, one.due) + NEXT_WITHIN) < one.end:
            troubles += failed_but_seen(place, since, one.end)
    offset = wall_less_monotonic()
    seen = place.eyes.between(one.end - 0.5 - offset, one.end + NEXT_WITHIN - offset)
    if not any(sighting.programme == one.next_number for sighting in seen):
        found = [(round(s.monotonic + offset - one.end, 2), s.programme) for s in seen]
        troubles.append(f"the next clip, {one.next_number}, is not seen within {NEXT_WITHIN:g} s; {found}")
    return troubles


def failed_but_seen(place: Room, since: float, end: float) -> list[str]:
    """What stays on the screen a second after a file has failed and until its signed end is the poster."""
    offset = wall_less_monotonic()
    seen = place.eyes.between(since - offset, end - offset - 0.05)
    wrong = {sighting.programme for sighting in seen} & {BLACK, *range(1, 256)}
    return [f"it has failed, and {'black' if BLACK in wrong else f'picture {wrong}'} is seen"] if wrong else []


def rows(place: Room) -> dict[str, Row]:
    """The newest closed row of each programme in the station's record."""
    with contextlib.closing(sqlite3.connect(f"file:{place.journal}?mode=ro", uri=True, timeout=5)) as db:
        sql = "SELECT programme, outcome, cause, end_ms FROM plays WHERE seq IS NOT NULL ORDER BY seq"
        return {name: Row(outcome, cause, end / 1000) for name, outcome, cause, end in db.execute(sql)}


@contextlib.contextmanager
def trap() -> Iterator[tuple[str, list[str]]]:
    """A web server whose address stands in playlist files. Yields it, and the paths that were asked for."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, format: str, *args: object) -> None:
            """Progress is the bench's own."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()


if __name__ == "__main__":
    main()
