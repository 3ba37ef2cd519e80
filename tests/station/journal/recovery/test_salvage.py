"""After damage of any kind the station starts in a new epoch; nothing readable is lost, nothing invented or forked."""

import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from journal_room import START, action, due, opened, play_once, records, restart
from journal_town import CountersigningTown

from kiosk.contract.records import Action
from kiosk.contract.reports import GENESIS, chain
from kiosk.station.journal import DamagedJournal, FullDisk, Journal
from kiosk.station.journal import plays as rows
from kiosk.station.journal.database import open_writing
from kiosk.station.journal.recovery.quarantine import MOST_ASIDE
from kiosk.station.journal.verify import verify

PAGE = 4096
ROOM = "room-1"


PLAYS, WITNESSED = 300, 200


@pytest.fixture(scope="module")
def before_damage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A town and a station's state: 300 plays of which the town has 200, one on the screen when the station ended."""
    folder = tmp_path_factory.mktemp("before")
    town = CountersigningTown(folder / "town")
    town.add(ROOM, folder / "state")
    db = open_writing(folder / "state" / "journal.db")
    with db.atomic():  # in one commit: a disk takes its time over 900
        for n in range(PLAYS):
            start = START + n * 60_000
            rows.add_due(db, due(f"p{n}", start))
            rows.mark_shown(db, f"p{n}", start, 1000, 0, 0, "xcb_x11")
            rows.close_play(db, f"p{n}", start + 60_000, 60_000, "completed", "", 1500, 0)
    db.conn.close()
    with opened(folder / "state" / "journal.db") as (journal, _):
        journal.remember("stop", "by A")
        journal.due(due("open", START + PLAYS * 60_000))
        journal.shown("open", START + PLAYS * 60_000, 0, 0, 0, "")
        journal.checkpoint("open", START + PLAYS * 60_000 + 5_000, 5_000, 125, 0)
        town.receive(journal, ROOM, most=WITNESSED)
        assert journal.delivered() == WITNESSED
    town.office.close()
    return folder


class State:
    """A station's state folder, and what its journal held before the damage."""

    def __init__(self, folder: Path) -> None:
        self.town = CountersigningTown(folder / "town", found=False)
        self.path = folder / "state" / "journal.db"
        self.before = self.entries()

    def entries(self) -> dict[int, tuple[str, str, bytes]]:
        """Hash, id and record of each entry, by its number."""
        with closing(sqlite3.connect(self.path)) as db:
            return {row[0]: row[1:] for row in db.execute("SELECT seq, hash, id, record FROM entries")}

    def pages(self, table: str) -> list[int]:
        """The pages that hold rows of a table, as offsets in the file, in the order of the rows."""
        data = self.path.read_bytes()
        found = []
        for at in range(0, len(data), PAGE):
            page = data[at : at + PAGE]
            if page[0 if at else 100] == 0x0D and b"ab" * 32 in page:
                found += [at] if (b'"kind":"play"' in page) == (table == "entries") else []
        return found

    def spoil(self, at: int, data: bytes = b"\xff" * PAGE) -> None:
        with self.path.open("r+b") as file:
            file.seek(at)
            file.write(data)

    def wrong(self) -> list[str]:
        return [remark.text for remark in verify(self.path) if remark.wrong]

    def invented(self) -> list[str]:
        """Plays with a record that was never written."""
        true = {name: record for _, name, record in self.before.values()}
        return [
            name for _, name, record in self.entries().values() if name != "open" and true.get(name, record) != record
        ]


@pytest.fixture
def state(before_damage: Path, tmp_path: Path) -> Iterator[State]:
    shutil.copytree(before_damage, tmp_path, dirs_exist_ok=True)
    found = State(tmp_path)
    yield found
    found.town.office.close()


def facts(journal: Journal) -> dict[str, str]:
    """What the first entry of the new epoch says."""
    told = restart(journal)
    assert told is not None
    return told.facts


def anew(journal: Journal) -> list[str]:
    """Ids of the records behind that entry, their chain proved."""
    return [record.id for record in records(journal)][1:]


PLAYED = [f"p{n}" for n in range(PLAYS)]


