"""Subtitles that an officer adds to a programme: SRT in UTF-8 on the shelf, whatever came."""

from kiosk.common.files import write_whole
from kiosk.town.database.store import audit
from kiosk.town.database.store import put as put_row
from kiosk.town.programmes import library
from kiosk.town.programmes.library import Entry
from kiosk.town.programmes.schema import library_subtitle
from kiosk.town.programmes.shelves import Shelves
from kiosk.town.publishing.subtitles import published
from kiosk.town.town import Town


def put(town: Town, place: Shelves, entry: Entry, version: int, language: str, data: bytes, by: str) -> None:
    """Put the subtitles of one language beside a programme, in place of those before.

    ``version`` is of the programme that the officer saw. Raises ``SubtitleError``, :class:`library.Edited`.
    """
    made = published(data)
    name = f"{entry.id}.{language}.srt"
    with town.store.write() as connection:
        library.touch(connection, entry.id, version)
        write_whole(place.files / name, made)
        row = {"programme": entry.id, "language": language, "file": name, "size": len(made)}
        put_row(connection, library_subtitle, row)
        audit(connection, by, "programme-subtitles", entry.id, language)
