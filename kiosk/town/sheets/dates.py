"""The days that a date cell names: 3月5日, 3.5, 3月5日—7日, 每周三, 每周一至周五, 2026年3月5日(周四), serials. Pure."""

import calendar
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from kiosk.common.messages import Message, mark
from kiosk.town.sheets.characters import arabic, fold
from kiosk.town.sheets.grid import Cell
from kiosk.town.sheets.weekdays import DAY_LETTERS, EXPRESSION, WORD, weekdays

MOST_DAYS = 62
"""The most days of one range."""
SERIALS = (date(2000, 1, 1), date(2050, 12, 31))
"""Numbers of days since 1899-12-30 that are taken for dates lie between these."""
_EPOCH = date(1899, 12, 30)
WRITE_DATE = mark("write the date as 2026-03-05 or 3月5日")


@dataclass(frozen=True)
class Around:
    """What is known of a cell's month: from the title, the sheet's name, the option, the rows above."""

    year: int | None = None
    month: int | None = None
    previous: date | None = None
    week: tuple[date, ...] = ()
    """The days of the week that the row stands in, where that is known."""
    nth_week: int | None = None
    """The row stands in 第N周 of the month, whose days are not written."""


class Unread(Exception):
    """A cell that is not understood; the message and what to do."""

    def __init__(self, message: str, remedy: str, **values: str) -> None:
        super().__init__(message)
        self.message = Message(message, values)
        self.remedy = Message(remedy)


@dataclass(frozen=True)
class Days:
    """What a date cell says. ``choices`` has more than one element where the cell alone does not decide."""

    choices: tuple[tuple[date, ...], ...]
    weekdays: tuple[int, ...] = ()
    """The days of the week that stand beside the date, Monday as 0."""
    rest: str = ""
    """What follows the date: a time."""
    clock: time | None = None
    doubt: Message | None = None
    """A warning: odd, but readable."""
    periodic: bool = False
    """The days come from a rule (每周三), not from a date."""
    by_week: bool = False
    """The choices are those of :func:`weeks_of_month`, in its order; an empty one lies outside of the month."""


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
    hidden = bool(shown_as) and "y" not in shown_as.lower() and "e" not in shown_as.lower() and "d" in shown_as.lower()
    if hidden and around.year is not None and (year := _year(around, day.month)) != day.year:
        moved = _day(around, year, day.month, day.day)
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
            return Days(((_day(around, None, None, whole),),))
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
            choices.append((_day(around, None, int(month), int(candidate)),))
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


_WEEKDAY_BESIDE = re.compile(rf"[(]?\s*(?:{WORD})\s*([{DAY_LETTERS}])\s*[)]?")
_LUNAR = re.compile(
    r"农历|阴历|正月|腊月|冬月|初[一二三四五六七八九十]|廿[一二三四五六七八九]|元宵|端午|中秋|重阳|除夕|春节"
)
_FEASTS = "[一-龥]{1,4}节|元旦|国庆|五一|清明|十一"
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
_NTH = re.compile(rf"^(?:每月|本月|当月|每个月)?的?第?([1-5、,和及]+|最后)(?:个|周|周的)(?:{WORD})?([{DAY_LETTERS}])$")
_NTH_WEEK = re.compile(r"^(?:本月|当月)?第?\s*([1-6])\s*周\s*[:(]?\s*")


