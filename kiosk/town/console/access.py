"""Who may do what in the console: devices, sessions, form tokens, passwords and their lock-out."""

import asyncio
import logging
import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import Literal, TypeVar

import msgspec
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import Response

from kiosk.common.web import Seal, form_token, is_form_token, is_same_origin, lasting_key
from kiosk.common.web_lockout import Lockout, buckets
from kiosk.town.accounts import accounts, passwords, sessions
from kiosk.town.accounts.accounts import Account, Role
from kiosk.town.console.proxy import is_safe
from kiosk.town.database.store import audit, now_ms
from kiosk.town.town import Town

log = logging.getLogger(__name__)

KEY_FILE, LOCKOUT_FILE = "console.key", "console-lockout.json"
DEVICE_COOKIE, SESSION_COOKIE = "kiosk-console-device", "kiosk-console-session"
DEVICE_AGE_S = 400 * 86_400
"""As long as browsers keep a cookie at all."""
MOST_WAITING, MOST_STRANGERS = 8, 4
"""Passwords that wait for their turn, and those of them from devices that are not known; more are refused, so that a
crowd takes neither memory nor the stations' time, nor every place from the officers' own devices."""
MOST_KNOWN = 8
"""Accounts that a device remembers as its own."""

Refusal = Literal["wrong", "locked-out", "busy"]
T = TypeVar("T")


class Busy(Exception):
    """Too many passwords are being checked; try again in a moment."""


class Device(msgspec.Struct, frozen=True):
    """A browser. ``name`` is random, made at the first visit; ``known``: accounts (:func:`_mark`) that have logged in
    there before. It is a stranger to all others: whoever may log in could make any number of known devices."""

    name: str
    known: tuple[str, ...]
    address: str


class Officer(msgspec.Struct, frozen=True):
    """Who is logged in. ``session`` names the session, to keep something in memory for it."""

    id: int
    name: str
    role: Role
    temporary: bool
    session: str


