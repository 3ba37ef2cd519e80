"""What people write into the record, on its way to the inbox: rows of books, attendance, items, forms."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class BookWritten:
    """Somebody has typed a row into a record book (``record_book.register``)."""

    by: str
    book: str
    values: Mapping[str, str]
    press: str = ""


@dataclass(frozen=True)
class BookCorrected:
    """Somebody says what columns of a typed row, or of an attendance, ought to read, and why."""

    by: str
    entry: str
    values: Mapping[str, str]
    reason: str
    press: str = ""


@dataclass(frozen=True)
class AttendanceTaken:
    """Somebody says who was there, for some plays."""

    by: str
    plays: tuple[str, ...]
    expected: int
    present: int
    on_leave: int
    others: int
    members: tuple[str, ...] = ()
    """Ids of people of the roster."""
    remark: str = ""
    photos: tuple[str, ...] = ()
    """Of the signed sheet: the SHA-256 of files that the panel has kept."""
    press: str = ""


@dataclass(frozen=True)
class ItemWritten:
    """Somebody has written a weekly item, a result or a request, or has posted the plan."""

    by: str
    item: Literal["weekly", "result", "request", "posting"]
    title: str
    text: str = ""
    category: str = ""
    programme: str | None = None
    households: int = 0
    area: str = ""
    photos: tuple[str, ...] = ()
    """The SHA-256 of files that the panel has kept."""
    press: str = ""


@dataclass(frozen=True)
class SpotCheckAnswered:
    """Somebody has typed in the code of the town's spot check, as it stands on the room's screen."""

    by: str
    code: str
    press: str = ""


@dataclass(frozen=True)
class FormKept:
    """Somebody has brought the county's own form for a book, or has said which of its columns are which."""

    by: str
    book: str
    kept: bytes
    """A ``record_book.forms.KeptForm`` as it is kept; empty: it is given up."""
    press: str = ""


FromBooks = SpotCheckAnswered | BookWritten | BookCorrected | AttendanceTaken | ItemWritten | FormKept