def _of_text(text: str, around: Around) -> Days:
    plain = arabic(fold(text).replace("\n", " "), "年月日号") if "星期" not in text and "周" not in text else fold(text)
    plain = arabic(plain.replace("\n", " "), "年月号")
    plain = re.sub(r"[(][^()]*(?:农历|阴历)[^()]*[)]", "", plain).strip(" '")
    plain = re.sub(rf"[(]([{DAY_LETTERS}])[)]", r"(周\1)", re.sub(rf"每周(?={WORD})", "每", plain))
    if _LUNAR.search(plain):
        raise Unread(mark("this is a day of the lunar calendar or a feast"), WRITE_DATE)
    every = re.sub(r"\s", "", plain)
    if every in _EVERY_DAY:
        return Days((_month_days(around, whole=True),), periodic=True)
    if every in ("工作日", "每个工作日", "每工作日", "每周工作日"):
        return Days((tuple(day for day in _month_days(around) if day.weekday() < 5),), periodic=True)
    if every in ("周末", "每周末", "双休日", "每个周末", "每双休日"):
        return Days((tuple(day for day in _month_days(around) if day.weekday() >= 5),), periodic=True)
    if found := _NTH.match(
        arabic(every.replace("最后一", "最后"), "周个、,和及") if "第" in every or "最后" in every else ""
    ):
        return _nth_weekday(found[1], found[2], around)
    if found := re.match(r"^(?:每月|每个月)?逢([0-9一二三四五六七八九])(?:日|号)?$", every):
        digit = int(arabic(found[1] + "日", "日")[:-1])
        days = [day for day in _month_days(around, whole=False, month_only=True) if day.day % 10 == digit]
        return Days((tuple(days),), periodic=True)
    if found := re.match(rf"^(每|每逢|每个|逢)?\s*({EXPRESSION})(.*)$", plain, re.DOTALL):
        return _of_weekdays(bool(found[1]), found[2], found[3].strip(" ,:"), around)
    return _of_dates(plain, around)


def _of_weekdays(every: bool, expression: str, rest: str, around: Around) -> Days:
    if inside := re.match(r"^[(](.+)[)]$", rest):  # 周四（3月5日）
        return _with_weekdays(_of_dates(inside[1], around), expression)
    if re.match(r"[0-9]{1,4}[年月./-][0-9]", rest):  # 周四 3月5日
        return _with_weekdays(_of_dates(rest, around), expression)
    named = weekdays(expression)
    if not named or re.match(r"^[隔单双]", rest):
        raise Unread(
            mark("these days of the week are not understood"), mark("write 每周三, 每周一至周五, or the dates")
        )
    if around.week and not every:
        return Days((tuple(day for day in around.week if day.weekday() in named),), rest=rest, periodic=True)
    if around.nth_week and not every:
        return Days(_weeks_of_month(around, around.nth_week, named), rest=rest, periodic=True, by_week=True)
    days = tuple(day for day in _month_days(around) if day.weekday() in named)
    if not every and len(named) == 1:
        raise Unread(
            mark("a day of the week alone: which one of the month?"), mark("write 每周三 for each one, or the date")
        )
    doubt = None if every else Message(mark("read as each of these days of the week in the month"))
    return Days((days,), rest=rest, doubt=doubt, periodic=True)


def _with_weekdays(days: Days, expression: str) -> Days:
    return Days(days.choices, weekdays(expression), days.rest, days.clock, days.doubt)


def _nth_weekday(which: str, letter: str, around: Around) -> Days:
    (day,) = weekdays("周" + letter)[:1]
    all_of_month = [one for one in _month_days(around, month_only=True) if one.weekday() == day]
    if which.startswith("最后"):
        return Days(((all_of_month[-1],),), periodic=True)
    numbers = [int(n) for n in re.findall("[1-5]", which)]
    if numbers[-1] > len(all_of_month):
        raise Unread(mark("there is no such day"), WRITE_DATE)
    return Days((tuple(all_of_month[n - 1] for n in numbers),), periodic=True)


def weeks_of_month(year: int, month: int, nth: int) -> tuple[tuple[date, ...], ...]:
    """What 第N周 of a month can mean: Monday to Sunday counted from the 1st, from the first Monday, or days 1 to 7."""
    first = date(year, month, 1)
    monday = first - timedelta(days=first.weekday())
    starts = [monday, monday if first.weekday() == 0 else monday + timedelta(days=7), first]
    return tuple(tuple(start + timedelta(days=7 * (nth - 1) + n) for n in range(7)) for start in starts)


def _weeks_of_month(around: Around, nth: int, named: tuple[int, ...]) -> tuple[tuple[date, ...], ...]:
    year, month = _known_month(around)
    return tuple(
        tuple(day for day in week if day.weekday() in named and day.month == month)
        for week in weeks_of_month(year, month, nth)
    )


