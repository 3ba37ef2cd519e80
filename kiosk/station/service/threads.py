"""Threads whose unexpected end is posted to the inbox."""

import logging
from collections.abc import Callable
from threading import Thread

from kiosk.station.events import Crashed, Post

log = logging.getLogger(__name__)


def spawn(name: str, target: Callable[[], None], post: Post) -> Thread:
    """Start a daemon thread; an exception that leaves ``target`` is logged and posted as :class:`Crashed`."""

    def guarded() -> None:
        try:
            target()
        except BaseException as error:
            log.exception("thread %s ended by surprise", name)
            post(Crashed(name, repr(error)))

    thread = Thread(target=guarded, name=name, daemon=True)
    thread.start()
    return thread
