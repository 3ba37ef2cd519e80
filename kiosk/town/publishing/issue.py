"""Signs and publishes what was checked: files before the metadata that pins them, each whole or not at all.

The town's counter is raised before anything is signed with the new version: a publication that breaks off leaves a gap
in the versions, and no version is ever used twice.
"""

import fcntl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec.structs import replace
from sqlalchemy import Connection, insert, select, update

from kiosk.contract import trust
from kiosk.contract.playlist import Playlist, Programme, Urgent
from kiosk.contract.trust import PLAYLIST, URGENT, Held, Index, Pinned, Refused
from kiosk.contract.wire import encode
from kiosk.town.database import schema
from kiosk.town.database.store import audit, columns_of, now_ms, put
from kiosk.town.publishing.in_force import verified_index
from kiosk.town.publishing.measure import Tick
from kiosk.town.publishing.rooms import newest_held
from kiosk.town.town import Town, TownError

EXPIRES_DAYS = 90
"""How long a station may still accept a publication, in days."""


@dataclass(frozen=True)
class PublishTerms:
    """Who publishes, and for how many days a station may accept it."""

    by: str
    expires_days: int = EXPIRES_DAYS


@contextmanager
def publication_lock(town: Town, *, wait: bool = True) -> Iterator[None]:
    """Lock out other publications, of other processes too: the highest version must be the last one published.

    Raises :class:`BlockingIOError` where it would have to wait and must not.
    """
    with (town.folder / ".publish.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield


def pins(programmes: Iterable[Programme]) -> tuple[dict[str, Pinned], list[str]]:
    """The files that the metadata has to pin for the programmes; and a problem for each name of two different files."""
    found: dict[str, Pinned] = {}
    problems: list[str] = []
    for programme in programmes:
        for name, pin in trust.pins_of(programme):
            if found.setdefault(name, pin) != pin:
                problems.append(f"{name}: stands for two different files; give one of them another id")
    return found, problems


def copy(town: Town, files: dict[str, Path], tick: Tick) -> None:
    """Copy the programmes' files (by SHA-256) into the public folder. Raises :class:`FileChanged`, :class:`OSError`."""
    for sha256, source in files.items():
        town.public.add(source, sha256, tick)


def issue_playlist(town: Town, draft: Playlist, terms: PublishTerms) -> Playlist:
    """Give a checked playlist its version, sign it and publish it."""
    return issue_playlists(town, [draft], terms)[0]


def issue_playlists(town: Town, drafts: Iterable[Playlist], terms: PublishTerms) -> list[Playlist]:
    """As :func:`issue_playlist` for several groups. All are signed before the first one is put up."""
    issued: list[tuple[Playlist, bytes, bytes, Index]] = []
    for draft in drafts:
        playlist = replace(draft, version=_next_version(town), issued_ms=now_ms())
        data = encode(playlist)
        pinned, _ = pins(playlist.programmes)
        pinned[PLAYLIST + playlist.group] = _publish_document(town, data)
        metadata, index = _sign(town, playlist.version, pinned, terms)
        trust.the_playlist(index, data, playlist.group)
        issued.append((playlist, data, metadata, index))
    for playlist, _, metadata, _ in issued:
        town.public.write(town.public.group_path(playlist.group), metadata)
    with town.store.write() as connection:
        for playlist, data, _, index in issued:
            days = {"first_day": playlist.first_day, "last_day": playlist.last_day}
            _record_publication(connection, index, terms, group_id=playlist.group, title=playlist.title, **days)
            _record_programmes(connection, index, playlist.programmes)
            week = {"version": playlist.version, "group_id": playlist.group, "playlist": data}
            connection.execute(insert(schema.plan).values(week))
    return [playlist for playlist, *_ in issued]


def issue_urgent(town: Town, notices: Iterable[Urgent], terms: PublishTerms) -> int:
    """Sign and publish the urgent notices that are in force from now on. Returns the version."""
    notices = tuple(notices)
    pinned, _ = pins(programme for notice in notices for programme in notice.programmes)
    data = {notice.id: encode(notice) for notice in notices}
    pinned |= {URGENT + name: _publish_document(town, text) for name, text in data.items()}
    metadata, index = _sign(town, _next_version(town), pinned, terms)
    for name, text in data.items():
        trust.urgent_notice(index, name, text)
    town.public.write(town.public.urgent_path, metadata)
    with town.store.write() as connection:
        _record_publication(connection, index, terms, title=", ".join(notice.title for notice in notices)[:400])
        _record_programmes(connection, index, (programme for notice in notices for programme in notice.programmes))
    return index.version


def _record_programmes(connection: Connection, index: Index, programmes: Iterable[Programme]) -> None:
    for programme in programmes:
        put(connection, schema.programme, columns_of(schema.programme, programme) | {"version": index.version})


def _publish_document(town: Town, data: bytes) -> Pinned:
    pin = Pinned(len(data), trust.digest(data))
    town.public.write(town.public.file_path(pin.sha256), data)
    return pin


def _next_version(town: Town) -> int:
    """Raise the counter; above all that is published, or that a room holds, should the database be an old copy.

    Raises :class:`TownError` where somebody has published the highest version that there is.
    """
    paths = [town.public.urgent_path, *(town.public.group_path(group) for group in town.public.groups())]
    published = max(_published_version(town, path) for path in paths)
    with town.store.write() as connection:
        counter = connection.execute(select(schema.town.c.version).with_for_update()).scalar_one()
        version = max(counter, published, newest_held(connection, counter)) + 1
        if version > trust.MAX_VERSION:
            raise TownError(
                f"version {published} lies in the public folder, and none is higher; the town counts {counter}, so "
                "somebody else has used the targets key: replace it with `kiosk town rotate-key targets`"
            )
        connection.execute(update(schema.town).values(version=version))
    return int(version)


def _published_version(town: Town, path: Path) -> int:
    """The version of the metadata at ``path``; 0 where there is none, or one that the key in force has not signed."""
    try:
        index = verified_index(town, path)
    except Refused:
        return 0
    return index.version if index else 0


def _sign(town: Town, version: int, pinned: dict[str, Pinned], terms: PublishTerms) -> tuple[bytes, Index]:
    """Sign the pins, and verify the result as a station will."""
    now = datetime.now(UTC)
    expires = (now + timedelta(days=terms.expires_days)).replace(microsecond=0)
    metadata = town.signer.targets(version, expires, pinned)
    return metadata, trust.index(town.signer.root, metadata, Held(), now)


def _record_publication(connection: Connection, index: Index, terms: PublishTerms, **columns: str) -> None:
    row = {"version": index.version, "sha256": index.digest, "at_ms": now_ms(), "by": terms.by, **columns}
    connection.execute(insert(schema.publication).values(row))
    what = "publish" if "group_id" in columns else "urgent"
    audit(connection, terms.by, what, columns.get("group_id", "urgent"), f"version {index.version}")
