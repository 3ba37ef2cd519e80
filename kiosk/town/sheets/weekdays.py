"""Days of the week as cells name them: 周三, 星期一至星期五, 周二、四, 六日. Pure."""

import re

from kiosk.town.sheets.characters import tight

_DAYS = {
    **{name: n for n, name in enumerate("一二三四五六日")},
    "天": 6,
    "末": -1,
    **{str(n): n - 1 for n in range(1, 8)},
}
_ENGLISH = {name: n for n, name in enumerate(("mon", "tue", "wed", "thu", "fri", "sat", "sun"))}
EVERY = ("每天", "每日", "天天", "全周", "整周", "周一至周日", "一至日")
WORD = "周|星期|礼拜|禮拜|週"
DAY_LETTERS = "一二三四五六日天末"
_MORE = (
    rf"(?:[、,，;/和及与]|至|到|-)?(?:{WORD})?[{DAY_LETTERS}](?!月|[0-9]{{1,2}}[月日号])"
    rf"|[、,，/](?:{WORD})?[1-7](?![0-9月:点时])"
)
EXPRESSION = rf"(?:{WORD})[{DAY_LETTERS}1-7](?:{_MORE})*"
"""A regular expression of an expression that begins with the word, on folded text."""


def weekdays(text: str) -> tuple[int, ...]:
    """The days that ``text`` names, Monday as 0; empty if it is no such expression."""
    if tight(text) in EVERY:
        return tuple(range(7))
    plain = re.sub(r"^(每逢|每个|每|逢)", "", tight(text)).replace("週", "周").strip("()")
    if (english := _ENGLISH.get(plain[:3].lower())) is not None and plain.isalpha():
        return (english,)
    plain = re.sub(WORD, "", plain)
    found: list[int] = []
    if not re.fullmatch(rf"[{DAY_LETTERS}1-7](?:[、,;/和及与]?[{DAY_LETTERS}1-7]|[至到-][{DAY_LETTERS}1-7])*", plain):
        return ()
    for part in re.findall(rf"([{DAY_LETTERS}1-7])(?:[至到-]([{DAY_LETTERS}1-7]))?", plain):
        first, last = (_DAYS[one] if one else None for one in part)
        if first == -1:
            found += [5, 6]
        elif last is None or last == -1:
            found.append(first or 0)
        else:
            found += [(first or 0) + n for n in range((last - (first or 0)) % 7 + 1)]
    return tuple(dict.fromkeys(day % 7 for day in found))
