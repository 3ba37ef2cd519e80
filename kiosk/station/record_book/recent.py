"""Why something was not shown of late, as far as the newest entries of the record tell."""

from kiosk.common.known import known_of
from kiosk.common.planned import Known
from kiosk.station.journal import Journal

LATE_MS = 20_000
"""So long after the end of a slot or showing its rows are closed and on the disk."""
NEWEST = 2_000
"""Entries in which a reason is looked for: a week's, and more."""


class RecentReasons:
    """Read anew only when the record has grown. For the main loop only."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._read: tuple[str, list[Known]] = ("", [])
        """The head of the chain, and what was found at it."""

    def known(self) -> list[Known]:
        """Stops, faults and sessions of the last days. A session under way has no entry yet."""
        _, head = self._journal.head()
        if self._read[0] != head:
            self._read = (head, known_of(self._journal.newest_records(("action", "fault", "session"), NEWEST)))
        return self._read[1]
