"""The time as a person declares it, for a room without a line: left by ``kiosk clock``, collected by the daemon."""

import time
from pathlib import Path

import msgspec

from kiosk.common.systemd import boot_id
from kiosk.contract.wire import Id, Instant, Span, Text
from kiosk.station.events import ClockDeclared
from kiosk.station.service import word_left

FILE = "clock-declared.json"


class _Declaration(msgspec.Struct):
    """``by`` declares that it was ``wall_ms`` (UTC) at ``monotonic_ms`` of that boot."""

    by: Text
    wall_ms: Instant
    boot_id: Id
    monotonic_ms: Span


def declare(state: Path, by: str, wall_ms: int) -> None:
    """Leave a file for the daemon: ``by`` declares that it is ``wall_ms`` (UTC) now. Raises :class:`OSError`."""
    word_left.leave(state / FILE, _Declaration(by, wall_ms, boot_id(), time.monotonic_ns() // 1_000_000))


def collect(state: Path, boot: str) -> ClockDeclared | None:
    """The declaration left since the last call, if it was made in this boot; its file is removed."""
    found = word_left.collect(state / FILE, _Declaration, "kiosk clock")
    if found is None or found.boot_id != boot:  # monotonic time of another boot cannot be compared
        return None
    return ClockDeclared(found.by, found.wall_ms, found.monotonic_ms / 1000)
