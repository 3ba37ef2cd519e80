"""The parts of the register between their values and the fields of a form. Pure.

The fields of a form have the path of the value as their name (``thresholds.plays_per_week``); a row of a list has its
number before (``people-0-name``). What cannot be understood is named with its field, and the remedy.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from kiosk.common.messages import Message, mark
from kiosk.town.stations.parts import PARTS, Field, Rows
from kiosk.town.stations.typed import Wrong, hours_text, value_of

WEEK = tuple(range(7))
MOST_ROWS = 200


@dataclass(frozen=True)
class Problem:
    """What is wrong with a field of a form."""

    field: str
    message: Message


def written(part: str, values: Mapping[str, Any]) -> dict[str, str]:
    """The values of a part as the fields of its form."""
    form = PARTS[part]
    found: dict[str, str] = {}
    for field in form.fields:
        found |= _write(field.name, field, _at(values, field.name))
    for rows in form.rows:
        for number, row in enumerate(_at(values, rows.name) or ()):
            prefix = f"{rows.name}-{number}"
            if rows.has_id:
                found[f"{prefix}-id"] = row["id"]
            for field in rows.fields:
                found |= _write(f"{prefix}-{field.name}", field, row.get(field.name))
    return found


def row_count(rows: Rows, form: Mapping[str, str]) -> int:
    """How many rows of a list a form is shown with: those that are filled, and some empty ones."""
    prefix = f"{rows.name}-"
    numbers = (
        name.removeprefix(prefix).partition("-")[0] for name, text in form.items() if name.startswith(prefix) and text
    )
    filled = max((int(n) + 1 for n in numbers if n.isdecimal() and len(n) < 5), default=0)
    return min(filled, MOST_ROWS) + rows.blank


def read(part: str, form: Mapping[str, str], new_id: Callable[[], str]) -> tuple[dict[str, Any], list[Problem]]:
    """What somebody typed as the values of a part, and what is wrong with it. Rows whose key field is empty go."""
    known = PARTS[part]
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for field in known.fields:
        value, wrong = _read(field.name, field, form)
        problems += wrong
        if value is None and field.kind == "number" and not wrong:
            problems.append(Problem(field.name, Message(mark("is missing; write it"))))
        _put(values, field.name, value)
    for rows in known.rows:
        found: list[dict[str, Any]] = []
        for number in range(MOST_ROWS):
            prefix = f"{rows.name}-{number}"
            typed = [
                form.get(f"{prefix}-{field.name}", "") for field in rows.fields if field.kind not in ("choice", "week")
            ]
            if not any(text.strip() for text in typed):
                continue
            row, wrong = _read_row(prefix, rows, form)
            problems += wrong
            if rows.has_id:
                row["id"] = form.get(f"{prefix}-id") or new_id()
            found.append(row)
        _put(values, rows.name, found)
    return values, problems


def _read_row(prefix: str, rows: Rows, form: Mapping[str, str]) -> tuple[dict[str, Any], list[Problem]]:
    row: dict[str, Any] = {}
    problems: list[Problem] = []
    for field in rows.fields:
        value, wrong = _read(f"{prefix}-{field.name}", field, form)
        problems += wrong
        if value is not None or field.kind != "number":
            row[field.name] = (value or None) if field.optional else value
    return row, problems


def _write(name: str, field: Field, value: Any) -> dict[str, str]:
    if field.kind == "week":
        week = list(value or ()) + [()] * 7
        return {f"{name}-{day}": hours_text(week[day]) for day in WEEK}
    if field.kind == "hours":
        return {name: hours_text(value or ())}
    if field.kind == "flag":
        return {name: "on" if value else ""}
    if field.kind == "lines":
        return {name: "\n".join(value or ())}
    if field.kind == "numbers":
        return {name: ", ".join(map(str, value or ()))}
    if value is None:
        return {name: ""}
    if field.kind == "number":
        whole, rest = divmod(value, field.scale)
        return {name: str(whole) if not rest else f"{value / field.scale:g}"}
    return {name: str(value)[:5] if field.kind == "time" else str(value)}


def _read(name: str, field: Field, form: Mapping[str, str]) -> tuple[Any, list[Problem]]:
    """The value of a field, and what is wrong with it; None where there is none."""
    if field.kind == "week":
        days = [_read(f"{name}-{day}", Field(field.name, field.label, "hours"), form) for day in WEEK]
        return [hours or [] for hours, _ in days], [one for _, wrong in days for one in wrong]
    text = form.get(name, "").replace("\r\n", "\n").replace("\0", "").strip()
    try:
        return value_of(text, field), []
    except Wrong as error:
        return None, [Problem(name, error.message)]


def _at(values: Mapping[str, Any], path: str) -> Any:
    found: Any = values
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _put(values: dict[str, Any], path: str, value: Any) -> None:
    *above, name = path.split(".")
    for one in above:
        values = values.setdefault(one, {})
    values[name] = value


def changed_fields(part: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Which fields of a part differ, as their label, and what stood and stands there; for people to read."""
    was, now = written(part, before), written(part, after)
    for name in dict.fromkeys((*was, *now)):
        if was.get(name, "") != now.get(name, "") and not name.endswith("-id"):
            yield name, was.get(name, ""), now.get(name, "")


def with_days(form: Mapping[str, str], days: Iterable[tuple[date, str, bool]]) -> dict[str, str]:
    """The form of the hours with a row for each of these days (date, name, off) that has none yet.

    A day off is closed, if the room is open on its weekday at all; a day on which people work in its place has the
    hours of a Monday.
    """
    typed = dict(form)
    prefix = "opening.days-"
    rows = [number for number in range(MOST_ROWS) if typed.get(f"{prefix}{number}-date", "").strip()]
    known = {typed[f"{prefix}{number}-date"].strip() for number in rows}
    number = max(rows, default=-1) + 1
    for day, name, off in days:
        usual = typed.get(f"opening.week-{day.weekday()}", "").strip()
        if day.isoformat() in known or (off and not usual) or number >= MOST_ROWS:
            continue
        hours = "" if off else typed.get("opening.week-0", "")
        typed |= {
            f"{prefix}{number}-date": day.isoformat(),
            f"{prefix}{number}-name": name,
            f"{prefix}{number}-hours": hours,
        }
        number += 1
    return typed
