"""The record: an append-only journal in SQLite, written by one thread. What others use of it."""

from kiosk.station.journal.chain import valid
from kiosk.station.journal.errors import (
    BusyJournal,
    DamagedJournal,
    ForeignDatabase,
    FullDisk,
    JournalError,
    NewerJournal,
    ReadOnlyJournal,
)
from kiosk.station.journal.journal import Journal
from kiosk.station.journal.looked_at import LookedAt
from kiosk.station.journal.plays import AsRun, Due

__all__ = [
    "AsRun",
    "BusyJournal",
    "DamagedJournal",
    "Due",
    "ForeignDatabase",
    "FullDisk",
    "Journal",
    "JournalError",
    "LookedAt",
    "NewerJournal",
    "ReadOnlyJournal",
    "valid",
]
