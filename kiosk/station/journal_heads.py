"""``journal.head``, the side file that knows how far the record had come, should the database itself be lost."""

import json
import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec
from sqlite_utils import Database

from kiosk.contract.reports import GENESIS
from kiosk.contract.wire import Count, Sha256
from kiosk.station.journal.chain import hash_at, head

log = logging.getLogger(__name__)

Head = tuple[int, str]
"""Number and hash of an entry."""


@dataclass(frozen=True)
class Heads:
    """The newest entry, and the newest one that the town has countersigned."""

    newest: Head = (0, GENESIS)
    witnessed: Head = (0, GENESIS)


class _Head(msgspec.Struct):
    seq: Count
    hash: Sha256


def heads_beside(journal: Path) -> Heads:
    """What the side file says; nothing where it is missing or broken."""
    try:
        found = msgspec.json.decode(_side(journal).read_bytes(), type=dict[Literal["newest", "witnessed"], _Head])
        return Heads(*((found[name].seq, found[name].hash) for name in ("newest", "witnessed")))
    except (OSError, KeyError, ValueError, RecursionError):
        return Heads()


def note_heads(journal: Path, db: Database) -> None:
    """Bring the side file up to date. A failure is logged only: the journal itself is whole."""
    witnessed = int(db.execute("SELECT seq FROM delivery").fetchone()[0])
    heads = {"newest": head(db), "witnessed": (witnessed, hash_at(db, witnessed) or GENESIS)}
    text = json.dumps({name: {"seq": seq, "hash": digest} for name, (seq, digest) in heads.items()})
    side, fresh = _side(journal), journal.with_name("journal.head.new")
    try:
        with fresh.open("w") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(side)
    except OSError as error:
        log.warning("journal: %s not written: %s", side.name, error)


def _side(journal: Path) -> Path:
    return journal.with_name("journal.head")
