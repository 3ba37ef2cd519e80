"""Why a station is stopped: the reasons that are one tap, and how they read."""

from kiosk.common.i18n import Language, translator
from kiosk.common.messages import mark

REASONS: dict[str, str] = {
    "meeting": mark("meeting"),
    "farm-season": mark("farm season"),
    "power": mark("power cut"),
    "thunderstorm": mark("thunderstorm"),
    "repair": mark("repair"),
    "election": mark("election"),
    "moving": mark("the room is moving"),
    "other": mark("other reason"),
}
"""What the record holds, and the text of it."""

UNSAID = "unsaid"
"""Reason of a Stop by a button that can ask for none."""
_TEXTS = REASONS | {UNSAID: mark("no reason given")}

MAX_REASON = 100
"""The most characters of a reason that somebody typed."""


def reason_text(reason: str, language: Language) -> str:
    """The reason in words; one that somebody typed stays as it was typed."""
    return translator(language)(_TEXTS[reason]) if reason in _TEXTS else reason


def tidy_reason(typed: str) -> str:
    """What somebody typed as one line of text that the record takes; empty where nothing is left."""
    return " ".join("".join(c if c.isprintable() else " " for c in typed).split())[:MAX_REASON].strip()
