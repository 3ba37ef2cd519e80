"""From the officer's workbook to a week's JSON: for the demo, which publishes the example as a town does."""

import shutil
from pathlib import Path

import msgspec
from msgspec.structs import replace

from kiosk.common.i18n import translator
from kiosk.contract.wire import encode
from kiosk.town.months.plan import plan_of
from kiosk.town.months.titles import key
from kiosk.town.months.weeks import Week, weeks_of
from kiosk.town.publishing.measure import gather, quiet
from kiosk.town.publishing.source import SourceError, WeekSource, read_source
from kiosk.town.sheets.reading import read_workbook
from kiosk.town.sheets.told import sentence
from kiosk.town.town import Town

PROGRAMMES = "week.json"
"""Lies beside a workbook and says which file has which title."""


def week_of_workbook(town: Town, book: Path, folder: Path) -> Path:
    """Write the JSON of the fullest week of ``book`` to ``folder``, with its programmes beside it; returns its path.

    Raises :class:`SourceError` with every cell that needs a person, and every title that is of no programme.
    """
    english = translator("en")
    reading = read_workbook(book)
    if reading.problems or not reading.rows:
        raise SourceError(book, [sentence(one, english) for one in reading.problems] or ["there is no row"])
    beside = book.with_name(PROGRAMMES)
    known = read_source(beside, WeekSource)
    programmes, _ = gather(town, beside, known.programmes, quiet)
    week = fullest(weeks_of(reading.rows, reading.months[0]))
    plan = plan_of([week], [week], {key(one.title): one for one in programmes})
    if plan.problems:
        raise SourceError(book, [f"row {one.row}: {one.message.render(english)}" for one in plan.problems])
    named = {one.id for one in plan.programmes}
    made = replace(
        known,
        title=reading.rows[0].sheet,
        first_day=plan.first_day,
        last_day=plan.last_day,
        programmes=tuple(one for one in known.programmes if one.id in named),
        slots=tuple(plan.slots),
        recommended=tuple(plan.recommended),
        month_plans=tuple(plan.month_plans),
    )
    folder.mkdir()
    for one in made.programmes:
        shutil.copy(beside.with_name(one.file), folder)
    path = folder / PROGRAMMES
    path.write_bytes(msgspec.json.format(encode(made)))
    return path


def fullest(weeks: list[Week]) -> Week:
    """The week with the most showings; of equals the first."""
    return max(weeks, key=lambda week: len({(row.date, row.start) for row in week.rows if row.start}))
