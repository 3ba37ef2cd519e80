"""HTTP requests to the town: limited in time and size, sent to no other host. Answers are verified by the caller."""

import email.utils
import gzip
import logging
import math
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from http.client import HTTPException
from threading import Event

import msgspec
import requests
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError

from kiosk import __version__
from kiosk.common.terminal import escape
from kiosk.contract import wire
from kiosk.contract.reports import Signed
from kiosk.station.link.sockets import Limits, keep_time

log = logging.getLogger(__name__)

CHUNK = 64 * 1024
CONNECT_S = 10.0
DOCUMENT_S = 120.0
"""For a whole document, from the request to the answer's last byte; for a file, to the end of the answer's head."""
WORTH_PACKING = 1024
"""A body of fewer bytes than this goes as it is."""
DRIP_S = 60
DRIP_BYTES = 16 * 1024
"""A download that brings less than this in ``DRIP_S`` is given up: 0.3 kB/s is a fault and not a slow line."""
REVOKED = "the town does not know this station any more: enrol it again (kiosk enrol)"
PORTAL = "is there a log-in page on this network, or another server at the town's address?"


class Unreachable(Exception):
    """The town did not answer, or not as a town does. ``remedy`` says what a person can do; empty for nothing.

    ``wait_s``: for how many seconds the town asks to be left alone.
    """

    def __init__(self, message: str, remedy: str = "", wait_s: float = 0.0) -> None:
        super().__init__(escape(wire.tellable(message)))  # it quotes bytes from the network
        self.remedy, self.wait_s = remedy, wait_s


class Cut(Unreachable):
    """The line broke, or stood still, in the middle of a request: a smaller one may get through."""


class NotPacked(Unreachable):
    """The town does not accept compressed bodies."""


class Stopped(Unreachable):
    """This end was stopped during the request."""


class NoSuch(Unreachable):
    """The town answers that it has no such document or file."""


class TooLong(Unreachable):
    """The answer is longer than the limit."""


class Behind(Unreachable):
    """The town's chain ends before the report begins: it wants everything after ``head_seq``. ``witness``, not yet
    verified, is its countersignature of that."""

    def __init__(self, message: str, head_seq: int, witness: Signed | None = None) -> None:
        super().__init__(message)
        self.head_seq, self.witness = head_seq, witness


class Unwelcome(Unreachable):
    """The town refuses this body, but perhaps not a smaller one."""


class _Trouble(msgspec.Struct):
    """The body of a town's error answer."""

    error: str = ""
    head_seq: int = -1
    witness: Signed | None = None


