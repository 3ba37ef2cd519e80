"""The panel's web application: pages, forms and what they post. Answers come from the snapshot, on the panel's loop."""

import asyncio
import hashlib
import logging
import secrets
from collections.abc import Awaitable, Callable
from datetime import timedelta
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

from kiosk.common.i18n import Language, pick, translator
from kiosk.common.stop_reasons import MAX_REASON, REASONS, reason_text
from kiosk.common.web import SecurityHeaders, read_body
from kiosk.contract.picture import CONTENT_TYPE
from kiosk.station.events import (
    MaintenanceSet,
    MutePressed,
    PictureAsked,
    Post,
    StartPressed,
    StopPressed,
    VolumePressed,
)
from kiosk.station.health.examination import Examination
from kiosk.station.panel import doctor, fault_form, stop_form, words
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
RENEW_S, STARTING_S, IN_VAIN_S, NO_SCRIPT_S = 5, 1, 30, 60
"""Seconds until home is renewed: in place; while a programme is about to begin; while it says that no picture of
the screen came; and without script, where the page is loaded anew and has no form to lose."""
PICTURE_S = 2.8
"""How long a picture of the screen is waited for: not in the seconds about a cut, which come first."""
PICTURE_AGAIN_S = 3
VOLUME_STEP = 10
"""In percent points."""
LANGUAGE_COOKIE = "kiosk-panel-language"
FILES = {"panel.css": "text/css", "panel.js": "text/javascript"}
FILE_AGE_S = 86_400
"""Their addresses change with their contents."""
BROKEN = """<!doctype html>
<html lang="zh-CN"><meta name="viewport" content="width=device-width"><title>500</title>
<main><h1>出错了，请稍后再打开。</h1><p lang="en">Something went wrong. Open the page again in a moment.</p></main>
"""
PAGES = ("/", "/login", "/stop", "/doctor")
"""Pages that can be opened as they are: where the choice of a language leads back to."""

SOUND_BUTTONS: dict[str, Callable[[str], VolumePressed | MutePressed]] = {
    "softer": lambda press: VolumePressed("panel", -VOLUME_STEP, press),
    "louder": lambda press: VolumePressed("panel", VOLUME_STEP, press),
    "mute": lambda press: MutePressed("panel", True, press),
    "sound-on": lambda press: MutePressed("panel", False, press),
}

