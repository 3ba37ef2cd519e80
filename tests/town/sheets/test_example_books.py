"""The example of playlists/: three workbooks of unlike habits that come to the same month, and its programmes."""

import json
from pathlib import Path

import pytest

from kiosk.town.sheets.reading import read_workbook

FOLDER = Path(__file__).parents[3] / "playlists"
BOOKS = ("month-plan.xlsx", "timetable.xls", "viewing-plan.csv")


def month_of(name: str) -> set[tuple[str, str | None, str | None, str]]:
    reading = read_workbook(FOLDER / name)
    assert reading.problems == []
    assert reading.warnings == []
    return {(row.date, row.start, row.end, title) for row in reading.rows for title in row.titles}


@pytest.mark.parametrize("name", BOOKS[1:])
def test_example_books_come_to_the_same_month(name: str) -> None:
    assert month_of(name) == month_of(BOOKS[0])


def test_programmes_of_one_merged_time_do_not_overlap() -> None:
    """In the second book a time stands once, in a cell merged over the rows of its programmes."""
    reading = read_workbook(FOLDER / BOOKS[1])
    assert [row.start for row in reading.rows].count("19:30:00") == 10
    assert not any("overlaps" in finding.message.text for finding in reading.warnings)


def test_programmes_that_the_example_names_lie_beside_it() -> None:
    programmes = json.loads((FOLDER / "week.json").read_text())["programmes"]
    assert {title for *_, title in month_of(BOOKS[0])} == {programme["title"] for programme in programmes}
    assert all((FOLDER / programme["file"]).is_file() for programme in programmes)
