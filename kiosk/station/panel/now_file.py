"""The now file: what the daemon goes by, written every few seconds, for `kiosk why` and `kiosk doctor`."""

import contextlib
import time
from datetime import datetime
from pathlib import Path

import msgspec

from kiosk.common.files import write_whole
from kiosk.contract.instants import to_utc
from kiosk.contract.records import ClockState
from kiosk.station.health.examination import Examination
from kiosk.station.panel.snapshot import Showing
from kiosk.station.schedule.situation import Situation

NAME = "now.json"
STALE_S = 30.0
"""A file older than this was left by a daemon that does not run any more, or hangs."""


class NowFile(msgspec.Struct, frozen=True, kw_only=True):
    """What only the daemon knows; the week itself is read from the library."""

    ahead_ms: int
    """The station's clock less the system's."""
    clock: ClockState
    group: str
    playlist_version: int
    """Of the week in force, 0 for none, and the group that it is for."""
    situation: Situation
    screen: bool
    """Whether there is a screen at all."""
    on_screen: Showing | None
    """The programme that is on the screen."""
    dark: bool = False
    """Whether the screen rests: it is black, unless a programme is on it."""
    examination: Examination | None
    """None while the first look at the equipment is under way."""

    def now(self) -> datetime:
        """What time it is by the station's clock, in UTC."""
        return to_utc(time.time_ns() // 1_000_000 + self.ahead_ms)


def write(runtime: Path, now: NowFile) -> None:
    """Replace the file. It need not survive a power cut; a full disk is reported elsewhere."""
    with contextlib.suppress(OSError):
        write_whole(runtime / NAME, msgspec.json.encode(now), lasting=False)


def remove(runtime: Path) -> None:
    """Take the file away: the daemon ends, and nothing that it says is so any more."""
    with contextlib.suppress(OSError):
        (runtime / NAME).unlink()


def read(runtime: Path) -> NowFile | None:
    """What the daemon said last; None where none runs, it hangs, or another version of it runs.

    Raises OSError where this user may not know.
    """
    path = runtime / NAME
    try:
        fresh = time.time() - path.stat().st_mtime <= STALE_S
        return msgspec.json.decode(path.read_bytes(), type=NowFile) if fresh else None
    except (FileNotFoundError, ValueError):
        return None
