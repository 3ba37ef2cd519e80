"""Publish a source: read it, measure what it names, check it as a station will, and issue it. All or nothing."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from msgspec.structs import asdict, replace

from kiosk.contract import playlist as playlists
from kiosk.contract import trust
from kiosk.contract.playlist import Playlist, Programme, Urgent
from kiosk.contract.trust import PLAYLIST, URGENT
from kiosk.contract.wire import Malformed, encode
from kiosk.town.database.store import audit
from kiosk.town.publishing.issue import PublishTerms, copy, issue_playlist, issue_urgent, pins, publication_lock
from kiosk.town.publishing.measure import Tick, gather
from kiosk.town.publishing.source import (
    NoticeSource,
    SourceError,
    UrgentSource,
    WeekSource,
    missing,
    read_source,
    wanted,
)
from kiosk.town.signing import keys
from kiosk.town.signing.repository import FileChanged
from kiosk.town.town import Town


def publish(town: Town, path: Path, terms: PublishTerms, tick: Tick) -> Playlist:
    """Publish the week that the JSON at ``path`` describes; as :func:`publish_week`."""
    return publish_week(town, path, read_source(path, WeekSource), terms, tick)


def publish_week(town: Town, path: Path, week: WeekSource, terms: PublishTerms, tick: Tick) -> Playlist:
    """Publish a week for its group; the files that it names lie beside ``path``.

    ``tick`` is called with the bytes that went by and the name of their file. Raises :class:`SourceError` with
    everything that is wrong with the week; then nothing is published.
    """
    problems = playlists.check(_draft(town, week)) + missing(wanted(path, week.programmes))
    if problems:
        raise SourceError(path, problems)
    programmes, files = gather(town, path, week.programmes, tick)
    draft = replace(_draft(town, week), programmes=programmes)
    if problems := playlists.check(draft) + pins(programmes)[1]:
        raise SourceError(path, problems)
    with publication_lock(town):
        _copy(town, path, files, tick)
        return issue_playlist(town, draft, terms)


def publish_urgent(town: Town, path: Path, terms: PublishTerms, tick: Tick) -> tuple[int, tuple[Urgent, ...]]:
    """Publish the urgent notices of the JSON at ``path``: the whole set; what it leaves out is withdrawn.

    Returns the version and the notices. Raises :class:`SourceError` with everything that is wrong; then nothing is
    published.
    """
    source = read_source(path, UrgentSource)
    names = Counter(notice.id for notice in source.notices)
    problems = [f"notice {name} stands here twice; give each its own id" for name, times in names.items() if times > 1]
    for notice in source.notices:
        problems += missing(wanted(path, notice.programmes))
        problems += [problem for text in (notice.start, notice.end) if (problem := _no_instant(notice, text))]
    if problems:
        raise SourceError(path, problems)
    notices: list[Urgent] = []
    files: dict[str, Path] = {}
    for notice in source.notices:
        programmes, named = gather(town, path, notice.programmes, tick)
        files |= named
        try:
            notices.append(_urgent(town, notice, programmes))
            playlists.read_urgent(encode(notices[-1]))
        except Malformed as error:
            problems.append(str(error))
    problems += pins(programme for notice in notices for programme in notice.programmes)[1]
    if problems:
        raise SourceError(path, problems)
    with publication_lock(town):
        _copy(town, path, files, tick)
        return issue_urgent(town, notices, terms), tuple(notices)


def rotate(town: Town, role: str, root_folder: Path, terms: PublishTerms) -> int:
    """Replace the key of ``role``, and sign anew what the old one had signed. Returns the new root's version."""
    public = town.public
    with publication_lock(town):
        version = keys.rotate(town.keys_folder, root_folder, public, role, datetime.now(UTC))
        with town.store.write() as connection:
            audit(connection, terms.by, "rotate-key", role, f"root {version}")
        if role != "targets":
            return version
        for group in public.groups():
            index = trust.peek(public.group_path(group).read_bytes())
            issue_playlist(town, playlists.read(_file(town, index, PLAYLIST + group)), terms)
        if (urgent := public.read(public.urgent_path)) is not None:
            index = trust.peek(urgent)
            names = [name for name in index.files if name.startswith(URGENT)]
            issue_urgent(town, [playlists.read_urgent(_file(town, index, name)) for name in names], terms)
    return version


def _file(town: Town, index: trust.Index, name: str) -> bytes:
    return town.public.file_path(index.files[name].sha256).read_bytes()


def _draft(town: Town, week: WeekSource) -> Playlist:
    """The week as a playlist whose programmes are not yet measured, for all checks that need no measures."""
    programmes = (
        Programme(id=p.id, title=p.title, file="-", duration_ms=1, size=0, sha256="0" * 64) for p in week.programmes
    )
    return Playlist(**asdict(week) | {"programmes": tuple(programmes)}, town=town.id, version=1, issued_ms=0)


def _no_instant(notice: NoticeSource, text: str) -> str | None:
    try:
        if datetime.fromisoformat(text).tzinfo is not None:
            return None
    except ValueError:
        pass
    return f"notice {notice.id}: {text!r} is no instant with an offset, like 2026-03-02T09:00:00+08:00"


def _urgent(town: Town, notice: NoticeSource, programmes: tuple[Programme, ...]) -> Urgent:
    fields = asdict(notice) | {"programmes": programmes}
    start, end = (datetime.fromisoformat(fields.pop(name)).timestamp() for name in ("start", "end"))
    return Urgent(**fields, town=town.id, start_ms=round(start * 1000), end_ms=round(end * 1000))


def _copy(town: Town, path: Path, files: dict[str, Path], tick: Tick) -> None:
    try:
        copy(town, files, tick)
    except (FileChanged, OSError) as error:
        raise SourceError(path, [str(error)]) from None