MAINTENANCE_HOURS = {"0": 0, "1": 1, "4": 4}
"""What the buttons offer: hours of work from now on; 0: it is done."""

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
        examination: Callable[[], Examination | None] = lambda: None,
    ) -> None:
        self._access = access
        self._post = post
        self._snapshot = snapshot
        self._picture = picture
        self._examination = examination
        self._files = {name: (FOLDER / name).read_bytes() for name in FILES}
        marks = {name: hashlib.sha256(text).hexdigest()[:12] for name, text in self._files.items()}
        self._templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(FOLDER),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            auto_reload=False,
        )
        self._templates.globals["files"] = {name: f"/{name}?{mark}" for name, mark in marks.items()}
        self._templates.globals["no_script_s"] = NO_SCRIPT_S
        for name in self._templates.list_templates(["html"]):
            self._templates.get_template(name)
        routes = [
            Route("/", self._home),
            *(Route(f"/{name}", self._file) for name in FILES),
            Route("/language", self._language),
            Route("/login", self._login),
            Route("/login", self._log_in, methods=["POST"]),
            Route("/logout", self._log_out, methods=["POST"]),
            Route("/start", self._start, methods=["POST"]),
            Route("/stop", self._stop_page),
            Route("/stop", self._stop, methods=["POST"]),
            Route("/fault", self._fault, methods=["POST"]),
            Route("/volume", self._volume, methods=["POST"]),
            Route("/maintenance", self._maintenance, methods=["POST"]),
            Route("/screen.jpg", self._screen),
            Route("/doctor", self._doctor),
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
        in_vain = looks and await self._fresh_picture() is None
        renew = IN_VAIN_S if in_vain else STARTING_S if self._snapshot().starting else RENEW_S
        return self._page(request, visitor, "home.html", renew=renew, form="start", in_vain=in_vain)

    async def _screen(self, request: Request) -> Response:
        """What is on the screen, as a JPEG file; with ``fresh`` a new one."""
        if not self._access.visitor(request).logged_in:
            return PlainTextResponse("log in first", HTTPStatus.UNAUTHORIZED)
        picture = await self._fresh_picture() if "fresh" in request.query_params else self._picture()
        if picture is None:
            again = {"Retry-After": str(PICTURE_AGAIN_S)}
            return PlainTextResponse("there is no picture of the screen", HTTPStatus.SERVICE_UNAVAILABLE, again)
        return Response(picture.jpeg, media_type=CONTENT_TYPE)

    async def _file(self, request: Request) -> Response:
        """The style sheet or the script."""
        name = request.url.path.removeprefix("/")
        return Response(self._files[name], media_type=FILES[name], headers={"Cache-Control": f"max-age={FILE_AGE_S}"})

    async def _language(self, request: Request) -> Response:
        back = request.query_params.get("at", "")
        answer = _to(back if back in PAGES else "/")
        wanted = pick(request.query_params.get("to"))
        answer.set_cookie(LANGUAGE_COOKIE, wanted, max_age=400 * 86_400, httponly=True, samesite="strict")
        return answer

    async def _login(self, request: Request) -> Response:
        return self._page(request, self._access.visitor(request), "login.html", form="login", refusal=None, wait_s=0)

    async def _stop_page(self, request: Request) -> Response:
        visitor = self._access.visitor(request)
        if not visitor.logged_in:
            return _to("/login")
        return self._stop_form(request, visitor)

    async def _doctor(self, request: Request) -> Response:
        """What every check says, to be read out on the telephone."""
        visitor = self._access.visitor(request)
        if not visitor.logged_in:
            return _to("/login")
        told = doctor.of(self._examination(), self._language_of(request), self._snapshot().now)
        return self._page(request, visitor, "doctor.html", renew=RENEW_S, doctor=told)

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
        try:
            filled = stop_form.read(form, self._snapshot())
        except stop_form.NotOurs:
            raise HTTPException(HTTPStatus.BAD_REQUEST) from None
        if filled.problem:
            return self._stop_form(request, visitor, form, filled.problem)
        self._post(StopPressed(by="panel", reason=filled.reason, until_ms=filled.until_ms, press=_press(form)))
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
        return _to(f"/#{OPPOSITE.get(button, button)}")  # where the finger, or the keyboard's focus, was

    async def _maintenance(self, request: Request) -> Response:
        visitor, form = await self._read_form(request, "maintenance")
        if not visitor.logged_in:
            return _to("/login")
        try:
            hours = MAINTENANCE_HOURS[form.get("hours", "")]
        except KeyError:
            raise HTTPException(HTTPStatus.BAD_REQUEST) from None
        before = self._snapshot().work
        until_ms = int((self._snapshot().now + timedelta(hours=hours)).timestamp() * 1000) if hours else None
        self._post(MaintenanceSet(by="panel", until_ms=until_ms, press=_press(form)))
        await self._wait_until(lambda: self._snapshot().work != before)
        return _to("/#maintenance")

    async def _fault(self, request: Request) -> Response:
        visitor, form = await self._read_form(request, "fault")
        if not visitor.logged_in:
            return _to("/login")
        before = self._snapshot()
        wanted = fault_form.read(form, before.now)
        if wanted is None:
            raise HTTPException(HTTPStatus.BAD_REQUEST)
        self._post(wanted)
        await self._wait_until(
            lambda: (self._snapshot().problems, self._snapshot().known) != (before.problems, before.known)
        )
        return _to("/#state")

    # --- what pages and forms share ---

    def _stop_form(
        self, request: Request, visitor: Visitor, sent: Form | None = None, problem: stop_form.Problem | None = None
    ) -> Response:
        """The Stop form; with ``problem`` as it was ``sent``, to be mended."""
        sent, language = sent or {}, self._language_of(request)
        return self._page(
            request, visitor, "stop.html",
            status=HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK,
            form="stop",
            reasons=REASONS,
            untils=stop_form.choices(self._snapshot(), language, sent.get("until", "")),
            typed=sent.get("words", "")[:MAX_REASON],
            most=MAX_REASON,
            problem=problem,
        )  # fmt: skip

    def _language_of(self, request: Request) -> Language:
        return pick(request.cookies.get(LANGUAGE_COOKIE), self._snapshot().language)

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
        language, path = self._language_of(request), request.url.path
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
            maintenance_token=self._access.token(visitor, "maintenance"),
            maintenance_press=secrets.token_hex(16),
            fault_token=self._access.token(visitor, "fault"),
            volume_press=secrets.token_hex(16),
            press=secrets.token_hex(16),
            reason_text=lambda reason: reason_text(reason, language),
            path=path if path in PAGES else "/",
            **({"renew": 0, "in_vain": False} | more),
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
        return HTMLResponse(BROKEN, HTTPStatus.INTERNAL_SERVER_ERROR)


def _to(path: str) -> Response:
    return RedirectResponse(path, HTTPStatus.SEE_OTHER)


def _press(form: Form) -> str:
    """The id of the press that a form carries: the main loop obeys each once. Raises HTTPException 400."""
    press = form.get("press", "")
    if not press or len(press) > 64:
        raise HTTPException(HTTPStatus.BAD_REQUEST)
    return press
