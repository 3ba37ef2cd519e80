"""Subtitles as they are published: SRT in UTF-8, whatever the officer has (GB18030, Big5, UTF-16; WebVTT, ASS). Pure.

libVLC takes letters that are not UTF-8 for Western European ones, and knows WebVTT and ASS only by their file names.
Every pattern here takes a time that grows with the length of the file alone, whatever is in it: while one is matched no
other thread of the process runs.
"""

import html
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from kiosk.common.messages import Message, mark

BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
UTF16_SHARE = 0.3
"""Share of noughts in every second byte from which a file is UTF-16: its times and line ends are ASCII."""
USUAL_SHARE = 0.4
"""Share of usual characters below which a text is in neither encoding of Chinese."""
NO_TEXT = mark("its letters are of no known encoding, or it is no text; save it as SRT in UTF-8")
NO_LINES = mark("there is no subtitle in it; is it subtitles at all? SRT, WebVTT and ASS are taken")

_SRT_TIMES = re.compile(r"^\s*\d+:\d{1,2}:\d{1,2}([,.]\d{1,3})?\s*-->\s*\d+:\d{1,2}:\d{1,2}([,.]\d{1,3})?")
_VTT_TIMES = re.compile(r"^\s*((?:\d+:)?\d\d:\d\d\.\d{3})\s+-->\s+((?:\d+:)?\d\d:\d\d\.\d{3})")
_VTT_TAGS = re.compile(r"</?(?!/?[biu]>)[^<>]*>")
_ASS_HEAD = re.compile(r"^[ \t]*\[(Script Info|Events)\]", re.MULTILINE | re.IGNORECASE)
_ASS_TAGS = re.compile(r"\{[^{}]*\}")
_ASS_DRAWING = re.compile(r"\{[^{}]*\\p[1-9]")
LONGEST_S = 360_000
"""A time behind this many seconds is none: no programme is longer."""


class SubtitleError(Exception):
    """Subtitles that cannot be shown; the cause is for people, in their language."""

    def __init__(self, cause: str) -> None:
        self.cause = Message(cause)
        super().__init__(cause)


@dataclass(frozen=True)
class Line:
    """One subtitle: when it is shown, in ms, and its text, of one or more lines."""

    start: int
    end: int
    text: str


def published(data: bytes) -> bytes:
    """The file to publish: ``data`` itself where it is SRT in UTF-8 already. Raises :class:`SubtitleError`."""
    text = _decoded(data).replace("\r\n", "\n").replace("\r", "\n")
    if text.lstrip().startswith("WEBVTT"):
        text = _srt(list(_webvtt(text)))
    elif _ASS_HEAD.search(text):
        text = _srt(sorted(_ass(text), key=lambda line: line.start))
    elif not _has_lines(text):
        raise SubtitleError(NO_LINES)
    encoded = text.encode()
    return data if encoded == data.replace(b"\r\n", b"\n") else encoded


def _decoded(data: bytes) -> str:
    for bom, encoding in BOMS:
        if data.startswith(bom):
            return _strictly(data[len(bom) :], encoding)
    even, odd = data[0:4096:2], data[1:4096:2]
    if odd.count(0) > UTF16_SHARE * len(odd):
        return _strictly(data, "utf-16-le")
    if even.count(0) > UTF16_SHARE * len(even):
        return _strictly(data, "utf-16-be")
    try:
        return _strictly(data, "utf-8")
    except SubtitleError:
        share, text = max((_chinese(data, "gb18030"), _chinese(data, "big5")), key=lambda found: found[0])
    if share < USUAL_SHARE:
        raise SubtitleError(NO_TEXT)
    return text


def _strictly(data: bytes, encoding: str) -> str:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise SubtitleError(NO_TEXT)
    return text


def _chinese(data: bytes, encoding: str) -> tuple[float, str]:
    """The text, and the share of usual characters in it: what is read in the wrong encoding is full of rare ones."""
    try:
        text = _strictly(data, "big5hkscs" if encoding == "big5" else encoding)
    except SubtitleError:
        return -1.0, ""
    letters = [letter for letter in text if letter > "\x7f"]
    usual = sum(1 for letter in letters if _is_usual(letter, encoding))
    return usual / max(1, len(letters)), text


def _is_usual(letter: str, encoding: str) -> bool:
    """Whether it stands in the first level of GB 2312 or Big5, where the usual characters and the punctuation are."""
    try:
        first = letter.encode("gb2312" if encoding == "gb18030" else "big5")[0]
    except UnicodeEncodeError:
        return False
    return first <= (0xD7 if encoding == "gb18030" else 0xC6)


def _has_lines(text: str) -> bool:
    rows = text.split("\n")
    return any(_SRT_TIMES.match(row) and below.strip() for row, below in zip(rows, rows[1:], strict=False))


def _webvtt(text: str) -> Iterator[Line]:
    times, words = None, list[str]()
    for row in (*text.split("\n"), ""):
        found = _VTT_TIMES.match(row)
        if times and (found or not row.strip()):
            with suppress(ValueError):  # of a time, or of a character that is named by a number without end
                plain = html.unescape(_VTT_TAGS.sub("", "\n".join(words)))
                yield Line(_milliseconds(times[1]), _milliseconds(times[2]), plain)
            times = None
        if found:
            times, words = found, []
        else:
            words.append(row)


def _ass(text: str) -> Iterator[Line]:
    names: list[str] = []
    for row in text.split("\n"):
        kind, _, rest = row.strip().partition(":")
        if kind == "Format":
            names = [name.strip() for name in rest.split(",")]
        elif kind == "Dialogue" and names:
            fields = dict(zip(names, rest.split(",", len(names) - 1), strict=False))
            try:
                start, end = _milliseconds(fields["Start"]), _milliseconds(fields["End"])
            except (KeyError, ValueError):
                continue
            words = fields.get("Text", "")
            if not _ASS_DRAWING.search(words):
                plain = _ASS_TAGS.sub("", words)
                yield Line(start, end, plain.replace("\\N", "\n").replace("\\n", "\n").replace("\\h", " "))


def _milliseconds(time: str) -> int:
    """``1:02:03.45`` or ``02:03.450``. Raises :class:`ValueError`, for a time behind :data:`LONGEST_S` too."""
    seconds = 0.0
    for part in time.split(":"):
        seconds = seconds * 60 + float(part)
    if not 0 <= seconds <= LONGEST_S:
        raise ValueError(time[:40])
    return round(seconds * 1000)


def _srt(lines: list[Line]) -> str:
    shown = [line for line in lines if line.text.strip() and 0 <= line.start < line.end]
    if not shown:
        raise SubtitleError(NO_LINES)
    blocks = []
    for n, line in enumerate(shown, 1):
        words = "\n".join(row for row in line.text.split("\n") if row.strip())
        blocks.append(f"{n}\n{_time(line.start)} --> {_time(line.end)}\n{words}\n")
    return "\n".join(blocks)


def _time(ms: int) -> str:
    minutes, rest = divmod(ms, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d},{rest % 1000:03d}"