def _known_month(around: Around) -> tuple[int, int]:
    if around.month is None:
        raise Unread(
            mark("it is not known which month this belongs to"),
            mark("write year and month in the title, or give --month"),
        )
    return _year(around, around.month), around.month


def _month_days(around: Around, *, whole: bool = True, month_only: bool = False) -> tuple[date, ...]:
    """The days of the row's week where it is written, else those of the month."""
    if around.week and not month_only and whole:
        return around.week
    year, month = _known_month(around)
    return tuple(date(year, month, day + 1) for day in range(calendar.monthrange(year, month)[1]))


def _year(around: Around, month: int) -> int:
    """The year of a month without one. Raises :class:`Unread` where nothing tells it."""
    if around.year is None:
        if around.previous is None:
            raise Unread(
                mark("the year is not known"), mark("write year and month in the title (2026年3月), or give --month")
            )
        return around.previous.year + (1 if month < around.previous.month - 6 else 0)
    near = around.month or (around.previous.month if around.previous else month)
    if month < near - 6:
        return around.year + 1
    return around.year - 1 if month > near + 6 and around.month else around.year


def _day(around: Around, year: int | None, month: int | None, day: int) -> date:
    if year is not None and year < 100:
        year += 2000
    if month is None:
        month = around.previous.month if around.previous and not around.month else _known_month(around)[1]
    if not (1 <= month <= 12 and 1 <= day <= 31):
        raise Unread(mark("there is no such day"), WRITE_DATE)
    try:
        return date(year or _year(around, month), month, day)
    except ValueError:
        raise Unread(mark("there is no such day"), WRITE_DATE) from None


Parts = tuple[int | None, int | None, int]
_END = r"(?:\s*[日号]|(?![0-9]|\s*[:点时日号]))"
"""A day ends with its mark, or is not the beginning of a time or of a longer number."""


def _full(found: re.Match[str]) -> Parts:
    return int(found["y"]), int(found["m"]), int(found["d"])


def _month_day(found: re.Match[str]) -> Parts:
    return None, int(found["m"]), int(found["d"])


def _only_day(found: re.Match[str]) -> Parts:
    return None, None, int(found["d"])


_FORMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Parts]], ...] = tuple(
    (re.compile(pattern + _END), parts)
    for pattern, parts in (
        (r"(?P<y>\d{4}|\d{2})\s*年\s*(?P<m>\d{1,2})\s*[月./-]\s*(?P<d>\d{1,2})", _full),
        (r"(?P<y>\d{4}|\d{2})\s*(?P<s>[./-])\s*(?P<m>\d{1,2})\s*(?P=s)\s*(?P<d>\d{1,2})", _full),
        (r"(?P<y>20\d{2})(?P<m>[01]\d)(?P<d>[0-3]\d)", _full),
        (r"(?P<m>\d{1,2})\s*月\s*(?P<d>\d{1,2})", _month_day),
        (r"(?P<m>\d{1,2})\s*[./]\s*(?P<d>\d{1,2})", _month_day),
        (r"(?P<d>\d{1,2})(?=\s*[日号])", _only_day),
        (r"(?P<m>[01]\d)(?P<d>[0-3]\d)", _month_day),
        (r"(?P<d>\d{1,2})", _only_day),
    )
)
_DASHED = re.compile(r"(?P<m>\d{1,2})-(?P<d>\d{1,2})(?P<mark>(?=\s*[日号]))?" + _END)
_TO = re.compile(r"\s*(?:-|至|到)\s*")
_AND = re.compile(r"\s*(?:[、,，;/和及与]|\s)\s*")


