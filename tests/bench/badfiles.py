"""No file stops the room: each bad one ends with a verdict in time, and what comes after it is on the screen.

``python tests/bench/badfiles.py [--files N]`` lets the real daemon play N damaged files (300) and all hand-made ones, a
sound clip after each, from a week that is signed as if they were sound. Last line: JSON.

``late_verdicts`` counts the files of which one of these is not so: the record says ``failed`` with a cause, or
``completed``, at most 10 s from when it was due or from its signed end; once it has failed it is off the screen within
a second, and the screen not black; the next clip is on the screen within a second of its due instant; nobody asked for
the address that it names. What a hostile disk puts in the place of a file may also be thrown out of the library,
without a play. ``left_over`` counts the children and X windows that are still there at the end.

Beside them go files as rooms rightly get them (:mod:`odd_media`, :mod:`odd_words`), published as the town does:
``shown_right`` counts those of which screen and sound were as ffmpeg decodes them (:mod:`odd_room`), ``refused_right``
those that the town refuses with their cause, and ``wrong`` names the others. ``--cases DIR`` does that with the files
of a folder instead, by a table of what is expected of each: :func:`odd_room.cases`.
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
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import formats
import psutil
from bad_media import Bad, damaged, hand_made, hostile_disk
from judge_bad import Planned, Row, troubles
from odd_media import odd_media
from odd_room import cases, judge_all
from odd_words import locked, subtitles
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

SOUND_SECONDS = 1.6
SOUND_NUMBERS = range(240, 250)
LONGEST = 20
"""A programme that is signed for longer, in seconds, is cut by the end of a slot of its own after so long."""
DISK_TURNS = 15.0
"""Seconds before its due instant at which a hostile disk changes a file."""
QUIET_AFTER = 8.0


def main() -> None:
    """Run the bench."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--files", type=int, default=300, help="how many damaged files, beside the hand-made (300)")
    parser.add_argument("--only", help="only files in whose name this is found, a regular expression")
    parser.add_argument("--no-odd", dest="odd", action="store_false", help="leave out what a room rightly gets")
    parser.add_argument("--cases", type=Path, help="only the files of this folder, as a table expects them")
    parser.add_argument("--expected", type=Path, help="that table (expected.json in the folder; see odd_room.cases)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kiosk-badfiles-") as name, trap() as (url, asked):
        folder = Path(name)
        made = folder / "made"
        made.mkdir()
        say("making the files ...")
        bad = [] if options.cases else [*damaged(made, options.files), *hand_made(made, url), *hostile_disk(made)]
        bad = [one for one in bad if re.search(options.only or "", one.name)]
        odd = [] if options.cases or not options.odd else [*odd_media(made), *subtitles(made), *locked(made)]
        odd = [one for one in odd if re.search(options.only or "", one.name)]
        if options.cases:
            (folder / "cases").mkdir()
            odd = cases(options.cases, options.expected or options.cases / "expected.json", folder / "cases")
        figures: dict[str, object] = dict(play(folder, bad, asked)) if bad else {"files": 0}
        shown_right, refused_right, wrong = judge_all(folder / "odd", odd)
    for name, sentence in wrong.items():
        say(f"{name}: {sentence}")
    figures |= {"files": len(bad) + len(odd), "shown_right": shown_right, "refused_right": refused_right}
    print(json.dumps(figures | {"wrong": sorted(wrong)}))


def play(folder: Path, bad: Sequence[Bad], asked: list[str]) -> dict[str, int]:
    """Let the station play it all, and judge."""
    clips = sound_clips()
    start = whole_second(25 + len(bad) / 20)
    planned, stretches = plan(bad, clips, start)
    items = [Item(one.name, one.file, round(one.seconds * 1000)) for one in bad]
    playlist = sign_week(folder / "town", [*clips, *items], stretches)
    with room(folder) as place:
        wait_for(lambda: fetched(place, playlist), start.timestamp() - time.time(), "fetching")
        windows = place.x.windows()
        say(f"{len(bad)} files, {planned[-1].end - time.time():.0f} s")
        children = follow(place, planned, {one.name: one for one in bad}, asked)
        left_over = sum(map(alive, children)) + max(0, place.x.windows() - windows)
        place.station.stop()
        left_over += sum(map(alive, children))
        found = judge(place, planned, asked)
    for name, sentences in found.items():
        say(f"{name}: {'; '.join(sentences)}")
    deaths = place.station.deaths
    return {"files": len(bad), "daemon_deaths": deaths, "late_verdicts": len(found), "left_over": left_over}


def judge(place: Room, planned: Sequence[Planned], asked: Sequence[str]) -> dict[str, list[str]]:
    """What is wrong, by the file's name."""
    offset = wall_less_monotonic()
    seen = [replace(sighting, monotonic=sighting.monotonic + offset) for sighting in place.eyes.seen]
    of_record = rows(place)
    found = {one.name: troubles(one, of_record.get(one.name), seen) for one in planned}
    for path in asked:
        found[f"names-a-url-{path.strip('/')}"].append("its address was asked for")
    return {name: sentences for name, sentences in found.items() if sentences}


def alive(child: psutil.Process) -> bool:
    """Whether a process is there, be it as a zombie."""
    return child.is_running()


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
            planned.append(Planned(one.name, due, end, number, may_vanish=one.hostile is not None))
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


def follow(place: Room, planned: Sequence[Planned], bad: dict[str, Bad], asked: Sequence[str]) -> set[psutil.Process]:
    """Watch over the run until its end, and be the hostile disk. Gives every child that was ever there."""
    children: set[psutil.Process] = set()
    to_turn = [one for one in planned if one.may_vanish]
    spoke = 0.0
    end = max(one.end for one in planned) + SOUND_SECONDS + QUIET_AFTER
    while (now := time.time()) < end:
        children.update(place.station.children())
        while to_turn and now >= to_turn[0].due - DISK_TURNS:
            turn_disk(place, bad[to_turn.pop(0).name])
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
