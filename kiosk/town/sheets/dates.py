"""The days that a date cell names: 3月5日, 3.5, 3月5日—7日, 每周三, 每周一至周五, 2026年3月5日(周四), serials. Pure."""

import re
from dataclasses import replace
from datetime import date, datetime, time, timedelta

from kiosk.common.messages import Message, mark
from kiosk.town.sheets.around import (
    WRITE_DATE,
    YEARS,
    Around,
    Days,
    Unread,
    day_of,
    known_month,
    month_days,
    weeks_of_month,
    year_of,
)
from kiosk.town.sheets.characters import NUMERALS, arabic, fold
from kiosk.town.sheets.date_lists import Scan
from kiosk.town.sheets.grid import Cell
from kiosk.town.sheets.weekdays import DAY_LETTERS, EXPRESSION, WORD, weekdays

SERIALS = (date(2000, 1, 1), date(2050, 12, 31))
"""Numbers of days since 1899-12-30 that are taken for dates lie between these."""
_EPOCH = date(1899, 12, 30)


def read_days(cell: Cell, around: Around) -> Days:
    """The days of a date cell. Raises :class:`Unread`."""
    value = cell.value
    match value:
        case bool() | timedelta() | time() | None:
            raise Unread(mark("this is no date"), WRITE_DATE)
        case datetime():
            if value.year <= 1900:
                raise Unread(mark("this is no date"), WRITE_DATE)
            found = _of_date(value.date(), cell.format, around)
            return replace(found, clock=value.time() if value.time() != time() else None)
        case date():
            return _of_date(value, cell.format, around)
        case int() | float():
            return _of_number(float(value), cell.format, around)
        case _:
            return _of_text(str(value), around)


def _of_date(day: date, shown_as: str, around: Around) -> Days:
    """A date as Excel holds it. A year that is not shown is often that of the day on which it was typed."""
    if day.year not in YEARS:
        raise Unread(mark("this year cannot be meant"), WRITE_DATE)
    hidden = bool(shown_as) and "y" not in shown_as.lower() and "e" not in shown_as.lower() and "d" in shown_as.lower()
    if hidden and around.year is not None and (year := year_of(around, day.month)) != day.year:
        moved = day_of(around, year, day.month, day.day)
        return Days(((moved,),), doubt=Message(mark("the year is not shown and is another: read as in the title")))
    return Days(((day,),))


def _of_number(number: float, shown_as: str, around: Around) -> Days:
    whole = int(number)
    if number == whole:
        if 20000101 <= whole <= 20991231:
            return _of_text(str(whole), around)
        if SERIALS[0] <= (day := _from_serial(whole)) <= SERIALS[1]:
            return Days(((day,),))
        if 1 <= whole <= 31:
            return Days(((day_of(around, None, None, whole),),))
    elif SERIALS[0] <= (day := _from_serial(whole)) <= SERIALS[1]:
        seconds = round((number - whole) * 86400)
        return Days(((day,),), clock=_clock(seconds))
    month, _, digits = repr(round(number, 6)).partition(".")
    if not 1 <= number < 13 or len(digits) > 2:
        raise Unread(mark("this number is no date"), WRITE_DATE)
    if re.fullmatch(r"0\.00_?\s*", shown_as.split(";")[0]):
        digits = f"{number:.2f}".partition(".")[2]
    elif number == whole:
        raise Unread(mark("this number is no date"), WRITE_DATE)
    choices: list[tuple[date, ...]] = []
    for candidate in [digits] if len(digits) == 2 else [digits, digits + "0"]:
        try:
            choices.append((day_of(around, None, int(month), int(candidate)),))
        except Unread:
            if len(digits) == 2:
                raise
    if not choices:
        raise Unread(mark("there is no such day"), WRITE_DATE)
    return Days(tuple(choices))


