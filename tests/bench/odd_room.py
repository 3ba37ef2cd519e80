"""Lets town and station take odd files as rooms do: measured and refused by the town, played one after another, judged.

The pictures are judged by their bar code, or where a file has none by thumbnails; the sound by when it is heard, how
high and how loud; subtitles by whether they are the letters that the same words make as SRT in UTF-8.
"""

import contextlib
import json
import re
import sqlite3
import statistics
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import log10
from pathlib import Path

from judge_odd import AUDIBLE, RATE, Piece, loudness, pitch, reference, troubles
from looks import Look, camera, instants, letters_at, other_pictures, same_letters, shown_pictures
from loudspeaker import loudspeaker
from odd_media import NUMBER, Odd
from odd_words import subtitled
from room import Item, Stretch, fetched, room, say, sign_week, wait_for, wall_less_monotonic, whole_second

from kiosk.common.stills import is_still
from kiosk.contract.playlist import Programme
from kiosk.demo.rehearsal import TOWN
from kiosk.town.publishing.measure import gather, quiet
from kiosk.town.publishing.source import ProgrammeSource, SourceError, SubtitleSource
from kiosk.town.town import found_town

STILL_S = 6
SIZE = (1280, 720)
NOT_OF_AN_ITEM = {"id", "title", "file", "size", "sha256", "duration_ms"}
UNEVEN_DB = 4.0
"""By how much a programme may be louder or softer than the middle one."""

Taken = dict[str, tuple[Odd, Item]]


def cases(folder: Path, table: Path, made: Path) -> list[Odd]:
    """The files that a table (JSON: file name to ``shown``, ``shown: ENCODING`` of subtitles, ``refused: PATTERN``)
    names in ``folder``; copies are made."""
    found: list[Odd] = []
    for name, expected in json.loads(table.read_text(encoding="utf-8")).items():
        verdict, _, more = expected.partition(": ")
        copy = made / name
        copy.write_bytes((folder / name).read_bytes())
        refused = more if verdict == "refused" else ""
        if copy.suffix in (".srt", ".vtt", ".ass"):
            found += subtitled(made, name, copy.read_bytes(), refused, more or "utf-8")
        else:
            found.append(Odd(name, copy, refused, coded=False))
    return found


def judge_all(folder: Path, odd: Sequence[Odd]) -> tuple[int, int, dict[str, str]]:
    """Publish and play them; gives how many were shown right, refused right, and what is wrong with the others."""
    folder.mkdir()
    taken, refused_right, wrong = published(folder / "town", odd)
    if taken:
        wrong |= play(folder, taken)
    return len(odd) - refused_right - len(wrong), refused_right, wrong


def published(town: Path, odd: Sequence[Odd]) -> tuple[Taken, int, dict[str, str]]:
    """What the town takes of the files, how many it rightly refuses, and what is wrong with its verdict on others."""
    taken: Taken = {}
    refused_right, wrong = 0, {}
    office = found_town(town, "Town", town=TOWN, by="bench")
    for one in odd:
        try:
            programmes, files = gather(office, one.file.parent / "week.json", (source(one),), quiet)
        except SourceError as error:
            if one.refused and re.search(one.refused, str(error)):
                refused_right += 1
            else:
                wrong[one.name] = f"refused: {error}"
        else:
            if one.refused:
                wrong[one.name] = f"taken, and not refused as: {one.refused}"
            else:
                taken[one.name] = (one, item(one, programmes[0], files))
    office.close()
    return taken, refused_right, wrong


def source(one: Odd) -> ProgrammeSource:
    """As the officer names it."""
    subtitles = (SubtitleSource(language="zh", file=one.subtitle.name),) if one.subtitle else ()
    length = f"00:00:{STILL_S:02d}" if stands(one.file) else None
    return ProgrammeSource(id="p", file=one.file.name, title=one.name, duration=length, subtitles=subtitles)


def stands(file: Path) -> bool:
    """Whether it is a still, or an animated picture."""
    return is_still(file.read_bytes()[:16])


def item(one: Odd, programme: Programme, files: dict[str, Path]) -> Item:
    """To be signed as the town published it."""
    about = {name: getattr(programme, name) for name in programme.__struct_fields__ if name not in NOT_OF_AN_ITEM}
    beside = tuple(path for sha256, path in files.items() if sha256 != programme.sha256)
    return Item(one.name, one.file, programme.duration_ms, about, beside)