class Access:
    """Cookies, sessions, form tokens, passwords and lock-out. Its methods that are not ``async`` and touch the
    database or a password are for a thread."""

    def __init__(self, town: Town) -> None:
        self._town = town
        self._key = lasting_key(town.folder / KEY_FILE)
        self.seal = Seal(self._key, "console")
        self._lockout = Lockout(town.folder / LOCKOUT_FILE, _monotonic())
        self._hashing = ThreadPoolExecutor(1, "console-password")
        self._waiting = self._strangers = 0

    def device(self, request: Request) -> Device:
        """The browser that sent ``request``."""
        found = self.seal.open(request.cookies.get(DEVICE_COOKIE), DEVICE_AGE_S)
        name = found.get("device") or secrets.token_hex(16)
        known = tuple(mark for mark in found.get("known", "").split(",") if len(mark) == len(_mark("")))
        return Device(name, known, request.client.host if request.client else "")

    def remember(self, request: Request, response: Response, device: Device) -> None:
        """Give the browser its cookie."""
        sealed = self.seal.close({"device": device.name, "known": ",".join(device.known)})
        set_cookie(request, response, DEVICE_COOKIE, sealed, DEVICE_AGE_S)

    def officer(self, request: Request, device: Device) -> Officer | None:
        """Who is logged in on the device; nobody over a line on which others can read along."""
        token = request.cookies.get(SESSION_COOKIE, "")
        if not token or not is_safe(request):
            return None
        now = now_ms()
        with self._town.store.read() as connection:
            session = sessions.find(connection, token, device.name, now)
            found = accounts.get(connection, session.account) if session else None
        if session is None or found is None:
            return None
        if now - session.seen_ms > sessions.NOTED_EVERY_MS:
            self._note_seen(token, now)
        return Officer(found.id, found.name, found.role, found.temporary, sessions.digest(token))

    def token(self, device: Device, officer: Officer | None) -> str:
        """What every form of the session, or of the log-in, must carry."""
        return form_token(self._key, device.name, officer.session if officer else "login")

    def is_ours(self, request: Request, device: Device, officer: Officer | None, token: str) -> bool:
        """Whether a form was sent from a page of ours, in the session that was shown it."""
        purpose = officer.session if officer else "login"
        return is_same_origin(request) and is_form_token(token, self._key, device.name, purpose)

    def wait_s(self, device: Device, name: str) -> int:
        """How many seconds until this device may try a password of the account ``name``; 0 is now."""
        return -(-self._lockout.wait_ms(_buckets(device, name), _monotonic()) // 1000)

    async def log_in(
        self, request: Request, device: Device, name: str, typed: str, response: Response
    ) -> Refusal | None:
        """Try a password. On success ``response`` carries the session, and the device is known from now on."""
        found = await self.check(device, name, typed)
        if not isinstance(found, Account):
            return found
        token = await asyncio.to_thread(self._begin, found, device)
        known = dict.fromkeys((_mark(found.name), *device.known))
        self.remember(request, response, Device(device.name, tuple(known)[:MOST_KNOWN], device.address))
        set_cookie(request, response, SESSION_COOKIE, token, sessions.LONGEST_MS // 1000)
        return None

    async def check(self, device: Device, name: str, typed: str) -> Account | Refusal:
        """The account in force of this name and password; else why not. Wrong guesses are counted by device."""
        try:
            return await self.hashing(lambda: self._check(device, name, typed), stranger=not _knows(device, name))
        except Busy:
            return "busy"

    async def hashing(self, function: Callable[[], T], *, stranger: bool = False) -> T:
        """Run what takes a password's hash: in a thread, one at a time. Raises :class:`Busy`."""
        if self._waiting >= MOST_WAITING or (stranger and self._strangers >= MOST_STRANGERS):
            raise Busy
        self._waiting += 1
        self._strangers += stranger
        try:
            return await asyncio.get_running_loop().run_in_executor(self._hashing, function)
        finally:
            self._waiting -= 1
            self._strangers -= stranger

    def log_out(self, token: str) -> None:
        """End the session of the cookie ``token``; the device stays known."""
        with self._town.store.write() as connection:
            sessions.end(connection, token)

    def _note_seen(self, token: str, now: int) -> None:
        try:
            with self._town.store.write() as connection:
                sessions.note_seen(connection, token, now)
        except SQLAlchemyError as error:  # a full disk must not hide the page that tells of it
            log.warning("cannot note that a session is in use: %s", error)

    def _check(self, device: Device, name: str, typed: str) -> Account | Refusal:
        visitor = _buckets(device, name)
        if self._lockout.wait_ms(visitor, _monotonic()):
            return "locked-out"
        with self._town.store.read() as connection:
            found = accounts.find(connection, name)
        if not passwords.fits(found[1] if found else None, typed) or found is None:
            self._lockout.wrong(visitor, _monotonic())
            log.warning("wrong name or password at the console from %s", device.address)
            return "wrong"
        self._lockout.right(visitor)
        return found[0]

    def _begin(self, account: Account, device: Device) -> str:
        with self._town.store.write() as connection:
            audit(connection, account.name, "log-in", account.name, device.address)
            return sessions.begin(connection, account.id, device.name, now_ms())


def set_cookie(request: Request, response: Response, name: str, value: str, age_s: int) -> None:
    """A cookie that no script reads and no other site sends; over TLS it never goes without."""
    secure = request.url.scheme == "https"
    response.set_cookie(name, value, max_age=age_s, httponly=True, samesite="lax", secure=secure)


def _mark(name: str) -> str:
    """An account's mark in the cookie of a device."""
    return sha256(accounts.fold(name).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _knows(device: Device, name: str) -> bool:
    return _mark(name) in device.known


def _buckets(device: Device, name: str) -> tuple[str, ...]:
    return buckets(device.name, _knows(device, name), device.address, accounts.fold(name))


def _monotonic() -> int:
    return time.monotonic_ns() // 1_000_000
