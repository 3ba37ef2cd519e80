"""Text as it can be drawn: on one line, whatever a cell of a sheet held. Pure."""

import unicodedata

BREAKS = {"Cc", "Zl", "Zp"}
"""Line breaks, tabulators and other control characters (Unicode's general category)."""
UNSEEN = {"Cf", "Cs"}
"""Marks that turn the direction of writing, and halves of characters. Characters of private use stay: rare names have
them, and a box is more honest than a gap."""


def one_line(text: str) -> str:
    """``text`` without control characters; a line break becomes a space."""
    kinds = ((letter, unicodedata.category(letter)) for letter in text)
    drawn = "".join(" " if kind in BREAKS else letter for letter, kind in kinds if kind not in UNSEEN)
    return " ".join(drawn.split())