def play(folder: Path, taken: Taken) -> dict[str, str]:
    """Let the station play them one after another; gives what is wrong, by the file's name."""
    items = {name: item for name, (_, item) in taken.items()}
    start, at = whole_second(30), 0.0
    dues = {}
    for name, item in items.items():
        dues[name], at = start.timestamp() + at, at + item.duration_ms / 1000
    playlist = sign_week(folder / "town", list(items.values()), [Stretch(start, int(at) + 1, tuple(items))])
    with loudspeaker(folder), listening() as heard, room(folder) as place:
        wait_for(lambda: fetched(place, playlist), start.timestamp() - time.time(), "fetching")
        say(f"{len(items)} odd files, {at:.0f} s")
        with camera(place.x.name, when_to_look(taken, dues)) as looks:
            time.sleep(max(0.0, start.timestamp() + at + 1 - time.time()))
        place.station.stop()
        seen, of_record = list(place.eyes.seen), outcomes(place.journal)
    offset = wall_less_monotonic()
    found: dict[str, list[str]] = {name: [] for name in taken}
    loud: dict[str, float] = {}
    for name, (one, item) in taken.items():
        due, seconds = dues[name] - offset, item.duration_ms / 1000
        pieces = [replace_at(piece, due) for piece in heard if 0 < piece.at - due < seconds]
        wanted = reference(one.file, stands(one.file), seconds)
        sightings = [replace(sighting, monotonic=sighting.monotonic - due) for sighting in seen]
        found[name] += troubles(wanted, seconds, sightings if one.coded else None, pieces, NUMBER)
        if not one.coded:
            pictures = shown_pictures(one.file, stands(one.file) and len(wanted.starts) == 1, SIZE)
            pictures = [pictures[n % len(pictures)] for n in range(len(wanted.starts))] if pictures else []
            found[name] += other_pictures(wanted.starts, pictures, looks, due, seconds) if pictures else []
        if of_record.get(name) != "completed":
            found[name].append(f"its row says {of_record.get(name)}")
        audible = [piece.loud for piece in pieces if piece.loud > 10 * AUDIBLE]
        if audible:
            loud[name] = 20 * log10(statistics.median(audible))
    middle = statistics.median(loud.values()) if loud else 0.0
    for name, level in loud.items():
        if abs(level - middle) > UNEVEN_DB:
            found[name].append(f"{level - middle:+.1f} dB louder than the others")
    words(taken, found, looks, {name: due - offset for name, due in dues.items()})
    return {name: "; ".join(said) for name, said in found.items() if said}


def when_to_look(taken: Taken, dues: dict[str, float]) -> list[float]:
    """At subtitles once, at what bears no bar code again and again; monotonic."""
    offset = wall_less_monotonic()
    found: list[float] = []
    for name, (one, item) in taken.items():
        due = dues[name] - offset
        found += [due + one.look_s] if one.coded else instants(due, item.duration_ms / 1000)
    return sorted(found)


def words(taken: Taken, found: dict[str, list[str]], looks: Sequence[Look], dues: dict[str, float]) -> None:
    """Add to ``found`` the subtitles that are not what they should be."""
    letters = {name: letters_at(looks, dues[name] + one.look_s) for name, (one, _) in taken.items() if one.subtitle}
    for name, (one, _) in taken.items():
        if one.alike and not (one.alike in letters and same_letters(letters[name], letters[one.alike])):
            found[name].append(f"its subtitle is not as that of {one.alike}")
        if one.unlike and one.unlike in letters and same_letters(letters[name], letters[one.unlike]):
            found[name].append(f"its subtitle looks as that of {one.unlike}: boxes?")


def replace_at(piece: Piece, due: float) -> Piece:
    """The piece, its instant counted from when its programme was due."""
    return piece._replace(at=piece.at - due)


def outcomes(journal: Path) -> dict[str, str]:
    """The outcome of the newest closed row of each programme in the station's record."""
    with contextlib.closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True, timeout=5)) as db:
        return dict(db.execute("SELECT programme, outcome FROM plays WHERE seq IS NOT NULL ORDER BY seq"))


@contextlib.contextmanager
def listening() -> Iterator[list[Piece]]:
    """What the loudspeaker is given until the block ends."""
    command = ["parec", "--device=@DEFAULT_MONITOR@", f"--rate={RATE}", "--channels=1", "--format=s16le"]
    heard: list[Piece] = []
    recorder = subprocess.Popen([*command, "--latency-msec=20"], stdout=subprocess.PIPE)

    def listen() -> None:
        assert recorder.stdout
        while data := recorder.stdout.read(RATE // 10 * 2):
            heard.append(Piece(time.monotonic() - 0.05, loudness(data), pitch(data)))

    threading.Thread(target=listen, daemon=True).start()
    try:
        yield heard
    finally:
        recorder.terminate()
        recorder.wait(5)
