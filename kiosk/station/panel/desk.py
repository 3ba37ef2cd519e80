"""What every page of the panel needs: who asks, the checked form, the snapshot, the rendered page, a press's effect."""

import asyncio
import secrets
from collections.abc import Callable, Iterable
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Match, Route

from kiosk.common.i18n import Language, pick, translator
from kiosk.common.stop_reasons import reason_text
from kiosk.common.web import read_body
from kiosk.common.web_templates import templates_of
from kiosk.station.events import PictureAsked, Post
from kiosk.station.health.examination import Examination
from kiosk.station.panel import words
from kiosk.station.panel.access import Access, Visitor
from kiosk.station.panel.photo_folder import LOOKED_AT, RECORDED, PhotoFolder
from kiosk.station.panel.snapshot import Snapshot
from kiosk.station.projector.screenshots import Screenshot
from kiosk.station.record_book.books import RecordBooks

FOLDER = Path(__file__).parent / "templates"
MAX_BODY = 64 * 1024
"""In bytes. Our forms are a few hundred."""
MOST_FIELDS = 50
"""Of an ordinary form."""
POLL_S = 0.02
NO_SCRIPT_S = 60
"""Seconds until a page without script is loaded anew, where it has no form to lose."""
LANGUAGE_COOKIE = "kiosk-panel-language"

Form = dict[str, str]


class Desk:
    """What the pages share. ``snapshot`` answers at once; ``post`` never blocks."""

    renew_s: float = 5
    """Seconds until a page that shows how things are is renewed in place."""
    effect_s = 1.0
    """How long a press waits to be seen in the snapshot before the page is shown anyway."""
    picture_s = 2.8
    """How long a picture of the screen is waited for: not in the seconds about a cut, which come first."""

    def __init__(
        self,
        access: Access,
        post: Post,
        snapshot: Callable[[], Snapshot],
        picture: Callable[[], Screenshot | None] = lambda: None,
        examination: Callable[[], Examination | None] = lambda: None,
        books: RecordBooks | None = None,
    ) -> None:
        """``picture`` gives the newest picture of the screen, ``examination`` what the checks said last, ``books``
        reads the record."""
        self.access = access
        self.books = books
        self.post = post
        self.snapshot = snapshot
        self.picture = picture
        self.examination = examination
        self.photos = PhotoFolder(access.state / "photos", RECORDED)
        """Those that the record names."""
        self.looked_at = PhotoFolder(access.state / "photos-looked-at", LOOKED_AT)
        """Those that may yet be reported."""
        self.one_upload = asyncio.Semaphore(1)
        """Photos are read one after the other: the PC plays programmes meanwhile."""
        self._templates = templates_of(FOLDER).environment
        self._pages: tuple[Route, ...] = ()

    def know(self, routes: Iterable[Route]) -> None:
        """Remember which routes an address alone opens: the choice of a language goes back to such a page."""
        self._pages = tuple(route for route in routes if "GET" in (route.methods or ()))

    def page_or_home(self, path: str) -> str:
        """``path`` where it is one of our pages, else the first page."""
        scope = {"type": "http", "path": path, "method": "GET"}
        return path if any(route.matches(scope)[0] == Match.FULL for route in self._pages) else "/"

    def visitor(self, request: Request) -> Visitor:
        """Who sent ``request``."""
        return self.access.visitor(request)

    def language(self, request: Request) -> Language:
        """The language that the visitor has chosen, else the station's."""
        return pick(request.cookies.get(LANGUAGE_COOKIE), self.snapshot().language)

    async def read_form(self, request: Request, name: str) -> tuple[Visitor, Form]:
        """Who sent the form ``name``, and its fields, the last of each name.

        Raises HTTPException 403 for a foreign one, 400 for what is no form of ours, 413 for a longer one.
        """
        visitor, form = await self.read_lists(request, name, MOST_FIELDS)
        return visitor, {key: values[-1] for key, values in form.items()}

    async def read_lists(self, request: Request, name: str, most: int) -> tuple[Visitor, dict[str, list[str]]]:
        """As :meth:`read_form`, with all values of each name, ``most`` in all."""
        body = (await read_body(request, MAX_BODY)).decode("utf-8", "replace")
        try:
            form = parse_qs(body, max_num_fields=most)
        except ValueError:  # more fields than any form of ours has
            raise HTTPException(HTTPStatus.BAD_REQUEST) from None
        visitor = self.visitor(request)
        if not self.access.is_ours(request, visitor, name, form.get("token", [""])[-1]):
            raise HTTPException(HTTPStatus.FORBIDDEN)
        return visitor, form

    async def wait_until(self, seen: Callable[[], bool], seconds: float | None = None) -> None:
        """Return when ``seen`` says so, or after ``seconds`` (by default :attr:`effect_s`)."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + (self.effect_s if seconds is None else seconds)
        while not seen() and loop.time() < deadline:
            await asyncio.sleep(POLL_S)

    async def fresh_picture(self) -> Screenshot | None:
        """A new picture of the screen; None where there is none within :attr:`picture_s`."""
        if not self.snapshot().screen:
            return None
        before = self.picture()
        self.post(PictureAsked(by="panel"))
        await self.wait_until(lambda: self.picture() not in (before, None), self.picture_s)
        return None if self.picture() is before else self.picture()

    def page(self, request: Request, visitor: Visitor, template: str, status: int = 200, **more: Any) -> Response:
        """The page of ``template``, with ``more`` for it. In it, ``token("name")`` is what the form of that name must
        carry, and ``press()`` the id of a press, made anew at each use."""
        snapshot, picture = self.snapshot(), self.picture()
        language = self.language(request)
        page = self._templates.get_template(template).render(
            no_script_s=NO_SCRIPT_S,
            _=translator(language),
            language=language,
            snapshot=snapshot,
            words=words.of(snapshot, language),
            picture=picture,
            picture_words=words.of_picture(picture, snapshot, language),
            visitor=visitor,
            pin_set=self.access.is_set(),
            token=lambda form: self.access.token(visitor, form),
            press=lambda: secrets.token_hex(16),
            reason_text=lambda reason: reason_text(reason, language),
            path=self.page_or_home(request.url.path),
            **({"renew": 0, "in_vain": False} | more),
        )
        answer = HTMLResponse(page, status)
        self.access.remember(answer, visitor)
        return answer


def to(path: str) -> Response:
    """Go on at ``path``, by GET."""
    return RedirectResponse(path, HTTPStatus.SEE_OTHER)


def press_of(form: Form) -> str:
    """The id of the press that a form carries: the main loop obeys each once. Raises HTTPException 400."""
    press = form.get("press", "")
    if not press or len(press) > 64:
        raise HTTPException(HTTPStatus.BAD_REQUEST)
    return press
