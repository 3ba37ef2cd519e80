"""Titles of programmes: from a file's name, as they are compared, and how alike two are. Pure."""

import re
import unicodedata
from difflib import SequenceMatcher

from kiosk.common.text import one_line

LONGEST = 120
"""Characters of a title."""
ALIKE = 0.6
"""Likeness (0 to 1) from which a title is offered as the one that may be meant."""

_SUFFIX = re.compile(r"\.[A-Za-z0-9]{2,5}$")
_NUMBER = re.compile(r"^\s*[0-9]{1,3}\s*[.、_\-]\s*(?=\D)")
_QUALITY = re.compile(
    r"[\s_\-.(\[（【]*(?:高清|超清|标清|蓝光|1080p|720p|2160p|4k|h264|x264|hd)[\])）】]*$", re.IGNORECASE
)
_MARKS = re.compile(r"[\W_]+")


def from_file_name(name: str) -> str:
    """A title as good as a file's name gives: without suffix, running number, brackets and words about quality."""
    plain = _NUMBER.sub("", _SUFFIX.sub("", one_line(unicodedata.normalize("NFC", name)))).replace("_", " ")
    plain = re.sub(r"[《》]", "", _QUALITY.sub("", plain)).strip(" .-")
    return plain[:LONGEST] or one_line(name)[:LONGEST] or "?"


def key(title: str) -> str:
    """A title as it is compared: one form of each character, without case, spaces and punctuation."""
    plain = unicodedata.normalize("NFKC", title).casefold()
    return _MARKS.sub("", plain)[:LONGEST]


def likeness(one: str, other: str) -> float:
    """How alike two keys are, from 0 to 1."""
    if not one or not other:
        return 0.0
    if one == other:
        return 1.0
    found = SequenceMatcher(None, one, other, autojunk=False).ratio()
    return max(found, 0.9) if min(len(one), len(other)) >= 4 and (one in other or other in one) else found
