"""The column headings of each book, in English, to be translated."""

from kiosk.common.messages import mark
from kiosk.station.record_book.play_record import COLUMNS
from kiosk.station.record_book.register import TYPED
from kiosk.station.record_book.table import Book

RUNNING = (
    mark("Day"), mark("Switched on"), mark("Switched off"), mark("Hours run"), mark("State"), mark("Upkeep"),
)  # fmt: skip
POWER = (mark("Day"), mark("Started"), mark("Ended"), mark("Ran for"), mark("Remarks"))
FAULTS = (
    mark("Found"), mark("Device"), mark("What is wrong"), mark("Work order"), mark("Repairer"), mark("Works again"),
    mark("Confirmed"),
)  # fmt: skip


def heads(book: Book) -> tuple[str, ...]:
    """The headings of a book; those that people write tell at their end by whom."""
    derived: dict[Book, tuple[str, ...]] = {"viewing": COLUMNS, "running": RUNNING, "power": POWER, "faults": FAULTS}
    return derived[book] if book in derived else (*(one.title for one in TYPED[book]), mark("Entered by"))


def form_heads(book: Book) -> tuple[str, ...]:
    """What can go into a column of a county's form: our columns, and what counties write in one column of two."""
    return (*heads(book), *((mark("Start – end"), mark("People in all")) if book == "viewing" else ()))


def form_cells(book: Book, cells: tuple[str, ...]) -> tuple[str, ...]:
    """The cells for :func:`form_heads`."""
    if book != "viewing":
        return cells
    row = dict(zip(COLUMNS, cells, strict=True))
    members, villagers = row["Party members"], row["Villagers"]
    people = str(int(members) + int(villagers)) if members.isdigit() and villagers.isdigit() else ""
    return (*cells, f"{row['Start'][:5]}–{row['End'][:5]}" if row["Start"] else "", people)
