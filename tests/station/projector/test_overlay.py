"""The menu over a real programme: drawn at once, raised after a cut, gone without a trace; the poster raised."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image, ImageChops, ImageFilter
from rig import POSTER as POSTING
from rig import Rig
from screen import GREEN, RED, Sampler, XServer
from Xlib import X, display

from kiosk.station.display.menu import View
from kiosk.station.display.menu_image import draw
from kiosk.station.display.menu_words import Card, Line, picture_check
from kiosk.station.display.poster_image import draw as draw_poster
from kiosk.station.projector.reports import OnScreen

CARD = Card(title="Menu", lines=(Line("Stop", chosen=True), Line("Sound")), hint="OK")
MENU = draw(CARD, 1280, 720)
LEFT, TOP = (1280 - MENU.width) // 2, (720 - MENU.height) // 2

Clips = Callable[[str], Path]


def seen(screen: XServer) -> Image.Image:
    connection = display.Display(screen.name)
    shot = connection.screen().root.get_image(0, 0, 1280, 720, X.ZPixmap, 0xFFFFFFFF)
    connection.close()
    return Image.frombytes("RGB", (1280, 720), shot.data, "raw", "BGRX")


def shows_menu(screen: XServer) -> bool:
    part = seen(screen).crop((LEFT, TOP, LEFT + MENU.width, TOP + MENU.height))
    return ImageChops.difference(part, MENU).getbbox() is None


def test_menu_stands_over_a_programme_and_over_the_one_that_follows(
    rig: Rig, screen: XServer, sampler: Sampler, clips: Clips
) -> None:
    at = time.monotonic() + 2
    rig.cue("a", clips("red.mp4"), at, end=at + 3)
    rig.note(OnScreen, "a")
    sampler.wait_for(RED)
    began = time.monotonic()
    rig.stage.overlay(CARD)
    rig.until(lambda: shows_menu(screen), 5)
    assert time.monotonic() - began < 1.5  # seen: 0.1 s
    rig.cue("b", clips("green.ts"), at + 3)
    rig.note(OnScreen, "b")
    rig.until(lambda: shows_menu(screen), 2)
    rig.run_to(time.monotonic() + 0.5)
    assert shows_menu(screen), "it stays above"
    rig.stage.overlay(None)
    rig.until(lambda: not shows_menu(screen), 2)
    since = time.monotonic()
    sampler.wait_for(GREEN, since=since)


def test_poster_is_raised_over_a_programme_that_comes_in_and_lowered_again(
    rig: Rig, screen: XServer, sampler: Sampler, clips: Clips
) -> None:
    rig.stage.overlay(None, table=True)
    rig.cue("a", clips("long.mp4"), time.monotonic() + 1.5)
    rig.note(OnScreen, "a")
    poster = draw_poster(POSTING, 1280, 720).convert("RGB")
    rig.until(lambda: ImageChops.difference(seen(screen), poster).getbbox() is None, 5)
    rig.stage.overlay(None)
    rig.until(lambda: ImageChops.difference(seen(screen), poster).getbbox() is not None, 5)


def test_code_of_the_test_picture_is_read_off_the_screen_by_a_phone_s_photo(rig: Rig, screen: XServer) -> None:
    def codes() -> list[str]:
        """What is read in a slanted, blurred and greyish picture of the screen."""
        photo = seen(screen).convert("L").resize((900, 506)).filter(ImageFilter.GaussianBlur(1)).rotate(8, fillcolor=90)
        pixels = photo.point(lambda one: 40 + one // 2).tobytes()  # the view holds no reference to them
        view = zxingcpp.ImageView(pixels, 900, 506, zxingcpp.ImageFormat.Lum)
        return [found.text for found in zxingcpp.read_barcodes(view)]

    assert codes() == []
    rig.stage.overlay(picture_check(View(reasons=(), code="K123456", address="http://192.168.1.20:8090"), "zh"))
    rig.until(lambda: codes() == ["K123456"], 10)


def test_menu_comes_back_with_the_stage(rig: Rig, screen: XServer) -> None:
    rig.stage.overlay(CARD)
    rig.until(lambda: shows_menu(screen), 5)
    rig.stage.connect_anew("test")
    rig.until(lambda: not rig.stage.up)
    rig.until(lambda: rig.stage.up)
    rig.until(lambda: shows_menu(screen), 5)
    rig.stage.overlay(None)
    rig.until(lambda: not shows_menu(screen), 5)


@pytest.mark.parametrize("title", ["a", "b" * 60])
def test_card_of_another_size_takes_the_place_of_the_one_before(rig: Rig, screen: XServer, title: str) -> None:
    before = screen.windows()
    rig.stage.overlay(CARD)
    rig.until(lambda: shows_menu(screen), 5)
    rig.stage.overlay(Card(title=title, lines=CARD.lines * 2))
    rig.until(lambda: not shows_menu(screen), 5)
    rig.stage.overlay(None)
    rig.until(lambda: screen.windows() == before, 5)
