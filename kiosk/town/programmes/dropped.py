"""The watched folder: files put there by hand are taken in; none is ever lost.

A file is taken once it has not changed for a while. When it is in the library it lies in ``drop/done``, and a refused
one in ``drop/refused`` with the cause beside it as text.
"""

import os
import stat
import time
from pathlib import Path

from kiosk.common.messages import Message
from kiosk.town.database.store import audit
from kiosk.town.programmes import library
from kiosk.town.programmes.shelves import Shelves
from kiosk.town.town import Town

QUIET_S = 10
"""Seconds since a file's last change after which it is taken to be whole."""
MOST_AT_ONCE = 20
LONGEST_NAME = 255
"""Of a file, in bytes."""
BY = "drop"


def take(town: Town, place: Shelves) -> None:
    """Take in the files that are whole."""
    for path in [path for path in sorted(place.drop.iterdir()) if _is_whole(path)][:MOST_AT_ONCE]:
        with town.store.write() as connection:
            told = _told(path)
            name = library.add(connection, told, BY)
            audit(connection, BY, "programme", name, told[:300])
            (place.arriving / f"{name}.dropped").write_bytes(os.fsencode(path.name))
            path.rename(place.arriving / name)


def _is_whole(path: Path) -> bool:
    """Whether a file has not changed for a while; its time may have come with it, from a clock that was ahead."""
    try:
        found = path.lstat()
    except FileNotFoundError:  # taken away meanwhile
        return False
    coming = path.name.startswith(".") or path.suffix in (".part", ".crdownload", ".tmp")
    quiet = time.time() - min(found.st_mtime, found.st_ctime) >= QUIET_S
    return quiet and not coming and stat.S_ISREG(found.st_mode)


def _told(path: Path) -> str:
    """A file's name as people read it: of a stick from Windows it may be in GBK."""
    data = os.fsencode(path.name)
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("gb18030", "replace")


def put_by(place: Shelves, programme: str) -> None:
    """Keep the file of an accepted programme that was dropped, where a person can take it away."""
    _move(place, programme, "done")


def give_back(place: Shelves, programme: str, cause: Message) -> None:
    """Keep the file of a refused programme that was dropped, and say why beside it."""
    if (kept := _move(place, programme, "refused")) is not None:
        kept.with_name(_short(f"{kept.name}.txt", ".txt")).write_text(cause.render(str) + "\n")


def go_back(place: Shelves, programme: str) -> bool:
    """Put a dropped file back where it was dropped: no row of the library names it. Whether there was one."""
    return _move(place, programme, "") is not None


def release(place: Shelves, entry: library.Entry) -> None:
    """Let go of the upload of a programme that is taken off the list; one that was dropped is given back."""
    give_back(place, entry.id, entry.cause or Message(""))
    (place.arriving / entry.id).unlink(missing_ok=True)


def _move(place: Shelves, programme: str, folder: str) -> Path | None:
    note = place.arriving / f"{programme}.dropped"
    if not note.is_file():
        return None
    name, target = os.fsdecode(note.read_bytes()), place.drop / folder
    target.mkdir(exist_ok=True)
    kept = target / name
    if kept.exists():
        kept = target / _short(f"{programme}-{name}", kept.suffix)
    source = place.arriving / programme
    if source.is_file():
        source.rename(kept)
    note.unlink()
    return kept


def _short(name: str, ending: str) -> str:
    """A name that the file system takes, with its ending: what was dropped may have the longest that there is."""
    if len(os.fsencode(name)) <= LONGEST_NAME:
        return name
    room = LONGEST_NAME - len(os.fsencode(ending))
    return os.fsencode(name)[:room].decode(errors="ignore") + ending
