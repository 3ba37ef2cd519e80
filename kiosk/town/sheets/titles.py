"""The titles that a cell names: 《…》 one or several, (上)(下), 第3-5集, numbered lists. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from kiosk.common.messages import Message, mark
from kiosk.common.text import one_line
from kiosk.town.sheets.around import Unread
from kiosk.town.sheets.characters import NUMERALS, numeral

MOST_TITLES = 60
"""The most titles of one cell."""
LONGEST = 400
"""The most characters of a title, as in the contract."""

MOST_OF_TITLES = 10_000
"""The most characters of a cell with titles."""


_NO_TITLE = re.compile(
    "(?:各?(?:站点|村|支部)|由.{1,6})?(?:节目|内容|播放内容)?(?:待定|另行通知|另定|自定|自选|自选节目|自行安排|自行组织|自行选择|机动|待通知|未定)"
)


@dataclass(frozen=True)
class Titles:
    """The titles of a cell, without brackets, in its order."""

    titles: tuple[str, ...]
    doubt: Message | None = None


def is_remark(text: str) -> bool:
    """Whether a text in the place of a title only says something of one: 主讲：张三, （党员组）."""
    return re.fullmatch(rf"\s*(?:[(（][^()（）]*[)）]|{_OF_TITLE}[^《]*)\s*", text) is not None


def read_titles(text: str) -> Titles:
    """The titles of a cell. Raises :class:`Unread`."""
    if is_remark(text):
        raise Unread(mark("there is no title in it"), mark("write the programme's title, as 《…》"))
    text = text.replace("〈〈", "《").replace("〉〉", "》").replace("<<", "《").replace(">>", "》")
    text = text.replace("＜＜", "《").replace("＞＞", "》")
    if "《" not in text and _QUOTED.fullmatch(text):
        text = _QUOTE.sub(r"《\1》", text)
    found = _bracketed(text) if "《" in text or "》" in text else _plain(text)
    titles = tuple(found.titles)
    if any(_NO_TITLE.fullmatch(title) for title in titles):
        raise Unread(mark("no programme is named"), mark("write the programme's title, or delete the row"))
    if not titles or not all(re.search(r"\w", title) for title in titles):
        raise Unread(mark("there is no title in it"), mark("write the programme's title, as 《…》"))
    if len(titles) > MOST_TITLES or any(len(title) > LONGEST for title in titles):
        raise Unread(
            mark("this is too long for a title, or these are too many"),
            mark("write titles of at most 400 characters, at most 60 in a cell"),
        )
    return Titles(titles, found.doubt)


_QUOTE = re.compile(r"[〈<＜“『「【\"']([^《》〈〉<>＜＞“”『』「」【】\"']+)[〉>＞”』」】\"']")
_QUOTED = re.compile(
    rf"\s*{_QUOTE.pattern.replace('(', '(?:')}(?:[\s、,，;；/+]*{_QUOTE.pattern.replace('(', '(?:')})*\s*"
)
"""Titles in brackets of another kind than 《》, and nothing else."""
_LIST_NUMBER = re.compile(r"\s*[(（]\s*(?:[0-9]{1,2}|[一二三四五六七八九十]{1,2})\s*[)）]\s*(?=《)")
_SERIES = re.compile(r"》\s*(?:之|[:：])\s*《|》[^《》、,，;；\n]*(?:至|到|\d\S?\s*[-—–~～]+)\s*《")
_OF_TITLE = "(?:主讲人?|讲师|授课人?|讲解|来源|出品|制作|地点|备注|说明|片长|时长|组织者?)[:：]"
_REMARK = re.compile(rf"[(（]|{_OF_TITLE}")
_CHOICE = re.compile(r"》\s*(?:或者?|[/／]?或)\s*《|[任二三]选[一其1]")
_ONLY_TITLES = Message(mark("only what stands in 《》 is read as a title"))
_OPEN_CLOSE = re.compile(r"《((?:[^《》]|《[^《》]*》)+)》")
_FILLER = (
    "组织|集中|观看|收看|学习|播放|放映|收听|专题片|教育片|科教片|宣传片|纪录片|记录片|电视片|动画片|微视频|微电影|视频|电影|影片|戏曲|黄梅戏|党课|节目|课件|短片|电教片|系列片|专题"
    "|全|推荐|重播|续播|首播|复播|等|和|及|与|讨论|交流|座谈|并|后|题目|片名|名称|内容|共|各?[0-9一二两三四五六七八九十]+(?:部|个|集|期)|[0-9.]+(?:分钟|小时|分|')|[0-9]+:[0-9:]+"
)
_ONLY_FILLER = re.compile(rf"(?:{_FILLER}|[一二三四五六七八九十]+是?|[\s\d.、,，;；:：()（）+/&\-—①-⑳*·。!！\"“”])*")
_SEPARATOR = re.compile(r"[、,，;；\n/+]")
_PART_WORD = "集|部分|部|讲|期|课|章|回|篇|季"
_N = rf"(?:[0-9]{{1,3}}|[{NUMERALS}]{{1,3}})"
_PART = (
    rf"[(（]\s*(?:(?:[上中下][、,，/]?)+集?|第?{_N}(?:(?:{_PART_WORD})?\s*[-—–~～至到、,，]\s*第?{_N})*\s*(?:{_PART_WORD})?)\s*[)）]"
    rf"|(?:[上中下][、,，/]?)+(?:{_PART_WORD})|第{_N}(?:(?:{_PART_WORD})?\s*[-—–~～至到、,，]\s*第?{_N})*\s*(?:{_PART_WORD})"
    rf"|{_N}(?:\s*[-—–~～至到、,，]\s*{_N})+\s*(?:{_PART_WORD})"
)
_PARTS = re.compile(rf"\s*(?:{_PART})(?:\s*[、,，和]?\s*(?:{_PART}))*")
_ATTACHED = re.compile(r"(?:[^\s《》、,，;；\n/+(（【\[:：。.\d]|(?<=[A-Za-z])\d)+|\d{1,2}(?=\s*(?:$|[;；\n]))")
_ONE_PART = re.compile(_PART)


def _bracketed(text: str) -> Titles:
    doubt: Message | None = None
    if _CHOICE.search(text):
        raise Unread(mark("a choice between programmes"), mark("name the one that is to be shown"))
    if _SERIES.search(text):
        raise Unread(mark("a series and its part, or two titles?"), mark("write each title as 《…》"))
    if _LIST_NUMBER.match(text):
        text = _LIST_NUMBER.sub("\n", text)
    if text.count("《") != text.count("》"):
        doubt = Message(mark("a bracket 《》 is missing"))
        text = _mended(text)
    titles: list[str] = []
    at = 0
    for found in _OPEN_CLOSE.finditer(text):
        doubt = _between(text[at : found.start()], at == 0) or doubt
        at = found.end()
        title = one_line(re.sub(r"(?<=[一-龥])\s*\n\s*(?=[一-龥])", "", found[1]))
        suffix = ""
        if parts := _PARTS.match(text, at):
            suffix, at = parts[0], parts.end()
        elif (after := _ATTACHED.match(text, at)) and (after[0].isdecimal() or not _ONLY_FILLER.fullmatch(after[0])):
            title, at = title + after[0], after.end()
            doubt = Message(mark("the words behind 》 are read as part of the title"))
            if parts := _PARTS.match(text, at):
                suffix, at = parts[0], parts.end()
        titles += expanded(title, suffix)
    doubt = _between(text[at:], at == 0) or doubt
    if doubt is None and re.search("[0-9][:：][0-9]", re.sub("《[^《》]*》", "", text)):
        doubt = _ONLY_TITLES
    return Titles(tuple(titles), doubt)


def _mended(text: str) -> str:
    """The text with a closing bracket before each opening one that follows an unclosed one, and at the end."""
    mended, depth = "", 0
    for letter in text:
        if letter == "《" and depth:
            mended = mended.rstrip("、,，;；\n ") + "》、"
            depth = 0
        if letter == "》" and not depth:
            mended = "《" + mended if "《" not in mended else mended
        depth = {"《": 1, "》": 0}.get(letter, depth)
        mended += letter
    return mended.rstrip() + ("》" if depth else "")


def _between(text: str, first: bool) -> Message | None:
    """A doubt about what stands between titles. Raises :class:`Unread` for what looks like one without brackets."""
    pieces = [piece.strip() for piece in _SEPARATOR.split(text)]
    if first:
        pieces = (
            [re.sub(r"^.*[:：]", "", pieces[-1])]
            if len(pieces) == 1
            else [*pieces[:-1], re.sub(r"^.*[:：]", "", pieces[-1])]
        )
    odd = [piece for piece in pieces if not _ONLY_FILLER.fullmatch(piece)]
    if not odd:
        return None
    alone = [piece for piece in odd if len(pieces) > 1 and not (first and piece == pieces[-1]) and piece != pieces[0]]
    if alone and not any(_REMARK.match(piece) or re.search(r"[(（]", piece) for piece in alone[:1]):
        raise Unread(mark("a title without brackets among others in brackets"), mark("write each title as 《…》"))
    return _ONLY_TITLES


_NUMBERED = re.compile(
    r"(?:(?<![\d.])(\d{1,2})[.、)）](?!\d)|([①-⑳])|[(（](\d{1,2}|[一二三四五六七八九十]{1,2})[)）](?=\S)"
    r"|(?<![^\n])([一二三四五六七八九十]{1,2})、)\s*"
)


_BULLETS = "·•●○◆◇■□▲★☆※*-–— "


def _plain(text: str) -> Titles:
    marks = [
        found
        for found in _NUMBERED.finditer(text)
        if found.start() == 0 or found[2] or re.search(r"[\s;；。、,，]$", text[: found.start()])
    ]
    numbers = [ord(m[2]) - ord("①") + 1 if m[2] else numeral(m[1] or m[3] or m[4]) for m in marks]
    if (
        marks
        and (len(marks) > 1 or not marks[0][4])
        and marks[0].start() == 0
        and numbers == list(range(1, len(numbers) + 1))
    ):
        ends = [*(m.start() for m in marks[1:]), len(text)]
        pieces = [text[m.end() : end] for m, end in zip(marks, ends, strict=True)]
        doubt = None
    else:
        pieces = re.split(r"[\n;；]", text)
        doubt = Message(mark("several titles without brackets: one on each line")) if len(pieces) > 1 else None
    pieces = [_unquoted(one_line(piece).strip(" 、,，;；。").lstrip(_BULLETS)) for piece in pieces]
    pieces = [piece for piece in pieces if piece and not re.fullmatch(r"[\W_]+", piece)]
    if any(len(piece) > LONGEST for piece in pieces):
        return Titles(tuple(pieces), doubt)  # and is refused
    if doubt is None and len(pieces) == 1 and re.search(r"[、+]|[^0-9]/[^0-9]", _PARTS.sub("", pieces[0])):
        doubt = Message(mark("read as one title; several are written as 《…》《…》"))
    titles: list[str] = []
    for piece in pieces:
        piece = re.sub(r"[(（]\s*[0-9.]+\s*(?:分钟|小时|分|')\s*[)）]$", "", piece).strip()
        if (parts := re.search(rf"(?:{_PARTS.pattern})$", piece)) and parts.start() > 0:
            titles += expanded(piece[: parts.start()], parts[0])
        else:
            titles.append(piece)
    return Titles(tuple(titles), doubt)


def _unquoted(text: str) -> str:
    found = re.fullmatch(r"[“\"「『【〈]([^“”\"「」『』【】〈〉]+)[”\"」』】〉]((?:[(（].*)?)", text)
    return found[1] + found[2] if found else text


def expanded(title: str, suffix: str) -> Iterator[str]:
    """A title with each of the parts that ``suffix`` names: （上）（下）, 第3-5集; with none, the title alone."""
    parts = [found[0] for found in _ONE_PART.finditer(suffix)]
    if not parts:
        yield title
        return
    gap = " " if suffix[:1].isspace() else ""
    while len(parts) > 1 and _kind(parts[0]) != _kind(parts[1]) and parts[0] + parts[1] in suffix:
        title, gap = title + gap + parts.pop(0), ""
    for part in parts:
        for one in _single(part):
            yield title + gap + one


def _kind(part: str) -> str:
    """What a part is one of: 集, 季; parts of two kinds are one within the other."""
    word = re.search(rf"({_PART_WORD})\s*[)）]?$", part)
    return word[1] if word else ""


def _single(part: str) -> list[str]:
    opening, closing = (part[0], part[-1]) if part[0] in "(（" else ("", "")
    inside = part.strip("(（)）").strip()
    if letters := re.fullmatch(rf"((?:[上中下][、,，/]?)+)({_PART_WORD})?", inside):
        each = re.findall("[上中下]", letters[1])
        return [opening + letter + (letters[2] or "") + closing for letter in each] if len(each) > 1 else [part.strip()]
    numbers = re.findall(_N, inside)
    if len(numbers) < 2:
        return [part.strip()]
    word = re.search(rf"({_PART_WORD})$", inside)
    first = "第" if inside.startswith("第") or (word and not opening) else ""
    try:
        values = [numeral(number) for number in numbers]
    except ValueError:
        return [part.strip()]
    if len(values) == 2 and re.search(r"[-—–~～至到]", inside):
        if not values[0] < values[1] <= values[0] + MOST_TITLES:
            return [part.strip()]
        values = list(range(values[0], values[1] + 1))
    return [f"{opening}{first}{value}{word[1] if word else ''}{closing}" for value in values]
