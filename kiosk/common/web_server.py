"""The web server of panel and town: uvicorn behind a listening socket with a budget of connections.

Anybody in the room's network may connect, so a connection is worth little: the budget limits how many there are in all
and from one address, and how long each may take. It is far below the process's file descriptors, so that running out of
connections touches nothing else. When all places are taken, a newcomer gets the place of a connection that waits for
its client, from the address with the most connections; an address that has shown a session or a token (:meth:`Door.
keep`) gets one before all that have not.
"""

import asyncio
import logging
import resource
import socket
from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

log = logging.getLogger(__name__)

QUEUE = 4096
"""Connections that the kernel holds until they are accepted: were it full, a phone would try again after a second."""
AT_ONCE = 32
"""Connections accepted between two turns of the event loop."""
MOST_KEPT = 1000


@dataclass(frozen=True)
class Limits:
    """The budget of one web server. ``most`` connections in all, ``per_address`` from one address."""

    most: int
    per_address: int
    head_s: float
    """Seconds from the first moment of a request, or of the connection, until its head is whole."""
    gap_s: float
    """Seconds between two pieces of a body, and for what was sent to be received."""

    def within(self, descriptors: int) -> "Limits":
        """The same, with no more connections than a quarter of the process's file descriptors: a connection may hold a
        file open beside its socket, and half is left to everything else."""
        most = max(1, min(self.most, descriptors // 4))
        return Limits(most, min(self.per_address, most), self.head_s, self.gap_s)


class Door(socket.socket):
    """A listening socket that accepts what the budget allows, and closes every other connection at once."""

    def __init__(self, name: str, listen: str, port: int, limits: Limits) -> None:
        """Bind to ``listen`` and ``port``; 0 takes a free one. ``name`` is for the log. Raises OSError."""
        super().__init__(socket.AF_INET6 if ":" in listen else socket.AF_INET, socket.SOCK_STREAM)
        self._name = name
        self.limits = limits.within(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
        self._places: dict[object, _Place] = {}
        self._kept: dict[str, None] = {}
        try:
            self.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if self.family == socket.AF_INET6:
                self.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            self.bind((listen, port))
            self.listen()
        except OSError:
            self.close()
            raise

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return int(self.getsockname()[1])

    def listen(self, _backlog: int = QUEUE) -> None:
        """Listen with the long queue: the event loop's own number says how many it accepts at once."""
        super().listen(QUEUE)

    def keep(self, address: str) -> None:
        """Prefer connections from ``address`` from now on: somebody there has a session, or a token."""
        self._kept.pop(address, None)
        self._kept[address] = None
        if len(self._kept) > MOST_KEPT:
            del self._kept[next(iter(self._kept))]

    def accept(self) -> tuple[socket.socket, Any]:
        """The next connection within the budget. Raises BlockingIOError where there is none."""
        for _ in range(AT_ONCE):
            connection, peer = super().accept()
            if self._has_room(peer[0]):
                self._places[peer] = _Place(connection, peer[0])
                return connection, peer
            connection.close()
            log.warning("%s: a connection from %s is refused, %d are open", self._name, peer[0], len(self._places))
        raise BlockingIOError

    def attach(self, peer: object, visit: "Visit") -> None:
        """Tell which protocol serves the connection from ``peer``; it ends at once if its place was taken meanwhile."""
        place = self._places.get(peer)
        if place is None or not place.is_taken():
            visit.transport.abort()
        else:
            place.visit = visit

    def _has_room(self, address: str) -> bool:
        """Whether a connection from ``address`` gets a place; ends another connection where it takes its place."""
        self._places = {peer: place for peer, place in self._places.items() if place.is_taken()}
        places = list(self._places.values())
        held = Counter(place.address for place in places)
        if held[address] >= self.limits.per_address:
            return False
        if len(places) < self.limits.most:
            return True
        waiting = [place for place in places if place.waits_for_client()]
        strangers = [place for place in waiting if place.address not in self._kept]
        if strangers and address in self._kept:
            found = strangers
        else:
            among = waiting if address in self._kept else strangers
            found = [place for place in among if held[place.address] > held[address]]
        if not found:
            return False
        max(found, key=lambda place: held[place.address]).end()  # of equals the first: the oldest connection
        return True


class _Place:
    """One accepted connection. ``visit`` is its protocol, once the event loop has made that."""

    def __init__(self, connection: socket.socket, address: str) -> None:
        self._connection = connection
        self.address = address
        self.visit: Visit | None = None
        self._ended = False

    def is_taken(self) -> bool:
        return not self._ended and self._connection.fileno() >= 0

    def waits_for_client(self) -> bool:
        return self.visit is None or self.visit.waits_for_client()

    def end(self) -> None:
        self._ended = True
        if self.visit is not None:
            self.visit.transport.abort()


class Visit(H11Protocol):
    """An HTTP connection that ends when its client lets it wait too long."""

    def __init__(self, door: Door, **settings: Any) -> None:
        super().__init__(**settings)
        self._door = door
        self._limits = door.limits
        self._deadline: asyncio.TimerHandle | None = None
        self._in_head = False

    def waits_for_client(self) -> bool:
        """Whether the next step is the client's: to send more of a request, or to receive the answer."""
        return not self._is_answering() or self.flow.write_paused

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._door.attach(transport.get_extra_info("peername"), self)
        self._expect()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget()
        super().connection_lost(exc)

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete and not self.cycle.more_body

    def _expect(self) -> None:
        """Set the time until which the client has to send more."""
        if self._is_answering():
            self._forget()
            return
        in_head = self.cycle is None or self.cycle.response_complete
        if in_head and self._in_head and self._deadline is not None:
            return  # the head as a whole has its time, however many pieces it comes in
        self._forget()
        self._in_head = in_head
        self._deadline = self.loop.call_later(self._limits.head_s if in_head else self._limits.gap_s, self._too_late)

    def _too_late(self) -> None:
        self._deadline = None
        if self.flow.read_paused:  # the next piece may be there: it is the application that does not read
            self._expect()
        else:
            self.transport.abort()

    def _forget(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def make_server(app: ASGIApp, door: Door, *, lifespan: bool, stop_s: int) -> uvicorn.Server:
    """A server for ``app`` on ``door``, to be run with ``sockets=[door]``; requests have ``stop_s`` to end.

    No access log: it would fill the disk. No proxy headers: what they say is the client's word.
    """
    door.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(1000 * door.limits.gap_s))
    protocol = cast("type[asyncio.Protocol]", partial(Visit, door))
    config = uvicorn.Config(
        app,
        loop="asyncio",
        http=protocol,
        ws="none",
        lifespan="on" if lifespan else "off",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=AT_ONCE,
        timeout_graceful_shutdown=stop_s,
    )
    return uvicorn.Server(config)
