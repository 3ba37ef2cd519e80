"""APScheduler: wakes the main loop, never decides. One rolling job for the next change, a few for the rest."""

import logging
from datetime import UTC, datetime, timedelta

from apscheduler.events import EVENT_JOB_ERROR, JobExecutionEvent
from apscheduler.executors.debug import DebugExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.date import DateTrigger

from kiosk.station.events import Crashed, Post, Wake

log = logging.getLogger(__name__)

LATE_IS_FINE = None
"""A job that is late still runs: APScheduler's default drops one that is more than a second late."""


class Timers:
    """All that rings. A ring only posts :class:`Wake`; the same wake asked for twice rings once, at the later word."""

    def __init__(self, post: Post) -> None:
        logging.getLogger("apscheduler").setLevel(logging.WARNING)  # three lines for each ring are too many
        self._post = post
        self._scheduler = BackgroundScheduler(
            executors={"default": DebugExecutor()},  # in its own thread: a post takes no time, ten more threads do
            timezone=UTC,
            job_defaults={"misfire_grace_time": LATE_IS_FINE, "coalesce": True, "max_instances": 1},
        )
        self._scheduler.add_listener(self._failed, EVENT_JOB_ERROR)

    def start(self) -> None:
        """Start the scheduler's thread."""
        self._scheduler.start()

    def stop(self) -> None:
        """End it; what has not rung stays silent."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    def at(self, moment: datetime, wake: Wake) -> None:
        """Ring at an instant (aware); an earlier appointment for the same reason is replaced."""
        self._scheduler.add_job(
            self._post, DateTrigger(moment), args=(wake,), id=wake.why, replace_existing=True, name=wake.why
        )

    def after(self, seconds: float, wake: Wake) -> None:
        """Ring in so many seconds, unless an earlier ring for the same reason is due."""
        moment = datetime.now(UTC) + timedelta(seconds=seconds)
        present = self._scheduler.get_job(wake.why)
        if present is None or present.next_run_time is None or present.next_run_time > moment:
            self.at(moment, wake)

    def clock_stepped(self) -> None:
        """The wall clock was set: the scheduler sleeps on monotonic time and has to look again."""
        self._scheduler.wakeup()

    def _failed(self, event: JobExecutionEvent) -> None:
        self._post(Crashed("scheduler", repr(event.exception)))
