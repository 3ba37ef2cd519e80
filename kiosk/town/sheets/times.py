"""The times of day that a time cell names: 上午9:00—10:00, 下午2:30-4:00, 9时30分, 晚7点半, 14:00起. Pure."""

import re
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from kiosk.common.messages import Message, mark
from kiosk.town.sheets.around import Unread
from kiosk.town.sheets.characters import NUMERALS, numeral, tight
from kiosk.town.sheets.grid import Cell

WRITE_TIME = mark("write the time as 14:30 or 14:30-16:00")
WRITE_TIMES = mark("write 9:00-10:00 for from and to, 9:00、14:00 for two showings")
DAY = 86_400
OPEN = (
    "全天",
    "全日",
    "整天",
    "全天候",
    "全天24小时",
    "24小时",
    "不限",
    "不限时",
    "不定时",
    "随时",
    "自定",
    "自行安排",
    "机动",
    "空闲时间",
    "循环播放",
    "滚动播放",
    "-",
    "/",
)
"""What means: without a time."""
VAGUE = ("循环播放", "滚动播放", "不限", "不限时", "不定时", "随时", "自定", "自行安排", "机动", "空闲时间")

_PERIODS = {
    "morning": ("上午", "早上", "早晨", "清晨", "清早", "早间", "早", "am", "a.m."),
    "small hours": ("凌晨",),
    "noon": ("中午", "正午", "午间"),
    "afternoon": ("下午", "午后", "pm", "p.m."),
    "evening": ("傍晚", "晚上", "晚间", "夜间", "夜里", "今晚", "晚", "夜"),
}
_PERIOD_OF = {word: period for period, words in _PERIODS.items() for word in words}
_WORDS = "|".join(sorted((re.escape(word) for word in _PERIOD_OF), key=len, reverse=True))
_N = rf"(?:[0-9]{{1,2}}|[{NUMERALS}]{{1,3}})"
_CLOCK = re.compile(
    rf"(?P<before>(?:{_WORDS}))?:?(?P<next>次日|第二天)?(?:"
    rf"(?P<h1>[0-9]{{1,2}})[:.](?P<m1>[0-9]{{2}})(?::(?P<s1>[0-9]{{2}}))?(?![0-9])[点时分]?"
    rf"|(?P<h2>{_N})[点时](?:(?P<half>半)|(?P<quarter>[一三13])刻|(?P<m2>{_N})分?|整)?(?:钟)?"
    rf"|(?P<h3>[0-2][0-9])(?P<m3>[0-5][0-9])(?![0-9])"
    rf"|(?P<h4>[0-9]{{1,2}})(?![0-9:.]))(?P<after>am|pm|a\.m\.|p\.m\.)?",
    re.IGNORECASE,
)
_TO = re.compile(r"-|至|到")
_AND = re.compile(r"[、,，;和及/\n]+")
_FROM = re.compile(r"(?:开始|开播|起播|以后|之后|后|起|开机|准时|左右|前后|许|首播|重播|复播)$")
_CHINESE = "|".join(word for word in _WORDS.split("|") if not word.isascii())
_SIDE = r"[0-9:.点时分半]+"
_BEHIND = re.compile(rf"({_SIDE}(?:(?:-|至|到){_SIDE})?)[(]?({_CHINESE})[)]?")
"""The part of the day behind the time: 2:30-4:00(下午)."""
_IN_TURN = re.compile(rf"(?:{_CHINESE})[^\n]*(?:\n(?:{_CHINESE})[^\n]*)+|[^\n]*播(?:\n[^\n]*播)+")
"""Lines that are showings one after the other, and not from and to."""
_AGAIN = re.compile(r"(?:循环|滚动|反复|不间断)+(?:播放|播出)?$|(?<=全天)(?:播放|播出)$")
_LENGTH = r"(?:约|共)?[0-9]+(?:小时|分钟|分)"
_BESIDE = re.compile("^(?:时间:|第[一二三四五六0-9]场:?|每天|每日|当天|当日|每晚(?=[0-9]))")
_REMARK = re.compile(r"[(](?![^()]*(?:次日|第二天|待定|或|改|隔))[^()0-9]*[)]")
"""A remark in brackets without a figure, and without a word that changes the time."""
_ABOUT = re.compile(r"^(?:大约|约)|(?:左右|前后|许)$")


