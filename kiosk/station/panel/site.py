"""The panel's web application: pages, forms and what they post. Answers come from the snapshot, on the panel's loop."""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from datetime import datetime, time, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import jinja2
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from kiosk.common.i18n import pick, translator
from kiosk.common.stop_reasons import REASONS, reason_text, tidy_reason
from kiosk.common.web import SecurityHeaders, read_body
from kiosk.contract.picture import CONTENT_TYPE
from kiosk.station.events import MutePressed, PictureAsked, Post, StartPressed, StopPressed, VolumePressed
from kiosk.station.panel import words
from kiosk.station.panel.access import Access, Visitor
from kiosk.station.panel.snapshot import Snapshot
from kiosk.station.projector.screenshots import Screenshot

log = logging.getLogger(__name__)

FOLDER = Path(__file__).parent / "templates"
MAX_BODY = 64 * 1024
"""In bytes. Our forms are a few hundred."""
EFFECT_S = 1.0
"""How long a press waits to be seen in the snapshot before the page is shown anyway."""
POLL_S = 0.02
REFRESH_S = 15
STAY_S = 60
"""How long the page stays where a press of volume or of *look* has led, until it is the plain page again."""
PICTURE_S = 2.8
"""How long a picture of the screen is waited for: not in the seconds about a cut, which come first."""
PICTURE_AGAIN_S = 3
VOLUME_STEP = 10
"""In percent points."""
LANGUAGE_COOKIE = "kiosk-panel-language"
MORNING = time(6)
"""When *until tomorrow morning* ends where tomorrow has no opening hour."""

SOUND_BUTTONS: dict[str, Callable[[str], VolumePressed | MutePressed]] = {
    "softer": lambda press: VolumePressed("panel", -VOLUME_STEP, press),
    "louder": lambda press: VolumePressed("panel", VOLUME_STEP, press),
    "mute": lambda press: MutePressed("panel", True, press),
    "sound-on": lambda press: MutePressed("panel", False, press),
}

OPPOSITE = {"mute": "sound-on", "sound-on": "mute"}
"""The button that stands in the place of the one that was pressed."""

Form = dict[str, str]


