"""The marks of today's slots in words, the same on poster and panel."""

from kiosk.common.causes import REASONS
from kiosk.common.i18n import Language, translator
from kiosk.common.messages import mark
from kiosk.station.display.marks import Mark, Moment

MARKS: dict[Moment, str] = {
    "shown": mark("shown"),
    "partly": mark("partly shown"),
    "not-shown": mark("not shown"),
    "made-up": mark("made up"),
    "now": mark("on air"),
    "to-come": mark("to come"),
}


def mark_text(found: Mark, language: Language) -> str:
    """The mark in words, with why where that is known: the banner or the record say more. Empty for what is past."""
    _ = translator(language)
    text = _(MARKS[found.moment]) if found.moment in MARKS else ""
    reasons = [_(REASONS[why.reason]) for why in found.why if why.reason != "unknown"]
    if not reasons:
        return text
    return _("{mark}: {reason}").format(mark=text, reason=_("; ").join(dict.fromkeys(reasons)))