@dataclass(frozen=True)
class Stretch:
    """One showing of a day: seconds since midnight; None where the cell does not say."""

    start: int | None
    end: int | None
    doubt: Message | None = None


ALL_DAY = Stretch(None, None)


def read_times(cell: Cell) -> tuple[Stretch, ...]:
    """The showings that a time cell names; one without start where it is blank. Raises :class:`Unread`."""
    value = cell.value
    match value:
        case None:
            return (ALL_DAY,)
        case bool():
            raise Unread(mark("this is no time of day"), WRITE_TIME)
        case datetime() | time():
            return (_small_hours(Stretch(_seconds(value), None)),)
        case timedelta() if timedelta() <= value < timedelta(days=1):
            return (_small_hours(Stretch(round(value.total_seconds()), None)),)
        case date() | timedelta():
            raise Unread(mark("this is no time of day"), WRITE_TIME)
        case int() | float():
            return (_of_number(float(value), cell.format),)
        case _:
            return _of_text(str(value))


def split_at_times(text: str) -> list[tuple[str, str]]:
    """The times and titles of a cell that holds both: 9:00《A》; 10:00-11:00《B》. Empty where a title has no time."""
    found = []
    for piece in re.split(r"[\n；;]|(?<=》)[、，,\s]*(?=[^《》]*\d[^《》]*《)", text):
        if not piece.strip():
            continue
        before, bracket, title = piece.partition("《")
        if not bracket and (words := re.match(r"\s*(\S*[:：点时]\S*)\s+(\S.*)", piece)):
            before, title = words[1], words[2]
        try:
            timed = bool(before.strip()) and read_times(Cell(before.strip()))[0].start is not None
        except Unread:
            timed = False
        if not title or not timed:
            return []
        found.append((before.strip(), bracket + title))
    return found


def is_part_of_day(text: str) -> bool:
    """Whether a text is 上午, 下午 or the like, without an hour."""
    return tight(text).strip("()") in _PERIOD_OF


def with_part_of_day(part: str, cell: Cell) -> Cell:
    """A time cell with the part of the day that stands elsewhere: 下午 beside 2:30 is 下午2:30."""
    part = tight(part).strip("()")
    if part not in _PERIOD_OF or cell.blank or cell.trouble:
        return cell
    text = f"{cell.value:%H:%M:%S}" if isinstance(cell.value, time) else cell.value
    if not isinstance(text, str) or re.search(_WORDS, tight(text)) or not re.match(r"[0-9]", tight(text)):
        return cell
    return Cell(part + tight(text))


def read_start_and_end(start: Cell, end: Cell) -> tuple[Stretch, ...]:
    """The showings of a row with a column for the start and one for the end. Raises :class:`Unread`."""
    if end.blank:
        return read_times(start)
    if isinstance(end.value, str) and tight(end.value) in OPEN:
        return read_times(start)
    if isinstance(start.value, str) and isinstance(end.value, str) and not _TO.search(tight(start.value)):
        return _of_text(f"{start.value}-{end.value}")
    first, last = read_times(start), read_times(end)
    if len(first) != 1 or len(last) != 1 or last[0].end is not None:
        raise Unread(mark("start and end do not go together"), WRITE_TIME)
    if first[0].end is not None or last[0].start is None:
        return first
    if first[0].start is None:
        raise Unread(mark("there is an end, but no start"), WRITE_TIME)
    return (_checked(first[0].start, last[0].start or DAY, first[0].doubt),)


def clock_text(seconds: int | None) -> str | None:
    """Seconds since midnight as ``HH:MM:SS``."""
    if seconds is None:
        return None
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _seconds(value: datetime | time) -> int:
    return value.hour * 3600 + value.minute * 60 + value.second + (1 if value.microsecond >= 500_000 else 0)