class Pages:
    """The web application. ``snapshot`` answers at once; ``post`` never blocks."""

    def __init__(
        self,
        access: Access,
        post: Post,
        snapshot: Callable[[], Snapshot],
        picture: Callable[[], Screenshot | None] = lambda: None,
    ) -> None:
        self._access = access
        self._post = post
        self._snapshot = snapshot
        self._picture = picture
        self._style = (FOLDER / "panel.css").read_bytes()
        self._templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(FOLDER),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            auto_reload=False,
        )
        for name in self._templates.list_templates(["html"]):
            self._templates.get_template(name)
        routes = [
            Route("/", self._home),
            Route("/panel.css", self._stylesheet),
            Route("/language", self._language),
            Route("/login", self._login),
            Route("/login", self._log_in, methods=["POST"]),
            Route("/logout", self._log_out, methods=["POST"]),
            Route("/start", self._start, methods=["POST"]),
            Route("/stop", self._stop_page),
            Route("/stop", self._stop, methods=["POST"]),
            Route("/volume", self._volume, methods=["POST"]),
            Route("/screen.jpg", self._screen),
        ]
        errors: dict[Any, Callable[[Request, Exception], Awaitable[Response]]] = {
            HTTPException: self._refused,
            Exception: self._broken,
        }
        web = Starlette(routes=routes, exception_handlers=errors)
        self.app = SecurityHeaders(web)

    # --- pages ---

    async def _home(self, request: Request) -> Response:
        visitor = self._access.visitor(request)
        looks = visitor.logged_in and "look" in request.query_params
        if looks:
            await self._fresh_picture()
        stays = looks or "at" in request.query_params  # for a while it is not moved away under somebody's eyes
        refresh = f"{STAY_S}; url=/" if stays else REFRESH_S
        return self._page(request, visitor, "home.html", refresh=refresh, form="start", looks=looks)

    async def _screen(self, request: Request) -> Response:
        """What is on the screen, as a JPEG file; with ``fresh`` a new one."""
        if not self._access.visitor(request).logged_in:
            return PlainTextResponse("log in first", HTTPStatus.UNAUTHORIZED)
        picture = await self._fresh_picture() if "fresh" in request.query_params else self._picture()
        if picture is None:
            again = {"Retry-After": str(PICTURE_AGAIN_S)}
            return PlainTextResponse("there is no picture of the screen", HTTPStatus.SERVICE_UNAVAILABLE, again)
        return Response(picture.jpeg, media_type=CONTENT_TYPE)

    async def _stylesheet(self, request: Request) -> Response:
        return Response(self._style, media_type="text/css", headers={"Cache-Control": "max-age=3600"})

    async def _language(self, request: Request) -> Response:
        answer = _to("/")
        wanted = pick(request.query_params.get("to"))
        answer.set_cookie(LANGUAGE_COOKIE, wanted, max_age=400 * 86_400, httponly=True, samesite="strict")
        return answer

    async def _login(self, request: Request) -> Response:
        return self._page(request, self._access.visitor(request), "login.html", form="login", refusal=None, wait_s=0)

    async def _stop_page(self, request: Request) -> Response:
        visitor = self._access.visitor(request)
        if not visitor.logged_in:
            return _to("/login")
        return self._page(request, visitor, "stop.html", form="stop", reasons=REASONS)

    # --- forms ---

    async def _log_in(self, request: Request) -> Response:
        visitor, form = await self._read_form(request, "login")
        answer = _to("/")
        refusal = self._access.log_in(visitor, form.get("pin", "").strip(), answer)
        if refusal is None:
            return answer
        wait_s = self._access.wait_s(visitor)
        status = HTTPStatus.TOO_MANY_REQUESTS if refusal == "locked-out" else HTTPStatus.FORBIDDEN
        page = self._page(request, visitor, "login.html", status=status, form="login", refusal=refusal, wait_s=wait_s)
        if wait_s:
            page.headers["Retry-After"] = str(wait_s)
        return page

    async def _log_out(self, request: Request) -> Response:
        await self._read_form(request, "logout")
        answer = _to("/")
        self._access.log_out(request, answer)
        return answer

    async def _start(self, request: Request) -> Response:
        visitor, form = await self._read_form(request, "start")
        if not visitor.logged_in:
            return _to("/login")
        self._post(StartPressed(by="panel", press=_press(form)))
        await self._wait_until(lambda: self._snapshot().stopped is None)
        return _to("/")

    async def _stop(self, request: Request) -> Response:
        visitor, form = await self._read_form(request, "stop")
        if not visitor.logged_in:
            return _to("/login")
        reason = form.get("reason", "")
        if reason not in REASONS:
            raise HTTPException(HTTPStatus.BAD_REQUEST)
        if reason == "other":
            reason = tidy_reason(form.get("words", "")) or reason
        until = _morning(self._snapshot()) if form.get("until") == "morning" else None
        until_ms = None if until is None else int(until.timestamp() * 1000)
        self._post(StopPressed(by="panel", reason=reason, until_ms=until_ms, press=_press(form)))
        await self._wait_until(lambda: self._snapshot().stopped is not None)
        return _to("/")

    async def _volume(self, request: Request) -> Response:
        visitor, form = await self._read_form(request, "volume")
        if not visitor.logged_in:
            return _to("/login")
        button = form.get("button", "")
        if button not in SOUND_BUTTONS:
            raise HTTPException(HTTPStatus.BAD_REQUEST)
        before = self._snapshot().sound
        self._post(SOUND_BUTTONS[button](f"{_press(form)}-{button}"))  # two buttons of one page are two presses
        await self._wait_until(lambda: self._snapshot().sound != before)
        return _to(f"/?at=sound#{OPPOSITE.get(button, button)}")  # where the finger, or the keyboard's focus, was

    # --- what pages and forms share ---

    async def _fresh_picture(self) -> Screenshot | None:
        """A new picture; None where there is none within :data:`PICTURE_S`."""
        if not self._snapshot().screen:
            return None
        before = self._picture()
        self._post(PictureAsked(by="panel"))
        await self._wait_until(lambda: self._picture() not in (before, None), PICTURE_S)
        return None if self._picture() is before else self._picture()

    async def _read_form(self, request: Request, name: str) -> tuple[Visitor, Form]:
        """Who sent the form, and its fields, the last of each name.

        Raises HTTPException 403 for a foreign one, 400 for what is no form of ours, 413 for a longer one.
        """
        body = (await read_body(request, MAX_BODY)).decode("utf-8", "replace")
        try:
            form = {key: values[-1] for key, values in parse_qs(body, max_num_fields=50).items()}
        except ValueError:  # more fields than any form of ours has
            raise HTTPException(HTTPStatus.BAD_REQUEST) from None
        visitor = self._access.visitor(request)
        if not self._access.is_ours(request, visitor, name, form.get("token", "")):
            raise HTTPException(HTTPStatus.FORBIDDEN)
        return visitor, form

    @staticmethod
    async def _wait_until(seen: Callable[[], bool], seconds: float = EFFECT_S) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while not seen() and loop.time() < deadline:
            await asyncio.sleep(POLL_S)

    def _page(
        self, request: Request, visitor: Visitor, template: str, status: int = 200, form: str = "", **more: Any
    ) -> Response:
        snapshot, picture = self._snapshot(), self._picture()
        language = pick(request.cookies.get(LANGUAGE_COOKIE), snapshot.language)
        page = self._templates.get_template(template).render(
            _=translator(language),
            language=language,
            snapshot=snapshot,
            words=words.of(snapshot, language),
            picture=picture,
            picture_words=words.of_picture(picture, snapshot, language),
            visitor=visitor,
            pin_set=self._access.pin() is not None,
            token=self._access.token(visitor, form),
            logout_token=self._access.token(visitor, "logout"),
            volume_token=self._access.token(visitor, "volume"),
            volume_press=secrets.token_hex(16),
            press=secrets.token_hex(16),
            reason_text=lambda reason: reason_text(reason, language),
            **({"refresh": 0, "looks": False} | more),
        )
        answer = HTMLResponse(page, status)
        self._access.remember(answer, visitor)
        return answer

    async def _refused(self, request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else HTTPStatus.BAD_REQUEST
        page = self._page(request, self._access.visitor(request), "refused.html", status=status, code=int(status))
        if isinstance(error, HTTPException) and error.headers:
            page.headers.update(error.headers)
        return page

    async def _broken(self, request: Request, error: Exception) -> Response:
        # One page that fails must not take the room along; Starlette logs the traceback after this answer.
        return HTMLResponse("<!doctype html><title>500</title><p>出错了 / Something went wrong</p>", 500)


def _to(path: str) -> Response:
    return RedirectResponse(path, HTTPStatus.SEE_OTHER)


def _press(form: Form) -> str:
    """The id of the press that a form carries: the main loop obeys each once. Raises HTTPException 400."""
    press = form.get("press", "")
    if not press or len(press) > 64:
        raise HTTPException(HTTPStatus.BAD_REQUEST)
    return press


def _morning(snapshot: Snapshot) -> datetime:
    if snapshot.tomorrow is not None:
        return snapshot.tomorrow
    return datetime.combine(snapshot.now.date() + timedelta(days=1), MORNING, snapshot.now.tzinfo)
