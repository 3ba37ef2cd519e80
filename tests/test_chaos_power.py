"""The power run's own parts: a disk that forgets what was not synced and nothing else, a judge that sees a plant."""

import hashlib
import os
import random
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from chaos.forgetful import PAGE, File, Folder
from chaos.forgetful_disk import Disk
from chaos.judge_power import Entry, Life, Row, Verdict, judge, judge_chain, showings

from kiosk.demo.sampler import BLACK, NOTHING, Sighting

CUTS = 60


# --- what a cut leaves ---


def after_cuts(make: Callable[[Folder], object]) -> list[Folder]:
    """What many cuts leave of the same folder."""

    def once(seed: int) -> Folder:
        folder = Folder(0o755)
        make(folder)
        return folder.after_cut(random.Random(seed))

    return [once(seed) for seed in range(CUTS)]


def put(folder: Folder, name: str, data: bytes, *, synced: bool = True) -> File:
    file = File(0o644)
    folder.put(name, file)
    file.write(0, data)
    if synced:
        file.sync()
    return file


def content(folder: Folder, name: str) -> bytes | None:
    node = folder.now.get(name)
    assert node is None or isinstance(node, File)
    return None if node is None else bytes(node.now)


def test_what_was_synced_survives_every_cut() -> None:
    def make(folder: Folder) -> None:
        file = put(folder, "a", b"1" * PAGE * 3)
        folder.sync()
        file.write(PAGE, b"2")
        file.truncate(PAGE * 2)
        file.sync()

    assert {content(folder, "a") for folder in after_cuts(make)} == {b"1" * PAGE + b"2" + b"1" * (PAGE - 1)}


def test_what_was_not_synced_goes_wholly_partly_or_out_of_order() -> None:
    def make(folder: Folder) -> None:
        file = put(folder, "a", b"0" * PAGE * 3)
        folder.sync()
        for page in range(3):
            file.write(page * PAGE, b"1" * PAGE)
        file.write(PAGE * 3, b"1")

    left = {content(folder, "a") for folder in after_cuts(make)}
    shapes = {bytes((data or b"")[place * PAGE] for place in range(3)) for data in left}
    assert {b"000", b"111", b"100"} <= shapes and shapes & {b"001", b"010", b"011", b"101"}
    assert {len(data or b"") for data in left} == {3 * PAGE, 3 * PAGE + 1}
    assert all(set(data or b"") <= {0, 48, 49} for data in left), "nothing but what was there at some time, or zeros"


def test_name_that_was_not_synced_may_go_though_its_file_was_synced() -> None:
    left = [content(folder, "a") for folder in after_cuts(lambda folder: put(folder, "a", b"x"))]
    assert set(left) == {b"x", None}
    folder = Folder(0o755)
    put(folder, "a", b"x", synced=False)
    folder.sync()
    assert {content(folder.after_cut(random.Random(seed)), "a") for seed in range(CUTS)} == {b"x", b"", b"\0"}


def test_rename_is_done_or_not_and_lasts_once_its_folder_is_synced() -> None:
    def make(folder: Folder) -> None:
        put(folder, "a", b"old")
        put(folder, "b", b"new")
        folder.sync()
        folder.move("b", folder, "a")

    assert {(content(folder, "a"), content(folder, "b")) for folder in after_cuts(make)} == {
        (b"old", b"new"),
        (b"new", None),
    }

    def make_and_sync(folder: Folder) -> None:
        make(folder)
        folder.sync()

    assert {content(folder, "a") for folder in after_cuts(make_and_sync)} == {b"new"}


def test_removal_may_be_undone_and_a_folder_that_was_not_synced_goes_with_all_in_it() -> None:
    def make(folder: Folder) -> None:
        put(folder, "a", b"x")
        folder.sync()
        folder.remove("a")
        below = Folder(0o755)
        folder.put("below", below)
        put(below, "b", b"y")
        below.sync()

    assert {(content(folder, "a"), "below" in folder.now) for folder in after_cuts(make)} == {
        (None, True),
        (None, False),
        (b"x", True),
        (b"x", False),
    }