def _of_number(number: float, shown_as: str) -> Stretch:
    if 0 <= number < 1:
        return _small_hours(Stretch(min(round(number * DAY), DAY - 1), None))
    if 36526 < number < 55154 and number % 1:
        return Stretch(round(number % 1 * DAY), None)
    digits = f"{number:.2f}".partition(".")[2]
    if 5 <= number < 24 and number.is_integer():
        return Stretch(int(number) * 3600, None, Message(mark("a bare number, read as the full hour")))
    exact = len(repr(round(number, 6)).partition(".")[2]) == 2 or shown_as.startswith("0.00")
    if 5 <= number < 24 and exact and int(digits) < 60:
        start = int(number) * 3600 + int(digits) * 60
        return Stretch(start, None, Message(mark("a number with a point, read as hours and minutes")))
    raise Unread(mark("this number is no time of day"), WRITE_TIME)


def _of_text(text: str) -> tuple[Stretch, ...]:
    plain, doubt = _lines(text)
    if re.fullmatch(r"[0-9]{1,2}|0?\.[0-9]{2,}", plain):
        return (_of_number(float(plain), ""),)
    if plain in OPEN or not plain:
        vague = Message(mark("read as without a time")) if plain in VAGUE else doubt
        return (Stretch(None, None, vague),)
    if _IN_TURN.fullmatch(plain):
        doubt = doubt or Message(mark("read as showings one after the other"))
    elif re.fullmatch(r"[^-至到\n]+\n[^-至到\n]+", plain):
        raise Unread(mark("two times below each other: from and to, or two showings?"), WRITE_TIMES)
    found: list[Stretch] = []
    period = ""
    for part in _AND.split(plain):
        if part:
            stretch, period = _stretch(part, period)
            found.append(stretch)
    if not found:
        raise Unread(mark("this time of day is not understood"), WRITE_TIME)
    return tuple(replace(one, doubt=one.doubt or doubt) for one in found)


def _lines(text: str) -> tuple[str, Message | None]:
    """The times of a text, one below the other, without what is beside them; and a doubt about what was left out."""
    plain = re.sub(r"[\u2460-\u249b\u2776-\u2793]", "\n", text).strip()
    plain = re.sub(r"\s*\n\s*", "\n", re.sub(r"\s*\n\s*[|︱｜丨]\s*\n\s*", "-", plain))
    plain = re.sub(rf"(?<=[0-9分半整时点钟播])[ \u3000]*(?=(?:{_CHINESE})[0-9{NUMERALS}:：])", "\n", plain)
    plain = re.sub(rf"(?<=[0-9分半整时点播])[ \u3000]+(?=(?:{_WORDS}|[0-9]{{1,2}}[:：]))", "\n", plain)
    plain = "\n".join(tight(line) for line in plain.split("\n"))
    plain = re.sub(rf"[(](?:北京时间|暂定|(?:周|星期)[一二三四五六日天]|{_LENGTH})[)]", "", plain)
    plain = re.sub(r"^全天[(]([0-9].*)[)]$", r"\1", plain)
    plain = _BESIDE.sub(lambda found: "晚" if found[0] == "每晚" else "", plain).strip("'")
    if behind := _BEHIND.fullmatch(plain):
        plain = behind[2] + behind[1]
    doubt = None
    if plain not in OPEN and (bare := _AGAIN.sub("", _REMARK.sub("", plain))) != plain:
        plain, doubt = bare, Message(mark("only the time itself is read, not the words beside it"))
    plain = re.sub(r"(?:起|开始)(?=至|到|-)", "", plain)
    return re.sub(r"(?<=[0-9点时分半刻整钟m])\n?(-|至|到)\n?", r"\1", plain), doubt


