"""Characters as officers type them: full-width digits, many kinds of dash and colon, Chinese numerals. Pure."""

import re
import unicodedata
from functools import lru_cache

_ALIKE = {
    **dict.fromkeys("—–―─━〜～~∼﹣‐‑−ー⁓→", "-"),
    **dict.fromkeys("∶：︰﹕", ":"),
    **dict.fromkeys("′’‘＇´`", "'"),
    **dict.fromkeys("″“”＂〃", '"'),
    **dict.fromkeys("〔【［", "("),
    **dict.fromkeys("〕】］", ")"),
    "﹒": ".",
    "。": ".",
    **dict.fromkeys(map(chr, (*range(0x2460, 0x249C), *range(0x2776, 0x2794))), " "),
}
"""A number in a ring or in brackets is only a number of a list: NFKC would make ①9:00 into 19:00."""
_TABLE = str.maketrans(_ALIKE)
_INVISIBLE = dict.fromkeys((0xAD, *range(0x200B, 0x2010), *range(0x202A, 0x202F), 0x2060, 0xFEFF))
_SPACES = " \t\r\n\u3000\xa0"
_DASHES = re.compile("-+|(?<=[0-9])[-一]+(?=[0-9])")
_BLANKS = re.compile(" +")
_SPACE = re.compile(r"\s+")
SHORT = 60
"""Cells of at most so many characters are asked about again and again."""
_DIGITS = {
    "零": 0,
    "〇": 0,
    "○": 0,
    "一": 1,
    "二": 2,
    "两": 2,
    "三": 3,
    "四": 4,
    "五": 5,
    "六": 6,
    "七": 7,
    "八": 8,
    "九": 9,
}
NUMERALS = "零〇○一二两三四五六七八九十廿卅"
"""The characters that :func:`numeral` reads."""


def bare(text: str) -> str:
    """``text`` without what nobody sees: marks without width, and the space around it; its lines end with \\n."""
    return text.translate(_INVISIBLE).replace("\r\n", "\n").strip(_SPACES)


def fold(text: str) -> str:
    """``text`` with one character for each meaning: ASCII digits, ``-``, ``:``, ``'`` and ``"``, single spaces."""
    text = unicodedata.normalize("NFKC", text.translate(_TABLE)).translate(_TABLE)
    text = "".join(" " if unicodedata.category(c)[0] in "ZC" and c != "\n" else c for c in text.translate(_INVISIBLE))
    return _BLANKS.sub(" ", _DASHES.sub("-", text)).strip()


def tight(text: str) -> str:
    """The same without any space."""
    return _tight(text) if len(text) <= SHORT else _SPACE.sub("", fold(text))


@lru_cache(4096)
def _tight(text: str) -> str:
    return _SPACE.sub("", fold(text))


def lines_of(text: str) -> list[str]:
    """The lines of a cell in which something stands; a number in a ring begins one."""
    return [line for line in re.split(r"\n|(?=[①-⑳])", text) if line.strip()]


def numeral(text: str) -> int:
    """A whole number in digits or Chinese numerals up to 99: 31, 三十一, 廿五, 二〇二六. Raises :class:`ValueError`."""
    if text.isascii():
        return int(text)
    text = text.replace("廿", "二十").replace("卅", "三十")
    tens, ten, ones = text.partition("十")
    if not ten:
        return int("".join(str(_digit(c)) for c in text))
    return 10 * (_digit(tens) if tens else 1) + (_digit(ones) if ones else 0)


def _digit(text: str) -> int:
    if text not in _DIGITS:
        raise ValueError(f"{text!r} is no Chinese numeral")
    return _DIGITS[text]


def arabic(text: str, before: str) -> str:
    """``text`` with each Chinese numeral that stands before one of the characters ``before`` in ASCII digits."""

    def write(found: re.Match[str]) -> str:
        joined = " " if text[: found.start()][-1:].isdecimal() else ""
        try:
            return joined + str(numeral(found[0]))
        except ValueError:
            return found[0]

    return re.sub(rf"[{NUMERALS}]+(?=[{before}])", write, text)
