"""Orders to the confined process that reads and writes workbooks, and its answers: both cross as JSON."""

from typing import Literal

import msgspec

from kiosk.common.messages import mark


class Sheet(msgspec.Struct, frozen=True):
    """A table to write: its title stands above its headings."""

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    remark: str = ""


class FormSheet(msgspec.Struct, frozen=True):
    """A sheet of a county's form: where its header stands (from 1), and what is written over its columns."""

    name: str
    header: int
    columns: dict[str, str]
    """Heading by the column's letter."""


class Order(msgspec.Struct, frozen=True):
    """What is to be done: ``make`` a workbook of ``sheets``, ``look`` at ``form``, or ``fill`` it with ``rows``."""

    what: Literal["make", "look", "fill"]
    sheets: tuple[Sheet, ...] = ()
    form: bytes = b""
    into: FormSheet | None = None
    """The form's sheet; its ``columns`` hold the number of a cell of ``rows`` for each letter that is filled."""
    rows: tuple[tuple[str, ...], ...] = ()
    period: str = ""
    """Year and month for the form's title, such as ``2026年3月``."""


class Answer(msgspec.Struct, frozen=True):
    """``trouble`` says in English, to be translated, why there is nothing else."""

    workbook: bytes = b""
    form: tuple[FormSheet, ...] = ()
    trouble: str = ""


MOST_ANSWER = 64 << 20
"""In bytes; a process that a form has taken over cannot write more."""
NOT_CONFINED = mark("This PC cannot lock in what opens the form, so it is not opened; tell whoever looks after the PC.")
NOT_READ = mark("This file cannot be read as .xlsx; save it anew in Excel or WPS as .xlsx, and send that.")
TOO_LARGE = mark("This workbook is too large for a form; copy the blank form alone into a new workbook.")
NO_HEADER = mark("No table was found in it: a row with at least three headings side by side.")
