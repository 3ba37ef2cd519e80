"""The menu on the room's own screen: six large items, driven by the keys of a remote or keypad. Pure.

:func:`press` says what a key does: which menu is shown then, and the deed that is done at once.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, get_args

from kiosk.station.host.events import KeyName

Item = Literal["start-stop", "volume", "recommended", "party-day", "no-picture", "table"]
ITEMS: tuple[Item, ...] = get_args(Item)
Page = Literal["items", "reasons", "meeting", "no-picture", "table"]
MEETING_MINUTES = (0, 15, 30, 45, 60)
"""How soon the meeting of a Theme Party Day may begin."""


@dataclass(frozen=True)
class Deed:
    """What a key does to the station. ``reason``: of Stop; ``minutes``: until the meeting."""

    what: Literal["start", "stop", "louder", "softer", "mute", "sound-on", "recommended", "party-day", "table"]
    reason: str = ""
    minutes: int = 0


@dataclass(frozen=True)
class Menu:
    """What of the menu is shown, and which of its lines is chosen."""

    page: Page = "items"
    at: int = 0


@dataclass(frozen=True, kw_only=True)
class View:
    """The station as far as the menu says it."""

    reasons: tuple[str, ...]
    """Of Stop, as far as they need no words."""
    stopped: bool = False
    stop_until: datetime | None = None
    """When a Stop that is pressed now ends, in the room's time zone; None: with Start."""
    volume: int = 80
    muted: bool = False
    offers: tuple[Item, ...] = ITEMS
    """The items that this station can do."""
    address: str = ""
    """Of the panel; empty where a phone cannot reach it."""
    code: str = ""
    """What the test picture's code says."""


def count_lines(menu: Menu, view: View) -> int:
    """How many lines can be chosen on the page that is shown."""
    if menu.page == "reasons":
        return len(view.reasons)
    return len(MEETING_MINUTES) if menu.page == "meeting" else len(view.offers)


def press(menu: Menu | None, key: KeyName, view: View) -> tuple[Menu | None, Deed | None]:
    """What ``key`` does while ``menu`` (None: nothing) is shown: what is shown then, and what is done."""
    if key in ("louder", "softer"):
        return menu, Deed("louder" if key == "louder" else "softer")
    if key == "mute":
        return menu, Deed("sound-on" if view.muted else "mute")
    if key in ("start", "stop", "toggle"):
        starts = view.stopped if key == "toggle" else key == "start"
        return (None, Deed("start")) if starts else (menu, Deed("stop"))
    if menu is None:
        return (Menu() if key in ("ok", "menu", "up", "down") else None), None
    if key == "menu" or menu.page in ("no-picture", "table"):
        return None, None
    if key == "back":
        return (None if menu.page == "items" else Menu()), None
    return _chosen(menu, key, view)


def _chosen(menu: Menu, key: KeyName, view: View) -> tuple[Menu | None, Deed | None]:
    """An arrow, or OK, on a page with lines."""
    if key in ("up", "down"):
        count = count_lines(menu, view)
        return replace(menu, at=(menu.at + (1 if key == "down" else -1)) % count), None
    if menu.page == "reasons":
        return (None, Deed("stop", reason=view.reasons[menu.at])) if key == "ok" else (menu, None)
    if menu.page == "meeting":
        return (None, Deed("party-day", minutes=MEETING_MINUTES[menu.at])) if key == "ok" else (menu, None)
    item = view.offers[min(menu.at, len(view.offers) - 1)]
    if item == "volume" and key in ("left", "right"):
        return menu, Deed("louder" if key == "right" else "softer")
    return _entered(menu, item, view) if key == "ok" else (menu, None)


def _entered(menu: Menu, item: Item, view: View) -> tuple[Menu | None, Deed | None]:
    """OK on an item."""
    match item:
        case "start-stop":
            return (None, Deed("start")) if view.stopped else (Menu("reasons"), None)
        case "volume":
            return menu, Deed("sound-on" if view.muted else "mute")
        case "recommended":
            return None, Deed("recommended")
        case "party-day":
            return Menu("meeting"), None
        case "no-picture":
            return Menu("no-picture"), None
        case "table":
            return Menu("table"), Deed("table")
