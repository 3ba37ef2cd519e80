"""A damaged journal set aside whole, and the new one in its place: a power cut between two steps is made up for."""

import logging
from pathlib import Path

from kiosk.common.files import sync_folder, write_whole
from kiosk.station.journal.errors import unwritable

log = logging.getLogger(__name__)

PARTS = ("-wal", "-shm")
"""What SQLite keeps beside a database, by the ending."""
LOST = b"the journal was gone or empty\n"
MOST_ASIDE = 5
"""So many broken ones are kept: on a failing disk each start may set one aside."""


def fresh_beside(journal: Path) -> Path:
    """Where the new journal is made: what an interrupted salvage left there is removed.

    In the place of a journal that is gone or empty something is written: a new one without an old one is complete.
    """
    try:
        if not journal.exists() or journal.stat().st_size == 0:
            write_whole(journal, LOST)
    except OSError as error:
        raise unwritable(journal, f"gone, and cannot be made ({error}); let the kiosk's user write there") from None
    fresh = _fresh(journal)
    for ending in ("", *PARTS):
        fresh.with_name(fresh.name + ending).unlink(missing_ok=True)
    return fresh


def aside_name(journal: Path, stamp: str) -> Path:
    """A name under which nothing stands yet."""
    name, number = f"{journal.name}.corrupt-{stamp}", 1
    while (found := journal.with_name(name if number == 1 else f"{name}-{number}")).exists():
        number += 1
    return found


def exchange(journal: Path, aside: Path) -> None:
    """Set the broken journal aside, and put the new one, which is complete, in its place."""
    try:
        journal.rename(aside)
        finish(journal)
        for old in sorted(_all_aside(journal), key=lambda path: path.stat().st_mtime_ns)[:-MOST_ASIDE]:
            log.warning("journal: %s is the oldest of more than %d broken ones; removed", old.name, MOST_ASIDE)
            for ending in ("", *PARTS):
                old.with_name(old.name + ending).unlink(missing_ok=True)
    except OSError as error:
        why = f"damaged, and cannot be set aside ({error}); let the kiosk's user write in its folder"
        raise unwritable(journal, why) from None


def finish(journal: Path) -> None:
    """Put a new journal in its place that a power cut kept from it. Raises :class:`OSError`.

    The broken one's log must be gone by then: SQLite would take it for the new one's, and write it over that.
    """
    fresh = _fresh(journal)
    if journal.exists() or not fresh.exists():
        return
    aside = max(_all_aside(journal), key=lambda path: path.stat().st_ctime_ns, default=journal.with_name("journal.old"))
    for ending in PARTS:
        part = journal.with_name(journal.name + ending)
        if part.exists():
            part.rename(aside.with_name(aside.name + ending))
    fresh.rename(journal)
    sync_folder(journal.parent)


def _fresh(journal: Path) -> Path:
    return journal.with_name(f"{journal.name}.new")


def _all_aside(journal: Path) -> list[Path]:
    return [path for path in journal.parent.glob(f"{journal.name}.corrupt-*") if not path.name.endswith(PARTS)]
