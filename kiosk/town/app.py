"""The town's web server: the open town, the API, the answers to errors, and the socket."""

import logging
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from kiosk.town.api import stations
from kiosk.town.town import TownError, open_town


def create_app(folder: Path, wait_ms: int = 0) -> Starlette:
    """The town in ``folder`` as an ASGI application. Raises :class:`TownError` or :class:`StoreError`.

    ``wait_ms`` is the least time between two heartbeats of a station; 0 leaves that to the stations.
    """
    town = open_town(folder)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        town.close()

    app = Starlette(routes=stations.routes(), lifespan=lifespan, exception_handlers=stations.ERRORS)
    app.state.town, app.state.wait_ms = town, wait_ms
    return app


def serve(folder: Path, listen: str, port: int, say: Callable[[str], None], wait_ms: int = 0) -> None:
    """Serve the town until SIGTERM or SIGINT. ``say`` is called with the address; port 0 takes a free one.

    Raises :class:`TownError` where nothing can listen there.
    """
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    app = create_app(folder, wait_ms)
    family = socket.AF_INET6 if ":" in listen else socket.AF_INET
    try:
        listener = socket.create_server((listen, port), family=family, backlog=512)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
        raise TownError(f"listen on {listen} port {port}: {reason}; name another with --listen, --port") from None
    host = f"[{listen}]" if ":" in listen else listen
    say(f"Town {app.state.town.name} listens on http://{host}:{listener.getsockname()[1]}")
    # No access log: it would fill the disk with heartbeats. No proxy headers: nothing here asks for the address.
    config = uvicorn.Config(
        app, access_log=False, log_config=None, proxy_headers=False, server_header=False, timeout_graceful_shutdown=5
    )
    uvicorn.Server(config).run(sockets=[listener])
