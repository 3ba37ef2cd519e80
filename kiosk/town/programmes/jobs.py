"""The worker's part: takes one programme after the other from upload to the shelf, or refuses it with the cause.

A job that a restart broke off begins anew; one that fails by the town's own fault is tried twice. One worker at a time:
it holds a lock on the library's folder, so what is marked as running is its own or was left by one that is gone.
"""

import fcntl
import logging
import os
import shutil
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import select, update

from kiosk.common import confined
from kiosk.common.ffmpeg import MediaError, cause_of
from kiosk.common.media import Media, hash_file
from kiosk.common.messages import Message, mark
from kiosk.common.stills import is_still
from kiosk.town.database import schema
from kiosk.town.database.store import now_ms
from kiosk.town.database.store import put as put_row
from kiosk.town.programmes import dropped, library, uploads
from kiosk.town.programmes.convert import STILL_S, Converter, NoRoom, Progress
from kiosk.town.programmes.profile import deviations
from kiosk.town.programmes.schema import job, library_subtitle
from kiosk.town.programmes.shelves import Shelves, shelves
from kiosk.town.publishing.measure import MAX_SUBTITLE
from kiosk.town.publishing.subtitles import SubtitleError, published
from kiosk.town.town import Town

log = logging.getLogger(__name__)

MOST_TRIES = 2
SAY_EVERY_S = 1.0
"""Progress is written down so often."""
LOWEST = 32
"""Bytes below which a file is nothing."""


class Failed(Exception):
    """A job that cannot be done here and now, though the file may be sound."""

    def __init__(self, cause: Message) -> None:
        super().__init__(cause.render(str))
        self.cause = cause


class Twin(Exception):
    """The programme is in the library already."""

    def __init__(self, title: str) -> None:
        super().__init__(title)
        self.cause = Message(mark("it is in the library already, as 《{title}》"), {"title": title})


def step(town: Town, stopping: threading.Event | None = None) -> bool:
    """Take in what was dropped, tidy, and do one job whole. Returns whether there was something to do."""
    place = shelves(town.folder)
    with _alone(place) as alone:
        if not alone:
            return False
        uploads.tidy(town, place)
        dropped.take(town, place)
        if (found := _next(town)) is None:
            return False
        _Work(town, place, found, stopping).run()
        return True


