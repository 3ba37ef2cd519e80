"""Who may press: device and session cookies, form tokens, the PIN and its lock-out."""

import hmac
import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from starlette.requests import Request
from starlette.responses import Response

from kiosk.common.web import Seal, form_token, is_form_token, is_same_origin, lasting_key
from kiosk.common.web_lockout import Lockout, buckets
from kiosk.common.web_sessions import Sessions
from kiosk.station.panel import people
from kiosk.station.panel import pin as pins
from kiosk.station.panel.people import Administrator

log = logging.getLogger(__name__)

LOCKOUT_FILE = "panel-lockout.json"
SESSIONS_FILE = "panel-sessions.json"
PAIRED_FILE = "panel-paired.json"
DEVICE_COOKIE = "kiosk-panel-device"
SESSION_COOKIE = "kiosk-panel-session"
PAIRED_COOKIE = "kiosk-panel-paired"
DEVICE_AGE_S = 400 * 86_400
"""As long as browsers keep a cookie at all."""
SESSION_AGE_S = 30 * 86_400

Refusal = Literal["no-pin", "locked-out", "wrong-pin"]


@dataclass(frozen=True)
class Visitor:
    """A browser at the panel. ``device`` is random, made at the first visit; ``known``: it has given the PIN before."""

    device: str
    known: bool
    logged_in: bool
    address: str
    name: str = ""
    """Of the administrator who is logged in."""

    @property
    def by(self) -> str:
        """Who is said in the record to have done something."""
        return self.name or "panel"


