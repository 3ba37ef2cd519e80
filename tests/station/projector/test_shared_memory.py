"""Shared memory of a player that has ended is removed, that of others stays."""

import ctypes
import subprocess
import sys
from pathlib import Path

import pytest

from kiosk.station.projector import shared_memory
from kiosk.station.projector.shared_memory import remove_segments

MAKE = "import ctypes; print(ctypes.CDLL(None).shmget(0, 4096, 0o600))"


def made() -> tuple[int, str]:
    """The process id of a process that has ended, and the segment that it left."""
    process = subprocess.Popen([sys.executable, "-c", MAKE], stdout=subprocess.PIPE, text=True)
    segment = process.communicate()[0].strip()
    return process.pid, segment


def segments() -> set[str]:
    return {row.split()[1] for row in shared_memory.SEGMENTS.read_text().splitlines()}


def test_segments_of_the_process_are_removed_and_no_others() -> None:
    (pid, left), (_, others) = made(), made()
    try:
        assert {left, others} <= segments()
        remove_segments(pid)
        assert left not in segments()
        assert others in segments()
    finally:
        ctypes.CDLL(None).shmctl(int(others), 0, None)


def test_computer_without_such_memory_has_nothing_to_remove(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_memory, "SEGMENTS", Path("/nonexistent"))
    remove_segments(1)
