"""The panel's thread: uvicorn on the room's network, with a loop of its own."""

import asyncio
import logging
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import uvicorn

from kiosk.station.config import Panel as Settings
from kiosk.station.events import Post
from kiosk.station.panel.access import Access
from kiosk.station.panel.site import Pages
from kiosk.station.panel.snapshot import Snapshot
from kiosk.station.projector.screenshots import Screenshot
from kiosk.station.service.threads import spawn

log = logging.getLogger(__name__)

RETRY_S = 30.0
STOP_S = 5.0
MOST_CONNECTIONS = 100
"""Five phones need ten; more is a fault or a prank, and is answered with 503."""


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
    ) -> None:
        """``picture`` gives the newest picture of the screen."""
        self._settings = settings
        self._post = post
        self._retry_s = retry_s
        self._pages = Pages(Access(state, lambda: time.time_ns() // 1_000_000), post, snapshot, picture)
        self._stopping = threading.Event()
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

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                listener = self._bind()
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
            with listener:
                self._serve(listener)
            if not self._stopping.is_set():
                raise RuntimeError("the panel's server ended without being asked")

    def _bind(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self._settings.listen else socket.AF_INET
        listener = socket.create_server((self._settings.listen, self._settings.port), family=family)
        self.port = int(listener.getsockname()[1])
        return listener

    def _serve(self, listener: socket.socket) -> None:
        self._server = uvicorn.Server(
            uvicorn.Config(
                self._pages.app,
                loop="asyncio",
                http="h11",
                ws="none",
                lifespan="off",
                log_config=None,
                log_level="warning",
                access_log=False,
                server_header=False,
                proxy_headers=False,
                limit_concurrency=MOST_CONNECTIONS,
                timeout_graceful_shutdown=int(STOP_S),
            )
        )
        if self._stopping.is_set():
            return
        log.info("the panel listens on %s port %d", self._settings.listen, self.port)
        asyncio.run(self._server.serve(sockets=[listener]))
