"""Measures the files that a source names; a file that was measured before is not measured again."""

from collections.abc import Callable
from pathlib import Path

import msgspec
from sqlalchemy import select

from kiosk.common.media import Media, MediaError, hash_file, measure
from kiosk.contract.playlist import Programme, Subtitle
from kiosk.town.database import schema
from kiosk.town.database.store import Store, put
from kiosk.town.publishing.source import ProgrammeSource, SourceError, missing, wanted

Tick = Callable[[int, str], None]
"""Called with the bytes that went by and the name of their file."""

MAX_SUBTITLE = 8 * 1024 * 1024
"""The largest subtitle file, in bytes."""


def quiet(_bytes: int, _file: str) -> None:
    """A :data:`Tick` for those who show no progress."""


def gather(
    store: Store, path: Path, programmes: tuple[ProgrammeSource, ...], tick: Tick
) -> tuple[tuple[Programme, ...], dict[str, Path]]:
    """The programmes of the source at ``path``, measured, and where the file of each SHA-256 lies.

    Raises :class:`SourceError` with every problem of every file.
    """
    found: list[Programme] = []
    problems: list[str] = []
    files: dict[str, Path] = {}
    for source in programmes:
        if absent := missing(wanted(path, (source,))):
            problems += absent
            continue
        try:
            programme = _programme(store, path.parent, source, files, tick)
        except (MediaError, OSError) as error:
            problems.append(f"programme {source.id}: {error}")
        else:
            found.append(programme)
    if problems:
        raise SourceError(path, problems)
    return tuple(found), files


def _programme(store: Store, folder: Path, source: ProgrammeSource, files: dict[str, Path], tick: Tick) -> Programme:
    media = _measured(store, folder / source.file, tick)
    if media.duration_ms is None and source.duration is None:
        raise MediaError(f'{source.file} is a still; say how long it is shown: "duration": "00:00:10"')
    if media.duration_ms is not None and source.duration is not None:
        raise MediaError(f"{source.file} is a film of {media.duration_ms / 1000:.1f} s; leave `duration` out")
    files[media.sha256] = folder / source.file
    subtitles: list[Subtitle] = []
    for subtitle in source.subtitles:
        file = folder / subtitle.file
        size = file.stat().st_size
        if size > MAX_SUBTITLE:
            raise MediaError(f"{subtitle.file} has {size} bytes; subtitles have at most {MAX_SUBTITLE}")
        sha256 = hash_file(file)
        files[sha256] = file
        subtitles.append(Subtitle(language=subtitle.language, file=subtitle.file, size=size, sha256=sha256))
    return Programme(
        id=source.id,
        title=source.title,
        category=source.category,
        source=source.source,
        file=source.file,
        duration_ms=media.duration_ms or _milliseconds(source.duration or "00:00:00"),
        size=media.size,
        sha256=media.sha256,
        loudness_clufs=media.loudness_clufs,
        peak_cdbtp=media.peak_cdbtp,
        short=source.short,
        subtitles=tuple(subtitles),
    )


def _milliseconds(time_of_day: str) -> int:
    hours, minutes, seconds = map(int, time_of_day.split(":"))
    return ((hours * 60 + minutes) * 60 + seconds) * 1000


def _measured(store: Store, path: Path, tick: Tick) -> Media:
    """The measures of a file: those of before where size and time are the same, or where the hash is."""
    table = schema.measurement
    stat = path.stat()
    key = str(path.resolve())
    with store.read() as connection:
        row = connection.execute(select(table).where(table.c.path == key)).one_or_none()
    if row is not None and (row.size, row.mtime_ns) == (stat.st_size, stat.st_mtime_ns):
        tick(stat.st_size, path.name)
        return msgspec.json.decode(row.measured, type=Media)
    sha256 = hash_file(path, lambda size: tick(size, path.name))
    with store.read() as connection:
        text = connection.execute(select(table.c.measured).where(table.c.sha256 == sha256).limit(1)).scalar()
    media = msgspec.json.decode(text, type=Media) if text is not None else measure(path, sha256)
    new = {
        "path": key,
        "size": stat.st_size,
        "mtime_ns": stat.st_mtime_ns,
        "sha256": sha256,
        "measured": msgspec.json.encode(media).decode(),
    }
    with store.write() as connection:
        put(connection, table, new)
    return media