def test_move_to_another_folder_never_loses_the_file() -> None:
    def make(folder: Folder) -> None:
        for name in ("from", "to"):
            folder.put(name, Folder(0o755))
        here, there = folder.now["from"], folder.now["to"]
        assert isinstance(here, Folder) and isinstance(there, Folder)
        put(here, "a", b"x")
        here.sync()
        folder.sync()
        here.move("a", there, "a")

    seen = set()
    for folder in after_cuts(make):
        places = [folder.now[name] for name in ("from", "to")]
        seen.add(tuple("a" in place.now for place in places if isinstance(place, Folder)))
    assert seen == {(True, False), (True, True), (False, True)}


# --- the same, mounted ---


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    found = Disk(tmp_path / "disk")
    found.on("new")
    yield found
    found.close()


WRITER = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("PRAGMA journal_mode = WAL")
db.execute(f"PRAGMA synchronous = {sys.argv[2]}")
db.execute("CREATE TABLE IF NOT EXISTS t (n)")
while True:
    n = db.execute("INSERT INTO t SELECT count(*) FROM t RETURNING n").fetchall()[0][0]
    print(n, flush=True)
"""


def written_and_kept(disk: Disk, path: Path, synchronous: str, after: int) -> tuple[int, int]:
    """How many rows a writer says to have written when its power goes after so many changes, and how many are left."""
    command = [sys.executable, "-c", WRITER, str(path), synchronous]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout
        said = [writer.stdout.readline()]
        disk.arm(after, writer.pid)
        said += writer.stdout.readlines()
    assert disk.off() is not None
    disk.on(str(after))
    db = sqlite3.connect(path)
    assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    kept = [n for (n,) in db.execute("SELECT n FROM t ORDER BY n")]
    db.close()
    assert kept == list(range(len(kept)))
    return int(said[-1]) + 1, len(kept)


def test_database_keeps_what_it_has_committed_and_synced_through_cuts_in_the_midst(disk: Disk, tmp_path: Path) -> None:
    for after in (3, 17, 40, 101):
        written, kept = written_and_kept(disk, tmp_path / "disk" / "a.db", "FULL", after)
        assert written <= kept <= written + 1


def test_database_that_does_not_sync_loses_what_it_has_committed(disk: Disk, tmp_path: Path) -> None:
    lost = []
    for after in (40, 41, 42, 43):
        path = tmp_path / "disk" / f"{after}.db"
        with sqlite3.connect(path) as db:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("CREATE TABLE t (n)")
        db.close()
        written, kept = written_and_kept(disk, path, "NORMAL", after)
        lost.append(written - kept)
    assert max(lost) > 0


def test_mounted_files_and_folders_are_as_they_were_written(disk: Disk, tmp_path: Path) -> None:
    folder = tmp_path / "disk"
    data = os.urandom(300_000)
    (folder / "sub").mkdir()
    (folder / "sub" / "a").write_bytes(data)
    (folder / "sub" / "a").rename(folder / "b")
    with (folder / "b").open("r+b") as file:
        file.truncate(200_000)
    assert (folder / "b").read_bytes() == data[:200_000]
    assert sorted(path.name for path in folder.iterdir()) == ["b", "sub"]
    (folder / "sub").rmdir()
    with pytest.raises(FileNotFoundError):
        (folder / "sub" / "a").stat()
    disk.off()
    assert list(folder.iterdir()) == []


# --- the judge ---

NAMES = {1: "law", 2: "rice"}
LIVES = [Life(100.0, 107.0), Life(107.5, 111.0), Life(111.2, 120.0)]


def pictures(number: int, begin: float, end: float, head: float) -> list[Sighting]:
    """A programme that runs from ``begin`` to ``end``."""
    frames = range(round((begin - head) * 25), round((end - head) * 25))
    return [Sighting(head + frame / 25, number, frame) for frame in frames]


SEEN = [
    Sighting(100.1, NOTHING, 0),
    *pictures(1, 102.0, 107.04, 102.0),
    Sighting(107.05, BLACK, 0),
    *pictures(1, 109.0, 110.0, 102.0),
    *pictures(2, 110.0, 111.04, 110.0),
    Sighting(111.05, BLACK, 0),
    *pictures(2, 113.0, 118.0, 110.0),
    Sighting(118.0, NOTHING, 0),
]
ROWS = [
    Row("a", "law", 102_000, 102_000, 106_300, 4_300),
    Row("due", "rice", 110_000, 110_000, 110_000, 0),
    Row("b", "law", 102_000, 109_020, 110_000, 980, "a", "interrupted"),
    Row("c", "rice", 110_000, 110_000, 110_000, 0),
    Row("d", "rice", 110_000, 113_000, 113_000, 0, "c"),
    Row("e", "rice", 110_000, 113_000, 118_000, 5_000, "d", "completed"),
]


def verdict(rows: list[Row], seen: list[Sighting] = SEEN) -> dict[str, int]:
    """What is not as it should be."""
    found = judge(showings(seen, LIVES, NAMES), rows, lambda monotonic: monotonic * 1000).figures()
    assert found.pop("plays_shown") == 4
    return {name: number for name, number in found.items() if number}


def changed(row: str, **values: object) -> list[Row]:
    return [replace(one, **values) if one.id == row else one for one in ROWS]  # type: ignore[arg-type]


def test_record_of_what_was_seen_is_found_right() -> None:
    assert verdict(ROWS) == {}


@pytest.mark.parametrize(
    ("rows", "wrong"),
    [
        ([row for row in ROWS if row.id != "a"], {"lost": 1}),
        ([row for row in ROWS if row.id not in ("c", "due")], {"lost": 1}),
        ([*ROWS, replace(ROWS[0], id="again")], {"doubled": 1}),
        ([*ROWS, replace(ROWS[5], id="again", start_ms=114_000)], {"doubled": 1}),
        ([*ROWS, Row("never", "law", 138_000, 138_000, 141_000, 3_000)], {"invented": 1}),
        ([*ROWS, Row("never", "rice", 110_000, 101_000, 101_000, 9)], {"invented": 1}),
        ([*ROWS, Row("cued", "law", 138_000, 138_000, 138_000, 0)], {}),
        (changed("a", start_ms=102_101), {"wrong_times": 1}),
        (changed("b", start_ms=108_000), {"wrong_times": 1}),
        (changed("b", start_ms=102_000), {"wrong_times": 1, "doubled": 1}),
        (changed("a", end_ms=107_160), {"wrong_times": 1}),
        (changed("b", end_ms=109_800, played_ms=780), {"wrong_times": 1}),
        (changed("e", end_ms=118_110), {"wrong_times": 1}),
        (changed("e", played_ms=5_110), {"wrong_times": 1}),
        (changed("b", continues=None), {"chain_breaks": 1}),
        (changed("d", continues=None), {"chain_breaks": 1}),
    ],
)
def test_plant_is_seen(rows: list[Row], wrong: dict[str, int]) -> None:
    assert verdict(rows) == wrong


def test_end_after_a_kill_may_be_early_by_a_check_point_and_no_more() -> None:
    early = [*pictures(1, 101.0, 107.04, 101.0), *SEEN[SEEN.index(Sighting(107.05, BLACK, 0)) :]]
    rows = [replace(ROWS[0], planned_ms=101_000, start_ms=101_000, end_ms=102_000, played_ms=1_000), *ROWS[1:]]
    assert verdict(rows, early) == {}
    rows[0] = replace(rows[0], end_ms=101_890, played_ms=890)
    assert verdict(rows, early) == {"wrong_times": 1}


@pytest.mark.parametrize(
    ("after", "outcome", "wrong"),
    [
        (0.02, "interrupted", {}),
        (0.02, "completed", {"wrong_times": 1}),
        (0.10, "interrupted", {"wrong_times": 1}),
    ],
)
def test_end_just_before_a_kill_may_be_early_where_the_row_owns_to_a_kill(
    after: float, outcome: str, wrong: dict[str, int]
) -> None:
    lives = [LIVES[0], replace(LIVES[1], end=110.0 + after), *LIVES[2:]]
    place = SEEN.index(Sighting(110.0, 2, 0))
    seen = [one for one in SEEN[:place] if one.monotonic < 110.0]
    rows = changed("b", end_ms=109_100, played_ms=80, outcome=outcome)[:3]
    found = judge(showings([*seen, Sighting(110.0, NOTHING, 0)], lives, NAMES), rows, lambda at: at * 1000)
    assert {name: number for name, number in found.figures().items() if number} == {"plays_shown": 2, **wrong}


def test_programme_that_comes_twice_in_a_row_is_two_showings() -> None:
    first = SEEN.index(Sighting(107.05, BLACK, 0))
    seen = [*pictures(1, 101.0, 103.0, 101.0), *pictures(1, 103.0, 105.0, 103.0), *SEEN[first:]]
    shown = [one for one in showings(seen, LIVES, NAMES) if one.life == 0]
    assert [(one.first, one.left) for one in shown] == [(101.0, 103.0), (103.0, 107.05)]


def test_one_picture_before_or_after_a_kill_must_have_a_row() -> None:
    place = SEEN.index(Sighting(107.05, BLACK, 0))
    before = [*SEEN[: place - 1], Sighting(106.99, 2, 0), *SEEN[place:]]
    found = judge(showings(before, LIVES, NAMES), ROWS, lambda monotonic: monotonic * 1000)
    assert (found.plays_shown, found.lost) == (5, 1)
    after = [*SEEN[:place], Sighting(107.045, 2, 0), *SEEN[place:]]
    found = judge(showings(after, LIVES, NAMES), ROWS, lambda monotonic: monotonic * 1000)
    assert (found.plays_shown, found.lost) == (5, 1)


def test_sampler_that_was_held_up_is_no_wrong_start() -> None:
    blind = [one for one in SEEN if not 100.1 < one.monotonic < 102.3]
    blind.insert(1, Sighting(101.99, NOTHING, 0))
    assert verdict(ROWS, blind) == {}
    del blind[1]
    assert verdict(ROWS, blind) == {"wrong_times": 1}


def chain(*records: bytes) -> list[Entry]:
    entries: list[Entry] = []
    previous = "0" * 64
    for seq, record in enumerate(records, 1):
        previous = hashlib.sha256(b"%s\n%d\n%s" % (previous.encode(), seq, record)).hexdigest()
        entries.append(Entry(seq, previous, record))
    return entries


def test_chain_that_is_whole_and_the_stations_own_is_found_right() -> None:
    found = Verdict()
    whole = chain(b'{"id":"a"}', b'{"id":"b"}', b'{"id":"c"}')
    judge_chain(found, whole, whole, 0)
    assert found.misses == []


@pytest.mark.parametrize(
    ("town", "station", "wrong"),
    [
        ([0, 2], [0, 1, 2], {"chain_breaks": 1, "lost": 1}),
        ([0, 1], [0, 1, 2], {"lost": 1}),
        ([0, 1, 2], [0, 1], {"chain_breaks": 1}),
        ([0, 1, 3], [0, 1, 2], {"chain_breaks": 2}),
    ],
)
def test_chain_that_lacks_something_is_told(town: list[int], station: list[int], wrong: dict[str, int]) -> None:
    entries = [*chain(b'{"id":"a"}', b'{"id":"b"}', b'{"id":"c"}')]
    entries.append(replace(entries[2], hash="f" * 64))
    found = Verdict()
    judge_chain(found, [entries[n] for n in town], [entries[n] for n in station], 0)
    assert {name: number for name, number in found.figures().items() if number} == wrong


def test_second_story_refusal_repetition_and_owned_loss_are_told() -> None:
    found = Verdict()
    entries = chain(b'{"action":"journal-restarted"}', b'{"id":"b"}', b'{"id":"b"}')
    entries[1], entries[2] = replace(entries[1], state="refused"), replace(entries[2], state="duplicate")
    judge_chain(found, entries, entries, 1)
    assert (found.chain_breaks, found.doubled) == (3, 1)
