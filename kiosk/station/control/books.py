"""What people write: rows of the record books, attendance, items, the county's forms. Each is entered into the record.

The id of a record comes from its press, so that a press repeated, also over a restart, is entered once.
"""

import logging
import secrets
from collections.abc import Callable

from kiosk.contract.records import Attendance, Entryable, Item
from kiosk.contract.wire import Malformed
from kiosk.station.clock.clock import Clock
from kiosk.station.control.spot_check import SpotChecks
from kiosk.station.journal import Journal
from kiosk.station.record_book import register
from kiosk.station.record_book.events import (
    AttendanceTaken,
    BookCorrected,
    BookWritten,
    FormKept,
    FromBooks,
    ItemWritten,
    SpotCheckAnswered,
)
from kiosk.station.record_book.forms import Forms

log = logging.getLogger(__name__)


class BookKeeper:
    """For the main loop only. ``report_soon`` is called after each entry: the town is to hear of it."""

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        forms: Forms,
        spot_checks: SpotChecks,
        report_soon: Callable[[], None],
        refresh: Callable[[], None],
    ) -> None:
        self._journal, self._clock, self._forms, self._report_soon = journal, clock, forms, report_soon
        self._spot_checks, self._refresh = spot_checks, refresh

    def handle(self, event: FromBooks) -> None:
        """Enter what somebody has written. What the town would refuse for its form is not entered, and logged."""
        try:
            match event:
                case SpotCheckAnswered():
                    if self._spot_checks.answer(event):
                        self._refresh()
                case BookWritten():
                    self._write(event)
                case BookCorrected():
                    self._correct(event)
                case AttendanceTaken():
                    self._enter(self._attendance(event))
                case ItemWritten():
                    self._enter(self._item(event))
                case FormKept():
                    self._forms.keep(event.book, event.kept)
        except (Malformed, ValueError, OSError) as error:
            log.warning("what %s wrote is not entered: %s", event.by, error)

    def _enter(self, record: Entryable) -> None:
        self._journal.record(record)
        self._report_soon()

    def _write(self, event: BookWritten) -> None:
        if event.book not in register.TYPED:
            raise ValueError(f"{event.book!r} is no book that people write")
        book = event.book
        values = register.tidy(book, event.values)
        if wrong := register.problems(book, values):
            raise ValueError(f"{book}: {', '.join(wrong)}")
        now_ms, state = self._clock.now_ms(), self._clock.state
        self._enter(register.row(book, values, event.by, now_ms, state, event.press))

    def _correct(self, event: BookCorrected) -> None:
        for number, (name, value) in enumerate(sorted(event.values.items())):
            made = f"{event.press or secrets.token_hex(16)}-{number}"
            self._enter(
                register.correction(event.entry, name, value, event.by, event.reason, self._clock.now_ms(), made)
            )

    def _attendance(self, event: AttendanceTaken) -> Attendance:
        return Attendance(
            id=f"attendance-{event.press or secrets.token_hex(16)}",
            at_ms=self._clock.now_ms(),
            by=event.by,
            plays=event.plays,
            expected=event.expected,
            present=event.present,
            on_leave=event.on_leave,
            others=event.others,
            members=event.members,
            remark=event.remark,
            photos=event.photos,
            evidence="photo" if event.photos else "typed",
        )

    def _item(self, event: ItemWritten) -> Item:
        return Item(
            id=f"{event.item}-{event.press or secrets.token_hex(16)}",
            at_ms=self._clock.now_ms(),
            by=event.by,
            item_kind=event.item,
            title=event.title,
            category=event.category,
            text=event.text,
            programme=event.programme,
            households=event.households,
            area=event.area,
            photos=event.photos,
        )
