"""What is done to the station's disk, case by case, and how a person would mend it."""

import random
import shutil
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from disk_room import Place

PAGE = 4096
ALL = ("journal.db", "journal.db-wal", "journal.db-shm")
_luck = random.Random(4)


@dataclass(frozen=True)
class Case:
    """``damage`` is done to a running station, or to one that was killed and is then started again."""

    name: str
    damage: Callable[[Place], object]
    mend: Callable[[Place], object] | None = None
    running: bool = False
    hold_s: float = 0.0
    restart: bool = False
    """Mended while the station is off."""


# --- the disk is full, or takes no writing ---


def _full(room: Place) -> None:
    room.fill()


def _full_and_fetching(room: Place) -> None:
    room.publish(extra=True)
    room.fill(leave=64 * 1024)


def _full_and_a_week(room: Place) -> None:
    room.fill()
    room.publish(extra=False)


def _full_without_reserve(room: Place) -> None:
    (room.state / "journal.reserve").unlink(missing_ok=True)
    room.fill()


def _full_and_damaged(room: Place) -> None:
    (room.state / "journal.reserve").unlink(missing_ok=True)
    _head(b"\0" * 100)(room)
    room.fill()


def _free(room: Place) -> None:
    room.free()


def _read_only(room: Place) -> None:
    room.remount("ro")


def _writable(room: Place) -> None:
    room.remount("rw")


# --- what lies on it is lost or garbled ---


def _gone(*names: str) -> Callable[[Place], None]:
    def damage(room: Place) -> None:
        for name in names:
            for path in room.state.glob(name):
                path.unlink()

    return damage


def _cut(name: str, share: float) -> Callable[[Place], None]:
    def damage(room: Place) -> None:
        with (room.state / name).open("r+b") as file:
            file.truncate(int((room.state / name).stat().st_size * share))

    return damage


def _emptied(room: Place) -> None:
    for name in ALL:
        if (room.state / name).exists():
            _cut(name, 0)(room)


def _written(name: str, data: bytes) -> Callable[[Place], None]:
    return lambda room: (room.state / name).write_bytes(data)


def _head(data: bytes) -> Callable[[Place], None]:
    def damage(room: Place) -> None:
        with room.journal.open("r+b") as file:
            file.write(data)

    return damage


def _flipped(name: str, count: int) -> Callable[[Place], None]:
    def damage(room: Place) -> None:
        path = room.state / name
        data = bytearray(path.read_bytes())
        for _ in range(count if data else 0):
            data[_luck.randrange(len(data))] ^= 1 << _luck.randrange(8)
        with path.open("r+b") as file:  # in place: a daemon that runs has it open
            file.write(data)

    return damage


