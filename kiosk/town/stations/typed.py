"""What people type into a field as its value: numbers, dates, times, opening hours. Pure."""

import re
import unicodedata
from typing import Any

from kiosk.common.messages import Message, mark
from kiosk.contract.playlist import is_date
from kiosk.town.stations.parts import Field

MOST_LINES = 50
_TIME = r"(\d{1,2})(?:[:点时.](\d{1,2})?分?)?"
_HOURS = re.compile(rf"{_TIME}\s*(?:[-–—~〜至到]|to)\s*{_TIME}")
_SEPARATORS = re.compile(r"[\s,;，、；和]*")
_CLOSED = {"", "-", "—", "休", "休息", "关", "不开", "不开放", "closed"}


class Wrong(Exception):
    """A text is no value of its field; ``message`` says why, and the remedy."""

    def __init__(self, template: str, **values: str) -> None:
        super().__init__(template)
        self.message = Message(template, values)


def value_of(text: str, field: Field) -> Any:
    """The value; None for an empty number, date or time. Raises :class:`Wrong`."""
    if not text and field.required:
        raise Wrong(mark("is missing; write it"))
    match field.kind:
        case "flag":
            return bool(text)
        case "hours":
            return hours_of(text)
        case "number":
            return _number(text, field) if text else None
        case "numbers":
            return [_number(one, field) for one in re.split(r"[\s,，、;；]+", text) if one]
        case "lines":
            return _lines(text, field)
        case "date":
            return _date(text) if text else None
        case "time":
            return _time_of_day(text) if text else None
        case "choice":
            names = [name for name, _ in field.choices]
            return text if text in names else names[0]
        case "id" if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", text):
            raise Wrong(
                mark("{text} cannot be used; use 1 to 64 letters, digits, dots, dashes and underscores"), text=text[:80]
            )
    if len(text) > field.most:
        raise Wrong(mark("has {count} characters; at most {most} are kept"), count=str(len(text)), most=str(field.most))
    return text


def _lines(text: str, field: Field) -> list[str]:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for line in lines:
        if len(line) > field.most:
            raise Wrong(mark("{text} … is longer than {most} characters"), text=line[:20], most=str(field.most))
    return lines[:MOST_LINES]


def _number(text: str, field: Field) -> int:
    plain = unicodedata.normalize("NFKC", text)
    if not re.fullmatch(r"\d{1,9}(\.\d{1,3})?", plain):
        raise Wrong(mark("{text} is not a number; write digits"), text=text[:80])
    value = round(float(plain) * field.scale)
    most = field.most if field.most != 400 else 1_000_000
    if float(plain) > most:
        raise Wrong(mark("{text} is more than {most}"), text=text[:80], most=str(most))
    return value


def _date(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text)
    found = re.fullmatch(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?", plain)
    day = f"{found[1]}-{int(found[2]):02}-{int(found[3]):02}" if found else ""
    if not day or not is_date(day):
        raise Wrong(mark("{text} is not a date; write it as 2026-03-05"), text=text[:80])
    return day


def _time_of_day(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text)
    found = re.fullmatch(_TIME + r"(?::00)?", plain)
    if not found or int(found[1]) > 23 or int(found[2] or 0) > 59:
        raise Wrong(mark("{text} is not a time; write it as 8:30"), text=text[:80])
    return f"{int(found[1]):02}:{int(found[2] or 0):02}:00"


def hours_of(text: str) -> list[dict[str, str]]:
    """Hours as people write them: ``8:30-11:30, 14:00-17:00``; empty, or 休, is closed. Raises :class:`Wrong`."""
    plain = unicodedata.normalize("NFKC", text).strip().lower()
    if plain in _CLOSED:
        return []
    rest = _SEPARATORS.sub("", _HOURS.sub("", plain))
    found = list(_HOURS.finditer(plain))
    if rest or not found:
        raise Wrong(mark("{text} is not understood; write hours as 8:30-11:30, 14:00-17:00"), text=text[:80])
    hours = []
    for one in found:
        times = [(int(one[1]), int(one[2] or 0)), (int(one[3]), int(one[4] or 0))]
        if times[1] == (24, 0):
            times[1] = (0, 0)
        if any(hour > 23 or minute > 59 for hour, minute in times):
            raise Wrong(mark("{text} is not a time; write it as 8:30"), text=one[0])
        start, end = (f"{hour:02}:{minute:02}:00" for hour, minute in times)
        hours.append({"start": start, "end": end})
    return hours


def hours_text(hours: Any) -> str:
    """Hours as a form shows them."""
    return ", ".join(f"{one['start'][:5]}-{one['end'][:5]}" for one in hours)
