"""The journal's one writing thread: commits in order, keeps them in memory while the disk refuses, tries again."""

import logging
import sqlite3
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Condition, Thread

from sqlite_utils import Database

from kiosk.station.events import JournalRecovered, JournalTrouble, Post
from kiosk.station.journal_look import UNREADABLE
from kiosk.station.journal_schema import is_damage, reconnect, suspect
from kiosk.station.threads import spawn

log = logging.getLogger(__name__)

MOST_UNNOTED = 64
"""So many commits that seal an entry may go by before :attr:`Writer.rest` is called, where more wait all the while."""
MAX_WAITING = 10_000
"""So many commits wait in memory at most; beyond it check-points are dropped, and nothing else ever is."""
FIRST_RETRY_S = 0.5
LAST_RETRY_S = 60.0


@dataclass(frozen=True)
class Commit:
    """One transaction to come."""

    what: str
    write: Callable[[Database], object]
    droppable: bool = False
    then: Callable[[Database], None] | None = None
    """Called in the writing thread once it stands on the disk; and before all is settled, :attr:`Writer.rest`."""


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
        self._unnoted = 0
        self.rest: Callable[[Database], None] = lambda db: None
        """Called in the writing thread when nothing more waits: once for many commits with a ``then``."""

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
        kept = [commit for commit in self._commits if not commit.droppable]
        if len(kept) < len(self._commits):
            # The first commit may be under way in the writing thread, which takes it from the front when done.
            first = self._commits[0]
            kept = kept if not first.droppable else [first, *kept]
            log.warning("journal: %d check-points dropped, %d commits wait", len(self._commits) - len(kept), len(kept))
            self._commits = deque(kept)

    def _run(self) -> None:
        delay = 0.0
        while (commit := self._next(delay)) is not None:
            try:
                with self._db.atomic():
                    commit.write(self._db)
            except sqlite3.IntegrityError:
                suspect(self._path)  # an index that is wrong says so in these words
                raise
            except (sqlite3.Error, *UNREADABLE) as error:
                if is_damage(error):
                    suspect(self._path)
                    raise
                delay = min(LAST_RETRY_S, delay * 2 or FIRST_RETRY_S)
                log.warning(
                    "journal: %s not written (%s); %d wait, again in %.1f s", commit.what, error, self.waiting, delay
                )
                self._post(JournalTrouble(f"{commit.what}: {error}", self.waiting))
                self._reopen()
                continue
            if commit.then is not None:
                commit.then(self._db)
                self._unnoted += 1
            if self._unnoted and (self._unnoted >= MOST_UNNOTED or self.waiting == 1):
                self.rest(self._db)
                self._unnoted = 0
            with self._changed:
                self._commits.popleft()
                self._changed.notify_all()
            if delay:
                delay = 0.0
                self._post(JournalRecovered())
        self._db.conn.close()

    def _next(self, delay: float) -> Commit | None:
        """The commit to write now, after ``delay`` seconds if the last one failed; None when it is time to end."""
        with self._changed:
            if delay:
                self._changed.wait_for(lambda: self._stop_at is not None, delay)
            if self._stop_at is not None and delay:
                if time.monotonic() > self._stop_at:
                    return None
                self._changed.wait(min(delay, 0.2))
            self._changed.wait_for(lambda: self._commits or self._stop_at is not None)
            return self._commits[0] if self._commits else None

    def _reopen(self) -> None:
        # After an I/O error the old connection may hold on to a file that is gone, or a lock that is stale.
        try:
            fresh = reconnect(self._path)
        except sqlite3.Error as error:
            log.warning("journal: cannot be opened again yet: %s", error)
            return
        self._db.conn.close()
        self._db = fresh
