"""The journal's one writing thread: commits in order, keeps them in memory while the disk refuses, tries again.

Commits that wait are written together: a burst, and what a full disk held up, drain as fast as the disk takes it.
"""

import logging
import sqlite3
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from threading import Condition, Thread

from sqlite_utils import Database

from kiosk.station.events import JournalRecovered, JournalTrouble, Post
from kiosk.station.journal.database import reconnect, suspect
from kiosk.station.journal.errors import is_damage
from kiosk.station.service.threads import spawn

log = logging.getLogger(__name__)

MOST_TOGETHER = 64
"""So many commits that wait become one transaction: a disk takes as long for one as for many, and what is due next
waits for them all."""
MAX_WAITING = 10_000
"""So many commits wait in memory at most; beyond it check-points are dropped, and nothing else ever is."""
FIRST_RETRY_S = 0.5
LAST_RETRY_S = 60.0


@dataclass(frozen=True)
class Commit:
    """What is written whole or not at all."""

    what: str
    write: Callable[[Database], object]
    droppable: bool = False
    then: Callable[[], object] | None = None
    """Runs in the writing thread, after the commit."""


class Writer:
    """Owns the writing connection from :meth:`start` on."""

    def __init__(self, path: Path, db: Database, post: Post) -> None:
        self._path = path
        self._db = db
        self._post = post
        self._commits: deque[Commit] = deque()
        self._changed = Condition()
        self._stop_at: float | None = None
        self._thread: Thread | None = None
        self._taken = 0
        """Commits, from the front on, that the writing thread has in hand: it takes them from there when done."""
        self._alone = 0
        """Commits, from the front on, that failed together: now each for itself, so that none takes others along."""

    def start(self) -> None:
        """Start the thread ``journal``."""
        self._thread = spawn("journal", self._run, self._post)

    def put(self, commit: Commit) -> None:
        """Take a commit; returns at once."""
        with self._changed:
            if len(self._commits) >= MAX_WAITING:
                if commit.droppable:
                    return
                self._drop_points()
            self._commits.append(commit)
            self._changed.notify_all()

    def settle(self, timeout: float) -> bool:
        """Wait up to ``timeout`` seconds until all that was put is on the disk; tells whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._commits, timeout)

    def stop(self, timeout: float) -> int:
        """Write what waits, for ``timeout`` seconds at most, and end. Gives the number of commits lost."""
        with self._changed:
            self._stop_at = time.monotonic() + timeout
            self._changed.notify_all()
        if self._thread is None:
            self._db.conn.close()
        else:
            self._thread.join(timeout + 1)
        return len(self._commits)

    @property
    def waiting(self) -> int:
        """Commits not yet on the disk."""
        return len(self._commits)

    def _drop_points(self) -> None:
        waiting = list(self._commits)
        kept = waiting[: self._taken] + [commit for commit in waiting[self._taken :] if not commit.droppable]
        if len(kept) < len(waiting):
            log.warning("journal: %d check-points dropped, %d commits wait", len(waiting) - len(kept), len(kept))
            self._commits = deque(kept)

    def _run(self) -> None:
        delay = 0.0
        while group := self._next(delay):
            try:
                with self._db.atomic():
                    for commit in group:
                        commit.write(self._db)
            except Exception as error:
                if len(group) > 1:
                    log.warning("journal: %d commits not written together (%s); now one by one", len(group), error)
                    self._alone = len(group)
                    continue
                if not _may_pass(error):
                    suspect(self._path)
                    raise
                delay = min(LAST_RETRY_S, delay * 2 or FIRST_RETRY_S)
                self._trouble(group[0].what, error, delay)
                continue
            self._written(group)
            if delay:
                delay = 0.0
                self._post(JournalRecovered())
        self._db.conn.close()

    def _next(self, delay: float) -> list[Commit]:
        """The commits to write now, after ``delay`` seconds if the last one failed; none when it is time to end."""
        with self._changed:
            self._taken = 0
            if delay:
                self._changed.wait_for(lambda: self._stop_at is not None, delay)
            if self._stop_at is not None and delay:
                if time.monotonic() > self._stop_at:
                    return []
                self._changed.wait(min(delay, 0.2))
            self._changed.wait_for(lambda: self._commits or self._stop_at is not None)
            group = list(islice(self._commits, 1 if self._alone or delay else MOST_TOGETHER))
            self._taken = len(group)
            return group

    def _written(self, group: list[Commit]) -> None:
        for commit in group:
            if commit.then is not None:
                commit.then()
        with self._changed:
            for _ in group:
                self._commits.popleft()
            self._taken = 0
            self._alone = max(0, self._alone - len(group))
            self._changed.notify_all()

    def _trouble(self, what: str, error: Exception, delay: float) -> None:
        log.warning("journal: %s not written (%s); %d wait, again in %.1f s", what, error, self.waiting, delay)
        self._post(JournalTrouble(f"{what}: {error}", self.waiting))
        self._reopen()

    def _reopen(self) -> None:
        # After an I/O error the old connection may hold on to a file that is gone, or a lock that is stale.
        try:
            fresh = reconnect(self._path)
        except sqlite3.Error as error:
            log.warning("journal: cannot be opened again yet: %s", error)
            return
        self._db.conn.close()
        self._db = fresh


def _may_pass(error: Exception) -> bool:
    """Whether the disk only refuses for now. An index that is wrong speaks of integrity; it and damage stay."""
    known = isinstance(error, sqlite3.Error) and not isinstance(error, sqlite3.IntegrityError)
    return known and not is_damage(error)
