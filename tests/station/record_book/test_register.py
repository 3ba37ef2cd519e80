"""Rows that people type into the record books: entered once, corrected with a reason, never changed."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from journal_room import START, opened, records

from kiosk.contract.records import Action, Correction
from kiosk.station.journal import Journal
from kiosk.station.journal.database import connect_looking
from kiosk.station.record_book import register
from kiosk.station.record_book.register import Corrected, Entry
from kiosk.station.record_book.table import Book

ROW = {"day": "2026-03-05", "whose": "王大伟", "text": "听懂了"}


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with opened(tmp_path / "journal.db") as (made, _events):
        yield made


def write(journal: Journal, values: dict[str, str], name: str = "", book: Book = "feedback") -> str:
    made = register.row(book, values, "陈家明", START, "trusted", name)
    journal.record(made)
    return made.id


def standing(journal: Journal, tmp_path: Path, *books: Book) -> list[Entry]:
    assert journal.settle(5)
    with closing(connect_looking(tmp_path / "journal.db")) as db:
        return register.entries(db, *books)


def test_typed_row_is_a_record_of_the_chain(journal: Journal, tmp_path: Path) -> None:
    name = write(journal, ROW)
    (found,) = standing(journal, tmp_path)
    assert (found.id, found.book, found.by, found.values) == (name, "feedback", "陈家明", ROW)
    (record,) = records(journal)
    assert isinstance(record, Action)
    assert record.action == "book-feedback"


def test_same_press_twice_is_one_row(journal: Journal, tmp_path: Path) -> None:
    write(journal, ROW, "11" * 16)
    write(journal, ROW, "11" * 16)
    assert len(standing(journal, tmp_path)) == 1


def test_correction_shows_the_new_value_and_keeps_the_old_one(journal: Journal, tmp_path: Path) -> None:
    name = write(journal, ROW)
    journal.record(register.correction(name, "whose", "王大卫", "李桂兰", "写错了名字", START + 1))
    (found,) = standing(journal, tmp_path)
    assert found.values["whose"] == "王大卫"
    assert found.corrections == [Corrected("whose", "王大伟", "王大卫", "李桂兰", "写错了名字")]
    first, second = records(journal)
    assert isinstance(first, Action)
    assert first.facts["whose"] == "王大伟"
    assert isinstance(second, Correction)


def test_withdrawn_row_stays_in_the_record(journal: Journal, tmp_path: Path) -> None:
    name = write(journal, ROW)
    journal.record(register.correction(name, register.WITHDRAWN, "yes", "李桂兰", "记重了", START + 1))
    (found,) = standing(journal, tmp_path)
    assert found.withdrawn
    assert found.values["text"] == "听懂了"


def test_correction_of_something_else_touches_no_row(journal: Journal, tmp_path: Path) -> None:
    write(journal, ROW)
    journal.record(register.correction("another", "whose", "X", "B", "y", START))
    assert standing(journal, tmp_path)[0].values == ROW


def test_only_the_books_asked_for_are_read(journal: Journal, tmp_path: Path) -> None:
    write(journal, ROW)
    write(journal, {"name": "扩音器"}, book="equipment")
    assert [one.book for one in standing(journal, tmp_path, "equipment")] == ["equipment"]


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        ({}, {"day", "whose", "text"}),
        (ROW | {"day": "2026-02-30"}, {"day"}),
        (ROW | {"day": "05.03.2026"}, {"day"}),
        (ROW | {"text": "长" * 1001}, {"text"}),
        (ROW | {"whose": "长" * 201}, {"whose"}),
        (ROW, set()),
    ],
)
def test_what_cannot_be_entered_is_named_by_its_column(values: dict[str, str], wrong: set[str]) -> None:
    assert register.problems("feedback", values).keys() == wrong


@pytest.mark.parametrize("typed", ["-1", "1.5", "１２", "100001", "9" * 40, "=1"])
def test_quantity_is_a_number_of_ascii_digits(typed: str) -> None:
    assert register.problems("equipment", {"name": "x", "quantity": typed}).keys() == {"quantity"}


def test_line_breaks_control_characters_and_unknown_columns_are_left_out() -> None:
    typed = {"day": "2026-03-05", "whose": "王\x00大\n伟", "text": " a\u202eb ", "by": "x", "withdrawn": "yes"}
    assert register.tidy("feedback", typed) == {"day": "2026-03-05", "whose": "王 大 伟", "text": "ab"}
