"""Signs and publishes what was checked: files before the metadata that pins them, each whole or not at all.

The town's counter is raised before anything is signed with the new version: a publication that breaks off leaves a gap
in the versions, and no version is ever used twice.
"""

import fcntl
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec.structs import replace
from sqlalchemy import Connection, insert, select, update

from kiosk.common.files import sync_folder, write_whole
from kiosk.common.messages import Sentence, mark
from kiosk.contract import trust
from kiosk.contract.playlist import Playlist, Programme, Urgent
from kiosk.contract.trust import PLAYLIST, URGENT, Held, Index, Pinned, Refused
from kiosk.contract.wire import encode
from kiosk.town.database import schema
from kiosk.town.database.store import audit, columns_of, now_ms, put
from kiosk.town.publishing.in_force import newest_recorded, verified_index
from kiosk.town.publishing.measure import Tick
from kiosk.town.publishing.rooms import newest_held
from kiosk.town.town import Town, TownError

EXPIRES_DAYS = 90
"""How long a station may still accept a publication, in days."""
LOCK_FILE, STAGED = ".publish.lock", ".staged"
"""In the town's folder, and in the public one: on the same disk a file takes its place even where that is full."""


def _nothing(_connection: Connection) -> None:
    """Nothing is to be written along."""


@dataclass(frozen=True)
class PublishTerms:
    """Who publishes, and for how many days a station may accept it."""

    by: str
    expires_days: int = EXPIRES_DAYS
    along: Callable[[Connection], None] = _nothing
    """Writes what is true once it is published, in the same transaction; what it raises keeps all unpublished."""


@contextmanager
def publication_lock(town: Town, *, wait: bool = True) -> Iterator[None]:
    """Lock out other publications, of other processes too: the highest version must be the last one published.

    One that a power cut broke off is finished first. Raises
    :class:`BlockingIOError` where it would have to wait and must not.
    """
    with (town.folder / LOCK_FILE).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        finish(town)
        yield


def pins(programmes: Iterable[Programme]) -> tuple[dict[str, Pinned], list[str]]:
    """The files that the metadata has to pin for the programmes; and a problem for each name of two different files."""
    found: dict[str, Pinned] = {}
    problems: list[str] = []
    for programme in programmes:
        for name, pin in trust.pins_of(programme):
            if found.setdefault(name, pin) != pin:
                text = mark("{name}: stands for two different files; give one of them another id")
                problems.append(Sentence(text, name=name))
    return found, problems


def copy(town: Town, files: dict[str, Path], tick: Tick) -> None:
    """Copy the programmes' files (by SHA-256) into the public folder. Raises :class:`NotCopied`, :class:`OSError`."""
    for sha256, source in files.items():
        town.public.add(source, sha256, tick)


def issue_playlist(town: Town, draft: Playlist, terms: PublishTerms) -> Playlist:
    """Give a checked playlist its version, sign it and publish it."""
    signed = sign_playlist(town, draft, terms)
    put_up(town, [signed], terms)
    return signed.playlist or draft


def issue_urgent(town: Town, notices: Iterable[Urgent], terms: PublishTerms) -> int:
    """Sign and publish the urgent notices that are in force from now on. Returns the version."""
    signed = sign_notices(town, notices, terms)
    put_up(town, [signed], terms)
    return signed.index.version


@dataclass(frozen=True)
class Signed:
    """What is signed and not yet published: a group's playlist, or the urgent notices (``playlist`` is None)."""

    metadata: bytes
    index: Index
    title: str
    programmes: tuple[Programme, ...]
    playlist: Playlist | None = None


def sign_playlist(town: Town, draft: Playlist, terms: PublishTerms) -> Signed:
    """Give a checked playlist its version and sign it."""
    playlist = replace(draft, version=_next_version(town), issued_ms=now_ms())
    data = encode(playlist)
    pinned, _ = pins(playlist.programmes)
    pinned[PLAYLIST + playlist.group] = _publish_document(town, data)
    metadata, index = _sign(town, playlist.version, pinned, terms)
    trust.the_playlist(index, data, playlist.group)
    return Signed(metadata, index, playlist.title, playlist.programmes, playlist)


def sign_notices(town: Town, notices: Iterable[Urgent], terms: PublishTerms) -> Signed:
    """Sign the urgent notices: the whole set."""
    notices = tuple(notices)
    programmes = tuple(programme for notice in notices for programme in notice.programmes)
    pinned, _ = pins(programmes)
    data = {notice.id: encode(notice) for notice in notices}
    pinned |= {URGENT + name: _publish_document(town, text) for name, text in data.items()}
    metadata, index = _sign(town, _next_version(town), pinned, terms)
    for name, text in data.items():
        trust.urgent_notice(index, name, text)
    return Signed(metadata, index, ", ".join(notice.title for notice in notices)[:400], programmes)


def put_up(town: Town, signed: Iterable[Signed], terms: PublishTerms) -> None:
    """Publish what is signed: all of it or nothing, whenever the power goes.

    Its metadata is staged; one transaction of the database says that it is published; then each file takes its place,
    or does so when :func:`finish` is called next. Under :func:`publication_lock`.
    """
    signed = list(signed)
    for one in signed:
        write_whole(town.public.folder / STAGED / one.index.digest, one.metadata)
    with town.store.write() as connection:
        for one in signed:
            _record(connection, one, terms)
        terms.along(connection)
    finish(town)


def finish(town: Town) -> None:
    """Put what is staged into its place, as far as the database says that it is published; the rest is thrown away."""
    folder, table = town.public.folder / STAGED, schema.publication
    staged = {path.name: path for path in folder.iterdir()} if folder.is_dir() else {}
    if not staged:
        return
    with town.store.read() as connection:
        question = select(table.c.sha256, table.c.group_id).where(table.c.sha256.in_(staged))
        groups = {row.sha256: row.group_id for row in connection.execute(question)}
    for digest, path in staged.items():
        if digest in groups and newest_recorded(town, groups[digest])[1] == digest:
            group = groups[digest]
            goal = town.public.urgent_path if group is None else town.public.group_path(group)
            path.replace(goal)
            sync_folder(goal.parent)
        else:
            path.unlink()


def finish_broken_off(town: Town) -> None:
    """Finish a publication that a power cut broke off; one that another process is about is left to it."""
    with suppress(BlockingIOError), publication_lock(town, wait=False):
        pass


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
            text = mark(
                "version {published} lies in the public folder, and none is higher; the town counts {counter}, so "
                "somebody else has used the targets key: replace it with `kiosk town rotate-key targets`"
            )
            raise TownError(Sentence(text, published=str(published), counter=str(counter)))
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


def _record(connection: Connection, signed: Signed, terms: PublishTerms) -> None:
    version, week = signed.index.version, signed.playlist
    row = {"version": version, "sha256": signed.index.digest, "title": signed.title, "at_ms": now_ms(), "by": terms.by}
    if week is not None:
        row |= {"group_id": week.group, "first_day": week.first_day, "last_day": week.last_day}
        plan = {"version": version, "group_id": week.group, "playlist": encode(week)}
        connection.execute(insert(schema.plan).values(plan))
    connection.execute(insert(schema.publication).values(row))
    for programme in signed.programmes:
        put(connection, schema.programme, columns_of(schema.programme, programme) | {"version": version})
    what, subject = ("publish", week.group) if week else ("urgent", "urgent")
    audit(connection, terms.by, what, subject, f"version {version}")
