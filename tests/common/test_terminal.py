"""What leaves for a terminal or a log is one line that sends no command."""

import json
import sys
import unicodedata

import pytest

from kiosk.common.terminal import escape, escape_lines


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("春耕技术（上） 第一讲", "春耕技术（上） 第一讲"),
        ("full\u3000width space", "full\u3000width space"),
        ("\x1b[2J", "\\u001b[2J"),
        ("\x1b]0;title\x07", "\\u001b]0;title\\u0007"),
        ("\x9b31m\x9d0;x\x9c", "\\u009b31m\\u009d0;x\\u009c"),
        ("a\nb\r\nc\td", "a\\nb\\r\\nc\\td"),
        ("a\x85b\u2028c\u2029d\x0be", "a\\u0085b\\u2028c\\u2029d\\u000be"),
        ("\u202eevil\u202c \u2066x\u2069 \u200f", "\\u202eevil\\u202c \\u2066x\\u2069 \\u200f"),
        ("\U000e0041\ud800\x7f", "\\udb40\\udc41\\ud800\\u007f"),
        ("", ""),
    ],
)
def test_a3_control_sequences_lines_and_bidi_controls_are_written_out(text: str, shown: str) -> None:
    assert escape(text) == shown


def test_a3_no_character_of_unicode_gets_through_that_is_not_seen() -> None:
    hidden = [c for c in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp")]
    assert len(hidden) > 200
    assert escape("".join(hidden)).isprintable()


def test_a3_escaped_json_is_the_same_json() -> None:
    value = {"title": "\x9b\u202e\U000e0041\n\x1b\\n"}
    assert json.loads(escape(json.dumps(value, ensure_ascii=False))) == value


def test_a3_lines_of_ours_stay_lines() -> None:
    assert escape_lines("one\n\x1b[2J") == "one\n\\u001b[2J"
