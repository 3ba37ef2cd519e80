"""The texts that people read, in Simplified Chinese and English: gettext, English msgids, one catalogue.

After a text has been added: extract, translate what is empty in ``kiosk.po``, compile::

    cd kiosk/common/locale
    pybabel extract -F babel.toml -k mark --sort-output --no-location --omit-header --no-wrap -o /tmp/kiosk.pot ../..
    pybabel update -D kiosk -i /tmp/kiosk.pot -d . -l zh_CN --no-fuzzy-matching --ignore-obsolete --no-wrap
    pybabel compile -D kiosk -d .

A text with parameters is a ``str.format`` template: ``_("{free} MB left").format(free=12)``.
"""

import gettext
from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path
from typing import Literal

from kiosk.common.messages import mark

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")
"""The first one is the default."""

_LOCALE = Path(__file__).parent / "locale"
_CATALOGUES: dict[Language, str] = {"zh": "zh_CN"}
"""English needs none: the msgids are English."""


@cache
def translator(language: Language) -> Callable[[str], str]:
    """A function that turns an English text into ``language``. A text without translation stays English.

    Raises :class:`ValueError` for another language, :class:`FileNotFoundError` where the catalogue is not installed.
    """
    if language not in LANGUAGES:
        raise ValueError(f"language {language!r} is not known; use one of: {', '.join(LANGUAGES)}")
    found: gettext.NullTranslations = gettext.NullTranslations()
    if language in _CATALOGUES:
        found = gettext.translation("kiosk", _LOCALE, [_CATALOGUES[language]])

    def translate(text: str) -> str:
        return found.gettext(text) if text else ""  # gettext answers its own header to an empty text

    return translate


def line_in(text: str, language: Language) -> str:
    """Of a text that says the same in every language, one a line, the line in ``language``; of another one, all."""
    lines = text.splitlines()
    return lines[LANGUAGES.index(language)] if len(lines) == len(LANGUAGES) else text


def pick(wanted: str | None, default: Language = "zh") -> Language:
    """The language that ``wanted`` names (``zh``, ``zh-CN``, ``en``, ``en-GB``), else ``default``."""
    short = (wanted or "")[:2].lower()
    return next((language for language in LANGUAGES if language == short), default)


WEEKDAYS = (
    mark("Monday"),
    mark("Tuesday"),
    mark("Wednesday"),
    mark("Thursday"),
    mark("Friday"),
    mark("Saturday"),
    mark("Sunday"),
)


def day_name(day: date, language: Language) -> str:
    """A day as people say it: ``3月5日 周四``, ``Thursday 5/3``."""
    _ = translator(language)
    return _("{weekday} {day}/{month}").format(weekday=_(WEEKDAYS[day.weekday()]), day=day.day, month=day.month)


def zone_name(zone: str, language: Language) -> str:
    """A time zone as people say it: ``北京时间``, ``Beijing time``; another by its IANA name."""
    _ = translator(language)
    return _("Beijing time") if zone == "Asia/Shanghai" else _("{zone} time").format(zone=zone)
