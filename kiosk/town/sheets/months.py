"""Which month a sheet is of: its title, its name, the file's name, the option. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from kiosk.town.sheets.around import Around, Unread
from kiosk.town.sheets.characters import NUMERALS, arabic, fold
from kiosk.town.sheets.dates import read_days
from kiosk.town.sheets.grid import Cell

_OF_PAPERWORK = re.compile(r"填报|填表|制表|编制|打印|更新|报送|印发|截止|上报|审核|审批|制定|日期:|时间:")
_FULL = re.compile(r"(20\d{2})\s*[年./-]\s*(1[0-2]|0?[1-9])(?![0-9])(?:\s*月|(?=\D|$))")
_COMPACT = re.compile(r"(?<!\d)(20\d{2})(0[1-9]|1[0-2])(?!\d{3})")
_STAMP = re.compile(
    r"(?<!\d)(20\d{2})(?:(?:0[1-9]|1[0-2])[0-3]\d(?!\d)|\s*[年./-]\s*\d{1,2}\s*[月./-]\s*\d{1,2}(?!\d)\s*日?)"
)
"""A whole date in a name: when the file was made or sent, if a month stands beside it."""
_MONTH = re.compile(r"(?<![\d年./-])(1[0-2]|0?[1-9])\s*月|月份?:\s*(1[0-2]|0?[1-9])(?!\d)")
_WHOLE_MONTH = re.compile(r"(?<![\d年./-])(1[0-2]|0?[1-9])\s*月(?!\s*[0-9]{1,2}\s*[日号])")
_SEVERAL = re.compile(
    r"(?<!\d)(?:1[0-2]|0?[1-9])\s*月?份?\s*[-至到、和及]\s*(?:20\d{2}\s*年\s*)?(?:1[0-2]|0?[1-9])\s*月(?!\s*\d{1,2}\s*[日号])"
)
_TWO_DIGITS = re.compile(r"(?<!\d)([2-4]\d)(?=年\s*\d{1,2}\s*月)")
_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ENGLISH = re.compile(rf"\b({'|'.join(_NAMES)})[a-z]*\.?[ ,]+(20\d{{2}})(?!\d)", re.IGNORECASE)
_TURNED = re.compile(r"(?<![\d/])(1[0-2]|0?[1-9])/(20\d{2})(?!\d)")
_YEAR = re.compile(r"(20\d{2})\s*年?")
_ONE = r"(?:(?:20)?\d{2}\s*[年./-]\s*)?(?:\d{1,2}\s*[月./]\s*)?\d{1,2}\s*[日号]?"
_RANGE = re.compile(rf"{_ONE}\s*(?:-|至|到)\s*{_ONE}")
_DAY = re.compile(
    r"(?:20\d{2}\s*年\s*)?\d{1,2}\s*月\s*\d{1,2}\s*[日号]|(?<!\d)20\d{2}([./-])\d{1,2}\1\d{1,2}(?!\d)|^\d{1,2}[./]\d{1,2}$"
)
_NTH_WEEK = re.compile(r"第\s*([0-9]{1,2})\s*周(?!\s*[-至到])")
MOST_OF_WEEK = 14
MOST_OF_TITLE = 60
MONTH_LINE = re.compile(r"(?:20[0-9]{2}年)?(?:1[0-2]|0?[1-9])月份?(?:计划|安排|推荐|节目|播放|[:()])*")
"""A line across the table that names the month of the rows below."""


@dataclass(frozen=True)
class Stated:
    """A year and a month as far as a text states them."""

    year: int | None = None
    month: int | None = None
    several: bool = False
    """It states more months; ``month`` is the first."""


def stated(text: str) -> Stated:
    """What a title or a name states: 2026年3月, 三月份, 2026.3, 202603."""
    plain = _TWO_DIGITS.sub(r"20\1", arabic(fold(text), "年月"))
    plain = re.sub(rf"[{NUMERALS}]+(?=[-至到、和及][0-9]+月)", lambda found: arabic(found[0] + "月", "月")[:-1], plain)
    if english := _ENGLISH.search(plain):
        return Stated(int(english[2]), _NAMES.index(english[1].lower()) + 1)
    if turned := _TURNED.search(plain):
        return Stated(int(turned[2]), int(turned[1]))
    if (stamp := _STAMP.search(plain)) and (
        month := _WHOLE_MONTH.search(plain[: stamp.start()] + plain[stamp.end() :])
    ):
        return Stated(int(stamp[1]), int(month[1]))
    if _OF_PAPERWORK.search(plain) and "关于" not in plain:
        return Stated()
    if found := _FULL.search(plain) or _COMPACT.search(plain):
        return Stated(int(found[1]), int(found[2]), _SEVERAL.search(plain) is not None)
    month, year = _MONTH.search(plain), _YEAR.search(plain)
    several = _SEVERAL.search(plain)
    return Stated(int(year[1]) if year else None, int(month[1] or month[2]) if month else None, several is not None)


def _names_a_day(text: str) -> bool:
    """Whether a text names a day, as a deadline does, or is too long for a title: others come first."""
    return len(text) > MOST_OF_TITLE or re.search(r"月\s*[0-9]{1,2}\s*[日号]", arabic(fold(text), "月日号")) is not None


def first_stated(texts: Iterable[str]) -> Stated:
    """Year and month of the first texts that state them."""
    year = month = None
    several = False
    for text in sorted(texts, key=_names_a_day):
        found = stated(text)
        if month is None and found.month is not None:
            year, month, several = found.year or year, found.month, found.several
        elif year is None:
            year = found.year
        if year and month:
            break
    return Stated(year, month, several)


def filled_up(own: Stated, other: Stated) -> Stated:
    """``own``, filled up from ``other``; January beside December is of the next year."""
    if own.month is None:
        same = not own.year or other.year in (None, own.year)
        return Stated(own.year or other.year, other.month if same else None, other.several and same)
    if own.year or not other.year:
        return own
    turned = other.month is not None and own.month < other.month - 6
    return Stated(other.year + turned, own.month, own.several)


def week_in(text: str, around: Around) -> tuple[date, ...]:
    """The days of the week that a title or a heading writes out: 第二周（3月9日—15日）; empty if none."""
    plain = arabic(fold(text), "年月日号")
    for found in _RANGE.finditer(plain):
        if not re.search(r"[月日号./]", found[0]):
            continue
        try:
            days = read_days(Cell(found[0].strip()), around).choices[0]
        except Unread:
            continue
        if 2 <= len(days) <= MOST_OF_WEEK:
            return days
    return ()


def day_in(text: str, around: Around) -> date | None:
    """The one day that a title or a heading names: 3月2日（星期一）, 2026年3月2日播放单; None if none, or a day of
    another month than the sheet's."""
    plain = re.sub(r"^(?:播放|播出|收看|学习|活动)?日期:", "", arabic(fold(text), "年月日号"))
    found = list(_DAY.finditer(plain))
    if len(found) != 1 or _OF_PAPERWORK.search(plain):
        return None
    try:
        (day,) = read_days(Cell(found[0][0]), around).choices[0]
    except (Unread, ValueError):
        return None
    return day if around.month in (None, day.month) else None


def nth_week_in(text: str) -> int | None:
    """The number of the week that a heading names without its days."""
    found = _NTH_WEEK.search(re.sub(rf"第\s*([{NUMERALS}])\s*周", lambda m: arabic(m[0], "周"), fold(text)))
    return int(found[1]) if found else None
