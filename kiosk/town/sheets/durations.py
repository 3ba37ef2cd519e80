"""The length that a cell names, in milliseconds: 15分钟, 15′30″, 1小时30分, 半小时, 0:15:00. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal

from kiosk.common.messages import Message, mark
from kiosk.town.sheets.around import Unread
from kiosk.town.sheets.characters import NUMERALS, numeral, tight
from kiosk.town.sheets.grid import Cell

Unit = Literal["", "h", "min", "s"]
"""The unit that a header names for bare numbers; empty where it names none."""
SECONDS: dict[Unit, float] = {"h": 3600, "min": 60, "s": 1}
MOST_HOURS = 6
"""A length of more hours that Excel took for a time of day is read as minutes and seconds (15:30)."""
MOST_S = 24 * 3600
WRITE_LENGTH = mark("write the length as 15分钟, 1小时30分 or 0:15:00")
NONE = ("", "-", "/", "无", "不限", "不定", "不等", "循环", "循环播放", "滚动播放", "反复播放", "待定", "若干")

_NUMBER = rf"(?:[0-9]+(?:\.[0-9]+)?|[{NUMERALS}]+)"
_UNITS = re.compile(
    rf"(?:(?P<h>{_NUMBER})(?:个)?(?P<hh>半)?(?:小时|钟头|时|h(?:ours?|rs?)?))?"
    rf"(?:(?P<hm>半)(?:个)?(?:小时|钟头))?"
    rf"(?:(?P<m>{_NUMBER})(?P<mh>半)?(?:分钟|分|min(?:utes?|s)?|m|'(?!')))?"
    rf"(?P<half>半)?"
    rf"(?:(?P<s>{_NUMBER})(?:秒钟|秒|sec(?:onds?|s)?|s|\"|''))?"
    rf"(?P<bare>[0-9]{{1,2}})?",
    re.IGNORECASE,
)
_COLONS = re.compile(r"(?:(?P<h>[0-9]{1,2}):)?(?P<m>[0-9]{1,3}):(?P<s>[0-9]{2})(?:\.0+)?")
_EACH = re.compile(r"^(?:每|各)(?:集|部|个|期|讲|片)?(?=[0-9一二三四五六七八九十半两])")
_AROUND = re.compile(r"^(?:时长|片长|全片|全长|总长|总计|共计|合计|共|计|大约|约|≈)+:?|(?:左右|上下|整)$")
_TOTAL = re.compile(r"^(?:总计|共计|合计|总共|一共|共|计)")
_QUARTERS = {"一": "15分", "1": "15分", "三": "45分", "3": "45分"}


@dataclass(frozen=True)
class Length:
    """A length in milliseconds; None where the cell says none."""

    ms: int | None
    doubt: Message | None = None


@dataclass(frozen=True)
class Hints:
    """What stands around a length and may decide how it is read."""

    unit: Unit = ""
    span_s: int | None = None
    """The row's time from start to end, in seconds."""
    titles: int = 1
    """The number of the row's programmes, for a length of each."""
    short: bool = False
    """The column writes minutes and seconds: 25:30 stands in it."""


def writes_minutes_and_seconds(cells: Iterable[Cell]) -> bool:
    """Whether a column's lengths with one colon are minutes and seconds: one of them is no number of hours."""
    found = (re.fullmatch(r"([0-9]{1,3}):[0-9]{2}", tight(cell.text)) for cell in cells if isinstance(cell.value, str))
    return any(one and int(one[1]) >= MOST_HOURS for one in found)


def unit_of(shown_as: str) -> Unit:
    """The unit that a number's format writes behind it: 0"分钟"."""
    units: tuple[tuple[str, Unit], ...] = (("小时", "h"), ("分", "min"), ("秒", "s"))
    return next((unit for word, unit in units if word in shown_as and "0" in shown_as), "")