def _stretch(part: str, period: str) -> tuple[Stretch, str]:
    doubt = Message(mark("an approximate time, read as exact")) if _ABOUT.search(part) else None
    part = re.sub(r"^(?:大约|约|于|从|自|首播|重播|复播|加播):?", "", part)
    part = _FROM.sub("", part)
    first = _CLOCK.match(part)
    if not first:
        raise Unread(mark("this time of day is not understood"), WRITE_TIME)
    rest = part[first.end() :]
    last = None
    if to := _TO.match(rest):
        rest = rest[to.end() :]
        if rest:
            last = _CLOCK.match(rest)
            rest = rest[last.end() :] if last else rest
            rest = re.sub(r"^(?:结束|播完|放完|散会|止|时|点|分)$", "", rest)
    if (
        rest
        or (first["h4"] and not (first["after"] or last and (last["h2"] or last["after"])))
        or (last and last["h4"] and not last["after"])
    ):
        raise Unread(mark("this time of day is not understood"), WRITE_TIME)
    named = _period(first) or (_PERIOD_OF[last["after"].lower()] if first["h4"] and last and last["after"] else "")
    start = _instant(first, named or period)
    if start >= DAY or first["next"]:
        raise Unread(mark("a start at or after midnight"), mark("write it on the next day"))
    if last is None:
        return _small_hours(Stretch(start, None, doubt), named), named or period
    end = _end(last, start, named or period)
    return _small_hours(_checked(start, end, doubt), named), _period(last) or named or period


def _period(found: re.Match[str]) -> str:
    word = (found["after"] or found["before"] or "").lower()
    return _PERIOD_OF.get(word, "")


def _end(found: re.Match[str], start: int, period: str) -> int:
    if found["next"]:
        raise Unread(mark("it goes on after midnight"), mark("end it at 23:59, and write the rest on the next day"))
    if own := _period(found):
        return _instant(found, own)
    end = _instant(found, "")
    if period in ("noon", "afternoon", "evening") and end < DAY // 2 and end <= start and end + DAY // 2 > start:
        return end + DAY // 2
    return DAY if end == 0 and start else end


def _instant(found: re.Match[str], period: str) -> int:
    try:
        hour = numeral(found["h1"] or found["h2"] or found["h3"] or found["h4"])
        minute = _minute(found)
    except ValueError:
        raise Unread(mark("this time of day is not understood"), WRITE_TIME) from None
    second = int(found["s1"] or 0)
    seconds = 3600 * _hour(hour, period) + 60 * minute + second
    if minute > 59 or second > 59 or seconds > DAY:
        raise Unread(mark("there is no such time of day"), WRITE_TIME)
    return seconds


def _minute(found: re.Match[str]) -> int:
    if found["half"]:
        return 30
    if found["quarter"]:
        return 15 * numeral(found["quarter"])
    return numeral(found["m1"] or found["m2"] or found["m3"] or "0")


def _hour(hour: int, period: str) -> int:
    """The hour of the day; a period that it cannot belong to raises :class:`Unread`."""
    wanted: dict[str, dict[int, int]] = {
        "morning": {n: n for n in range(4, 13)},
        "small hours": {n: n % 12 for n in (12, *range(7))},
        "noon": {10: 10, 11: 11, 12: 12, 1: 13, 2: 14, 13: 13, 14: 14},
        "afternoon": {**{n: n + 12 for n in range(1, 12)}, **{n: n for n in range(12, 24)}},
        "evening": {**{n: n + 12 for n in range(4, 12)}, 12: 24, 24: 24, **{n: n for n in range(16, 24)}},
    }
    if not period:
        if hour > 24:
            raise Unread(mark("there is no such time of day"), WRITE_TIME)
        return hour
    if hour not in wanted[period]:
        raise Unread(mark("the hour and the part of the day do not go together"), WRITE_TIME)
    return wanted[period][hour]


def _checked(start: int, end: int, doubt: Message | None) -> Stretch:
    if end <= start:
        raise Unread(mark("it ends before it starts"), mark("mend the times; after midnight, write the next day"))
    if end >= DAY:
        return Stretch(start, DAY - 1, Message(mark("an end at midnight, read as 23:59:59")))
    return Stretch(start, end, doubt)


def _small_hours(stretch: Stretch, period: str = "") -> Stretch:
    if stretch.start is not None and stretch.start < 5 * 3600 and not period and stretch.doubt is None:
        return Stretch(stretch.start, stretch.end, Message(mark("this is in the small hours; is the afternoon meant?")))
    return stretch
