"""Entries that the town refused, with its reasons: for the panel, where somebody who can act sees them."""

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from kiosk.contract.reports import Receipt
from kiosk.station.journal.journal import Journal

MOST_SHOWN = 10


class _Told(msgspec.Struct):
    """What a record says of itself, whatever kind it is."""

    kind: str = ""
    title: str = ""
    at_ms: int = 0
    actual_start_ms: int = 0


@dataclass(frozen=True)
class RefusedEntry:
    """One entry. ``title`` is a play's, empty for another kind; ``at_ms`` is 0 where the record does not say."""

    seq: int
    kind: str
    title: str
    at_ms: int
    reason: str


class RefusedEntries:
    """For the main loop only."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._refused: dict[int, RefusedEntry] = {}
        self.update(journal.refused())

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._refused)

    def newest(self) -> tuple[RefusedEntry, ...]:
        """The newest few, newest first."""
        return tuple(self._refused[seq] for seq in sorted(self._refused, reverse=True)[:MOST_SHOWN])

    def update(self, receipts: Iterable[Receipt]) -> None:
        """Receipts have come in; a refusal that is followed by another word on the same entry is one no more."""
        for receipt in receipts:
            if receipt.state == "refused":
                told = self._told(receipt.seq)
                at_ms = told.actual_start_ms or told.at_ms
                self._refused[receipt.seq] = RefusedEntry(receipt.seq, told.kind, told.title, at_ms, receipt.reason)
            elif receipt.state == "accepted":
                self._refused.pop(receipt.seq, None)

    def _told(self, seq: int) -> _Told:
        _, entries = self._journal.waiting(1, seq - 1)
        if not entries or entries[0].seq != seq:
            return _Told()
        try:
            return msgspec.json.decode(bytes(entries[0].record), type=_Told)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return _Told()
