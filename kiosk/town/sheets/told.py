"""A reading as JSON and as sentences, in Chinese or English. Pure."""

from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any, Protocol

from kiosk.common.messages import mark
from kiosk.town.sheets.grid import Finding, letters
from kiosk.town.sheets.rows import Row

Translate = Callable[[str], str]


class Understood(Protocol):
    """What was read of a workbook, here or in a process of its own; the fields as in :class:`sheet.Reading`."""

    @property
    def months(self) -> list[str]: ...  # noqa: D102

    @property
    def rows(self) -> list[Row]: ...  # noqa: D102

    @property
    def problems(self) -> list[Finding]: ...  # noqa: D102

    @property
    def warnings(self) -> list[Finding]: ...  # noqa: D102


def as_json(reading: Understood, translate: Translate) -> dict[str, Any]:
    """What was understood: ``month`` (one, or a list; None if unknown), ``rows``, ``problems``, ``warnings``.

    A row has ``sheet``, ``row`` (from 1), ``date``, ``start``, ``end``, ``titles``, ``category``, ``duration_ms``,
    ``audience``, ``note``; a finding has ``cell`` (or None), ``text``, ``message``, ``remedy``.
    """
    months: list[str] = reading.months
    return {
        "month": months[0] if len(months) == 1 else months or None,
        "rows": [asdict(row) | {"titles": list(row.titles)} for row in reading.rows],
        "problems": [_finding(one, translate) for one in reading.problems],
        "warnings": [_finding(one, translate) for one in reading.warnings],
    }


def _finding(finding: Finding, translate: Translate) -> dict[str, str | None]:
    message = place(finding, translate) + finding.message.render(translate)
    return {
        "cell": finding.cell,
        "text": finding.text,
        "message": message,
        "remedy": finding.remedy.render(translate),
    }


def place(finding: Finding, translate: Translate) -> str:
    """Where a finding is, as the beginning of its sentence; empty for the workbook."""
    if not finding.sheet:
        return ""
    if finding.row is None or finding.column is None:
        return translate(mark('sheet "{sheet}": ')).format(sheet=finding.sheet)
    text = translate(mark('sheet "{sheet}", row {row}, column {column}: '))
    return text.format(sheet=finding.sheet, row=finding.row + 1, column=letters(finding.column))


def sentence(finding: Finding, translate: Translate) -> str:
    """A finding as one line: where, what stands there, what is wrong, what to do."""
    quoted = f"“{finding.text}” " if finding.text else ""
    what, remedy = finding.message.render(translate), finding.remedy.render(translate)
    return place(finding, translate) + quoted + what + translate(mark("; ")) + remedy


def lines(reading: Understood, translate: Translate) -> Iterator[str]:
    """What was understood, for a terminal."""
    for row in reading.rows:
        when = "-".join(time[:5] for time in (row.start, row.end) if time) or translate(mark("recommended"))
        titles = "".join(f"《{title}》" for title in row.titles)
        length = f" {row.duration_ms / 60_000:g} min" if row.duration_ms else ""
        beside = "".join(f" · {text}" for text in (row.category, row.audience, row.note) if text)
        yield f"{row.date} {when} {titles}{length}{beside} ({row.sheet} {row.row})"
