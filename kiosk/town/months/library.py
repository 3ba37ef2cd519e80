"""The programmes that a month can name: the library's, and those that were published from a folder; none taken back."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection, delete, insert, select

from kiosk.common.media import RULES, Media
from kiosk.common.messages import Message, mark
from kiosk.contract import trust
from kiosk.contract.playlist import Programme
from kiosk.contract.trust import Refused
from kiosk.contract.wire import Malformed
from kiosk.town.database import schema
from kiosk.town.database.store import audit, now_ms
from kiosk.town.months import titles
from kiosk.town.months.books import MonthError
from kiosk.town.months.schema import title as known_title
from kiosk.town.months.schema import withdrawn
from kiosk.town.months.titles import Candidate
from kiosk.town.programmes import library as programmes
from kiosk.town.programmes import schema as programmes_schema
from kiosk.town.programmes.shelves import shelves
from kiosk.town.publishing.in_force import playlist_in_force
from kiosk.town.publishing.measure import gather, quiet
from kiosk.town.town import Town

NOTICE = "notice-"
"""What the id of a picture begins with that was made of an urgent notice in words: no programme."""


def candidates(town: Town, connection: Connection) -> list[Candidate]:
    """Every programme that may be published."""
    found = [Candidate(one.id, one.title, one.category, one.duration_ms or 0) for one in programmes.ready(connection)]
    return found + from_folders(town, connection)


def from_folders(town: Town, connection: Connection) -> list[Candidate]:
    """What was published from a folder on the server and stands beside the library, as far as its file is there."""
    return [
        Candidate(row.id, row.title, row.category, row.duration_ms)
        for row in _published(connection).values()
        if not row.id.startswith(NOTICE) and town.public.file_path(row.sha256).is_file()
    ]


def measured(town: Town, names: Iterable[str]) -> tuple[dict[str, Programme], dict[str, Path]]:
    """The programmes of these ids as a playlist names them, and where the file of each SHA-256 lies.

    One that is not there any more is left out. Raises :class:`SourceError` where a file of the library is lost.
    """
    names = set(names)
    with town.store.read() as connection:
        published = _published(connection)
        entries = [one for one in programmes.ready(connection) if one.id in names]
        sources = tuple(programmes.source(connection, one) for one in entries)
    listed, files = gather(town, programmes.week_path(shelves(town.folder).files), sources, quiet)
    found = {one.id: one for one in listed}
    in_force = {one.sha256: one for one in _in_force(town)} if names - found.keys() else {}
    with town.store.read() as connection:
        for row in (published[name] for name in names - found.keys() if name in published):
            programme = in_force.get(row.sha256) or _programme(connection, row)
            if programme is not None:
                found[row.id] = replace(programme, id=row.id)
                files |= {pin.sha256: town.public.file_path(pin.sha256) for _, pin in trust.pins_of(programme)}
    return found, files


def _in_force(town: Town) -> Iterator[Programme]:
    """The programmes of the weeks in force, with their subtitles."""
    for group in town.public.groups():
        try:
            found = playlist_in_force(town, group)
        except (Refused, Malformed):
            continue
        if found is not None:
            yield from found[1].programmes


def confirm(town: Town, meant: dict[str, str], by: str, seen: Mapping[str, str] | None = None) -> list[str]:
    """Remember which programme each title means (by its id; empty: none any more).

    ``seen`` has what each meant when the officer looked. Gives the titles that somebody else has settled otherwise
    since then; these stay as they are.
    """
    now, others = now_ms(), []
    with town.store.write() as connection:
        stands = known(connection)
        for title, programme in meant.items():
            name, held = titles.key(title), stands.get(titles.key(title), "")
            if held == programme:
                continue
            if seen is not None and held != seen.get(title, ""):
                others.append(title)
                continue
            connection.execute(delete(known_title).where(known_title.c.title == name))
            if programme:
                row = {"title": name, "programme": programme, "by": by, "at_ms": now}
                connection.execute(insert(known_title).values(row))
            audit(connection, by, "month-title", title[:400], programme)
    return others


def known(connection: Connection) -> dict[str, str]:
    """Programmes of confirmed titles, by their keys."""
    return {row.title: row.programme for row in connection.execute(select(known_title))}


def require_offered(connection: Connection, wanted: Iterable[Programme]) -> None:
    """Raises :class:`MonthError` where one was taken back, perhaps a moment ago: in a publication's transaction."""
    gone = set(connection.execute(select(withdrawn.c.sha256)).scalars())
    for one in wanted:
        if one.sha256 in gone:
            text = mark("《{title}》 was taken back everywhere; nothing was published.")
            raise MonthError(Message(text, {"title": one.title}))


def offer_again(connection: Connection, sha256: str) -> None:
    """A file that was taken back may be published again: somebody has restored its programme."""
    connection.execute(delete(withdrawn).where(withdrawn.c.sha256 == sha256))


def _published(connection: Connection) -> dict[str, Any]:
    """The newest row of each programme that was published from a folder, without what was taken back.

    What is in the library too is not in it: there its state counts.
    """
    table, kept = schema.programme, programmes_schema.library
    gone = set(connection.execute(select(withdrawn.c.sha256)).scalars())
    for row in connection.execute(select(kept.c.id, kept.c.sha256)):
        gone |= {row.id, row.sha256}
    rows = connection.execute(select(table).order_by(table.c.version)).all()
    return {row.id: row for row in rows if gone.isdisjoint({row.id, row.sha256})}


def _programme(connection: Connection, row: Any) -> Programme | None:
    table = schema.measurement
    for found in connection.execute(select(table).where(table.c.sha256 == row.sha256)):
        media = msgspec.json.decode(found.measured, type=Media)
        if media.rules != RULES:
            continue
        both = set(Programme.__struct_fields__) & set(Media.__struct_fields__)
        figures = {name: getattr(media, name) for name in both}
        return Programme(
            **figures
            | {
                "id": row.id,
                "title": row.title,
                "category": row.category,
                "source": row.source,
                "short": row.short,
                "file": Path(found.path).name,
                "duration_ms": row.duration_ms,
            }
        )
    return None
