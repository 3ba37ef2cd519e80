"""The time as a person declares it, for a room without a line: left by ``kiosk clock``, collected by the daemon."""

import contextlib
import logging
import time
from pathlib import Path

import msgspec

from kiosk.common.files import write_whole
from kiosk.contract.wire import Id, Instant, Span, Text
from kiosk.station.events import ClockDeclared
from kiosk.station.service.systemd import boot_id

log = logging.getLogger(__name__)

FILE = "clock-declared.json"


class _Declaration(msgspec.Struct):
    """``by`` declares that it was ``wall_ms`` (UTC) at ``monotonic_ms`` of that boot."""

    by: Text
    wall_ms: Instant
    boot_id: Id
    monotonic_ms: Span


def declare(state: Path, by: str, wall_ms: int) -> None:
    """Leave a file for the daemon: ``by`` declares that it is ``wall_ms`` (UTC) now. Raises :class:`OSError`."""
    declaration = _Declaration(by, wall_ms, boot_id(), time.monotonic_ns() // 1_000_000)
    write_whole(state / FILE, msgspec.json.encode(declaration), 0o600)


def collect(state: Path, boot: str) -> ClockDeclared | None:
    """The declaration left since the last call, if it was made in this boot; its file is removed."""
    path = state / FILE
    try:
        found = msgspec.json.decode(path.read_bytes(), type=_Declaration)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as error:
        log.warning("%s cannot be read (%s); declare the time again by: kiosk clock", path, error)
        found = None
    with contextlib.suppress(OSError):
        path.unlink()
    if found is None or found.boot_id != boot:  # monotonic time of another boot cannot be compared
        return None
    return ClockDeclared(found.by, found.wall_ms, found.monotonic_ms / 1000)
