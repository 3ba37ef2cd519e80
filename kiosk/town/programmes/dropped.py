"""The watched folder: files put there by hand are taken in; none is ever lost.

A file is taken once it has not changed for a while. When it is in the library it lies in ``drop/done``, and a refused
one in ``drop/refused`` with the cause beside it as text.
"""

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
BY = "drop"


def take(town: Town, place: Shelves) -> None:
    """Take in the files that are whole."""
    now = time.time()
    names = sorted(path for path in place.drop.iterdir() if not path.name.startswith(".") and not path.is_symlink())
    files = [path for path in names if path.is_file()]
    for path in files[:MOST_AT_ONCE]:
        if now - path.stat().st_mtime < QUIET_S or path.suffix in (".part", ".crdownload", ".tmp"):
            continue
        with town.store.write() as connection:
            name = library.add(connection, path.name, BY)
            audit(connection, BY, "programme", name, path.name[:300])
            (place.arriving / f"{name}.dropped").write_text(path.name)
            path.rename(place.arriving / name)


def put_by(place: Shelves, programme: str) -> None:
    """Keep the file of an accepted programme that was dropped, where a person can take it away."""
    _move(place, programme, "done")


def give_back(place: Shelves, programme: str, cause: Message) -> None:
    """Keep the file of a refused programme that was dropped, and say why beside it."""
    if (kept := _move(place, programme, "refused")) is not None:
        kept.with_name(f"{kept.name}.txt").write_text(cause.render(str) + "\n")


def release(place: Shelves, entry: library.Entry) -> None:
    """Let go of the upload of a programme that is taken off the list; one that was dropped is given back."""
    give_back(place, entry.id, entry.cause or Message(""))
    (place.arriving / entry.id).unlink(missing_ok=True)


def _move(place: Shelves, programme: str, folder: str) -> Path | None:
    note = place.arriving / f"{programme}.dropped"
    if not note.is_file():
        return None
    name, target = note.read_text(), place.drop / folder
    target.mkdir(exist_ok=True)
    kept = target / name
    if kept.exists():
        kept = target / f"{programme}-{name}"
    source = place.arriving / programme
    if source.is_file():
        source.rename(kept)
    note.unlink()
    return kept