def test_what_only_the_town_still_has_is_no_loss_and_every_other_record_is_entered_anew(state: State) -> None:
    gone = state.pages("entries")[10]
    plays = state.pages("plays")
    state.spoil(gone)
    for page in plays[: len(plays) // 2]:
        state.spoil(page)
    with opened(state.path) as (journal, _):
        left = anew(journal)
        missing = [int(name[1:]) for name in PLAYED if name not in left]
        assert missing == list(range(missing[0], missing[-1] + 1)) and 1 < len(missing) < 10 and missing[-1] < 199
        assert left == [*(name for name in PLAYED if int(name[1:]) not in missing), "open"]
        told = facts(journal)
        assert "lost" not in told, "the town has countersigned it"
        assert (told["witnessed_seq"], told["witnessed_hash"]) == ("200", state.before[200][0])
        assert (told["head_seq"], told["head_hash"]) == ("300", state.before[300][0])
        assert told["entered_anew"] == str(300 - len(missing)) and told["epoch"] != journal.epoch
        state.town.receive(journal, ROOM)
        assert state.town.plays(ROOM) == [*PLAYED, "open"]
        assert (state.town.refused(ROOM), state.town.forks(ROOM)) == ([], 0)
        assert journal.completed(0, START * 2) == {"rice": 300 - len(missing)}
    assert state.wrong() == [] and state.invented() == []


def test_an_entry_that_cannot_be_read_is_told_by_the_row_of_its_play(state: State) -> None:
    for page in state.pages("entries")[10:]:
        state.spoil(page)
    with opened(state.path) as (journal, _):
        assert anew(journal) == [*PLAYED, "open"] and "lost" not in facts(journal)
        state.town.receive(journal, ROOM)
        assert state.town.forks(ROOM) == 0 and len(state.town.plays(ROOM)) == 301
        assert state.town.refused(ROOM) == []
    assert state.wrong() == [] and state.invented() == []


def test_a_row_that_cannot_be_read_is_told_by_its_entry(state: State) -> None:
    with opened(state.path) as (journal, _):
        before = journal.plays(0)
    for page in state.pages("plays"):
        state.spoil(page)
    with opened(state.path) as (journal, _):
        assert [row.id for row in journal.plays(0)] == [row.id for row in before]
        again = [
            replace(row, last_ms=old.last_ms, seq=old.seq) for row, old in zip(journal.plays(0), before, strict=True)
        ]
        assert again == before, "but for its number, and the last check-point, which an entry does not tell"
        assert journal.recall("stop", str) == "by A"
    assert state.wrong() == []


def test_what_neither_end_has_is_told_and_what_comes_behind_it_is_entered_anew(state: State) -> None:
    entries, plays = state.pages("entries"), state.pages("plays")
    doomed = entries[len(entries) * 8 // 10]  # behind entry 200, and before the last one
    state.spoil(doomed)
    for page in plays:
        state.spoil(page)
    with opened(state.path) as (journal, _):
        first, _, last = facts(journal)["lost"].partition("-")
        assert 200 < int(first) <= int(last) < 300
        state.town.receive(journal, ROOM)
        wanted = [name for n, name in enumerate(PLAYED, 1) if not int(first) <= n <= int(last)]
        assert [name for name in state.town.plays(ROOM) if name != "open"] == wanted
        assert (state.town.refused(ROOM), state.town.forks(ROOM)) == ([], 0)
        assert int(facts(journal)["entered_anew"]) == len(wanted)
    assert state.invented() == [] and state.wrong() == []


def test_a_flipped_byte_of_what_the_town_does_not_have_is_noticed_and_mended(state: State) -> None:
    data = state.path.read_bytes()
    at = data.index(b'"id":"p250"')
    state.spoil(at + 7, b"q")
    with pytest.raises(DamagedJournal, match="entry 251 is not the one that was written"):
        open_writing(state.path)
    with opened(state.path) as (journal, _):
        assert anew(journal) == [*PLAYED, "open"]
        state.town.receive(journal, ROOM)
        assert state.town.refused(ROOM) == []
    assert state.invented() == []
    assert state.wrong() == []


@pytest.mark.parametrize("head", [b"", b"\0" * 100, b"\xff" * PAGE], ids=["cut off", "zeroes", "ones"])
def test_a_file_without_its_head_still_gives_up_every_row(state: State, head: bytes) -> None:
    state.spoil(0, head) if head else state.path.write_bytes(state.path.read_bytes()[PAGE:])
    with opened(state.path) as (journal, _):
        assert anew(journal) == [*PLAYED, "open"]
        told = facts(journal)
        assert "lost" not in told and told["witnessed_seq"] == "200", "read from the pages themselves"
        state.town.receive(journal, ROOM)
        assert state.town.forks(ROOM) == 0 and len(state.town.plays(ROOM)) == 301
    assert state.wrong() == [] and state.invented() == []


def test_long_records_are_read_from_their_overflow_pages(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with opened(path) as (journal, _):
        for n in range(20):
            facts = {f"fact {key}": f"{n}" * 3000 for key in range(4)}
            journal.record(msgspec.structs.replace(action(f"a{n}"), facts=facts))
    with closing(sqlite3.connect(path)) as db:
        before = db.execute("SELECT id, record FROM entries").fetchall()
    with path.open("r+b") as file:
        file.write(b"\0" * 100)
    with opened(path), sqlite3.connect(path) as db:
        assert db.execute("SELECT id, record FROM entries").fetchall()[1:] == before


def test_the_log_of_a_kill_is_read_too_when_the_database_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with opened(path) as (journal, _):
        for n in range(5):
            play_once(journal, f"p{n}", START + n * 60_000)
        assert journal.settle(5)
        log, database = path.with_name("journal.db-wal").read_bytes(), path.read_bytes()
    path.with_name("journal.db-wal").write_bytes(log)
    path.write_bytes(b"\xff" * len(database))
    with opened(path) as (journal, _):
        assert [row.id for row in journal.plays(0)] == [f"p{n}" for n in range(5)]
        assert "lost" not in facts(journal)


KILLED = """
import os, sys
from pathlib import Path
real, left = Path.rename, int(sys.argv[2])
def rename(self, target):
    global left
    if self.name.startswith("journal.db"):
        left -= 1
        if left <= 0:
            os._exit(9)
    return real(self, target)
Path.rename = rename
from kiosk.station.journal import Journal
Journal(Path(sys.argv[1]), print, "boot-1", lambda: 0).stop(5)
"""


def test_a_kill_at_any_step_of_the_salvage_loses_nothing(state: State) -> None:
    state.spoil(0, b"\0" * 100)
    codes = []
    for step in range(1, 5):
        state.path.with_name("journal.db-wal").write_bytes(b"an old log" * 1000)
        codes.append(subprocess.run([sys.executable, "-c", KILLED, str(state.path), str(step)]).returncode)
        if codes[-1] == 0:
            break
    assert codes == [9, 9, 9, 0][4 - len(codes) :] and len(codes) > 2
    with opened(state.path) as (journal, _):
        assert anew(journal) == [*PLAYED, "open"]
    assert state.wrong() == []
    assert not list(state.path.parent.glob("journal.db.new*"))


def test_a_kill_in_the_salvage_of_a_journal_that_is_gone_loses_nothing_of_its_log(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with opened(path) as (journal, _):
        play_once(journal, "p1")
        assert journal.settle(5)
        log = path.with_name("journal.db-wal").read_bytes()
    path.unlink()
    path.with_name("journal.db-wal").write_bytes(log)
    for step in (1, 2):
        assert subprocess.run([sys.executable, "-c", KILLED, str(path), str(step)]).returncode == 9
    with opened(path) as (journal, _):
        assert anew(journal) == ["p1"]


def test_no_room_for_a_salvage_is_said_and_leaves_everything_as_it_is(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    state.spoil(0, b"\0" * 100)
    before = state.path.read_bytes()

    def full(*_: object) -> None:
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    with monkeypatch.context() as patch, pytest.raises(FullDisk, match="free some room"):
        patch.setattr("kiosk.station.journal.recovery.salvage.append", full)
        Journal(state.path, print, "boot-1")
    assert state.path.read_bytes() == before
    with opened(state.path):
        assert len(state.entries()) == 302


def test_damage_found_while_running_ends_in_a_salvage_at_the_next_start(state: State) -> None:
    with opened(state.path):
        pass  # the row that was open is closed, and the log goes back into the database
    with closing(sqlite3.connect(state.path)) as db:
        (page,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'idx_entries_id'").fetchone()
    good = state.path.read_bytes()[(page - 1) * PAGE : page * PAGE]
    with opened(state.path) as (journal, events):
        state.spoil((page - 1) * PAGE)
        journal._put("forget the pages", lambda db: db.conn.execute("PRAGMA shrink_memory"))
        journal.record(action("a1"))
        for _ in range(200):
            if events or journal.settle(0.05):
                break
        assert [type(event).__name__ for event in events] == ["Crashed"]
    assert (state.path.parent / "journal.suspect").exists()
    state.spoil((page - 1) * PAGE, good[:8] + bytes(8) + good[16:])  # what a quick look does not find
    with opened(state.path) as (journal, events):
        journal.record(action("a2"))
        assert journal.settle(5) and events == []
        assert anew(journal) == [*PLAYED, "open", "a2"] or anew(journal) == [*PLAYED, "open", "a1", "a2"]
    assert not (state.path.parent / "journal.suspect").exists()


def test_only_the_newest_broken_ones_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    for n in range(MOST_ASIDE + 2):
        with opened(path) as (journal, _):
            play_once(journal, f"p{n}", START + n * 60_000)
        with path.open("r+b") as file:
            file.write(b"\0" * 100)
    with opened(path) as (journal, _):
        assert len(journal.plays(0)) == MOST_ASIDE + 2
    assert len(list(tmp_path.glob("journal.db.corrupt-*"))) == MOST_ASIDE


DAMAGES: dict[str, Callable[[random.Random, bytes], bytes]] = {
    "cut": lambda luck, data: data[: luck.randrange(len(data))],
    "pages": lambda luck, data: _pages(luck, data, luck.randint(1, 8), b"\xa5" * PAGE),
    "zeroes": lambda luck, data: _pages(luck, data, luck.randint(1, 30), b"\0" * PAGE),
    "bytes": lambda luck, data: _bytes(luck, data, luck.randint(1, 400)),
    "swapped": lambda luck, data: _pages(luck, data, 2, data[PAGE * 5 : PAGE * 6]),
}


def _pages(luck: random.Random, data: bytes, count: int, page: bytes) -> bytes:
    found = bytearray(data)
    for _ in range(count):
        at = luck.randrange(len(data) // PAGE) * PAGE
        found[at : at + PAGE] = page
    return bytes(found)


def _bytes(luck: random.Random, data: bytes, count: int) -> bytes:
    found = bytearray(data)
    for _ in range(count):
        found[luck.randrange(len(found))] ^= 1 << luck.randrange(8)
    return bytes(found)


@pytest.mark.parametrize("kind", DAMAGES)
def test_whatever_the_damage_nothing_is_invented_doubled_or_forked(state: State, kind: str) -> None:
    sound = {path.name: path.read_bytes() for path in state.path.parent.glob("journal.*") if path.suffix != ".lock"}
    for seed in range(4):
        for path in state.path.parent.glob("journal.*"):
            path.unlink()
        for name, data in sound.items():
            (state.path.parent / name).write_bytes(data)
        state.path.write_bytes(DAMAGES[kind](random.Random(f"{kind} {seed}"), sound["journal.db"]))
        with opened(state.path) as (journal, events):
            assert events == []
            names = [record.id for record in records(journal)]
            assert len(names) == len(set(names))
            known = {name for _, name, _ in state.before.values()} | {"open"}
            assert all(name in known or name.startswith("journal-") for name in names)
            epoch = journal.epoch
        assert state.invented() == []
        with opened(state.path) as (journal, _):
            assert journal.epoch == epoch


def test_a_second_loss_begins_a_third_epoch_and_keeps_what_the_first_entries_said(state: State) -> None:
    told = []
    for _ in range(2):
        state.spoil(0, b"\0" * 100)
        with opened(state.path) as (journal, _):
            told.append(restart(journal))
            names = anew(journal)
    assert told[0] and told[1] and told[0].id != told[1].id
    assert names == [told[0].id, *PLAYED, "open"]
    assert "lost" not in told[1].facts and told[1].facts["epoch"] != told[0].facts["epoch"]


def test_an_entry_whose_own_hash_contradicts_it_is_not_believed_and_told_as_lost(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with opened(path) as (journal, _):
        for n in range(9):
            journal.record(action(f"a{n}"))
    data = path.read_bytes()
    at = data.index(b'"id":"a4"')
    by = data.rindex(b'"by":"A"', 0, at)
    path.write_bytes(data[:by] + b'"by":"B"' + data[by + 8 :])
    with opened(path) as (journal, _):
        assert anew(journal) == [f"a{n}" for n in range(9) if n != 4]
        assert facts(journal)["lost"] == "5"
        assert all(record.by == "A" for record in records(journal)[1:] if isinstance(record, Action))


def test_a_chain_of_the_new_epoch_begins_at_its_first_entry(state: State) -> None:
    state.spoil(0, b"\0" * 100)
    with opened(state.path) as (journal, _):
        previous, (entry, *_) = journal.waiting(after=0)
        assert (previous, entry.seq) == (GENESIS, 1)
        assert entry.hash == chain(GENESIS, 1, bytes(entry.record))
        with closing(sqlite3.connect(state.path)) as db, pytest.raises(sqlite3.IntegrityError):
            db.execute("DELETE FROM entries")
