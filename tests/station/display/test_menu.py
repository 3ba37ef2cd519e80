"""The menu on the room's screen: every key on every page, in words and as a picture."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from PIL import Image

from kiosk.common.i18n import LANGUAGES, Language
from kiosk.station.display import menu_image
from kiosk.station.display.lettering import write
from kiosk.station.display.menu import ITEMS, Deed, Menu, Page, View, count_lines, press
from kiosk.station.display.menu_image import draw
from kiosk.station.display.menu_words import Card, card, spot_check
from kiosk.station.host.events import KeyName

VIEW = View(
    reasons=("meeting", "farm-season"), stop_until=datetime(2026, 3, 6, 6, tzinfo=UTC), address="http://192.168.1.7:8080",
    code="K482913",
)  # fmt: skip
STOPPED = View(reasons=VIEW.reasons, stopped=True, muted=True)
PAGES: tuple[Page, ...] = ("items", "reasons", "meeting", "no-picture", "table")


def pressed(keys: str, view: View = VIEW) -> tuple[Menu | None, list[Deed]]:
    """What is shown after these keys, by blanks, and what was done."""
    menu, deeds = None, []
    for key in keys.split():
        menu, deed = press(menu, key, view)  # type: ignore[arg-type]
        deeds += [deed] if deed else []
    return menu, deeds


@pytest.mark.parametrize(
    ("keys", "view", "shown", "done"),
    [
        ("ok", VIEW, Menu(), []),
        ("left", VIEW, None, []),
        ("back", VIEW, None, []),
        ("ok back", VIEW, None, []),
        ("menu menu", VIEW, None, []),
        ("ok up", VIEW, Menu("items", 5), []),
        ("ok ok", VIEW, Menu("reasons"), []),
        ("ok ok down ok", VIEW, None, [Deed("stop", reason="farm-season")]),
        ("ok ok back", VIEW, Menu(), []),
        ("ok ok", STOPPED, None, [Deed("start")]),
        ("ok down right right left", VIEW, Menu("items", 1), [Deed("louder"), Deed("louder"), Deed("softer")]),
        ("ok down ok", VIEW, Menu("items", 1), [Deed("mute")]),
        ("ok down ok", STOPPED, Menu("items", 1), [Deed("sound-on")]),
        ("ok down down ok", VIEW, None, [Deed("recommended")]),
        ("ok down down down ok down ok", VIEW, None, [Deed("party-day", minutes=15)]),
        ("ok up up ok", VIEW, Menu("no-picture"), []),
        ("ok up up ok left", VIEW, None, []),
        ("ok up ok", VIEW, Menu("table"), [Deed("table")]),
        ("ok up ok ok", VIEW, None, [Deed("table")]),
        ("louder softer mute", VIEW, None, [Deed("louder"), Deed("softer"), Deed("mute")]),
        ("start", STOPPED, None, [Deed("start")]),
        ("stop", VIEW, None, [Deed("stop")]),
        ("toggle", VIEW, None, [Deed("stop")]),
        ("toggle", STOPPED, None, [Deed("start")]),
    ],
)
def test_keys_do_what_they_say(keys: str, view: View, shown: Menu | None, done: list[Deed]) -> None:
    assert pressed(keys, view) == (shown, done)


def every_menu() -> Iterator[tuple[Menu, View]]:
    for view in (VIEW, STOPPED, View(reasons=("meeting",), offers=("start-stop", "volume", "no-picture", "table"))):
        for page in PAGES:
            for at in range(max(1, count_lines(Menu(page), view))):
                yield Menu(page, at), view


def test_no_key_on_any_page_is_without_an_answer() -> None:
    keys: tuple[KeyName, ...] = (
        *("up", "down", "left", "right", "ok", "menu", "back", "start", "stop", "toggle", "louder", "softer", "mute"),
    )
    for menu, view in every_menu():
        for key in keys:
            after, _ = press(menu, key, view)
            assert after is None or 0 <= after.at < count_lines(after, view), (menu, key)


def test_a_line_that_is_no_longer_offered_leaves_the_last_one_chosen() -> None:
    few = View(reasons=(), offers=("start-stop", "table"))
    assert press(Menu("items", 5), "ok", few) == (Menu("table"), Deed("table"))
    shown = card(Menu("items", 5), few, "en")
    assert shown is not None and [line.chosen for line in shown.lines] == [False, True]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("size", [(1920, 1080), (1280, 720), (640, 360), (720, 576)])
def test_every_page_is_drawn_whole_on_every_screen(
    language: Language, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[tuple[str, int]] = []

    def noting(pen: Any, at: tuple[int, int], text: str, letters: int, *more: Any, **looks: Any) -> None:
        written.append((text, at[1] + letters))
        write(pen, at, text, letters, *more, **looks)

    monkeypatch.setattr(menu_image, "write", noting)
    shown_cards = [card(menu, view, language) for menu, view in every_menu()]
    assert [shown is None for shown in shown_cards] == [menu.page == "table" for menu, _ in every_menu()]
    for shown in (*shown_cards, spot_check("123456", language)):
        if shown is not None:
            written.clear()
            picture = draw(shown, *size)
            assert picture.width <= size[0] and picture.height <= size[1]
            assert max(bottom for _, bottom in written) <= picture.height
            told = "".join(text for text, _ in written).replace(" ", "")
            for text in (shown.title, *(line.text for line in shown.lines), shown.hint):
                assert text.replace(" ", "") in told
    assert [card(Menu(), VIEW, language) is not None for _ in ITEMS] == [True] * 6


def test_what_is_chosen_stands_out() -> None:
    first, second = (card(Menu("items", at), VIEW, "en") for at in (0, 1))
    assert first is not None and second is not None
    assert draw(first, 1280, 720).tobytes() != draw(second, 1280, 720).tobytes()


def test_hostile_texts_are_drawn_on_one_line() -> None:
    odd = Card(title="a\nb\x00" * 50, lines=(), hint="‮" * 300)
    assert isinstance(draw(odd, 640, 360), Image.Image)
