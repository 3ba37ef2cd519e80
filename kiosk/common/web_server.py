"""The web server of panel and town: uvicorn behind a listening socket with a budget of connections.

Anybody in the room's network may connect, so a connection is worth little: the budget limits how many there are in all
and from one address, and how long each may take. It is far below the process's file descriptors, so that running out of
connections touches nothing else. When all places are taken, a newcomer gets the place of a connection that waits for
its client, from the address with the most places, if that has more than the newcomer's; an address that has shown a
session or a token (:meth:`Door.keep`) gets one from any that has not.
"""

import asyncio
import logging
import resource
import socket
import threading
import time
from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from kiosk.common.web import network_of

log = logging.getLogger(__name__)

QUEUE = 4096
"""Connections that the kernel holds until they are accepted: were it full, a phone would try again after a second."""
AT_ONCE = 32
"""Connections accepted between two turns of the event loop."""
MOST_KEPT = 1000
LEAST_AGE_S = 0.25
"""A stranger's connection has its place for so long at least: to exchange one costs more than to refuse one."""
TELL_EVERY_S = 60.0


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
        """By the client's address and port."""
        self._held: Counter[str] = Counter()
        """How many places an address has."""
        self._kept: dict[str, None] = {}
        self._keeping = threading.Lock()
        self._refused = 0
        self._tell_at = 0.0
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
        """Prefer connections from ``address`` from now on: it has a session, or a token. Called in any thread."""
        with self._keeping:
            self._kept.pop(network_of(address), None)
            self._kept[network_of(address)] = None
            if len(self._kept) > MOST_KEPT:
                del self._kept[next(iter(self._kept))]

    def accept(self) -> tuple[socket.socket, Any]:
        """The next connection within the budget. Raises BlockingIOError where there is none."""
        for _ in range(AT_ONCE):
            connection, peer = super().accept()
            address = network_of(peer[0])
            if self._make_room(address):
                self._places[peer] = _Place(address, time.monotonic())
                self._held[address] += 1
                return connection, peer
            connection.close()
            self._count_refused(address)
        raise BlockingIOError

    def attach(self, peer: object, visit: "Visit") -> None:
        """Tell which protocol serves the connection from ``peer``; it ends at once if its place was taken meanwhile."""
        place = self._places.get(peer)
        if place is None:
            visit.transport.abort()
        else:
            place.visit = visit

    def release(self, peer: object, visit: "Visit | None") -> None:
        """Free the place of the connection from ``peer`` that ``visit`` has served."""
        place = self._places.get(peer)
        if place is not None and place.visit is visit:
            del self._places[peer]
            self._held[place.address] -= 1
            if not self._held[place.address]:
                del self._held[place.address]

    def _count_refused(self, address: str) -> None:
        """Log once a minute: to write a line costs more than to refuse a connection."""
        self._refused += 1
        if time.monotonic() >= self._tell_at:
            log.warning(
                "%s: connections refused: %d, the last from %s; %d are open",
                *(self._name, self._refused, address, len(self._places)),
            )
            self._refused, self._tell_at = 0, time.monotonic() + TELL_EVERY_S

    def _make_room(self, address: str) -> bool:
        """Whether a connection from ``address`` gets a place; another connection is ended where it takes its place."""
        held, kept = self._held[address], address in self._kept
        if held >= self.limits.per_address:
            return False
        if len(self._places) < self.limits.most:
            return True
        fewest = held + 1 if held else 0  # to exchange places between equals would never end
        if not kept and max(self._held.values()) <= fewest:  # the flood comes this way: nothing slow before it
            return False
        grown = time.monotonic() - LEAST_AGE_S

        def may_go(place: _Place) -> bool:
            if place.visit is not None and not place.visit.waits_for_client():
                return False
            if kept and place.address not in self._kept:
                return True
            if place.address in self._kept and not kept:
                return False
            return place.since < grown and self._held[place.address] > fewest

        found = [(peer, place) for peer, place in self._places.items() if may_go(place)]
        if not found:
            return False
        peer, place = max(found, key=lambda one: self._held[one[1].address])  # of equals the first: the oldest
        self.release(peer, place.visit)
        if place.visit is not None:
            place.visit.transport.abort()
        return True


@dataclass
class _Place:
    """One accepted connection. ``visit`` is its protocol, once the event loop has made that."""

    address: str
    since: float
    visit: "Visit | None" = None


class Visit(H11Protocol):
    """An HTTP connection that ends when its client lets it wait too long."""

    def __init__(self, door: Door, **settings: Any) -> None:
        super().__init__(**settings)
        self._door = door
        self._limits = door.limits
        self._deadline: asyncio.TimerHandle | None = None
        self._in_head = False
        self._peer: object = None

    def waits_for_client(self) -> bool:
        """Whether the next step is the client's: to send more of a request, or to receive the answer."""
        return not self._is_answering() or self.flow.write_paused

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._peer = transport.get_extra_info("peername")
        self._door.attach(self._peer, self)
        self._expect()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget()
        self._door.release(self._peer, self)
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
    # Head and body are two packets: the second one would wait 40 ms for the client's word on the first.
    door.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
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
