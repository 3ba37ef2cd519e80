"""Measures the files that a source names; a file that was measured before is not measured again.

Subtitles are made SRT in UTF-8; what is made stands in the town's folder, the officer's file stays as it is.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path

import msgspec
from sqlalchemy import select

from kiosk.common import confined
from kiosk.common.ffmpeg import MediaError, cause_of
from kiosk.common.files import write_whole
from kiosk.common.media import RULES, Media, hash_file, measure
from kiosk.common.messages import Message, Sentence, mark
from kiosk.contract.playlist import Programme, Subtitle
from kiosk.town.database import schema
from kiosk.town.database.store import Store, put
from kiosk.town.publishing.source import ProgrammeSource, SourceError, SubtitleSource, missing, wanted
from kiosk.town.publishing.subtitles import SubtitleError, published
from kiosk.town.town import Town

Tick = Callable[[int, str], None]
"""Called with the bytes that went by and the name of their file."""

MAX_SUBTITLE = 8 * 1024 * 1024
"""The largest subtitle file, in bytes."""


def quiet(_bytes: int, _file: str) -> None:
    """A :data:`Tick` for those who show no progress."""


def gather(
    town: Town, path: Path, programmes: tuple[ProgrammeSource, ...], tick: Tick
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
            programme = _programme(town, path.parent, source, files, tick)
        except (MediaError, OSError) as error:
            why, file = str(error), source.file
            if isinstance(error, MediaError):
                why, file = Sentence(error.cause.text, **error.cause.values), str(error.file)
            text = mark("programme {id}: {file}: {why}")
            problems.append(Sentence(text, id=source.id, file=file, why=why))
        except (confined.Unconfined, confined.Killed) as error:
            cause = cause_of(error)
            why = Sentence(cause.text, **cause.values)
            problems.append(Sentence(mark("programme {id}: {file}: {why}"), id=source.id, file=source.file, why=why))
        else:
            found.append(programme)
    if problems:
        raise SourceError(path, problems)
    return tuple(found), files


def _programme(town: Town, folder: Path, source: ProgrammeSource, files: dict[str, Path], tick: Tick) -> Programme:
    media = _measured(town.store, folder / source.file, tick)
    if media.duration_ms is None and source.duration is None:
        raise MediaError(source.file, Message(mark('it is a still; say how long it is shown: "duration": "00:00:10"')))
    if media.duration_ms is not None and source.duration is not None:
        cause = mark("it is a film of {seconds} s; leave `duration` out")
        raise MediaError(source.file, Message(cause, {"seconds": f"{media.duration_ms / 1000:.1f}"}))
    files[media.sha256] = folder / source.file
    subtitles = tuple(_subtitle(town, folder, subtitle, files) for subtitle in source.subtitles)
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
        audio_track=media.audio_track,
        still_ms=media.still_ms,
        rest_ms=media.rest_ms,
        picture_start_ms=media.picture_start_ms,
        picture_end_ms=media.picture_end_ms,
        sound_start_ms=media.sound_start_ms,
        sound_end_ms=media.sound_end_ms,
        subtitles=subtitles,
    )


def _subtitle(town: Town, folder: Path, source: SubtitleSource, files: dict[str, Path]) -> Subtitle:
    file = folder / source.file
    size = file.stat().st_size
    if size > MAX_SUBTITLE:
        cause = mark("it has {size} bytes; subtitles have at most {most}")
        raise MediaError(source.file, Message(cause, {"size": str(size), "most": str(MAX_SUBTITLE)}))
    data = file.read_bytes()
    try:
        made = published(data)
    except SubtitleError as error:
        raise MediaError(source.file, error.cause) from None
    sha256, name = hashlib.sha256(made).hexdigest(), source.file
    if made != data:
        file = town.folder / "subtitles" / sha256
        file.parent.mkdir(exist_ok=True)
        write_whole(file, made)
        name = f"{Path(name).stem}.srt"
    files[sha256] = file
    return Subtitle(language=source.language, file=name, size=len(made), sha256=sha256)


def _milliseconds(time_of_day: str) -> int:
    hours, minutes, seconds = map(int, time_of_day.split(":"))
    return ((hours * 60 + minutes) * 60 + seconds) * 1000


def _measured(store: Store, path: Path, tick: Tick) -> Media:
    """The measures of a file: those of before, by today's rules, where size and time are the same, or the hash is."""
    table = schema.measurement
    stat = path.stat()
    key = str(path.resolve())
    with store.read() as connection:
        row = connection.execute(select(table).where(table.c.path == key)).one_or_none()
    if row is not None and (row.size, row.mtime_ns) == (stat.st_size, stat.st_mtime_ns):
        known = msgspec.json.decode(row.measured, type=Media)
        if known.rules == RULES:
            tick(stat.st_size, path.name)
            return known
    sha256 = hash_file(path, lambda size: tick(size, path.name))
    with store.read() as connection:
        texts = connection.execute(select(table.c.measured).where(table.c.sha256 == sha256)).scalars().all()
    decoded = (msgspec.json.decode(text, type=Media) for text in texts)
    media = next((one for one in decoded if one.rules == RULES), None) or measure(path, sha256)
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