def _pages(count: int) -> Callable[[Place], None]:
    def damage(room: Place) -> None:
        with room.journal.open("r+b") as file:
            for _ in range(count):
                file.seek(_luck.randrange(room.journal.stat().st_size // PAGE) * PAGE)
                file.write(_luck.randbytes(PAGE))

    return damage


def _older_copy(room: Place) -> None:
    """As somebody does who restores the state folder: what was recorded since is told again otherwise."""
    copy = room.folder / "older"
    shutil.copytree(room.state, copy, ignore=shutil.ignore_patterns("library", "lost+found"))
    room.keeper.start()
    since = round(time.time() * 1000)
    while not room.delivers(since):
        time.sleep(0.5)
    room.keeper.end()
    for name in ALL:
        (room.state / name).unlink(missing_ok=True)
        if (copy / name).exists():
            shutil.copy2(copy / name, room.state / name)
    shutil.rmtree(copy)


def _folder(room: Place) -> None:
    room.journal.unlink()
    room.journal.mkdir()


def _foreign(room: Place) -> None:
    shutil.move(room.journal, room.folder / "journal.kept")
    db = sqlite3.connect(room.journal)
    db.execute("CREATE TABLE accounts (id)")
    db.commit()
    db.close()


def _back(room: Place) -> None:
    if room.journal.is_dir():
        room.journal.rmdir()
    else:
        room.journal.unlink(missing_ok=True)
    if (kept := room.folder / "journal.kept").exists():
        shutil.move(kept, room.journal)


# --- settings and identity: a person has a copy ---


Both = tuple[Callable[[Place], None], Callable[[Place], None]]


def _spoilt(path: Callable[[Place], Path], data: bytes | None) -> Both:
    """Damage a file (None: delete it), and put the good one back."""

    def damage(room: Place) -> None:
        shutil.copy2(path(room), room.folder / "kept")
        path(room).unlink() if data is None else path(room).write_bytes(data)

    def mend(room: Place) -> None:
        shutil.copy2(room.folder / "kept", path(room))

    return damage, mend


def _config(room: Place) -> Path:
    return room.keeper.config


def _in_state(name: str) -> Callable[[Place], Path]:
    return lambda room: room.state / name


def _programmes(room: Place) -> None:
    for path in (room.state / "library" / "files").iterdir():
        with path.open("r+b") as file:
            file.truncate(path.stat().st_size // 2)


CASES = (
    Case("full while it plays", _full, _free, running=True, hold_s=15),
    Case("full while it fetches", _full_and_fetching, _free, running=True, hold_s=15),
    Case("full while a week is accepted", _full_and_a_week, _free, running=True, hold_s=15),
    Case("full at start", _full, _free),
    Case("full at start, reserve used up", _full_without_reserve, _free),
    Case("full at start, record damaged", _full_and_damaged, _free),
    Case("read-only while it plays", Place.fail, Place.mount_anew, running=True, hold_s=15, restart=True),
    Case("read-only at start", _read_only, _writable),
    Case("record cut in half", _cut("journal.db", 0.5)),
    Case("record cut to nothing", _cut("journal.db", 0)),
    Case("record and log cut to nothing", _emptied),
    Case("record without its head", _head(b"\0" * 100)),
    Case("record without its first page", _head(b"\xff" * PAGE)),
    Case("bytes of the record flipped", _flipped("journal.db", 200)),
    Case("bytes of the log flipped", _flipped("journal.db-wal", 200)),
    Case("pages of the record garbled", _pages(4)),
    Case("pages of the record garbled while it plays", _pages(12), running=True, hold_s=15),
    Case("record deleted while it plays", _gone("journal.db"), running=True, hold_s=15),
    Case("record deleted", _gone("journal.db")),
    Case("record, log and index of the log deleted", _gone(*ALL)),
    Case("log deleted", _gone("journal.db-wal")),
    Case("index of the log deleted", _gone("journal.db-shm")),
    Case("index of the log garbled", _flipped("journal.db-shm", 2000)),
    Case("record is another text", _written("journal.db", b"not a database " * 999)),
    Case("record is a folder", _folder, _back),
    Case("record is another program's", _foreign, _back),
    Case("record put back from an older copy", _older_copy),
    Case("mark of another story garbled", _written("journal.suspect", b"\xff\0{")),
    Case("reserve and lock deleted", _gone("journal.reserve", "journal.lock")),
    Case("settings empty", *_spoilt(_config, b"")),
    Case("settings garbled", *_spoilt(_config, b"\0" * 4096)),
    Case("identity empty", *_spoilt(_in_state("identity.json"), b"")),
    Case("identity garbled", *_spoilt(_in_state("identity.json"), b'{"format":1,"url":"\xff')),
    Case("identity deleted", *_spoilt(_in_state("identity.json"), None)),
    Case("station's key deleted", *_spoilt(_in_state("station.key"), None)),
    Case("the town's root garbled", *_spoilt(_in_state("library/trust/root/1.root.json"), b"{}")),
    Case("accepted week garbled", _written("library/trust/group.json", b"\0" * 700)),
    Case("programmes cut in half", _programmes),
    Case("record and all beside it deleted", _gone("journal.*")),
)
"""In the order in which they are done; one and the same station goes through all of them."""
