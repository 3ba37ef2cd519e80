"""The menu on the room's screen in words, as it is drawn."""

import msgspec

from kiosk.common.i18n import Language, translator
from kiosk.common.messages import mark
from kiosk.common.stop_reasons import reason_text
from kiosk.station.display.menu import MEETING_MINUTES, Item, Menu, Page, View

NAMES: dict[Item, str] = {
    "recommended": mark("Somebody is here: play the recommended programmes"),
    "party-day": mark("Theme Party Day"),
    "no-picture": mark("No picture on the television?"),
    "table": mark("Show the week's table"),
}


class Line(msgspec.Struct, frozen=True):
    """One line of the menu."""

    text: str
    chosen: bool = False


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """What is drawn over the programme."""

    title: str = ""
    lines: tuple[Line, ...] = ()
    hint: str = ""
    code: str = ""
    """Drawn large, as a code that a phone's photo can show; the card covers the whole screen then."""
    beside: str = ""
    """Drawn as such a code beside the lines of a card that covers a part of the screen."""


def card(menu: Menu, view: View, language: Language) -> Card | None:
    """What is drawn; None for the week's table, which is the poster."""
    _ = translator(language)
    if menu.page == "table":
        return None
    if menu.page == "no-picture":
        return picture_check(view, language)
    titles: dict[Page, str] = {
        "items": _("Menu"),
        "reasons": _("Why is it stopped?"),
        "meeting": _("When does the meeting begin?"),
    }
    hint = _("Arrows choose, OK does it, Back closes.")
    if menu.page == "reasons" and view.stop_until is not None:
        hint = _("Stopped until {time}, or until Start is pressed.").format(time=f"{view.stop_until:%m-%d %H:%M}")
    texts = _texts(menu, view, language)
    at = min(menu.at, len(texts) - 1)
    return Card(title=titles[menu.page], lines=tuple(Line(text, n == at) for n, text in enumerate(texts)), hint=hint)


def picture_check(view: View, language: Language) -> Card:
    """A picture that can be told apart from all others: whoever reads it sees what this PC sends."""
    _ = translator(language)
    lines = [_("If you can read this, the picture of this PC reaches the television.")]
    if view.address:
        lines.append(_("Open {address} on a phone, and press “No picture”.").format(address=view.address))
    return Card(
        title=_("Test picture {code}").format(code=view.code),
        lines=tuple(map(Line, lines)),
        hint=_("Any key closes this."),
        code=view.code,
    )


def spot_check(code: str, language: Language) -> Card:
    """What the town's spot check puts on the screen, beside what is on."""
    _ = translator(language)
    lines = (
        _("Type it in on the administrators' pages, within ten minutes;"),
        _("or photograph the screen there."),
    )
    title = _("The town asks who sees this: {code}").format(code=code)
    return Card(title=title, lines=tuple(map(Line, lines)), beside=spot_mark(code))


def spot_mark(code: str) -> str:
    """What a photo of the screen shows of the code of a spot check."""
    return f"S{code}"


def _texts(menu: Menu, view: View, language: Language) -> list[str]:
    _ = translator(language)
    if menu.page == "reasons":
        return [reason_text(reason, language) for reason in view.reasons]
    if menu.page == "meeting":
        return [_("in {minutes} minutes").format(minutes=n) if n else _("now") for n in MEETING_MINUTES]
    return [_item(item, view, language) for item in view.offers]


def _item(item: Item, view: View, language: Language) -> str:
    _ = translator(language)
    if item == "start-stop":
        return _("Start: the timetable goes on") if view.stopped else _("Stop")
    if item != "volume":
        return _(NAMES[item])
    if view.muted:
        return _("Sound: off (OK switches it on)")
    return _("Sound: volume {percent} (◀ softer, ▶ louder, OK mutes)").format(percent=view.volume)