def _clock(seconds: int) -> time:
    return time(seconds // 3600 % 24, seconds // 60 % 60, seconds % 60)


def _from_serial(number: int) -> date:
    return _EPOCH + timedelta(days=number) if 0 < number < 100_000 else date.min


_WEEKDAY_BESIDE = re.compile(rf"(?<!每)[(]?\s*(?:{WORD})\s*([{DAY_LETTERS}])\s*[)]?")
_LUNAR = re.compile(
    r"农历|阴历|正月|腊月|冬月|初[一二三四五六七八九十]|廿[一二三四五六七八九]|元宵|端午|中秋|重阳|除夕|春节"
)
FEASTS = "[一-龥]{1,4}节|元旦|国庆|五一|清明|十一"
_EVERY_DAY = (
    "每天",
    "每日",
    "天天",
    "全月",
    "整月",
    "全月每天",
    "整月每天",
    "本月",
    "当月",
    "每天播放",
    "全周",
    "整周",
    "本周",
)
_NTH = re.compile(rf"^(?:每月|本月|当月|每个月)?的?第?([1-5、,和及]+|最后)(个|周|周的)(?:{WORD})?([{DAY_LETTERS}])$")
_NTH_WEEK = re.compile(rf"^(?:本月|当月)?第?\s*([1-6])\s*周(?![{DAY_LETTERS}])\s*[:(]?\s*")


_TERMS = (
    "立春|雨水|惊蛰|春分|谷雨|立夏|小满|芒种|夏至|小暑|大暑|立秋|处暑|白露|秋分|寒露|霜降|立冬|小雪|大雪|冬至|小寒|大寒"
)
_REMARK = re.compile(
    rf"[(](?![^()]*(?:[0-9]|(?:{WORD})[{DAY_LETTERS}]|除|不含|另|或|改|顺延|停|取消|待|每|午|早|晚|夜|全天))[^()]+[)]"
)
"""A remark in brackets that changes neither the day nor the time."""
_OF_MONTH = re.compile(r"^(?:(20[0-9]{2})年)?(1[0-2]|0?[1-9])月份?的?(?=每|第|最后|首个|全月|整月|工作日|周末)")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAME = rf"({'|'.join(_MONTHS)})[a-z]*\.?"
_WEEKDAY_NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WEEKDAY_NAME = re.compile(rf"\b({'|'.join(_WEEKDAY_NAMES)})(?:[a-z]*day)?\b\.?", re.IGNORECASE)
_ENGLISH = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\b(?P<d>[0-9]{{1,2}})(?:st|nd|rd|th)?[-/ ]{_NAME}(?:[-/, ]+(?P<y>20[0-9]{{2}}|[0-9]{{2}}(?![0-9:.-])))?",
        rf"\b{_NAME}[-/ ](?P<d>[0-9]{{1,2}})(?:st|nd|rd|th)?\b(?:,? (?P<y>20[0-9]{{2}}))?",
    )
)
"""As Excel in English shows what was typed as 3-5: 5-Mar, 5-Mar-26; and as people write it: March 5, 2026."""


