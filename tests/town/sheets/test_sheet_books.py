"""Whole workbooks of the officer: what is understood of them, to the row."""

from datetime import date

import pytest
from town.sheets.sheet_books import BOOKS
from town.sheets.sheet_habits import HABITS

from kiosk.common.i18n import translator
from kiosk.town.sheets.reading import read_workbook
from kiosk.town.sheets.told import as_json


def told(tmp_path, name, data, month=None):
    path = tmp_path / name
    path.write_bytes(data)
    return as_json(read_workbook(path, date.fromisoformat(f"{month}-01") if month else None), translator("en"))


@pytest.mark.parametrize("name", BOOKS)
def test_workbook_is_read_as_a_person_reads_it(tmp_path, name):
    file, data, month, expected, odd = BOOKS[name]
    found = told(tmp_path, file, data, month)
    assert found["problems"] == []
    assert [tuple(row.values())[1:] for row in found["rows"]] == [tuple(row) for row in expected]
    months = sorted({row[1][:7] for row in expected})
    assert found["month"] == (months[0] if len(months) == 1 else months)
    assert set(odd) <= {warning["cell"] for warning in found["warnings"]}
    assert all(warning["message"] and warning["remedy"] for warning in found["warnings"])


@pytest.mark.parametrize("name", HABITS)
def test_habit_is_read_as_a_person_reads_it_or_told_at_its_cell(tmp_path, name):
    file, data, month, expected, problems, odd = HABITS[name]
    found = told(tmp_path, file, data, month)
    assert [problem["cell"] for problem in found["problems"]] == problems
    rows = [tuple(row.values())[1:] for row in found["rows"]]
    assert sorted(rows, key=repr) == sorted((tuple(row) for row in expected), key=repr)
    assert set(odd) <= {warning["cell"] for warning in found["warnings"]}
