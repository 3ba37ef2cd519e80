"""Text on one line."""

import pytest

from kiosk.common.text import one_line


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("水稻育秧", "水稻育秧"),
        ("上\n下", "上 下"),
        ("a\r\n\tb ", "a b"),
        ("a\u2028b\x85c\x1cd\0", "a b c d"),
        ("\u202ereversed\u200b", "reversed"),
        ("\ud800x", "x"),
        ("王\ue000", "王\ue000"),
    ],
)
def test_control_characters_are_gone_and_line_breaks_are_spaces(text: str, drawn: str) -> None:
    assert one_line(text) == drawn
