"""What every page of the console uses: the town, who is logged in, checked forms, rendered pages, the audit."""

import asyncio
import re
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote
from zoneinfo import ZoneInfo

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from kiosk.common.i18n import Language, day_name, pick, translator
from kiosk.common.web import CONTENT_SECURITY_POLICY
from kiosk.common.web_templates import templates_of
from kiosk.contract.instants import to_utc
from kiosk.town.accounts.accounts import Role
from kiosk.town.console.access import Access, Device, Officer, set_cookie
from kiosk.town.console.forms import MOST, Form, read_form
from kiosk.town.console.proxy import is_safe
from kiosk.town.console.signers import Signers
from kiosk.town.database import store
from kiosk.town.publishing.in_force import zone_in_force
from kiosk.town.town import Town

FOLDER = Path(__file__).parent / "templates"
LANGUAGE_COOKIE, SAID_COOKIE = "kiosk-console-language", "kiosk-console-said"
SAID_S = 60
THREADS = 4
"""Of the console's own for database and rendering: the stations' threads stay theirs."""
ZONE_S = 10.0
"""How long the time zone in force is taken for the same."""
OF_THE_TOWN: tuple[Role, ...] = ("officer", "viewer")
_PATH = re.compile(r"/(?!/)[A-Za-z0-9/_.~?&=%-]*")

T = TypeVar("T")


class NotLoggedIn(Exception):
    """Answered by the log-in page, or where the password is a temporary one by the page that changes it."""

    def __init__(self, page: str) -> None:
        super().__init__(page)
        self.page = page


class Entry(msgspec.Struct, frozen=True):
    """A line of the navigation: shown to these roles, once there is such a page."""

    path: str
    title: str
    roles: tuple[Role, ...]


