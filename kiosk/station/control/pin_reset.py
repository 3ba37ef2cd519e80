"""Whether the town has let a forgotten PIN be set anew: with another value in the room's document than before."""

from collections.abc import Callable

import msgspec

from kiosk.contract.station import StationDocument
from kiosk.station.journal import Journal

KEY = "pin-reset"


class _Done(msgspec.Struct, frozen=True):
    """The newest value that was used, or that stood there when the station first had a document."""

    value: str


class PinReset:
    """For the main loop only."""

    def __init__(self, journal: Journal, document: Callable[[], StationDocument | None]) -> None:
        self._journal, self._document = journal, document

    def pending(self) -> str:
        """The town's value that is not used yet; empty where there is none."""
        document = self._document()
        if document is None:
            return ""
        value, done = document.pin_reset or "", self._journal.recall(KEY, _Done)
        if done is None:
            self.use(value)
            return ""
        return value if value != done.value else ""

    def use(self, value: str) -> None:
        """It is used: it opens nothing any more."""
        self._journal.remember(KEY, _Done(value))