class Access:
    """The panel's cookies, sessions, form tokens, PIN and lock-out.

    ``keep`` is called with the address of each visitor who is logged in. ``clock`` returns UTC milliseconds, for the
    age of sessions; ``monotonic`` milliseconds that nobody can set, for the lock-out.
    """

    def __init__(
        self,
        state: Path,
        keep: Callable[[str], None] = lambda _address: None,
        clock: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        monotonic: Callable[[], int] = lambda: time.monotonic_ns() // 1_000_000,
    ) -> None:
        self.state = state
        self._monotonic = monotonic
        self._keep = keep
        self._key = lasting_key(state / pins.KEY_FILE)
        self._devices = Seal(self._key, "device")
        self._sessions = Sessions(state / SESSIONS_FILE, SESSION_AGE_S, clock)
        self._paired = Sessions(state / PAIRED_FILE, DEVICE_AGE_S, clock)
        self._lockout = Lockout(state / LOCKOUT_FILE, monotonic())

    def pin(self) -> pins.Pin | None:
        """The installer's PIN as it is set now, read from its file: the command that sets it is another process."""
        try:
            return pins.load(self.state)
        except (OSError, ValueError) as error:
            log.error("the panel stays locked: %s", error)  # noqa: TRY400 -- the file is at fault, not the code
            return None

    def _credentials(self) -> list[tuple[str, pins.Pin]]:
        """The PINs that open the panel, each with the name of whose it is; the installer's has none."""
        shared = self.pin()
        return [*((one.name, one.pin) for one in self.people()), *([("", shared)] if shared else [])]

    def people(self) -> tuple[Administrator, ...]:
        """The named administrators."""
        try:
            return people.load(self.state)
        except (OSError, ValueError) as error:
            log.error("the named administrators cannot log in: %s", error)  # noqa: TRY400 -- the file is at fault
            return ()

    def is_set(self) -> bool:
        """Whether anybody can log in."""
        return bool(self._credentials())

    def name(self, called: str, typed: str) -> tuple[str, bool]:
        """As :func:`people.name`."""
        return people.name(self.state, called, typed)

    def take_out(self, called: str) -> bool:
        """As :func:`people.take_out`."""
        return people.take_out(self.state, called)

    def visitor(self, request: Request) -> Visitor:
        """Who sent ``request``."""
        device = self._devices.open(request.cookies.get(DEVICE_COOKIE), DEVICE_AGE_S)
        session, paired = (request.cookies.get(one, "") for one in (SESSION_COOKIE, PAIRED_COOKIE))
        name = device.get("device") or secrets.token_hex(16)
        opened = (
            called
            for called, pin in (self._credentials() if session or paired else ())
            if self._sessions.is_open(session, name, pin.salt) or self._paired.is_open(paired, name, pin.salt)
        )
        who = next(opened, None)
        address = request.client.host if request.client else ""
        if who is not None:
            self._keep(address)
        return Visitor(name, device.get("known") == "yes", who is not None, address, who or "")

    def remember(self, response: Response, visitor: Visitor) -> None:
        """Give the visitor's device its cookie."""
        sealed = self._devices.close({"device": visitor.device, "known": "yes" if visitor.known else "no"})
        _set_cookie(response, DEVICE_COOKIE, sealed, DEVICE_AGE_S)

    def token(self, visitor: Visitor, form: str) -> str:
        """The token that a form must carry. It does not expire: a page may stay open overnight."""
        return form_token(self._key, visitor.device, form)

    def is_ours(self, request: Request, visitor: Visitor, form: str, token: str) -> bool:
        """Whether a form was sent from a page of the panel, by the device that was shown it."""
        return is_same_origin(request) and is_form_token(token, self._key, visitor.device, form)

    def wait_s(self, visitor: Visitor) -> int:
        """How many seconds until this visitor may try a PIN; 0 is now."""
        return -(-self._lockout.wait_ms(self._buckets(visitor), self._monotonic()) // 1000)

    def log_in(self, visitor: Visitor, typed: str, response: Response) -> Refusal | None:
        """Try a PIN. On success ``response`` carries the session, and the device is known from now on."""
        credentials = self._credentials()
        if not credentials:
            return "no-pin"
        if self.wait_s(visitor):
            return "locked-out"
        pin = next((pin for _, pin in credentials if pin.fits(typed)), None)
        if pin is None:
            self._lockout.wrong(self._buckets(visitor), self._monotonic())
            log.warning("wrong PIN at the panel from %s", visitor.address)
            return "wrong-pin"
        self._lockout.right(self._buckets(visitor))
        self.remember(response, Visitor(visitor.device, True, True, visitor.address))
        self._keep(visitor.address)
        token = self._sessions.begin(visitor.device, pin.salt)
        _set_cookie(response, SESSION_COOKIE, token, SESSION_AGE_S)
        return None

    def pair(self, visitor: Visitor, typed: str, shown: str, response: Response) -> bool:
        """Pair the phone of somebody who is logged in, with the code that is ``shown`` on the room's screen: it stays
        logged in as long as browsers keep a cookie, until that PIN is changed."""
        if not self.is_code(visitor, typed, shown):
            return False
        salt = next((pin.salt for name, pin in self._credentials() if name == visitor.name), None)
        if salt is None:
            return False
        _set_cookie(response, PAIRED_COOKIE, self._paired.begin(visitor.device, salt), DEVICE_AGE_S)
        return True

    def is_code(self, visitor: Visitor, typed: str, shown: str) -> bool:
        """Whether somebody has read the code from the screen. Guesses are counted as those of a PIN are."""
        if not shown or self.wait_s(visitor):
            return False
        if not hmac.compare_digest(_digits(typed).encode(), _digits(shown).encode()):
            self._lockout.wrong(self._buckets(visitor), self._monotonic())
            return False
        self._lockout.right(self._buckets(visitor))
        return True

    def log_out(self, request: Request, response: Response) -> None:
        """End the session that ``request`` shows; the device stays known."""
        for sessions, cookie in ((self._sessions, SESSION_COOKIE), (self._paired, PAIRED_COOKIE)):
            sessions.end(request.cookies.get(cookie, ""))
            response.delete_cookie(cookie, httponly=True, samesite="strict")

    @staticmethod
    def _buckets(visitor: Visitor) -> tuple[str, ...]:
        return buckets(visitor.device, visitor.known, visitor.address)


def _digits(code: str) -> str:
    """A code's digits, however it was typed."""
    return "".join(one for one in code if one.isascii() and one.isdigit())


def _set_cookie(response: Response, name: str, value: str, age_s: int) -> None:
    response.set_cookie(name, value, max_age=age_s, httponly=True, samesite="strict")