class Desk:
    """One for the console; its methods are called by the pages."""

    def __init__(self, town: Town, navigation: Sequence[Entry]) -> None:
        self.town = town
        self.access = Access(town)
        self.signers = Signers(town)
        self._navigation = tuple(navigation)
        self._threads = ThreadPoolExecutor(THREADS, "console")
        self._zone: tuple[float, ZoneInfo] | None = None
        self._templates = templates_of(FOLDER).environment

    def open(self, paths: set[str]) -> None:
        """Show those entries of the navigation that there are pages for."""
        self._navigation = tuple(entry for entry in self._navigation if entry.path in paths)

    # --- who ---

    async def officer(self, request: Request, *roles: Role) -> Officer:
        """Who is logged in; by default an officer or a viewer. Raises :class:`NotLoggedIn`, or HTTPException 403."""
        found = await self.visitor(request)
        if found is None:
            back = request.url.path if request.method == "GET" else ""
            raise NotLoggedIn(f"/login?next={quote(back)}" if back not in ("", "/") else "/login")
        if found.temporary and request.url.path not in ("/account", "/account/password", "/logout"):
            raise NotLoggedIn("/account")
        if found.role not in (roles or OF_THE_TOWN):
            raise HTTPException(HTTPStatus.FORBIDDEN, "role")
        return found

    async def visitor(self, request: Request) -> Officer | None:
        """Who is logged in, if anybody; asked of the database once a request."""
        if not hasattr(request.state, "officer"):
            request.state.officer = await self.run(self.access.officer, request, self.device(request))
        found: Officer | None = request.state.officer
        return found

    def device(self, request: Request) -> Device:
        """The browser, the same for the whole of a request."""
        if not hasattr(request.state, "device"):
            request.state.device = self.access.device(request)
        found: Device = request.state.device
        return found

    # --- forms ---

    async def form(self, request: Request, role: Role | tuple[Role, ...] = "officer", most: int = MOST) -> Form:
        """The fields of a form of ours, sent by somebody of this role; at most ``most`` bytes with its files.

        Raises :class:`NotLoggedIn`, or HTTPException: 403 for a foreign form or another role, 413 for too long a one.
        """
        officer = await self.officer(request, *((role,) if isinstance(role, str) else role))
        form = await read_form(request, most)
        if not self.access.is_ours(request, self.device(request), officer, form.get("token", "")):
            raise HTTPException(HTTPStatus.FORBIDDEN)
        return form

    async def check(self, request: Request, role: Role | tuple[Role, ...] = "officer") -> Officer:
        """As :meth:`form` for a body that is no form, such as a piece of a file: the header ``X-Kiosk-Token`` bears
        the token. The body is not read."""
        officer = await self.officer(request, *((role,) if isinstance(role, str) else role))
        if not self.access.is_ours(request, self.device(request), officer, request.headers.get("x-kiosk-token", "")):
            raise HTTPException(HTTPStatus.FORBIDDEN)
        return officer

    async def audit(self, request: Request, what: str, subject: str, detail: str = "") -> None:
        """Note a deed that wrote nothing itself; a domain function that writes audits in its own transaction."""
        officer = await self.officer(request, "officer", "viewer", "repair")

        def note() -> None:
            with self.town.store.write() as connection:
                store.audit(connection, officer.name, what, subject, detail)

        await self.run(note)

    # --- answers ---

    async def run(self, function: Callable[..., T], *args: Any) -> T:
        """Call what reads the database or computes, in one of the console's threads."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, lambda: function(*args))

    async def page(self, request: Request, template: str, status: int = HTTPStatus.OK, **more: Any) -> Response:
        """The template with ``more`` and what all pages have: ``_``, ``language``, ``officer``, ``token``, ``day``,
        ``moment``, ``files``, ``navigation``, ``path``, ``town``, ``said``."""
        officer, device = await self.visitor(request), self.device(request)
        language, path = self.language(request), request.url.path
        said = self.access.seal.open(request.cookies.get(SAID_COOKIE), SAID_S).get("said", "")

        def render() -> str:
            zone = self.zone
            return self._templates.get_template(template).render(
                _=translator(language),
                language=language,
                officer=officer,
                token=self.access.token(device, officer),
                day=lambda at: day_name(to_utc(at).astimezone(zone).date(), language),
                moment=lambda at: f"{to_utc(at).astimezone(zone):%Y-%m-%d %H:%M}",
                navigation=self._shown(officer, path),
                path=path,
                town=self.town,
                safe=is_safe(request),
                said=said,
                **more,
            )

        answer = HTMLResponse(await self.run(render), status)
        answer.headers["Content-Security-Policy"] = f"{CONTENT_SECURITY_POLICY}; media-src 'self'"
        self.access.remember(request, answer, device)
        if said:
            answer.delete_cookie(SAID_COOKIE)
        return answer

    def to(self, path: str, request: Request | None = None, said: str = "") -> Response:
        """Go on to the page ``path`` (303); it says ``said``, a sentence in the reader's language, once."""
        answer = RedirectResponse(path, HTTPStatus.SEE_OTHER)
        if said and request is not None:
            set_cookie(request, answer, SAID_COOKIE, self.access.seal.close({"said": said}), SAID_S)
        return answer

    def language(self, request: Request) -> Language:
        """The reader's language."""
        return pick(request.cookies.get(LANGUAGE_COOKIE))

    def translate(self, request: Request) -> Callable[[str], str]:
        """The function ``_`` for the reader's language."""
        return translator(self.language(request))

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of the week that was published last."""
        now = time.monotonic()
        if self._zone is None or now - self._zone[0] > ZONE_S:
            self._zone = (now, zone_in_force(self.town))
        return self._zone[1]

    def now(self) -> datetime:
        """The town's clock, in its time zone."""
        return datetime.now(self.zone)

    def _shown(self, officer: Officer | None, path: str) -> list[dict[str, Any]]:
        if officer is None or officer.temporary:
            return []
        entries = [entry for entry in self._navigation if officer.role in entry.roles]
        here = max(
            (one.path for one in entries if path == one.path or path.startswith(f"{one.path}/")),
            key=len,
            default="",
        )
        return [{"path": one.path, "title": one.title, "here": one.path == here} for one in entries]


def own_path(text: str) -> str:
    """``text`` if it is the path of a page of ours, else the first page's."""
    return text if _PATH.fullmatch(text) else "/"
