"""APScheduler: wakes the main loop, never decides. One rolling job for the next change, a few for the rest."""

import logging
import threading
import time
from datetime import UTC, datetime, timedelta

from apscheduler.events import EVENT_JOB_ERROR, EVENT_SCHEDULER_STARTED, JobExecutionEvent
from apscheduler.executors.debug import DebugExecutor
from apscheduler.schedulers.blocking import BlockingScheduler
from apscheduler.triggers.date import DateTrigger

from kiosk.station.events import Crashed, Post, Wake
from kiosk.station.service.threads import spawn

LATE_IS_FINE = None
"""A job that is late still runs: APScheduler's default drops one that is more than a second late."""
START_WITHIN = 5.0


class Timers:
    """The daemon's timers, one for each reason to wake: it posts :class:`Wake`, and nothing else."""

    def __init__(self, post: Post) -> None:
        logging.getLogger("apscheduler").setLevel(logging.WARNING)  # three lines for each ring are too many
        self._post = post
        self._running = threading.Event()
        self._scheduler = BlockingScheduler(  # in a thread of ours: the death of its own would be noticed by nobody
            executors={"default": DebugExecutor()},  # in its own thread: a post takes no time, ten more threads do
            timezone=UTC,
            job_defaults={"misfire_grace_time": LATE_IS_FINE, "coalesce": True, "max_instances": 1},
        )
        self._rings: dict[str, float] = {}
        """When the timers set by :meth:`after` are to ring, on the monotonic clock."""
        self._scheduler.add_listener(self._failed, EVENT_JOB_ERROR)
        self._scheduler.add_listener(lambda _: self._running.set(), EVENT_SCHEDULER_STARTED)

    def start(self) -> None:
        """Start the thread ``scheduler``; returns once it runs, or has ended."""
        spawn("scheduler", self._scheduler.start, self._post)
        self._running.wait(START_WITHIN)

    def stop(self) -> None:
        """End the thread; no timer rings any more."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    def at(self, moment: datetime, wake: Wake) -> None:
        """Ring at an instant (aware) of the system's clock; replaces the timer for the same reason."""
        self._rings.pop(wake.why, None)
        self._scheduler.add_job(
            self._post, DateTrigger(moment), args=(wake,), id=wake.why, replace_existing=True, name=wake.why
        )

    def after(self, seconds: float, wake: Wake) -> None:
        """Ring in so many seconds, unless the timer for the same reason rings sooner."""
        moment = datetime.now(UTC) + timedelta(seconds=seconds)
        present = self._scheduler.get_job(wake.why)
        if present is None or present.next_run_time is None or present.next_run_time > moment:
            self.at(moment, wake)
            self._rings[wake.why] = time.monotonic() + seconds

    def clock_stepped(self) -> None:
        """The wall clock was set: timers set by :meth:`after` keep their distance, or one that is due in a minute would
        wait for a year after the clock was set back by one."""
        for why, due in list(self._rings.items()):
            if (job := self._scheduler.get_job(why)) is not None:
                job.reschedule(DateTrigger(datetime.now(UTC) + timedelta(seconds=max(0.0, due - time.monotonic()))))
        self._scheduler.wakeup()

    def _failed(self, event: JobExecutionEvent) -> None:
        self._post(Crashed("scheduler", repr(event.exception)))
