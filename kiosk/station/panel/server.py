"""The panel's thread: uvicorn on the room's network, with a loop of its own."""

import asyncio
import logging
import threading
from collections.abc import Callable
from pathlib import Path

import uvicorn

from kiosk.common.web_server import Door, Limits, make_server
from kiosk.station.config import Panel as Settings
from kiosk.station.events import Post
from kiosk.station.health.examination import Examination
from kiosk.station.panel.access import Access
from kiosk.station.panel.desk import Desk
from kiosk.station.panel.site import Pages
from kiosk.station.panel.snapshot import Snapshot
from kiosk.station.projector.screenshots import Screenshot
from kiosk.station.record_book.books import RecordBooks
from kiosk.station.service.threads import spawn

log = logging.getLogger(__name__)

RETRY_S = 30.0
STOP_S = 5.0
LIMITS = Limits(most=100, per_address=12, head_s=5.0, gap_s=5.0)
"""Five phones need ten connections; a browser opens six."""


class Panel:
    """Serves the pages; presses go to the inbox by ``post``, what is shown comes from ``snapshot``.

    A port in use does not end the daemon: the panel logs it and tries again every ``retry_s``. Anything else that ends
    the thread posts ``Crashed``.
    """

    def __init__(
        self,
        settings: Settings,
        state: Path,
        post: Post,
        snapshot: Callable[[], Snapshot],
        retry_s: float = RETRY_S,
        picture: Callable[[], Screenshot | None] = lambda: None,
        examination: Callable[[], Examination | None] = lambda: None,
        books: RecordBooks | None = None,
    ) -> None:
        """``picture`` gives the newest picture of the screen, ``examination`` what the checks said last, ``books``
        reads the record."""
        self._settings = settings
        self._post = post
        self._retry_s = retry_s
        access = Access(state, self._keep)
        self._pages = Pages(Desk(access, post, snapshot, picture, examination, books))
        self._stopping = threading.Event()
        self._door: Door | None = None
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self.port = 0
        """The port that is listened on: the configured one, unless that is 0; 0 before it listens."""

    def start(self) -> None:
        """Begin to listen, in the thread."""
        self._thread = spawn("panel", self._run, self._post)

    def stop(self) -> None:
        """End the thread; requests under way have ``STOP_S`` to end."""
        self._stopping.set()
        if self._server is not None:
            self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(STOP_S + 1)

    def _keep(self, address: str) -> None:
        if self._door is not None:
            self._door.keep(address)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                door = Door("panel", self._settings.listen, self._settings.port, LIMITS)
            except OSError as error:
                log.error(  # noqa: TRY400 -- a busy port is no mistake of the code
                    "the panel cannot listen on %s port %d: %s; it tries again in %d s. Set another [panel] port if "
                    "the address is right",
                    self._settings.listen,
                    self._settings.port,
                    error.strerror or error,
                    self._retry_s,
                )
                self._stopping.wait(self._retry_s)
                continue
            with door:
                self._serve(door)
            if not self._stopping.is_set():
                raise RuntimeError("the panel's server ended without being asked")

    def _serve(self, door: Door) -> None:
        self._door, self.port = door, door.port
        self._server = make_server(self._pages.app, door, lifespan=False, stop_s=int(STOP_S))
        if self._stopping.is_set():
            return
        log.info("the panel listens on %s port %d", self._settings.listen, self.port)
        asyncio.run(self._server.serve(sockets=[door]))