def _of_dates(text: str, around: Around) -> Days:
    text = re.sub(r"^(?:每月|每个月)\s*", "", text).strip()
    week = _NTH_WEEK.match(arabic(text, "周"))
    if week:
        nth, text = int(week[1]), arabic(text, "周")[week.end() :].strip(" :()")
        if not text:
            return Days(_weeks_of_month(around, nth, tuple(range(7))), periodic=True, by_week=True)
    beside: list[int] = []

    def take(found: re.Match[str]) -> str:
        beside.extend(weekdays("周" + found[1]))
        return " "

    text = re.sub(r"\s+", " ", _WEEKDAY_BESIDE.sub(take, text)).strip()
    text = re.sub(rf"[(](?:[^()]*(?:节|日|周)|{_FEASTS})?[)]|(?<=[日号0-9])\s*(?:{_FEASTS})$", "", text).strip()
    scan = _Scan(text, around)
    days, end, doubt = scan.run()
    rest = text[end:].strip(" ,;:")
    if rest and not re.match(r"^[(]?\s*(?:[0-9]|凌晨|清晨|早|上午|中午|正午|下午|午后|傍晚|晚|夜|全天)", rest):
        raise Unread(mark("this date is not understood"), WRITE_DATE)
    return Days((tuple(dict.fromkeys(days)),), tuple(dict.fromkeys(beside)), rest, doubt=doubt)


class _Scan:
    """Reads a list of dates and ranges from the beginning of a text."""

    def __init__(self, text: str, around: Around) -> None:
        self.text, self.around, self.at = text, around, 0
        self.year: int | None = None
        self.month: int | None = None
        self.last: date | None = None
        self.doubt: Message | None = None

    def run(self) -> tuple[list[date], int, Message | None]:
        days = self._item()
        while joint := _AND.match(self.text, self.at):
            before = self.at
            self.at = joint.end()
            try:
                days += self._item(must_be_marked=not joint[0].strip())
            except Unread:
                if joint[0].strip() and not re.match(r"[0-9]{1,2}\s*[:点时]|[上下中晚早]", self.text[self.at :]):
                    raise
                self.at = before
                break
        return days, self.at, self.doubt

    def _item(self, *, must_be_marked: bool = False) -> list[date]:
        dashed = _DASHED.match(self.text, self.at)
        if dashed and not must_be_marked:
            first = int(dashed["m"])
            as_range = dashed["mark"] is not None or self.month is not None or first > 12
            if not as_range and self.around.month is not None and first not in _near(self.around.month):
                as_range, self.doubt = True, Message(mark("read as days of the month, from and to"))
            if not as_range:
                self.at = dashed.end()
                return self._range_from(None, first, int(dashed["d"]))
        year, month, day, _ = self._one(must_be_marked=must_be_marked)
        return self._range_from(year, month, day)

    def _range_from(self, year: int | None, month: int | None, day: int) -> list[date]:
        first = self._resolve(year, month, day)
        to = _TO.match(self.text, self.at)
        if not to:
            return [first]
        self.at = to.end()
        dashed = _DASHED.match(self.text, self.at)
        if dashed and dashed["mark"] is None:
            self.at = dashed.end()
            last = self._resolve(None, int(dashed["m"]), int(dashed["d"]), after=first)
        else:
            year, month, day, _ = self._one()
            last = self._resolve(year, month, day, after=first)
        if last < first or (last - first).days >= MOST_DAYS:
            raise Unread(mark("these dates end before they begin, or cover more than two months"), WRITE_DATE)
        return [first + timedelta(days=n) for n in range((last - first).days + 1)]

    def _one(self, *, must_be_marked: bool = False) -> tuple[int | None, int | None, int, bool]:
        for pattern, parts in _FORMS[:-2] if must_be_marked else _FORMS:
            if found := pattern.match(self.text, self.at):
                self.at = found.end()
                return (*parts(found), True)
        raise Unread(mark("this date is not understood"), WRITE_DATE)

    def _resolve(self, year: int | None, month: int | None, day: int, after: date | None = None) -> date:
        known = self.last is not None
        around = self.around
        if month is None and known:
            month = self.month
        if year is None and after is not None and month is not None:
            year = after.year + (1 if month < after.month - 6 else 0)
        elif year is None:
            year = self.year
        found = _day(around, year, month, day)
        self.year, self.month, self.last = found.year, found.month, found
        return found


def _near(month: int) -> Sequence[int]:
    return month, month % 12 + 1, (month - 2) % 12 + 1