def _of_text(text: str, around: Around) -> Days:
    text = _without_english(re.sub(r"(?<=[0-9])T(?=[0-9]{2}:)", " ", text))
    if re.fullmatch(r"[0-9]{5}(?:\.[0-9]+)?", fold(text)):
        return _of_number(float(fold(text)), "", around)
    plain = arabic(fold(text).replace("\n", " "), "年月日号") if "星期" not in text and "周" not in text else fold(text)
    plain = arabic(plain.replace("\n", " "), "年月号")
    plain = re.sub(rf"(?:^|(?<=月))[{NUMERALS}]+日", lambda found: arabic(found[0], "日"), plain)
    plain = re.sub(r"[(][^()]*(?:农历|阴历)[^()]*[)]", "", plain)
    plain = re.sub(r"(?<=[0-9])[·•・](?=[0-9])", ".", plain).strip(" '*※●•·▲★☆◆■□.")
    plain = re.sub(rf"[(]([{DAY_LETTERS}])[)]", r"(周\1)", re.sub(rf"每周(?={WORD})", "每", plain))
    if _LUNAR.search(plain):
        raise Unread(mark("this is a day of the lunar calendar or a feast"), WRITE_DATE)
    if found := _OF_MONTH.match(plain):
        month = int(found[2])
        own = Around(int(found[1]) if found[1] else year_of(around, month), month, around.previous)
        return _of_text(plain[found.end() :], own)
    plain = re.sub(r"^(?:本月|当月)(?=每)", "", plain)
    if (bare := _REMARK.sub("", plain)) != plain:
        feast = re.fullmatch(rf".*[(](?:[^()]*(?:节|日|周)|{FEASTS}|{_TERMS})[)].*", plain)
        doubt = None if feast else Message(mark("the remark in brackets is not read"))
        found_days = _of_text(bare, around)
        return replace(found_days, doubt=found_days.doubt or doubt)
    every = re.sub(r"\s", "", plain).replace("首个", "第一个")
    if every in _EVERY_DAY:
        return Days((month_days(around, whole=True),), periodic=True)
    if every in ("工作日", "每个工作日", "每工作日", "每周工作日"):
        return Days((tuple(day for day in month_days(around) if day.weekday() < 5),), periodic=True)
    if every in ("周末", "每周末", "双休日", "每个周末", "每双休日"):
        return Days((tuple(day for day in month_days(around) if day.weekday() >= 5),), periodic=True)
    if found := _NTH.match(_as_nth(every) if "第" in every or "最后" in every else ""):
        return _nth_weekday(found[1], found[2], found[3], around)
    if found := re.match(r"^(?:每月|每个月)?逢([0-9一二三四五六七八九])(?:日|号)?$", every):
        digit = int(arabic(found[1] + "日", "日")[:-1])
        days = [day for day in month_days(around, whole=False, month_only=True) if day.day % 10 == digit]
        return Days((tuple(days),), periodic=True)
    if found := re.match(r"^(?:每天|每日|天天)(?=[0-9早上中下晚傍夜凌])(.+)$", every):
        return Days((month_days(around, whole=True),), rest=found[1], periodic=True)
    if found := re.match(rf"^(每|每逢|每个|逢)?\s*({EXPRESSION})(.*)$", plain, re.DOTALL):
        return _of_weekdays(bool(found[1]), found[2], found[3].strip(" ,:，、/-"), around)
    return _of_dates(plain, around)


def _without_english(text: str) -> str:
    """The text with names of months and days of the week in Chinese."""
    if not re.search(r"[A-Za-z]{3}", text):
        return text

    def write(found: re.Match[str]) -> str:
        name = next(one for one in found.groups() if one and one.lower() in _MONTHS)
        year = f"{found['y']}年" if found["y"] else ""
        return f"{year}{_MONTHS.index(name.lower()) + 1}月{found['d']}日"

    text = fold(text)
    for pattern in _ENGLISH:
        text = pattern.sub(write, text)
    return _WEEKDAY_NAME.sub(lambda found: "周" + "一二三四五六日"[_WEEKDAY_NAMES.index(found[1].lower())], text)


def _as_nth(text: str) -> str:
    """第2个、第4个周三 as 第2、4个周三, with ASCII digits."""
    text = arabic(text.replace("最后一", "最后"), "周个、,和及")
    text = re.sub(r"(?<=[1-5])个(?=[、,和及])", "", text)
    text = re.sub(r"(?<=[、,和及])第", "", text)
    return re.sub(rf"[(]((?:{WORD})[{DAY_LETTERS}])[)]$", r"\1", text)