class TownClient:
    """Sends this station's requests to one town. For one thread; :meth:`stop` may come from another.

    ``timeout_s`` is the longest stand-still of a request; ``ca_file`` holds the certificates (PEM) that the town's
    HTTPS is verified by, empty for the usual ones.
    """

    def __init__(self, url: str, token: str = "", timeout_s: float = 30.0, ca_file: str = "") -> None:
        self._url = url.rstrip("/")
        self._timeouts = (min(CONNECT_S, timeout_s), timeout_s)
        self._limits = Limits(timeout_s)
        self._session = requests.Session()
        keep_time(self._session, self._limits)
        self._session.trust_env = False  # no proxy, no .netrc: the environment is not configuration
        self._session.headers.update({"Accept-Encoding": "identity", "User-Agent": f"kiosk/{__version__}"})
        self._session.verify = ca_file or True
        if token:
            self._session.headers["Authorization"] = f"Bearer {token}"
        self._packs = True
        self._judged = True
        """The dates of certificates were checked for the connections that are open."""
        self._stopped = Event()

    def stop(self) -> None:
        """End the request under way; every later one raises :class:`Stopped`."""
        self._stopped.set()
        self._limits.hang_up()

    def judge_dates(self, ahead_s: float | None) -> None:
        """Check the dates of certificates by the station's clock, which is ``ahead_s`` ahead of the PC's; with None, as
        where the time is not known, they are not checked. From the next request on."""
        self._limits.ahead_s = ahead_s

    def get(self, path: str, limit: int = wire.MAX_DOCUMENT, etag: str = "") -> bytes | None:
        """A whole document of at most ``limit`` bytes, or None where it is still the one with the ``etag``."""
        headers = {"If-None-Match": f'"{etag}"'} if etag else {}
        with self.request("GET", path, headers) as response:
            return None if response.status_code == 304 else self._whole(response, path, limit)

    def post(
        self, path: str, body: bytes, limit: int = wire.MAX_DOCUMENT, content_type: str = "application/json"
    ) -> bytes:
        """Send a document; returns the answer's body."""
        with self.request("POST", path, {"Content-Type": content_type}, body) as response:
            return self._whole(response, path, limit)

    def post_packed(self, path: str, body: bytes) -> bytes:
        """:meth:`post` with the body in gzip, unless it is short, or this town has refused it so before."""
        if not self._packs or len(body) < WORTH_PACKING:
            return self.post(path, body)
        headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
        try:
            with self.request("POST", path, headers, gzip.compress(body, 6)) as response:
                return self._whole(response, path, wire.MAX_DOCUMENT)
        except NotPacked as error:
            log.warning("link: %s; sent uncompressed from now on", error)
            self._packs = False
        return self.post(path, body)

    @contextmanager
    def request(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> Iterator[requests.Response]:
        """Send a request; gives the answer with its body unread. Raises :class:`Unreachable` for any status but
        200, 206, 304 and 416."""
        self._check_stopped()
        judges = self._limits.ahead_s is not None
        if judges and not self._judged:
            self._session.close()  # connections from when the time was not known
        self._judged = judges
        self._limits.deadline = time.monotonic() + DOCUMENT_S
        try:
            response = self._session.request(
                method, self._url + path, headers=dict(headers), data=body, stream=True, timeout=self._timeouts,
                allow_redirects=False,
            )  # fmt: skip
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            self._check_stopped()
            kind = Unreachable if _never_connected(error) else Cut
            raise kind(f"{path}: {_reason(error)}") from None
        with response:
            self._check_stopped()
            if response.headers.get("Content-Encoding", "identity").lower() != "identity":
                raise Unreachable(f"{path}: the answer is compressed, which was not asked for", PORTAL)
            self._check_status(response, path)
            yield response

    def chunks(self, response: requests.Response, path: str, most: int = CHUNK) -> Iterator[bytes]:
        """The body of a file in pieces of at most ``most`` bytes, as they come. The whole may take any time.

        Raises :class:`Cut` where it is cut or comes too slowly, :class:`Stopped` once stopped.
        """
        self._limits.deadline = math.inf
        return self._pieces(response, path, most)

    def _pieces(self, response: requests.Response, path: str, most: int = CHUNK) -> Iterator[bytes]:
        began, size = time.monotonic(), 0
        while True:
            try:
                piece = response.raw.read1(most, decode_content=False)
            except (HTTPError, HTTPException, OSError, ValueError) as error:
                self._check_stopped()
                raise Cut(f"{path}: cut off ({_reason(error)})") from None
            self._check_stopped()
            if not piece:
                return
            yield piece
            size += len(piece)
            if time.monotonic() - began > DRIP_S:
                if size < DRIP_BYTES:
                    raise Cut(f"{path}: only {size} bytes in {DRIP_S} s; given up for now")
                began, size = time.monotonic(), 0

    def _whole(self, response: requests.Response, path: str, limit: int) -> bytes:
        found = bytearray()
        for piece in self._pieces(response, path):
            found += piece
            if len(found) > limit:
                raise TooLong(f"{path}: the answer is longer than {limit} bytes", PORTAL)
        return bytes(found)

    def _check_status(self, response: requests.Response, path: str) -> None:
        status = response.status_code
        if status in (200, 206, 304, 416):
            return
        if 300 <= status < 400:
            raise Unreachable(f"{path}: the answer points elsewhere (HTTP {status}), which is not followed", PORTAL)
        said = _trouble(self._whole(response, path, 64 * 1024))
        message = f"{path}: HTTP {status}" + (f": {said.error[:300]}" if said.error else "")
        if status in (401, 403):
            raise Unreachable(message, REVOKED)
        if status == 404:
            raise NoSuch(message)
        if status == 409 and said.head_seq >= 0:
            raise Behind(message, said.head_seq, said.witness)
        if status == 415 and response.request.headers.get("Content-Encoding") == "gzip":
            raise NotPacked(message)
        if status in (400, 413, 422):
            raise Unwelcome(message)
        if status in (429, 503) and (wait_s := retry_after(response.headers)) > 0:
            raise Unreachable(f"{message}; it asks to be left alone for {wait_s:.0f} s", wait_s=wait_s)
        raise Unreachable(message)

    def _check_stopped(self) -> None:
        if self._stopped.is_set():
            raise Stopped("stopped")


def retry_after(headers: Mapping[str, str]) -> float:
    """How many seconds an answer asks to wait (RFC 9110, 10.2.3: seconds or a date); 0 where it does not, or badly.

    A date is compared with the answer's own ``Date``, as this station's clock may be wrong by years.
    """
    said = headers.get("Retry-After", "").strip()
    if said.isascii() and said.isdecimal():
        return float(said[:9])
    try:
        until = email.utils.parsedate_to_datetime(said)
        now = email.utils.parsedate_to_datetime(headers["Date"]) if "Date" in headers else datetime.now(UTC)
        return max(0.0, (until.astimezone(UTC) - now.astimezone(UTC)).total_seconds())
    except (ValueError, TypeError, IndexError, OverflowError):
        return 0.0


def _trouble(body: bytes) -> _Trouble:
    try:
        return msgspec.json.decode(body, type=_Trouble)
    except (ValueError, RecursionError):
        return _Trouble()


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what caused it, to the innermost cause: requests wraps it in up to three, each with the URL."""
    while error is not None:
        yield error
        found = (error.__cause__, error.__context__, getattr(error, "reason", None), *error.args)
        error = next((cause for cause in found if isinstance(cause, BaseException)), None)


def _reason(error: Exception) -> str:
    *_, inner = _causes(error)
    if isinstance(inner, socket.gaierror):
        return "its name is not known here: is the network up?"
    return f"{type(inner).__name__}: {inner}"[:300]


def _never_connected(error: Exception) -> bool:
    """Whether no connection was made, so that the size of the body cannot have been the reason."""
    kinds = NewConnectionError, ConnectTimeoutError, socket.gaierror, ConnectionRefusedError
    return any(isinstance(cause, kinds) for cause in _causes(error))
