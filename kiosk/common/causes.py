"""Why a play ended early or never was, in the language of people: the record itself holds plain English.

A cause in the record may be years old: a text stays here as long as records hold it.
"""

import re
from functools import cache

from kiosk.common.i18n import Language, translator
from kiosk.common.messages import mark
from kiosk.common.planned import Reason, Why
from kiosk.common.stop_reasons import reason_text

CAUSES = (
    # --- the plan was looked at anew, and something else was due ---
    mark("the timetable"),
    mark("start"),
    mark("Start"),
    mark("a new week"),
    mark("the town's new keys"),
    mark("an urgent notice"),
    mark("the station document"),
    mark("a programme arrived"),
    mark("a session"),
    mark("a session is over"),
    mark("on demand"),
    mark("practice"),
    mark("somebody is there"),
    mark("a programme failed"),
    mark("trust in the clock changed"),
    mark("the clock was set"),
    mark("the PC was asleep"),
    mark("cut by the plan"),
    mark("joined in progress"),
    # --- the station ended ---
    mark("the station was shut down"),
    mark("the station ended unexpectedly"),
    mark("the station ended unexpectedly, and its PC started anew"),
    # --- the player ---
    mark("there was no screen"),
    mark("the screen was lost for a time"),
    mark("it was not ready in time"),
    mark("the player ended with {code}"),
    mark("the player takes more than {memory} MB of memory"),
    mark("the player failed: {error}"),
    mark("the player hangs"),
    mark("the programme stands still"),
    mark("the picture stands still"),
    mark("the player does not come up"),
    mark("the player does not get ready"),
    mark("libVLC does not start; is vlc-plugin-base installed?"),
    mark("it cannot be decoded"),
    mark("it holds neither picture nor sound"),
    mark("no picture within {seconds} s"),
    mark("it is not a file"),
    mark("it cannot be read: {error}"),
    # --- stills: marked in kiosk.common.stills ---
    "the picture cannot be read; save it as PNG or JPEG",
    "the picture is cut short or damaged ({error}); fetch it again, or save it anew as PNG or JPEG",
    "an animated picture of more than {pixels} pixels is not taken; convert it to MP4 with H.264",
    "an animated picture of more than {count} pictures is not taken; convert it to MP4 with H.264",
    "the picture has {width}x{height} pixels, more than {pixels} million; save it smaller, as 3840 x 2160",
)
"""Texts and templates of causes, as the record holds them."""
STOP = "Stop: "
"""What stands before the reason of a Stop that ended a play."""
REASONS: dict[Reason, str] = {
    "stopped": mark("stopped in the room"),
    "no-screen": mark("no screen"),
    "not-fetched": mark("the programme was not here yet"),
    "failed": mark("it could not be played"),
    "not-running": mark("the PC was off, or the kiosk did not run"),
    "urgent": mark("an urgent notice was on"),
    "session": mark("a session was held"),
    "clock": mark("the clock was not right"),
    "record-lost": mark("the record of that time was damaged"),
    "unknown": mark("for a reason that is not known"),
}


def cause_text(cause: str, language: Language) -> str:
    """A cause of the record in ``language``; one that is not known here stays as it is."""
    _ = translator(language)
    if cause.startswith(STOP):
        return _("stopped: {reason}").format(reason=reason_text(cause.removeprefix(STOP), language))
    for template, pattern in _patterns():
        if found := pattern.fullmatch(cause):
            return _(template).format(**found.groupdict())
    return cause


def why_text(why: Why, language: Language) -> str:
    """Why something was not shown, in ``language``."""
    _ = translator(language)
    if why.reason == "stopped" and why.detail:
        return _("stopped: {reason}").format(reason=reason_text(why.detail, language))
    if why.reason == "failed" and why.detail:
        return cause_text(why.detail, language)
    return _(REASONS[why.reason])


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Each template with the pattern of the texts that it makes."""
    parts = ((text, re.split(r"\{(\w+)\}", text)) for text in CAUSES)
    return tuple(
        (text, re.compile("".join(f"(?P<{p}>.*)" if n % 2 else re.escape(p) for n, p in enumerate(split)), re.DOTALL))
        for text, split in parts
    )