def _of_weekdays(every: bool, expression: str, rest: str, around: Around) -> Days:
    if inside := re.match(r"^[(](.+)[)]$", rest):  # 周四（3月5日）
        return _with_weekdays(_of_dates(inside[1], around), expression)
    if re.match(r"[0-9]{1,4}[年月./-][0-9]|[0-9]{1,2}[日号]", rest):  # 周四 3月5日
        return _with_weekdays(_of_dates(rest, around), expression)
    named = weekdays(expression)
    if not named or re.match(r"^[隔单双次]", rest):
        raise Unread(
            mark("these days of the week are not understood"), mark("write 每周三, 每周一至周五, or the dates")
        )
    if around.week and not every:
        return Days((tuple(day for day in around.week if day.weekday() in named),), rest=rest, periodic=True)
    if around.nth_week and not every:
        return Days(_weeks_of_month(around, around.nth_week, named), rest=rest, periodic=True, by_week=True)
    days = tuple(day for day in month_days(around) if day.weekday() in named)
    if not every and len(named) == 1:
        raise Unread(
            mark("a day of the week alone: which one of the month?"), mark("write 每周三 for each one, or the date")
        )
    doubt = None if every else Message(mark("read as each of these days of the week in the month"))
    return Days((days,), rest=rest, doubt=doubt, periodic=True)


def _with_weekdays(days: Days, expression: str) -> Days:
    return Days(days.choices, weekdays(expression), days.rest, days.clock, days.doubt)


def _nth_weekday(which: str, of: str, letter: str, around: Around) -> Days:
    (day,) = weekdays("周" + letter)[:1]
    all_of_month = [one for one in month_days(around, month_only=True) if one.weekday() == day]
    if which.startswith("最后"):
        return Days(((all_of_month[-1],),), periodic=True)
    numbers = [int(n) for n in re.findall("[1-5]", which)]
    if of != "个" and len(numbers) == 1:
        return Days(_weeks_of_month(around, numbers[0], (day,)), periodic=True, by_week=True)
    if numbers[-1] > len(all_of_month):
        raise Unread(mark("there is no such day"), WRITE_DATE)
    return Days((tuple(all_of_month[n - 1] for n in numbers),), periodic=True)


def _weeks_of_month(around: Around, nth: int, named: tuple[int, ...]) -> tuple[tuple[date, ...], ...]:
    year, month = known_month(around)
    return tuple(
        tuple(day for day in week if day.weekday() in named and day.month == month)
        for week in weeks_of_month(year, month, nth)
    )


def _of_dates(text: str, around: Around) -> Days:
    text = re.sub(r"^(?:每月|每个月|从|自)\s*", "", text).strip()
    text = re.sub(r"起(?=\s*[-至到])|止?\s*[(]?(?:共|计)*[0-9一二两三四五六七八九十]+天[)]?$|止$", "", text)
    week = _NTH_WEEK.match(arabic(text, "周"))
    if week:
        nth, text = int(week[1]), arabic(text, "周")[week.end() :].strip(" :()")
        if not text:
            return Days(_weeks_of_month(around, nth, tuple(range(7))), periodic=True, by_week=True)
    beside: list[int] = []
    every = re.search(rf"(?<=.)[,，\s]*每(?:逢)?({EXPRESSION})", text)
    text = text[: every.start()] + " " + text[every.end() :] if every else text

    def take(found: re.Match[str]) -> str:
        beside.extend(weekdays("周" + found[1]))
        return " "

    text = re.sub(r"\s+", " ", _WEEKDAY_BESIDE.sub(take, text)).strip()
    text = re.sub(rf"[(][)]|(?<=[日号0-9])\s*(?:{FEASTS}|{_TERMS})$", "", text).strip()
    text = text.replace("/", "、") if re.fullmatch(r"[0-9]{1,2}(?:/[0-9]{1,2}){2,}[日号]", text) else text
    scan = Scan(text.strip(" ,，、;/-"), around)
    days, end, doubt = scan.run()
    rest = scan.text[end:].strip(" ,;:")
    days = [day for day in days if not every or day.weekday() in weekdays(every[1])]
    rest = re.sub(r"^0?0:00(?::00)?$", "", rest)  # a whole day, as programs write it out
    if rest and not re.match(
        r"^[(]?\s*(?:[0-9]|每天|每日|每晚|凌晨|清晨|早|上午|中午|正午|下午|午后|傍晚|晚|夜|全天)", rest
    ):
        raise Unread(mark("this date is not understood"), WRITE_DATE)
    return Days((tuple(dict.fromkeys(days)),), tuple(dict.fromkeys(beside)), rest, doubt=doubt)
