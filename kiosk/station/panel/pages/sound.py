"""Louder, softer, mute: the buttons on the first page."""

from collections.abc import Callable
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kiosk.station.panel.desk import Desk, press_of, to
from kiosk.station.playout.events import MutePressed, VolumePressed

VOLUME_STEP = 10
"""In percent points."""
BUTTONS: dict[str, Callable[[str, str], VolumePressed | MutePressed]] = {
    "softer": lambda by, press: VolumePressed(by, -VOLUME_STEP, press),
    "louder": lambda by, press: VolumePressed(by, VOLUME_STEP, press),
    "mute": lambda by, press: MutePressed(by, True, press),
    "sound-on": lambda by, press: MutePressed(by, False, press),
}
OPPOSITE = {"mute": "sound-on", "sound-on": "mute"}
"""The button that stands in the place of the one that was pressed."""


def routes(desk: Desk) -> list[Route]:
    """The routes of this form."""

    async def volume(request: Request) -> Response:
        visitor, form = await desk.read_form(request, "volume")
        if not visitor.logged_in:
            return to("/login")
        button = form.get("button", "")
        if button not in BUTTONS:
            raise HTTPException(HTTPStatus.BAD_REQUEST)
        before = desk.snapshot().sound
        desk.post(BUTTONS[button](visitor.by, f"{press_of(form)}-{button}"))  # two buttons of one page are two presses
        await desk.wait_until(lambda: desk.snapshot().sound != before)
        return to(f"/#{OPPOSITE.get(button, button)}")  # where the finger, or the keyboard's focus, was

    return [Route("/volume", volume, methods=["POST"])]
