"""The town's web server: the open town, the stations' API, the officers' console beside it, and the socket."""

import logging
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from kiosk.common.log import log_to_stderr
from kiosk.common.web_server import Door, Limits, make_server
from kiosk.town.api import stations
from kiosk.town.api.desk import Desk
from kiosk.town.console.proxy import visitor
from kiosk.town.console.site import create_console
from kiosk.town.publishing.issue import finish_broken_off
from kiosk.town.town import TownError, open_town

LIMITS = Limits(most=512, per_address=256, head_s=10.0, gap_s=60.0)
"""Stations come over slow lines, and all from one address where a web server stands in front."""

API = ("/v1/", "/healthz")
"""Where the paths of the stations' API begin; all else is the console's."""


class BesideConsole:
    """ASGI middleware: requests that are not for the stations' API go to the console."""

    def __init__(self, app: ASGIApp, console: ASGIApp) -> None:
        self._app = app
        self._console = console

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        ours = scope["type"] == "http" and not scope["path"].startswith(API)
        await (self._console if ours else self._app)(scope, receive, send)


def create_app(folder: Path, wait_ms: int = 0) -> Starlette:
    """The town in ``folder`` as an ASGI application. Raises :class:`TownError` or :class:`StoreError`.

    ``wait_ms`` is the least time between two heartbeats of a station; 0 leaves that to the stations.
    """
    town = open_town(folder)
    finish_broken_off(town)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        town.close()

    beside = Middleware(BesideConsole, console=create_console(town))
    app = Starlette(
        routes=stations.routes(), middleware=[beside], lifespan=lifespan, exception_handlers=stations.ERRORS
    )
    app.state.town, app.state.wait_ms, app.state.keep = town, wait_ms, lambda _address: None
    app.state.desk, app.state.visitor = Desk(), visitor
    return app


def serve(folder: Path, listen: str, port: int, say: Callable[[str], None], wait_ms: int = 0) -> None:
    """Serve the town until SIGTERM or SIGINT. ``say`` is called with the address; port 0 takes a free one.

    Raises :class:`TownError` where nothing can listen there.
    """
    log_to_stderr("info")
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    app = create_app(folder, wait_ms)
    try:
        door = Door("town", listen, port, LIMITS)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
        raise TownError(f"listen on {listen} port {port}: {reason}; name another with --listen, --port") from None
    app.state.keep = door.keep
    host = f"[{listen}]" if ":" in listen else listen
    say(f"Town {app.state.town.name} listens on http://{host}:{door.port}")
    make_server(app, door, lifespan=True, stop_s=5).run(sockets=[door])
