"""Subtitles as an officer has them, and as they are published: SRT in UTF-8."""

import subprocess
import sys

import pytest

from kiosk.town.publishing.subtitles import SubtitleError, published

SIMPLIFIED = (
    "1\n00:00:00,500 --> 00:00:05,500\n农村远程教育：水稻病虫害防治\n第二行\n\n2\n00:00:06,000 --> 00:00:07,000\n谢谢\n"
)
TRADITIONAL = (
    "1\n00:00:00,500 --> 00:00:05,500\n農村遠程教育：水稻病蟲害防治\n第二行\n\n2\n00:00:06,000 --> 00:00:07,000\n謝謝\n"
)
UNICODE = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("text", "encoding"),
    [(SIMPLIFIED, e) for e in (*UNICODE, "gbk", "gb18030")] + [(TRADITIONAL, e) for e in (*UNICODE, "big5", "gb18030")],
)
def test_e4_subtitles_are_published_in_utf8(text: str, encoding: str, line_end: str) -> None:
    made = published(text.replace("\n", line_end).encode(encoding))
    assert made.decode("utf-8").replace("\r\n", "\n") == text


def test_e4_srt_in_utf8_is_published_as_it_is() -> None:
    for data in (SIMPLIFIED.encode(), SIMPLIFIED.replace("\n", "\r\n").encode()):
        assert published(data) is data


def test_e4_webvtt_becomes_srt() -> None:
    text = (
        "WEBVTT - 标题\n\nNOTE 注\n\nSTYLE\n::cue {}\n\nfirst\n"
        "00:00.500 --> 00:05.500 line:0\n<v 王>农村 &amp; <b>远程</b>\n第二行\n\n"
        "01:00:06.000 --> 01:00:07.250\n谢谢\n"
    )
    assert published(text.encode()).decode() == (
        "1\n00:00:00,500 --> 00:00:05,500\n农村 & <b>远程</b>\n第二行\n\n2\n01:00:06,000 --> 01:00:07,250\n谢谢\n"
    )


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "gb18030"])
def test_e4_ass_becomes_srt(encoding: str) -> None:
    text = (
        "[Script Info]\r\nTitle: x\r\n\r\n[V4+ Styles]\r\nFormat: Name, Fontname\r\nStyle: D,黑体\r\n\r\n[Events]\r\n"
        "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\r\n"
        "Dialogue: 0,0:01:00.00,0:01:02.50,D,,0,0,0,,谢谢\r\n"
        "Dialogue: 0,0:00:01.00,0:00:02.50,D,,0,0,0,,{\\an8\\b1}农村, 远程{\\b0}\\N教育\r\n"
        "Dialogue: 0,0:00:01.00,0:00:02.50,D,,0,0,0,,{\\p1}m 0 0 l 9 9\r\n"
    )
    assert published(text.encode(encoding)).decode() == (
        "1\n00:00:01,000 --> 00:00:02,500\n农村, 远程\n教育\n\n2\n00:01:00,000 --> 00:01:02,500\n谢谢\n"
    )


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"\x7fELF" + bytes(5000),
        b"WEBVTT\n\nNOTE nothing\n",
        b"[Script Info]\n[Events]\nFormat: Start, End, Text\n",
        b"1\n00:00:00,500 --> 00:00:05,500\n\n",
        "1\n00:00:00,500 --> 00:00:05,500\nDéjà été créé à Orléans\n".encode("latin-1"),
        SIMPLIFIED.encode()[:50] + SIMPLIFIED.encode()[51:],
    ],
)
def test_e4_file_without_any_subtitle_is_refused_with_the_remedy(data: bytes) -> None:
    with pytest.raises(SubtitleError, match=r"SRT"):
        published(data)


HOSTILE = """
from kiosk.town.publishing.subtitles import SubtitleError, published
MB = 1 << 20
EVENT = "[Events]\\nFormat: Start, End, Text\\nDialogue: 0:00:01,0:00:02,"
CUE = "00:01.000 --> 00:02.000\\n"
for text in (
    "\\n" * MB,
    " \\n" * MB,
    "WEBVTT\\n\\n" + CUE + "<" * MB,
    "WEBVTT\\n\\n" + CUE * (MB // 24),
    "WEBVTT\\n\\n" + CUE + "&#" + "9" * 5000 + ";",
    "WEBVTT\\n\\n" + "9" * MB + ":00:01.000 --> 00:02.000\\nx",
    EVENT + "{" * MB,
    EVENT + "{\\\\p" * (MB // 3),
    EVENT.replace("0:00:02", "9" * 400 + ":1") + "x",
    EVENT.replace("0:00:02", "1e300") + "x",
):
    try:
        published(text.encode())
    except SubtitleError:
        pass
"""


def test_file_that_was_made_to_take_a_pattern_for_ever_is_done_with_at_once() -> None:
    """They are read where the stations are answered, and none is while a pattern is matched: each of these took hours,
    or an error that nobody had foreseen."""
    subprocess.run([sys.executable, "-c", HOSTILE], check=True, timeout=60)