def read_length(cell: Cell, hints: Hints = Hints()) -> Length:
    """The length that a cell names. Raises :class:`Unread`."""
    value = cell.value
    match value:
        case None:
            return Length(None)
        case bool() | date():
            raise Unread(mark("this is no length"), WRITE_LENGTH)
        case time() if hints.short and value.hour and not value.second:  # typed as 1:30
            return Length(_ms(60 * value.hour + value.minute))
        case time():
            return _of_clock(value.hour, value.minute, value.second, hints)
        case timedelta():
            whole = round(value.total_seconds())
            return _of_clock(whole // 3600, whole // 60 % 60, whole % 60, hints)
        case int() | float():
            return _of_number(float(value), hints.unit)
        case _:
            each = _EACH.match(tight(str(value)))
            if each and hints.titles > 1:
                found = _of_text(tight(str(value))[each.end() :], hints)
                return Length(found.ms and hints.titles * found.ms, Message(mark("a length of each, added up")))
            return _of_text(str(value), hints)


def read_long_clock(value: datetime) -> timedelta | None:
    """The length that Excel shows as a moment of January 1900: 25:30 typed as minutes and seconds. None for a date."""
    days = (value.date() - date(1899, 12, 30)).days
    within = timedelta(hours=value.hour, minutes=value.minute, seconds=value.second)
    return timedelta(days=days) + within if 0 < days < 40 else None


def _of_number(number: float, unit: Unit) -> Length:
    if 0 < number < MOST_HOURS and not unit and not number.is_integer():
        if number > 1 or round(number, 2) == number:
            raise Unread(mark("hours, or minutes?"), WRITE_LENGTH)
        return Length(_ms(round(number * 86_400)))
    doubt = None if unit else Message(mark("a bare number, read as minutes"))
    return Length(_ms(number * SECONDS[unit or "min"]), doubt)


def _ms(seconds: float) -> int:
    if not 0 < seconds <= MOST_S:
        raise Unread(mark("this length is nothing, or longer than a day"), WRITE_LENGTH)
    return round(1000 * seconds)


def _of_clock(first: int, second: int, third: int, hints: Hints) -> Length:
    """``first:second:third`` as hours, minutes, seconds; or, where that is too long, as minutes and seconds."""
    long, short = 3600 * first + 60 * second + third, 60 * first + second
    fits = hints.span_s is not None and short <= hints.span_s < long
    if third == 0 and first and (first >= MOST_HOURS or fits):
        return Length(_ms(short), Message(mark("read as minutes and seconds")))
    return Length(_ms(long))


def _of_text(text: str, hints: Hints) -> Length:
    text = re.sub(r"\s*\n\s*(?=[(（]?(?:分|小时|秒))", "", text)
    lines = [part for part in re.split(r"[\n、,，;；+]+", text) if part.strip()]
    if len(lines) > 1 and _TOTAL.match(tight(lines[-1])):
        return _of_one(lines[-1], hints)
    if len(lines) > 1:
        lengths = [_of_one(line, hints).ms for line in lines]
        return Length(sum(ms for ms in lengths if ms), Message(mark("several lengths, added up")))
    return _of_one(text, hints)


def _of_one(text: str, hints: Hints) -> Length:
    plain = tight(text).strip("'") if "'" not in tight(text)[1:] else tight(text)
    if plain in NONE:
        return Length(None)
    bare = _AROUND.sub("", re.sub(r"[()]", "", plain))
    bare = re.sub("([一三13])刻钟", lambda found: _QUARTERS[found[1]], bare).replace("小时零", "小时")
    doubt = Message(mark("an approximate length, read as exact")) if re.search("约|≈|左右|上下", plain) else None
    if re.fullmatch(r"[0-9]+(?:\.[0-9]+)?", bare):
        found = _of_number(float(bare), hints.unit)
        return Length(found.ms, doubt or found.doubt)
    if clock := _COLONS.fullmatch(bare):
        return _of_colons(clock, hints, doubt)
    parts = _UNITS.fullmatch(bare)
    if not parts or not any(parts[name] for name in ("h", "hm", "m", "s")):
        raise Unread(mark("this length is not understood"), WRITE_LENGTH)
    return Length(_ms(_seconds(parts)), doubt)


def _of_colons(clock: re.Match[str], hints: Hints, doubt: Message | None) -> Length:
    first, second = int(clock["m"]), int(clock["s"])
    if second > 59:
        raise Unread(mark("this length is not understood"), WRITE_LENGTH)
    if clock["h"] is None:
        if first >= MOST_HOURS or hints.short or (first and hints.unit in ("min", "s")):
            return Length(_ms(60 * first + second), doubt)
        found = _of_clock(first, second, 0, hints)
        return Length(found.ms, found.doubt or Message(mark("read as hours and minutes")))
    if first > 59:
        raise Unread(mark("this length is not understood"), WRITE_LENGTH)
    found = _of_clock(int(clock["h"]), first, second, hints)
    return Length(found.ms, found.doubt or doubt)


def _number(text: str | None) -> float:
    try:
        return 0.0 if not text else float(text) if text[0].isdigit() and text.isascii() else float(numeral(text))
    except ValueError:
        raise Unread(mark("this length is not understood"), WRITE_LENGTH) from None


def _seconds(parts: re.Match[str]) -> float:
    hours = _number(parts["h"]) + (0.5 if parts["hh"] else 0) + (0.5 if parts["hm"] else 0)
    minutes = _number(parts["m"]) + (0.5 if parts["mh"] else 0)
    seconds = _number(parts["s"])
    if parts["half"]:
        if parts["m"]:
            minutes += 0.5
        elif parts["h"]:
            hours += 0.5
        else:
            raise Unread(mark("this length is not understood"), WRITE_LENGTH)
    if parts["bare"]:
        if parts["s"] or not (parts["m"] or parts["h"]):
            raise Unread(mark("this length is not understood"), WRITE_LENGTH)
        seconds, minutes = (int(parts["bare"]), minutes) if parts["m"] else (seconds, minutes + int(parts["bare"]))
    return hours * 3600 + minutes * 60 + seconds
