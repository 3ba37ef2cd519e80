"""Removes the files of programmes that were withdrawn, once nothing that is published or planned names them.

What a room may still need stays: every file of a week whose days are not over, of a week that a room says it holds, and
of the notices in force. Where any of that cannot be read, nothing is removed.
"""

import logging
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, or_, select

from kiosk.common.media import hash_file
from kiosk.contract import playlist as playlists
from kiosk.contract.instants import to_ms
from kiosk.contract.playlist import Programme
from kiosk.contract.trust import Refused, pins_of
from kiosk.contract.wire import Malformed
from kiosk.town.database import schema
from kiosk.town.database.store import audit
from kiosk.town.months.library import known
from kiosk.town.months.schema import month, withdrawn
from kiosk.town.months.titles import key
from kiosk.town.programmes import library, shelves
from kiosk.town.programmes.schema import library as programmes
from kiosk.town.publishing.in_force import notices_in_force, playlist_in_force
from kiosk.town.publishing.issue import publication_lock
from kiosk.town.publishing.rooms import held_weeks
from kiosk.town.sheets.child import SheetRead
from kiosk.town.town import Town

log = logging.getLogger(__name__)

EVERY_S = 3600.0
REST = timedelta(days=30)
"""How long a withdrawn programme can be offered again, at least."""
ZONES = timedelta(days=2)
"""A week's last day is over everywhere so long after it began in UTC."""
BY = "work"


class Unclear(Exception):
    """It cannot be said what is still needed."""


def step(town: Town, _stopping: threading.Event) -> bool:
    """Remove what is not needed any more. Never more to do at once."""
    now = datetime.now(UTC)
    if any(_candidates(town, now)):
        try:
            with publication_lock(town, wait=False):
                _remove(town, now)
        except BlockingIOError:
            log.info("something is being published: withdrawn programmes are removed another time")
        except (Unclear, Refused, Malformed) as error:
            log.warning("no withdrawn programme is removed: %s", error)
    return False


def _candidates(town: Town, now: datetime) -> tuple[list[Any], list[Any]]:
    """Withdrawn programmes of the library, and taken back ones that were published from a folder."""
    before = to_ms(now - REST)
    with town.store.read() as connection:
        old = programmes.c.state == "withdrawn", programmes.c.changed_ms < before
        entries = connection.execute(select(programmes).where(*old).order_by(programmes.c.id)).all()
        held = select(programmes.c.sha256).where(programmes.c.sha256.is_not(None), programmes.c.state != "removed")
        lost = withdrawn.c.at_ms < before, withdrawn.c.sha256.not_in(held)
        backs = connection.execute(select(withdrawn).where(*lost).order_by(withdrawn.c.sha256)).all()
    return list(entries), [row for row in backs if town.public.file_path(row.sha256).is_file()]


def _remove(town: Town, now: datetime) -> None:
    entries, backs = _candidates(town, now)
    with town.store.read() as connection:
        files, planned = set(_needed_files(town, connection, now)), _planned(connection, now)
    for entry in entries:
        if entry.id not in planned and entry.sha256 not in files:
            _remove_entry(town, entry, files)
    for row in backs:
        if row.sha256 not in files:
            with town.store.write() as connection:
                audit(connection, BY, "programme-remove", row.title, row.sha256)
            town.public.file_path(row.sha256).unlink(missing_ok=True)


def _remove_entry(town: Town, entry: Any, files: set[str]) -> None:
    """First the row, so that nobody offers it again, then what lies on the disk."""
    place = shelves.shelves(town.folder)
    with town.store.read() as connection:
        words = [place.files / name for _language, name in library.subtitles(connection, entry.id)]
    copies = {entry.sha256, *(hash_file(path) for path in words if path.is_file())} - files
    try:
        with town.store.write() as connection:
            library.remove(connection, entry.id, entry.version)
            audit(connection, BY, "programme-remove", entry.id, entry.title)
    except library.Edited:  # somebody has offered it again at this moment
        return
    log.info("the files of the withdrawn programme %s (%s) are removed", entry.id, entry.title)
    own = [place.files / f"{entry.id}.mp4", place.posters / f"{entry.id}.jpg", *words]
    for path in (*own, *(town.public.file_path(sha256) for sha256 in copies if sha256)):
        path.unlink(missing_ok=True)


def _needed_files(town: Town, connection: Connection, now: datetime) -> Iterator[str]:
    """The SHA-256 of every file that a room may still need."""
    for programme in _needed(town, connection, now):
        yield from (pin.sha256 for _name, pin in pins_of(programme))


def _needed(town: Town, connection: Connection, now: datetime) -> Iterator[Programme]:
    """Raises :class:`Unclear`, and :class:`Refused` for what is published and not signed by the key in force."""
    for group in town.public.groups():
        if found := playlist_in_force(town, group):
            yield from found[1].programmes
    if notices := notices_in_force(town):
        yield from (programme for notice in notices[1] for programme in notice.programmes)
    held = held_weeks(connection)
    table, plan = schema.publication, schema.plan
    ahead = or_(table.c.last_day >= (now - ZONES).date().isoformat(), table.c.version.in_(held))
    weeks = select(table.c.version, plan.c.playlist).outerjoin(plan, plan.c.version == table.c.version)
    rows = connection.execute(weeks.where(table.c.group_id.is_not(None), ahead)).all()
    if lost := sorted(held - {row.version for row in rows}) + [row.version for row in rows if row.playlist is None]:
        raise Unclear(f"a room may hold week {lost[0]}, which this town does not know")
    for row in rows:
        yield from playlists.read(bytes(row.playlist)).programmes


def _planned(connection: Connection, now: datetime) -> set[str]:
    """The ids of programmes that titles of the months from this one on mean."""
    meant = known(connection)
    sheets = select(month.c.understood).where(or_(month.c.month >= f"{now - ZONES:%Y-%m}", month.c.month == ""))
    found: set[str] = set()
    for text in connection.execute(sheets).scalars():
        read = msgspec.json.decode(text, type=SheetRead)
        found |= {meant[name] for row in read.rows for title in row.titles if (name := key(title)) in meant}
    return found