@contextmanager
def _alone(place: Shelves) -> Iterator[bool]:
    with (place.folder / ".worker.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def _next(town: Town) -> tuple[int, str, int] | None:
    """The oldest job that is to be done, marked as running; its tries are counted before it begins."""
    with town.store.write() as connection:
        question = select(job).where(job.c.state != "done").order_by(job.c.state != "running", job.c.id).limit(1)
        row = connection.execute(question).one_or_none()
        if row is None:
            return None
        values = {"state": "running", "step": "read", "permille": 0, "tries": row.tries + 1, "started_ms": now_ms()}
        connection.execute(update(job).where(job.c.id == row.id).values(values))
        library.put(connection, row.programme, state="working")
        return row.id, row.programme, row.tries + 1


class _Work:
    """One job, from its beginning."""

    def __init__(self, town: Town, place: Shelves, found: tuple[int, str, int], stopping: threading.Event | None):
        self._town, self._place, self._stopping = town, place, stopping
        self._number, self._programme, self._tries = found
        self._file = place.arriving / self._programme
        self._folder = place.making / self._programme
        self._converter = Converter(self._folder, self._told("convert"), stopping)
        self._said = 0.0

    def run(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        try:
            self._make()
        except (MediaError, Twin) as error:
            log.info("programme %s is refused: %s", self._programme, error)
            self._end("refused", cause=error.cause)
            dropped.give_back(self._place, self._programme, error.cause)
            self._file.unlink(missing_ok=True)
        except confined.Stopped:
            self._wait(self._tries - 1)  # that is no try of the file's
        except (Failed, confined.Unconfined, confined.Killed, NoRoom, OSError) as error:
            log.warning("the job of programme %s failed: %s", self._programme, error)
            if self._tries >= MOST_TRIES:
                self._end("failed", cause=_words(error))
            else:
                self._wait(self._tries)
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _make(self) -> None:
        if self._tries > MOST_TRIES:
            raise Failed(Message(mark("the town's computer broke off twice while it was made; try again")))
        shelved = self._place.files / f"{self._programme}.mp4"
        if not self._file.exists() and shelved.is_file():  # broken off after it was put there, before that was noted
            shelved.replace(self._file)
        found = self._file.lstat() if self._file.exists() else None  # a symbolic link would lead to a file of ours
        size = found.st_size if found and stat.S_ISREG(found.st_mode) else 0
        if size < LOWEST:
            raise MediaError(self._file, Message(mark("the file is empty, or was not fetched whole; fetch it again")))
        if size * 2 > self._place.room():
            raise NoRoom("the disk")
        sha256 = hash_file(self._file, self._counted("read", size))
        self._no_twin(sha256)
        with self._town.store.write() as connection:
            library.put(connection, self._programme, upload_sha256=sha256)
        if size <= MAX_SUBTITLE and _is_subtitles(self._file):
            cause = mark("these are subtitles: add them on the page of the film that they belong to")
            raise MediaError(self._file, Message(cause))
        with self._file.open("rb") as opened:
            still = is_still(opened.read(16))
        film, media, changes = self._still() if still else self._film(sha256)
        self._step("check", 500)
        poster = self._converter.poster(film, media.duration_ms or 0) if media.video else None
        self._shelve(film, media, changes, poster)

    def _film(self, sha256: str) -> tuple[Path, Media, tuple[Message, ...]]:
        self._step("measure")
        likely = not self._converter.differs_at_first_sight(self._file)
        media = self._converter.measure(self._file, sha256, loudness=likely)
        found = self._converter.source(self._file, media)
        wrong = deviations(found)
        if not wrong.all:
            return self._file, media, ()
        self._step("convert")
        film = self._converter.make(self._file, found, wrong)
        return film, self._checked(film), wrong.all

    def _still(self) -> tuple[Path, Media, tuple[Message, ...]]:
        self._step("convert")
        film = self._converter.make_from_still(self._file)
        return film, self._checked(film), (Message(mark("made a film of {count} s"), {"count": str(STILL_S)}),)

    def _checked(self, film: Path) -> Media:
        """What was made, decoded to its end, and of the profile. Raises :class:`MediaError`."""
        self._step("check")
        media = self._converter.measure(film)
        if left := deviations(self._converter.source(film, media)).all:
            cause = mark("it could not be made into MP4 ({reason})")
            raise MediaError(film, Message(cause, {"reason": left[0].render(str)}))
        self._no_twin(media.sha256)
        return media

    def _shelve(self, film: Path, media: Media, changes: tuple[Message, ...], poster: Path | None) -> None:
        """Put it on the shelf, first the files, then the row that names them."""
        goal = self._place.files / f"{self._programme}.mp4"
        with film.open("rb") as opened:
            os.fsync(opened.fileno())
        film.replace(goal)
        if poster is not None:
            poster.replace(self._place.posters / f"{self._programme}.jpg")
        words = self._subtitles()
        stat = goal.stat()
        measured = msgspec.json.encode(media).decode()
        known = {"path": str(goal.resolve()), "size": stat.st_size, "mtime_ns": stat.st_mtime_ns}
        with self._town.store.write() as connection:
            put_row(connection, schema.measurement, {**known, "sha256": media.sha256, "measured": measured})
            if words is not None:
                row = {"programme": self._programme, "language": "zh", "file": words.name, "size": words.stat().st_size}
                put_row(connection, library_subtitle, row)
        self._end(
            "ready",
            sha256=media.sha256,
            size=media.size,
            duration_ms=media.duration_ms,
            measured=measured,
            changes=library.said(changes),
        )
        dropped.put_by(self._place, self._programme)
        self._file.unlink(missing_ok=True)

    def _subtitles(self) -> Path | None:
        made = self._folder / "words.srt"
        if not made.is_file() or not 0 < made.stat().st_size <= MAX_SUBTITLE:
            return None
        try:
            data = published(made.read_bytes())
        except SubtitleError:
            return None
        target = self._place.files / f"{self._programme}.zh.srt"
        target.write_bytes(data)
        return target

    def _no_twin(self, sha256: str) -> None:
        with self._town.store.read() as connection:
            twin = library.twin(connection, self._programme, sha256)
        if twin is not None:
            raise Twin(twin.title)

    # --- what the page shows ---

    def _counted(self, step: str, size: int) -> Callable[[int], None]:
        seen = 0

        def tick(count: int) -> None:
            nonlocal seen
            seen += count
            if self._stopping is not None and self._stopping.is_set():
                raise confined.Stopped
            self._told(step)(1000 * seen // max(1, size))

        return tick

    def _told(self, step: str) -> Progress:
        def progress(permille: int) -> None:
            if time.monotonic() - self._said >= SAY_EVERY_S:
                self._step(step, permille)

        return progress

    def _step(self, step: str, permille: int = 0) -> None:
        self._said = time.monotonic()
        with self._town.store.write() as connection:
            connection.execute(update(job).where(job.c.id == self._number).values(step=step, permille=permille))

    def _end(self, state: str, cause: Message | None = None, **values: Any) -> None:
        said = None if cause is None else msgspec.json.encode(cause).decode()
        with self._town.store.write() as connection:
            connection.execute(update(job).where(job.c.id == self._number).values(state="done", ended_ms=now_ms()))
            library.put(connection, self._programme, state=state, cause=said, **values)

    def _wait(self, tries: int) -> None:
        """Begin anew later; so many tries count."""
        with self._town.store.write() as connection:
            again = {"state": "waiting", "tries": tries, "permille": 0}
            connection.execute(update(job).where(job.c.id == self._number).values(again))
            library.put(connection, self._programme, state="waiting")


def _is_subtitles(file: Path) -> bool:
    try:
        published(file.read_bytes())
    except SubtitleError:
        return False
    return True


def _words(error: Exception) -> Message:
    if isinstance(error, Failed):
        return error.cause
    if isinstance(error, confined.Unconfined | confined.Killed):
        return cause_of(error)
    if isinstance(error, NoRoom) or "No space left" in str(error):
        return Message(mark("the town's disk is full; make room on it, then try again"))
    return Message(mark("the town's computer could not do it ({reason}); try again"), {"reason": str(error)[:300]})
